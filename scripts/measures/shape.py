"""Sizes, docstrings, ``Any``, long template lines and what keeps the formatter off."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from scripts.measures.tree import Function, Place, Source, Tree, find_functions

FILE_LINES = 400
FUNCTION_LINES = 60
TEMPLATE_LETTERS = 120
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "common", "base", "manager", "core"}
_OPT_OUT = re.compile(r"#\s*(fmt:\s*(?:skip|off)|yapf:\s*disable)")


def find_long_files(tree: Tree) -> Iterator[Place]:
    for source in tree.without_migrations:
        lines = source.text.count("\n")
        if lines > FILE_LINES:
            yield Place(source.path, 1, f"{lines} lines")


def find_long_functions(tree: Tree) -> Iterator[Place]:
    for source in tree.without_migrations:
        for function in find_functions(source):
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > FUNCTION_LINES:
                yield source.place(function, f"{function.name}: {lines} lines")


def find_empty_file_names(tree: Tree) -> Iterator[Place]:
    """Return files and folders named by no thing: utils, helpers, common, base, manager, core."""
    for source in tree.sources:
        for part in source.path.removesuffix(".py").split("/"):
            if part in EMPTY_NAMES:
                yield Place(source.path, 1, part)


def find_any(tree: Tree) -> Iterator[Place]:
    """Return each time that ``Any`` is written in code, its import too."""
    for source in tree.program:
        for node in source.nodes:
            names = (getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "name", ""))
            if "Any" in names:
                yield source.place(node, "Any")


def find_casts_and_ignores(tree: Tree) -> Iterator[Place]:
    for source in tree.program:
        for node in source.nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "cast":
                yield source.place(node, "cast")
        for number, line in enumerate(source.text.splitlines(), start=1):
            if re.search(r"#\s*type:\s*ignore", line):
                yield Place(source.path, number, "type: ignore")


def find_undocumented_modules(tree: Tree) -> Iterator[Place]:
    """Return modules without a docstring; an empty ``__init__`` needs none."""
    for source in tree.program:
        if source.tree.body and not ast.get_docstring(source.tree):
            yield Place(source.path, 1, "the module")


def find_undocumented_names(tree: Tree) -> Iterator[Place]:
    """Return public classes, and public functions beside or in them, that have no docstring."""
    for source, node in _public_names(tree):
        if not ast.get_docstring(node):
            yield source.place(node, node.name)


def count_public_names(tree: Tree) -> int:
    return sum(1 for _name in _public_names(tree))


def _public_names(tree: Tree) -> Iterator[tuple[Source, Function | ast.ClassDef]]:
    for source in tree.program:
        for node in source.tree.body:
            if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
                continue
            yield source, node
            if isinstance(node, ast.ClassDef):
                for member in node.body:
                    if isinstance(member, Function) and not member.name.startswith("_"):
                        yield source, member


def find_long_template_lines(tree: Tree) -> Iterator[Place]:
    for path, text in tree.templates:
        for number, line in enumerate(text.splitlines(), start=1):
            if len(line) > TEMPLATE_LETTERS:
                yield Place(path, number, f"{len(line)} letters")


def count_template_lines(tree: Tree) -> int:
    return sum(text.count("\n") for _path, text in tree.templates)


def find_opt_outs(tree: Tree) -> Iterator[Place]:
    """Return the comments that keep the formatter off a statement or a file."""
    for source in tree.sources:
        for number, line in enumerate(source.text.splitlines(), start=1):
            if comment := _OPT_OUT.search(line):
                yield Place(source.path, number, comment[1])
