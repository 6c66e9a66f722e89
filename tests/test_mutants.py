"""scripts/mutants: the runner, on a toy; and that each bug of tests/mutants still fits the tree.

That nothing survives is not seen here, since it takes minutes: run ``scripts/mutants``.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from scripts import mutants
from scripts.mutating import patches

PROGRAM = '''"""A toy."""


def add_gift(total: int, amount: int) -> int:
    return total + amount


def name_donor(name: str) -> str:
    return name.strip()
'''
TESTS = """from toy.sums import add_gift

def test_a_gift_is_added():
    assert add_gift(1, 2) == 3
"""
HEAD = "kind: sums\nharm: A gift counts twice.\ntests: tests/test_toy.py\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one module, one test, and no bug yet."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they take ten times as long as the toy
    for path, text in (("toy/__init__.py", ""), ("toy/sums.py", PROGRAM), ("tests/test_toy.py", TESTS)):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "tests/mutants").mkdir()
    return tmp_path


def plant(home: Path, name: str, old: str, new: str, head: str = HEAD) -> Path:
    path = home / f"tests/mutants/{name}.patch"
    path.write_text(head + patches.make_diff("toy/sums.py", PROGRAM, PROGRAM.replace(old, new)))
    return path


def run(home: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    code = mutants.main(list(arguments), home)
    printed = capsys.readouterr()
    return code, (printed.out + printed.err).splitlines()


def test_bug_is_caught_survives_or_breaks(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bug is caught, or survives, or is none because the tests do not even run."""
    plant(home, "adds_twice", "total + amount", "total + amount + amount")
    plant(
        home, "keeps_spaces", "name.strip()", "name", HEAD.replace("A gift counts twice", "A name has spaces")
    )
    plant(home, "no_python", "def add_gift(", "def def add_gift(")
    code, lines = run(home, capsys)
    assert code == 1
    broken, caught, survived = sorted(lines[:3])
    assert broken.startswith("broken   sums / no_python: the tests do not run: ")
    assert caught.startswith("caught   sums / adds_twice by tests/test_toy.py::test_a_gift_is_added (")
    assert survived.startswith("survived sums / keeps_spaces (")
    assert lines[3:] == [
        "3 bugs: 1 caught, 1 survived, 1 broken",
        "survived: keeps_spaces: A name has spaces.",
    ]
    assert (home / "toy/sums.py").read_text() == PROGRAM


def test_only_when_all_are_caught_it_succeeds(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mutant = patches.read_mutant(plant(home, "adds_twice", "total", "amount"))
    caught = mutants.Result(mutant, "caught", "a test", 1)
    assert mutants.print_summary([caught, caught]) == 0
    assert mutants.print_summary([caught, mutants.Result(mutant, "survived", "", 1)]) == 1
    assert mutants.print_summary([caught, mutants.Result(mutant, "broken", "", 1)]) == 1
    assert capsys.readouterr().out.splitlines()[0] == "2 bugs: 2 caught, 0 survived, 0 broken"


def test_tests_that_fail_anyway_catch_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plant(home, "adds_twice", "total + amount", "total + amount + amount")
    (home / "tests/test_toy.py").write_text(TESTS.replace("== 3", "== 4"))
    code, lines = run(home, capsys)
    assert code == 1
    assert "its tests, which fail without it too" in lines[0]


def test_a_test_that_hangs_has_caught_it() -> None:
    assert mutants.judge_run(None, "") == ("caught", "a test that waits for ever")


def test_a_list_says_what_each_would_do(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plant(home, "adds_twice", "total + amount", "total + amount + amount")
    assert run(home, capsys, "--list") == (0, ["sums / adds_twice: A gift counts twice."])


@pytest.mark.parametrize("arguments", [["--all"], ["no such word"]])
def test_what_does_not_exist_is_refused(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    plant(home, "adds_twice", "total + amount", "total + amount + amount")
    assert run(home, capsys, *arguments)[0] == 2


def test_a_patch_follows_its_lines(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = plant(home, "adds_twice", "total + amount", "total + amount + amount")
    moved = PROGRAM.replace(
        "def add_gift(total: int, amount: int)",
        "# Of one donor.\n" * 9 + "def add_money(total: int, amount: int)",
    )
    (home / "toy/sums.py").write_text(moved)
    with pytest.raises(patches.Broken):
        patches.apply_patch(path, home, "--check")
    assert run(home, capsys, "--refresh") == (0, ["refreshed adds_twice"])
    assert path.read_text().startswith(HEAD)
    assert run(home, capsys, "--refresh") == (0, [])
    patches.apply_patch(path, home)
    assert (home / "toy/sums.py").read_text() == moved.replace("total + amount", "total + amount + amount")


@pytest.mark.parametrize(
    "change", [("total + amount", "total + gift"), ("name.strip()", "name\n    return total + amount")]
)
def test_patch_without_line_is_named(
    home: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str]
) -> None:
    """A patch whose line is gone or stands twice is named and left as it is."""
    path = plant(home, "adds_twice", "total + amount", "total + amount + amount")
    before = path.read_text()
    (home / "toy/sums.py").write_text(PROGRAM.replace(*change).replace("def add_gift", "def add_money"))
    code, lines = run(home, capsys, "--refresh")
    assert code == 1
    assert lines[0].startswith("adds_twice: toy/sums.py no longer holds, exactly once:")
    assert path.read_text() == before


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("kind: sums\ntests: a\n", "does not say: harm"),
        (HEAD + "lock: a\n", "says what nobody reads: lock"),
        (HEAD + "db: mysql\n", "names no database of ours: mysql"),
    ],
)
def test_a_head_is_complete(home: Path, head: str, message: str) -> None:
    plant(home, "adds_twice", "total", "amount", head)
    with pytest.raises(patches.Broken, match=message):
        patches.read_mutants(home)


# ---------------------------------------------------------------- the bugs of the project

ROOT = Path(__file__).resolve().parents[1]
KINDS = {
    "unknown_days",
    "late losses",
    "old money",
    "papers",
    "receipt by mail",
    "saying no",
    "PostgreSQL locks",
    "access table",
    "hidden fields",
    "row scope",
    "again changes nothing",
    "audit words",
    "between writing and sending",
    "commit before effect",
    "consents",
    "half cents",
    "idempotency key",
    "lists",
    "logs",
    "midnight",
    "migrated tables",
    "password",
    "pending entries",
    "protective settings",
    "return with a fee",
    "searching",
    "shown is done",
    "sums by currency",
    "asked, not booked",
    "bank corrections",
    "told and changed",
    "fees and archives",
    "readers wait",
    "killed, not failed",
    "stages",
    "clone guard",
    "erasure",
    "whole move",
    "merging",
    "own words",
}
# The text of a query: a bug takes out the line that runs it.
NAMED_QUERIES = {
    (
        "donorhub/jobs/queue/hold.py",
        '_TAKE: Final = text("SELECT pg_advisory_lock(:locks, id) FROM unnest(:ids) AS id")',
    ),
    ("donorhub/jobs/queue/hold.py", '_TRY: Final = text("SELECT pg_try_advisory_lock(:locks, :id)")'),
}
LOCK = re.compile(r"with_for_update|pg_(?:try_)?advisory_(?:xact_)?lock")


def test_every_bug_still_applies_to_the_tree() -> None:
    """Where this fails after a rename, run ``scripts/mutants --refresh``."""
    broken = []
    for mutant in patches.read_mutants(ROOT):
        try:
            patches.apply_patch(mutant.path, ROOT, "--check")
        except patches.Broken as error:
            broken.append(str(error))
    assert broken == []


def test_the_tests_near_every_bug_are_there() -> None:
    missing = [
        (mutant.name, test)
        for mutant in patches.read_mutants(ROOT)
        for test in mutant.tests
        if test.startswith("tests/") and not (ROOT / test.partition("::")[0]).exists()
    ]
    assert missing == []


def test_there_are_sixty_and_three_of_each_kind() -> None:
    kinds = Counter(mutant.kind for mutant in patches.read_mutants(ROOT))
    assert kinds.total() >= 60
    assert set(kinds) == KINDS
    assert {kind: count for kind, count in kinds.items() if count < 3} == {}


def test_every_lock_is_taken_out_by_a_bug() -> None:
    removed = {
        (diff.splitlines()[0].removeprefix("--- a/"), line[1:].strip())
        for mutant in patches.read_mutants(ROOT)
        for diff in [patches.split_patch(mutant.path)[1]]
        for line in diff.splitlines()
        if line.startswith("-")
    }
    locks = {
        (path.relative_to(ROOT).as_posix(), line.strip())
        for path in (ROOT / "donorhub").rglob("*.py")
        if "migrations/versions" not in path.as_posix()
        for line in path.read_text(encoding="utf-8").splitlines()
        if LOCK.search(line)
    }
    assert locks - removed - NAMED_QUERIES == set()
