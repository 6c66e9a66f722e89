"""The files of the project, read and parsed once. What is measured in them stands in the modules beside."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PROGRAM = ("donorhub", "importers", "receipts", "webhooks")
BESIDE = ("scripts", "tests")
MIGRATIONS = "donorhub/migrations/versions/"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Place:
    """Where something is that a measure counts."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.text}"


@dataclass(frozen=True)
class Source:
    """One Python file; ``path`` is relative to the root of the project."""

    path: str
    text: str
    tree: ast.Module

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    @cached_property
    def module(self) -> str:
        """The name by which the file is imported: ``donorhub.money``, and a package by its own name."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def is_package(self) -> bool:
        return self.path.endswith("/__init__.py")

    @property
    def is_program(self) -> bool:
        """Whether it is part of what runs for a user, and no migration."""
        return self.path.startswith(tuple(f"{room}/" for room in PROGRAM)) and not self.is_migration

    @property
    def is_migration(self) -> bool:
        return self.path.startswith(MIGRATIONS)

    def place(self, node: ast.AST, text: str) -> Place:
        return Place(self.path, getattr(node, "lineno", 1), text)


@dataclass(frozen=True, eq=False)
class Tree:
    """The whole project as it lies on the disk."""

    sources: tuple[Source, ...]
    templates: tuple[tuple[str, str], ...]  # path and text

    @property
    def program(self) -> Iterator[Source]:
        return (source for source in self.sources if source.is_program)

    @property
    def without_migrations(self) -> Iterator[Source]:
        return (source for source in self.sources if not source.is_migration)

    def count_program_lines(self) -> int:
        return sum(source.text.count("\n") for source in self.program)


def read_tree(root: Path) -> Tree:
    """Return every Python file and template below ``root``; raise SyntaxError for one that does not parse."""
    sources, templates = [], []
    for room in (*PROGRAM, *BESIDE):
        for path in sorted((root / room).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            name = path.relative_to(root).as_posix()
            sources.append(Source(name, text, ast.parse(text, name)))
    for room in PROGRAM:
        for path in sorted((root / room).rglob("templates/**/*")):
            if path.suffix in {".html", ".txt", ".xml"}:
                templates.append((path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")))
    return Tree(tuple(sources), tuple(templates))


def find_functions(source: Source) -> Iterator[Function]:
    """Return every function and method, also those inside others."""
    for node in source.nodes:
        if isinstance(node, Function):
            yield node
