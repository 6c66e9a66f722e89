"""Who may import whom: the contracts of pyproject.toml hold, and each is seen to break.

Every case plants one forbidden import in a copy of the tree; a contract that does not
notice it would be a contract about nothing.
"""

from __future__ import annotations

import ast
import contextlib
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("donorhub", "importers", "webhooks", "receipts")

# contract, where the import is planted, what is imported there
PLANTED = [
    ("rooms", "donorhub.services.planted", "donorhub.jobs"),
    ("rooms", "donorhub.jobs.planted", "donorhub.app"),
    ("rooms", "donorhub.api.planted", "donorhub.web"),
    ("rooms", "donorhub.web.planted", "donorhub.api"),
    ("rooms", "donorhub.cli.planted", "donorhub.api"),
    ("rooms", "donorhub.web.planted", "donorhub.cli"),
    ("rooms", "donorhub.services.planted", "donorhub.migrations"),
    ("rooms", "donorhub.models.planted", "donorhub.services"),
    ("rooms", "donorhub.domain.planted", "donorhub.models"),
    ("rooms", "donorhub.domain.planted", "donorhub.gateways"),
    ("rooms", "donorhub.gateways.planted", "donorhub.domain"),
    ("only_money", "importers.planted", "donorhub.errors"),
    ("only_money", "webhooks.planted", "donorhub.db"),
    ("only_money", "receipts.planted", "donorhub.models"),
    ("strangers", "importers.planted", "webhooks.fact"),
    ("strangers", "receipts.planted", "importers.statement"),
    ("tables_know_no_formats", "donorhub.models.planted", "importers.statement"),
    ("domain_reads_dataclasses", "donorhub.domain.planted", "importers"),
    ("domain_reads_dataclasses", "donorhub.domain.planted", "receipts.document"),
    ("gateways_read_dataclasses", "donorhub.gateways.planted", "webhooks"),
    ("gateways_read_dataclasses", "donorhub.gateways.planted", "importers.statement"),
    ("pure", "donorhub.domain.planted", "sqlalchemy"),
    ("pure", "donorhub.domain.planted", "donorhub.clock"),
    ("pure", "importers.planted", "flask"),
    ("pure", "webhooks.planted", "requests"),
    ("pure", "webhooks.planted", "socket"),
    ("services_call_nobody", "donorhub.services.planted", "donorhub.gateways"),
    ("services_call_nobody", "donorhub.models.planted", "donorhub.gateways"),
    ("services_see_no_web_and_no_clock", "donorhub.services.planted", "flask"),
    ("services_see_no_web_and_no_clock", "donorhub.services.planted", "donorhub.clock"),
    ("services_see_no_web_and_no_clock", "donorhub.services.planted", "receipts.render"),
    ("only_gateways_call_out", "donorhub.jobs.planted", "stripe"),
    ("only_gateways_call_out", "donorhub.api.planted", "requests"),
    ("only_gateways_call_out", "donorhub.services.planted", "smtplib"),
    ("only_jobs_queue", "donorhub.api.planted", "rq.job"),
    ("only_render_draws", "donorhub.jobs.planted", "weasyprint"),
    ("only_render_draws", "receipts.planted", "weasyprint.text.fonts"),
    ("only_second_reader", "donorhub.services.planted", "ofxparse"),
    ("only_second_reader", "importers.planted", "ofxparse"),
    ("areas_of_services", "donorhub.services.giving.planted", "donorhub.services.recurring.overdue"),
    ("areas_of_services", "donorhub.services.receipts.planted", "donorhub.services.recurring.overdue"),
    ("areas_of_rules", "donorhub.domain.donors.planted", "donorhub.domain.recurring.schedule"),
    ("areas_of_pages", "donorhub.web.work.planted", "donorhub.web.reports.dashboard"),
    ("areas_of_the_api", "donorhub.api.access.planted", "donorhub.api.donors.donors"),
    ("no_circles", "donorhub.schemas.planted", "donorhub.schemas.planted_too"),
    ("no_circles", "donorhub.cli.planted", "donorhub.cli.planted_too"),
    ("no_circles", "importers.table.planted", "importers.table.planted_too"),
    ("no_circles", "donorhub.services.planted", "donorhub.services.planted_too"),
]


# Asked again and again in one process: starting Python for each case took most of the time.
_LINTER = """
import contextlib, io, json, sys
sys.path.insert(0, "")
from importlinter.cli import lint_imports
for line in sys.stdin:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = lint_imports(limit_to_contracts=tuple(json.loads(line)), no_cache=True)
    print(json.dumps([code, said.getvalue()]), flush=True)
"""


class _Linter:
    """import-linter beside a tree of sources, in a process that has not imported the real ones."""

    def __init__(self, tree: Path) -> None:
        command = [sys.executable, "-c", _LINTER]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=tree, stdin=pipe, stdout=pipe, text=True)

    def check(self, *contracts: str) -> tuple[bool, str]:
        """Whether these contracts hold, or all of them, and what was said about it."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(contracts) + "\n")
        self.process.stdin.flush()
        code, said = json.loads(self.process.stdout.readline())
        return code == 0, said


@contextlib.contextmanager
def _linter_in(tree: Path) -> Iterator[_Linter]:
    linter = _Linter(tree)
    with linter.process:
        yield linter


def _contracts() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {contract["id"] for contract in project["tool"]["importlinter"]["contracts"]}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources that may be spoilt."""
    copy = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=lambda _, names: _not_python(names))
    return copy


@pytest.fixture(scope="module")
def linter(tree: Path) -> Iterator[_Linter]:
    with _linter_in(tree) as linter:
        yield linter


def _not_python(names: list[str]) -> list[str]:
    return [name for name in names if "." in name and not name.endswith(".py")]


@pytest.fixture
def plant(tree: Path) -> Iterator[_Planter]:
    planter = _Planter(tree)
    yield planter
    planter.clear()


class _Planter:
    """Puts modules into the copy and takes them out again."""

    def __init__(self, tree: Path) -> None:
        self._tree = tree
        self._planted: list[Path] = []

    def __call__(self, module: str, source: str) -> None:
        path = self._tree / (module.replace(".", "/") + ".py")
        assert not path.exists()
        path.write_text(source)
        self._planted.append(path)

    def clear(self) -> None:
        for path in self._planted:
            path.unlink()


def test_the_contracts_hold() -> None:
    with _linter_in(ROOT) as linter:
        holds, said = linter.check()
    assert holds, said


def test_every_contract_has_a_planted_import() -> None:
    assert {contract for contract, _, _ in PLANTED} == _contracts()


@pytest.mark.parametrize(("contract", "importer", "imported"), PLANTED)
def test_a_planted_import_breaks_its_contract(
    linter: _Linter, plant: _Planter, contract: str, importer: str, imported: str
) -> None:
    # Inside a function, as weasyprint and stripe are imported: a lazy import is an import.
    plant(importer, f"def planted() -> None:\n    import {imported}\n")
    if contract == "no_circles":
        plant(imported, f"import {importer}\n")
    holds, said = linter.check(contract)
    assert not holds
    assert "planted" in said, "broken, but by something else"


def test_unplaced_room_breaks_the_order(linter: _Linter, plant: _Planter) -> None:
    """A room without a place breaks the order of rooms."""
    plant("donorhub.planted", "")
    holds, said = linter.check("rooms")
    assert not holds
    assert "planted" in said


def test_type_checking_import_is_none(linter: _Linter, plant: _Planter) -> None:
    """An import for type checking only is no import."""
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import donorhub.app\n"
    plant("donorhub.models.planted", source)
    assert "planted" not in linter.check("rooms")[1]


def test_money_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse((ROOT / "donorhub" / "money.py").read_text("utf-8"))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {
        "." * node.level + (node.module or "") for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
    }
    assert imported
    assert {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names} == set()
