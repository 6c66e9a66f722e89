"""The page of unknown payers: what is ticked, turned, written and pressed is done, without a script too."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Donor, PayerBatch
from donorhub.web.bank import payers
from tests.services.bank.bank import ANNA, BESA, Paid, rows
from tests.services.bank.matching.matching_world import DAY, import_and_match
from tests.web.bank.bank_world import Staff, let_write, words_of

CELA = "PL10105000997603123456789123"
DORA = "PL60102010260000042270201111"


@pytest.fixture
def staff(database: Flask) -> Staff:
    import_and_match(
        *(Paid(DAY + timedelta(days=n), 5000, name="KOWALSKA ANNA", account=ANNA) for n in range(3)),
        *(Paid(DAY + timedelta(days=n), 3000, name="Krasniqi Agim", account=BESA) for n in range(2)),
        Paid(DAY, 1000, name="NOWAK JAN", account=CELA),
        Paid(DAY, 700, name="ANTON JEREMI", account=DORA),
    )
    return Staff(database, "accountant")


def read_form(page: str) -> dict[str, Any]:
    """All that the page's form sends as it stands, several values of one name as a list."""
    form = re.findall(r'<form method="post" id="payers".*?</form>', page, re.DOTALL)[0]
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'(\w[\w-]*)="([^"]*)"', tag))
        if attributes.get("type") == "checkbox" and " checked" not in tag:
            continue
        name = attributes["name"]
        if name in fields and name in ("row", "take", "skip", "keep"):
            before = fields[name]
            fields[name] = [*(before if isinstance(before, list) else [before]), attributes.get("value", "")]
        else:
            fields[name] = attributes.get("value", "")
    fields.pop("csrf_token")
    return fields


def find_row(page: str, name: str) -> str:
    row = next(row for row in re.findall(r"<li data-gifts.*?</li>", page, re.DOTALL) if name in row)
    return re.findall(r'name="row" value="(\w+)"', row)[0]


def list_names() -> list[str]:
    let_write()
    return sorted(db.session.scalars(select(Donor.name).where(Donor.removed_at.is_(None))))


def leave(fields: dict[str, Any], row_id: str) -> None:
    fields["take"] = [one for one in fields["take"] if one != row_id]


def test_button_does_what_it_says(staff: Staff) -> None:
    page = staff.get("/bank/payers").text
    assert "Make 3 donors and record 6 gifts, PLN 220.00" in words_of(page)
    answer = staff.post("/bank/payers", **read_form(page))
    assert answer.status_code == 302
    assert list_names() == ["Agim Krasniqi", "Anna Kowalska", "Jan Nowak"]
    shown = staff.text(answer.headers["Location"])
    assert "3 donors, 6 gifts" in shown and "Undo" in shown


def test_unticked_payer_changes_the_numbers_first(staff: Staff) -> None:
    """Without a script the button still said the old numbers: nothing is done before it says the new ones."""
    page = staff.get("/bank/payers").text
    fields = read_form(page)
    leave(fields, find_row(page, "Anna Kowalska"))
    before = rows()
    answer = staff.post("/bank/payers", **fields)
    assert answer.status_code == 422 and rows() == before
    assert "Make 2 donors and record 3 gifts, PLN 70.00" in words_of(answer.text)
    assert "You chose other payers than the button said" in words_of(answer.text)
    assert staff.post("/bank/payers", **read_form(answer.text)).status_code == 302
    assert list_names() == ["Agim Krasniqi", "Jan Nowak"]


def test_choice_is_kept_while_pages_turn(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    """A payer who was left on one page, and one who was taken and named on another, are so at the end."""
    monkeypatch.setattr(payers, "AT_ONCE", 2)
    first = staff.get("/bank/payers").text
    fields = read_form(first)
    leave(fields, find_row(first, "Anna Kowalska"))
    second = staff.post("/bank/payers", **fields, to=re.findall(r'name="to" value="(\w+)"', first)[0]).text
    jeremi = find_row(second, "Anton Jeremi")
    fields = read_form(second)
    fields["take"] = [*([fields["take"]] if isinstance(fields["take"], str) else fields["take"]), jeremi]
    fields |= {f"given-{jeremi}": "Jeremi", f"family-{jeremi}": "Anton"}
    back = staff.post("/bank/payers", **fields, to="").text
    assert find_row(back, "Anna Kowalska") not in read_form(back)["take"]
    answer = staff.post("/bank/payers", **read_form(back))
    assert answer.status_code == 302, words_of(answer.text)[:500]
    assert list_names() == ["Agim Krasniqi", "Jan Nowak", "Jeremi Anton"]


def test_name_that_cannot_be_read_is_refused(staff: Staff) -> None:
    page = staff.get("/bank/payers").text
    fields, row_id = read_form(page), find_row(page, "Anna Kowalska")
    fields[f"given-{row_id}"] = "A" * 201
    before = rows()
    answer = staff.post("/bank/payers", **fields)
    assert answer.status_code in (409, 422) and rows() == before
    assert "What is written of a payer cannot be read" in words_of(answer.text)


@pytest.mark.parametrize(
    ("lang", "title", "doubt", "undo"),
    [
        ("pl", "Nieznani wpłacający", "które to imię?", "Cofnij"),
        ("sq", "Pagues të panjohur", "cili është emri?", "Zhbëj"),
    ],
)
def test_pages_speak_the_readers_language(
    staff: Staff, database: Flask, lang: str, title: str, doubt: str, undo: str
) -> None:
    reader = Staff(database, "accountant", lang=lang)
    page = reader.get("/bank/payers").text
    assert title in words_of(page) and doubt in words_of(page)
    answer = reader.post("/bank/payers", **read_form(page))
    assert undo in reader.text(answer.headers["Location"])


def test_made_twice_is_one_batch(staff: Staff) -> None:
    """The same form sent again leads to what was made of it."""
    fields = read_form(staff.get("/bank/payers").text)
    first = staff.post("/bank/payers", **fields)
    before = rows()
    again = staff.post("/bank/payers", **fields)
    assert again.headers["Location"] == first.headers["Location"]
    assert rows() == before
    let_write()
    assert len(db.session.scalars(select(PayerBatch)).all()) == 1
