"""scripts/house: each fault is planted in a small tree and seen by its measure; what is allowed is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import house
from scripts.measures import imports
from scripts.measures.tree import read_tree

SKIP = "# fmt: " + "skip"  # in one piece it would be one more
LONG_BODY = "\n".join(f"    x = {number}" for number in range(60))

# measure, file, what stands in it, the place that must be named
FAULTS = [
    ("files over 400 lines", "donorhub/web/a.py", "x = 1\n" * 401, "donorhub/web/a.py:1 401 lines"),
    ("files over 400 lines", "tests/test_a.py", "x = 1\n" * 401, "tests/test_a.py:1 401 lines"),
    (
        "functions over 60 lines",
        "importers/a.py",
        f"def read_it():\n{LONG_BODY}\n",
        "importers/a.py:1 read_it: 61 lines",
    ),
    ("files named by no thing", "donorhub/services/utils.py", "", "donorhub/services/utils.py:1 utils"),
    ("files named by no thing", "donorhub/core/a.py", "", "donorhub/core/a.py:1 core"),
    (
        "imports of a later area",
        "donorhub/services/donors/a.py",
        "\nfrom donorhub.services.giving import rollups",
        "donorhub/services/donors/a.py:2 donors imports donorhub.services.giving.rollups",
    ),
    (
        "imports of a later area",
        "donorhub/web/receipts/a.py",
        "import donorhub.web.recurring",
        "donorhub/web/receipts/a.py:1 receipts imports donorhub.web.recurring",
    ),
    (
        "circles of modules",
        "donorhub/services/giving/rollups.py",
        "from donorhub.services.giving import gifts",
        "donorhub/services/giving/gifts:1 "
        "donorhub.services.giving.gifts <-> donorhub.services.giving.rollups",
    ),
    (
        "circles of packages",
        "donorhub/services/giving/ahead.py",
        "from ..donors import a",
        "donorhub/services:1 donors <-> giving",
    ),
    (
        "imports inside functions",
        "donorhub/api/a.py",
        "def show_it():\n    from donorhub import money\n",
        "donorhub/api/a.py:2 from donorhub import money",
    ),
    (
        "imports by string",
        "donorhub/jobs/a.py",
        "perform = import_string('donorhub.x:y')",
        "donorhub/jobs/a.py:1 import_string('donorhub.x:y')",
    ),
    (
        "imports by string",
        "donorhub/jobs/a.py",
        "x = importlib.import_module('a')",
        "donorhub/jobs/a.py:1 importlib.import_module('a')",
    ),
    ("Any", "webhooks/a.py", "from typing import Any", "webhooks/a.py:1 Any"),
    ("Any", "webhooks/a.py", "\ndef read_it(x: 'int', **rest: Any): ...", "webhooks/a.py:2 Any"),
    ("casts and ignored types", "receipts/a.py", "x = cast(int, y)", "receipts/a.py:1 cast"),
    (
        "casts and ignored types",
        "receipts/a.py",
        "x = y  # type: ignore[misc]",
        "receipts/a.py:1 type: ignore",
    ),
    ("names that are a participle", "importers/a.py", "found = 1", "importers/a.py:1 found"),
    ("names that are a participle", "importers/a.py", "def read_it(told): ...", "importers/a.py:1 told"),
    ("names that are a participle", "importers/a.py", "def _claimed(): ...", "importers/a.py:1 _claimed"),
    ("names that are a participle", "importers/a.py", "for said in (): ...", "importers/a.py:1 said"),
    ("names that are a participle", "importers/a.py", "x = [1 for known in ()]", "importers/a.py:1 known"),
    ("functions of one word", "donorhub/domain/a.py", "def settle(): ...", "donorhub/domain/a.py:1 settle"),
    (
        "functions of one word",
        "donorhub/domain/a.py",
        "class A:\n    def _told(self): ...",
        "donorhub/domain/a.py:2 _told",
    ),
    (
        "test names over 8 words",
        "tests/test_a.py",
        "class TestA:\n    def test_one_two_three_four_five_six_seven_eight_nine(self): ...",
        "tests/test_a.py:2 test_one_two_three_four_five_six_seven_eight_nine",
    ),
    ("modules without a docstring", "donorhub/web/a.py", "x = 1", "donorhub/web/a.py:1 the module"),
    (
        "public names without a docstring",
        "donorhub/web/a.py",
        "def show_it(): ...",
        "donorhub/web/a.py:1 show_it",
    ),
    (
        "public names without a docstring",
        "donorhub/web/a.py",
        "class Page:\n    '''A page.'''\n    def show_it(self): ...",
        "donorhub/web/a.py:3 show_it",
    ),
    (
        "template lines over 120 letters",
        "donorhub/web/templates/a/b.html",
        "\n" + "x" * 121,
        "donorhub/web/templates/a/b.html:2 121 letters",
    ),
    ("formatter opt-outs", "tests/a.py", f"x = 1  {SKIP}", "tests/a.py:1 fmt: skip"),
]

# What looks like a fault and is none.
ALLOWED = [
    ("files over 400 lines", "donorhub/migrations/versions/a.py", "x = 1\n" * 401),
    ("functions over 60 lines", "donorhub/migrations/versions/a.py", f"def change_it():\n{LONG_BODY}\n"),
    ("imports of a later area", "donorhub/services/giving/a.py", "from donorhub.services.donors import a"),
    ("imports of a later area", "donorhub/web/donors/a.py", "from donorhub.services.giving import rollups"),
    (
        "circles of modules",
        "donorhub/services/giving/rollups.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from donorhub.services.giving import gifts",
    ),
    ("circles of packages", "importers/a.py", "from donorhub import money"),
    ("imports inside functions", "receipts/a.py", "def draw_it():\n    from weasyprint.text import fonts\n"),
    ("imports inside functions", "tests/a.py", "def test_it():\n    import json\n"),
    ("imports by string", "tests/a.py", "importlib.import_module('a')"),
    ("names that are a participle", "importers/a.py", "left = right = is_known = entry_found = 1"),
    ("functions of one word", "donorhub/domain/a.py", "def main(): ..."),
    ("functions of one word", "donorhub/domain/a.py", "class A:\n    @property\n    def amount(self): ..."),
    ("test names over 8 words", "tests/test_a.py", "def test_one_two_three_four_five_six_seven_eight(): ..."),
    ("test names over 8 words", "tests/a.py", "def make_one_two_three_four_five_six_seven_eight_nine(): ..."),
    ("modules without a docstring", "donorhub/web/__init__.py", ""),
    ("public names without a docstring", "donorhub/web/a.py", "def _show_it(): ..."),
    ("template lines over 120 letters", "donorhub/web/templates/a/b.html", "x" * 120),
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A tree without a fault."""
    write(tmp_path, "donorhub/money.py", '"""Money."""\n\nfrom importers import statement\n')
    write(tmp_path, "importers/statement.py", '"""Statements."""\n')
    write(tmp_path, "donorhub/services/donors/a.py", '"""Donors."""\n')
    write(
        tmp_path,
        "donorhub/services/giving/gifts.py",
        '"""Gifts."""\nfrom . import rollups\nfrom ..donors import a\n',
    )
    write(tmp_path, "donorhub/services/giving/rollups.py", '"""Roll-ups."""\n')
    write(tmp_path, "donorhub/web/recurring/__init__.py", '"""Recurring gifts."""\n')
    return tmp_path


def write(home: Path, path: str, text: str) -> None:
    (home / path).parent.mkdir(parents=True, exist_ok=True)
    (home / path).write_text(text, encoding="utf-8")


def find_places(home: Path, name: str) -> list[str]:
    (measure,) = [measure for measure in house.LIMITS if measure.name == name]
    return [str(place) for place in house.take_figure(measure, read_tree(home)).places]


def test_a_clean_tree_has_no_fault(home: Path) -> None:
    assert {measure.name: find_places(home, measure.name) for measure in house.LIMITS} == {
        measure.name: [] for measure in house.LIMITS
    }


@pytest.mark.parametrize(("name", "path", "text", "place"), FAULTS)
def test_a_planted_fault_is_named(home: Path, name: str, path: str, text: str, place: str) -> None:
    if name == "circles of packages":
        write(home, "donorhub/services/donors/a.py", "from donorhub.services.giving import rollups")
    write(home, path, text)
    assert place in find_places(home, name)


@pytest.mark.parametrize(("name", "path", "text"), ALLOWED)
def test_what_is_allowed_is_not_counted(home: Path, name: str, path: str, text: str) -> None:
    write(home, path, text)
    assert find_places(home, name) == []


def test_every_measure_has_a_planted_fault() -> None:
    assert {measure.name for measure in house.LIMITS} == {name for name, *_rest in FAULTS}


def _count_files(*, goal: float | None, today: float | None = None) -> tuple[house.Measure, ...]:
    return (house.Measure("files", house.shape.find_empty_file_names, goal, today),)


@pytest.mark.parametrize(
    ("goal", "today", "code"),
    [(0, None, 1), (0, 1, 1), (0, 2, 0), (2, None, 0), (None, None, 0), (None, 1, 1)],
)
def test_it_fails_over_its_limit(home: Path, goal: float | None, today: float | None, code: int) -> None:
    write(home, "donorhub/utils.py", "")
    write(home, "donorhub/common.py", "")
    assert house.main(["--short"], home, _count_files(goal=goal, today=today)) == code


def test_failure_lists_its_places(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A failure lists its places, and the short report no others."""
    write(home, "donorhub/utils.py", "")
    house.main(["--short"], home, _count_files(goal=1))
    assert "donorhub/utils.py" not in capsys.readouterr().out
    house.main([], home, _count_files(goal=1))
    assert "donorhub/utils.py:1 utils" in capsys.readouterr().out
    house.main(["--short"], home, _count_files(goal=0))
    report = capsys.readouterr().out
    assert "FAILED" in report
    assert "donorhub/utils.py:1 utils" in report
    assert report.splitlines()[-1] == "over the limit: files"


def test_a_ratio_is_counted_against_its_whole(home: Path) -> None:
    write(home, "donorhub/web/templates/a.html", "x\n" * 97 + ("x" * 121 + "\n") * 3)
    (measure,) = [measure for measure in house.LIMITS if measure.name == "template lines over 120 letters"]
    assert house.take_figure(measure, read_tree(home)).value == 3


def test_edges_between_areas_are_counted_a_layer(home: Path) -> None:
    write(home, "donorhub/web/giving/a.py", "from donorhub.web.donors import b\n")
    write(home, "donorhub/web/donors/b.py", "from donorhub.services.donors import a\n")
    edges = imports.count_edges(read_tree(home))
    assert {layer: dict(counts) for layer, counts in edges.items()} == {
        "services": {("giving", "donors"): 1},
        "web": {("giving", "donors"): 1},
    }


def test_an_option_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert house.main(["--all"]) == 2
    assert "knows only --short, not --all" in capsys.readouterr().err
