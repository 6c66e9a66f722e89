"""The bugs of tests/mutants: a head that says what each does to a user, and a unified diff.

::

    kind: PostgreSQL locks
    harm: Two workers send the same letter.
    tests: tests/services/work/test_claims.py
    db: postgres
    --- a/donorhub/services/work/claims.py
    +++ b/donorhub/services/work/claims.py
    @@ -43,3 +43,2 @@
"""

from __future__ import annotations

import difflib
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

GIT = shutil.which("git") or "git"
FOLDER = Path("tests/mutants")
HEAD = ("kind", "harm", "tests", "db")
CONTEXT = 1  # the fewer lines around a bug, the fewer changes elsewhere break its patch


class Broken(Exception):
    """A patch that cannot be read, or does not fit the tree."""


@dataclass(frozen=True)
class Mutant:
    """One bug: ``tests`` are the arguments of pytest that run what is near it."""

    path: Path
    kind: str
    harm: str
    tests: tuple[str, ...]
    db: str

    @property
    def name(self) -> str:
        return self.path.stem


def read_mutants(root: Path) -> list[Mutant]:
    """Return the bugs of the project in the order of their kinds; raise Broken for a bad head."""
    mutants = [read_mutant(path) for path in sorted((root / FOLDER).rglob("*.patch"))]
    return sorted(mutants, key=lambda mutant: (mutant.kind, mutant.name))


def read_mutant(path: Path) -> Mutant:
    """Return one bug; raise Broken where its head leaves something out or says more."""
    head, _diff = split_patch(path)
    fields = dict(re.findall(r"^(\w+): (.+)$", head, re.MULTILINE))
    if missing := [key for key in HEAD[:3] if key not in fields]:
        raise Broken(f"{path.name} does not say: {', '.join(missing)}")
    if unknown := set(fields) - set(HEAD):
        raise Broken(f"{path.name} says what nobody reads: {', '.join(sorted(unknown))}")
    db = fields.get("db", "sqlite")
    if db not in {"sqlite", "postgres"}:
        raise Broken(f"{path.name} names no database of ours: {db}")
    return Mutant(path, fields["kind"], fields["harm"], tuple(fields["tests"].split()), db)


def split_patch(path: Path) -> tuple[str, str]:
    """Return the head of a patch and its diff; raise Broken where there is none."""
    head, start, diff = path.read_text(encoding="utf-8").partition("--- a/")
    if not start:
        raise Broken(f"{path.name} holds no diff")
    return head, start + diff


def apply_patch(path: Path, tree: Path, *options: str) -> None:
    """Apply a patch to the files below ``tree``; raise Broken where it does not fit."""
    command = [GIT, "apply", "--whitespace=nowarn", *options, str(path.resolve())]
    run = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    if run.returncode:
        raise Broken(f"{path.name}: {run.stderr.strip()}")


def refresh_patch(path: Path, tree: Path) -> bool:
    """Write a patch anew whose lines stand elsewhere now; return whether it had to be.

    The lines that it takes out, with those around them or alone, must stand in the file exactly once;
    raise Broken where they do not: then the bug has to be put in by hand again.
    """
    try:
        apply_patch(path, tree, "--check")
    except Broken:
        pass
    else:
        return False
    head, diff = split_patch(path)
    texts = [_refresh_file(part, tree) for part in re.split(r"^(?=--- a/)", diff, flags=re.MULTILINE) if part]
    path.write_text(head + "".join(texts), encoding="utf-8")
    apply_patch(path, tree, "--check")
    return True


def _refresh_file(diff: str, tree: Path) -> str:
    name = diff.splitlines()[0].removeprefix("--- a/")
    if not (tree / name).exists():
        raise Broken(f"{name} is gone; write its new place into the patch")
    before = (tree / name).read_text(encoding="utf-8")
    after = before
    for hunk in re.split(r"^@@.*\n", diff, flags=re.MULTILINE)[1:]:
        after = _change(after, hunk.splitlines(keepends=True), name)
    return make_diff(name, before, after)


def _change(text: str, hunk: list[str], name: str) -> str:
    changed = [number for number, line in enumerate(hunk) if line[:1] in "+-"]
    narrow = hunk[changed[0] : changed[-1] + 1]
    for lines in (hunk, narrow):
        old = "".join(line[1:] for line in lines if line[:1] in " -")
        new = "".join(line[1:] for line in lines if line[:1] in " +")
        if old and f"\n{text}".count(f"\n{old}") == 1:
            return f"\n{text}".replace(f"\n{old}", f"\n{new}")[1:]
    raise Broken(f"{name} no longer holds, exactly once:\n{''.join(narrow)}")


def make_diff(name: str, before: str, after: str) -> str:
    """Return the unified diff of one file, as git applies it."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}", n=CONTEXT
    )
    return "".join(lines)
