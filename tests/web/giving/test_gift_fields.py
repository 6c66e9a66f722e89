"""Fields of gifts on pages: set up, filled in, changed, looked for and taken as a file."""

from __future__ import annotations

import csv
import io
import re

from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import CustomField, Gift, GiftCustomValue
from tests.web.bank.bank_world import Staff, words_of
from tests.web.desk import add_donor, rows
from tests.web.donors.test_custom_fields import add_field


def record(staff: Staff, donor_id: int, amount: str, **fields: object) -> int:
    key = re.findall(r'name="key" value="([^"]+)"', staff.get(f"/gifts/new?donor={donor_id}").text)[0]
    said = {"key": key, "donor_id": donor_id, "amount": amount, "currency": "PLN", "method": "cash"}
    answer = staff.post("/gifts/new", **{**said, "received_on": "2026-11-20", **fields})
    assert answer.status_code == 302, words_of(answer.text)
    return int(answer.headers["Location"].rpartition("/")[2])


def set_up(admin: Staff) -> None:
    add_field(admin, "text", entity="gift", label_pl="Okazja")
    add_field(admin, "number", entity="gift", label_pl="Liczba gości")
    field_id = add_field(admin, "choice", entity="gift", label_pl="Sala")
    admin.post(f"/settings/fields/{field_id}/options", option_pl="Duża")
    db.session.expire_all()
    assert [field.entity for field in db.session.scalars(select(CustomField))] == ["gift"] * 3


def test_field_of_gifts_is_filled_in_and_changed(database: Flask) -> None:
    """What is typed with a new gift is shown on its page, changed there, and told in its changes; sent again
    it changes nothing."""
    admin = Staff(database, "admin", lang="pl")
    set_up(admin)
    settings = admin.text("/settings/fields")
    assert "Pola dodane do darowizn" in settings and "Liczba gości" in settings
    anna = add_donor().id
    gift_id = record(
        admin, anna, "50,00", custom_okazja="Wesele", custom_liczba_gosci="120", custom_sala="duza"
    )
    page = admin.get(f"/gifts/{gift_id}")
    assert "Okazja Wesele Liczba gości 120 Sala Duża" in words_of(page.text)
    shown = re.findall(r'name="shown" value="([^"]+)"', page.text)[0]
    said = {"fund_id": "", "campaign_id": "", "appeal_id": "", "note": "", "credited": ""}
    change = {
        **said,
        "shown": shown,
        "custom_okazja": "Chrzciny",
        "custom_liczba_gosci": "",
        "custom_sala": "duza",
    }
    assert admin.post(f"/gifts/{gift_id}/change", **change).status_code == 302
    text = admin.text(f"/gifts/{gift_id}")
    assert "Okazja Chrzciny Sala Duża" in text and "Liczba gości: 120 → – Okazja: Wesele → Chrzciny" in text
    before = rows()
    assert admin.post(f"/gifts/{gift_id}/change", **change).status_code == 422  # it is no more what was shown
    assert rows() == before


def test_form_says_what_no_field_takes(database: Flask) -> None:
    """A number that is none is said beside it, and nothing is recorded."""
    admin = Staff(database, "admin", lang="pl")
    set_up(admin)
    anna = add_donor().id
    key = re.findall(r'name="key" value="([^"]+)"', admin.get(f"/gifts/new?donor={anna}").text)[0]
    said = {"key": key, "donor_id": anna, "amount": "5", "currency": "PLN", "received_on": "2026-11-20"}
    answer = admin.post("/gifts/new", **said, method="cash", custom_liczba_gosci="dużo")
    assert answer.status_code == 422 and 'value="dużo"' in answer.text
    assert db.session.query(Gift).count() == 0


def test_list_of_gifts_is_narrowed_by_a_field(database: Flask) -> None:
    """The list, its sums and its file hold the gifts with a value; what no field takes finds none."""
    admin = Staff(database, "admin", lang="pl")
    set_up(admin)
    anna = add_donor().id
    record(admin, anna, "50,00", custom_okazja="Wesele", custom_liczba_gosci="120")
    record(admin, anna, "7,00", custom_okazja="wesele", custom_liczba_gosci="8")
    record(admin, anna, "9,00", custom_okazja="Inne")
    shown = admin.text("/gifts?field=okazja&value=WESELE")
    assert "50,00" in shown and "7,00" in shown and "9,00" not in shown
    assert "Darowizny: 2 · zostało z nich: 57,00" in shown
    shown = admin.text("/gifts?field=liczba_gosci&value=100..200")
    assert "50,00" in shown and "7,00" not in shown
    assert "dużo" in admin.text("/gifts?field=liczba_gosci&value=du%C5%BCo")
    answer = admin.get("/gifts/download?field=okazja&value=wesele&form=csv")
    table = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig")), delimiter=";"))
    assert table[0][-3:] == ["Okazja", "Liczba gości", "Sala"]
    assert sorted(row[-3:] for row in table[1:]) == [["Wesele", "120", ""], ["wesele", "8", ""]]
    assert "Anna" in admin.text("/search?q=wesele")


def test_hidden_field_of_gifts_is_kept(database: Flask) -> None:
    """A fundraiser from whom a field is hidden sees it nowhere, and changes the rest without touching it."""
    admin = Staff(database, "admin", lang="pl")
    set_up(admin)
    field = db.session.scalars(select(CustomField).filter_by(key="okazja")).one()
    hidden = admin.post(f"/settings/fields/{field.id}", label_pl="Okazja", hidden_roles="fundraiser")
    assert hidden.status_code == 302, words_of(hidden.text)
    gift_id = record(admin, add_donor().id, "50,00", custom_okazja="Wesele")
    fundraiser = Staff(database, "fundraiser", lang="pl")
    page = fundraiser.get(f"/gifts/{gift_id}")
    assert "Wesele" not in page.text and "Okazja" not in page.text
    shown = re.findall(r'name="shown" value="([^"]+)"', page.text)[0]
    said = {
        "fund_id": "",
        "campaign_id": "",
        "appeal_id": "",
        "note": "nowa",
        "credited": "",
        "custom_okazja": "x",
    }
    assert fundraiser.post(f"/gifts/{gift_id}/change", **said, shown=shown).status_code == 302
    assert [value.text for value in db.session.scalars(select(GiftCustomValue))] == ["Wesele"]
    assert "nowa" in fundraiser.text(f"/gifts/{gift_id}")
    assert "Wesele" not in fundraiser.text("/gifts?field=okazja&value=wesele")
