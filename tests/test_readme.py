"""The README is true: its settings are those of the program, its links lead somewhere."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from donorhub.config import Settings, name_variable

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def test_the_table_has_every_setting_and_no_other() -> None:
    table = README[README.index("| setting |") : README.index("## How it is built")]
    named = set(
        re.findall(
            r"`([A-Z][A-Z_]+)`", "\n".join(line.split("|")[1] for line in table.splitlines() if "|" in line)
        )
    )
    assert named == {name_variable(field.name) for field in fields(Settings)}


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
