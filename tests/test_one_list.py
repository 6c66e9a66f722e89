"""Languages, currencies and countries of receipts are listed once, and page and API offer the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from flask import Flask

import donorhub
import receipts
from donorhub.models.states import LANGS
from receipts.document import Lang
from receipts.phrases import LANGUAGES
from tests.web.bank.bank_world import Staff

ROOT = Path(donorhub.__file__).parents[1]
PACKS = Path(receipts.__file__).parent / "packs"
# In a process of its own: what lies in the folder is read when the program starts.
OFFERS = """
import json, re
from donorhub import config
from donorhub.app import create_app
from donorhub.cli.database import bring_up_to_date
from donorhub.db import db
from tests.web.bank.bank_world import Staff
app = create_app(config.load_settings())
with app.app_context():
    bring_up_to_date()
    page = Staff(app, "admin").get("/settings/organisation").text
    form = re.search(r'name="jurisdiction".*?</select>', page, re.S).group(0)
    said = app.test_client().get("/api/openapi.json").get_json()
    schema = said["components"]["schemas"]["OrganisationFieldsPatch"]["properties"]["jurisdiction"]
    print(json.dumps([sorted(re.findall(r'<option value="(\\w+)"', form)), sorted(schema["enum"])]))
"""


def test_program_and_papers_share_languages() -> None:
    """The languages of the program are those of its papers. Receipts know nothing of the program and name
    their languages themselves."""
    assert get_args(Lang) == LANGUAGES == LANGS


def test_page_offers_countries_with_pack(database: Flask) -> None:
    """Page and API offer the countries that have a pack."""
    countries = {path.name.partition("-")[0] for path in PACKS.glob("*.toml")}
    page = Staff(database, "admin").get("/settings/organisation").text
    form = re.search(r'name="jurisdiction".*?</select>', page, re.S)
    assert form and set(re.findall(r'<option value="(\w+)"', form.group(0))) == countries


@pytest.mark.slow
@pytest.mark.parametrize("valid_from", ["2020-01-01", "2099-01-01"])
def test_added_pack_is_offered_everywhere(tmp_path: Path, valid_from: str) -> None:
    """A rule pack that was dropped in is offered by page and API alike."""
    shutil.copytree(Path(receipts.__file__).parent, tmp_path / "receipts")
    text = (PACKS / "XX-2026-11.toml").read_text()
    text = re.sub(r"^jurisdiction = .*", 'jurisdiction = "MK"', text, flags=re.M)
    text = re.sub(r"^valid_from = .*", f"valid_from = {valid_from}", text, flags=re.M)
    text = re.sub(r"^version = .*", 'version = "MK-1"', text, flags=re.M)
    (tmp_path / "receipts" / "packs" / "MK-1.toml").write_text(text)
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
        "DONORHUB_MODE": "test",
        "DONORHUB_HOME": str(tmp_path / "home"),
    }
    done = subprocess.run(
        [sys.executable, "-c", OFFERS], capture_output=True, text=True, env=environ, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    countries = sorted({"MK", *(path.name.partition("-")[0] for path in PACKS.glob("*.toml"))})
    assert done.stdout.strip().replace('"', "'") == str([countries, countries])


def test_currency_pattern_is_written_once() -> None:
    """What a currency code looks like is written once. Everybody asks ``money.is_currency``; patterns that
    hold more than a currency are another thing."""
    places = [
        str(path.relative_to(ROOT))
        for room in ("donorhub", "importers", "receipts", "webhooks")
        for path in (ROOT / room).rglob("*.py")
        if re.search(r'"\^?\[A-Z\]\{3\}\$?"', path.read_text()) and "migrations" not in path.parts
    ]
    assert places == ["donorhub/money.py"]
