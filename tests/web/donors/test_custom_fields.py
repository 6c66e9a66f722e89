"""Fields of the organisation on pages: set up, filled in, looked for and taken as a file."""

from __future__ import annotations

import csv
import io
import re

from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import CustomField, CustomOption
from tests.web.bank.bank_world import Staff, words_of
from tests.web.desk import add_donor, rows


def add_field(staff: Staff, kind: str, **fields: object) -> int:
    """Add a field on its page; return its id."""
    answer = staff.post("/settings/fields", kind=kind, **fields)
    assert answer.status_code == 302, words_of(answer.text)
    return int(answer.headers["Location"].rpartition("/")[2])


def test_field_is_set_up_and_filled_in(database: Flask) -> None:
    """A choice with two options is named in three languages, filled in in the form and shown on the page."""
    admin = Staff(database, "admin", lang="pl")
    field_id = add_field(admin, "choice", label_pl="Rozmiar koszulki", label_en="Shirt size")
    for label in ("Duża", "Mała"):
        sent = admin.post(f"/settings/fields/{field_id}/options", option_pl=label, option_en=f"{label} (en)")
        assert sent.status_code == 302, words_of(sent.text)
    note_id = add_field(admin, "long_text", label_en="Story")
    anna = add_donor().id
    form = admin.get(f"/donors/{anna}/edit").text
    assert "Rozmiar koszulki" in form and "Story" in form
    version = re.findall(r'name="version" value="(\d+)"', form)[0]
    known = {"kind": "person", "given_name": "Anna", "family_name": "Kowalska", "name": "Anna Kowalska"}
    said = {**known, "version": version, "custom_shirt_size": "duza_en", "custom_story": "wiersz\nwiersz"}
    assert admin.post(f"/donors/{anna}/edit", **said).status_code == 302
    shown = admin.text(f"/donors/{anna}")
    assert "Rozmiar koszulki Duża" in shown and "Story wiersz" in shown
    assert "Shirt size Duża (en)" in Staff(database, "fundraiser").text(f"/donors/{anna}")
    assert note_id


def test_form_says_what_is_wrong_in_a_field(database: Flask) -> None:
    """A required field that is empty and a number that is none are said beside it; what was typed stays."""
    admin = Staff(database, "admin")
    add_field(admin, "text", label_en="Region", is_required="1")
    add_field(admin, "number", label_en="Height", decimals="2")
    before = rows()
    key = re.findall(r'name="key" value="([^"]+)"', admin.get("/donors/new").text)[0]
    said = {"key": key, "kind": "person", "name": "Jan Lis", "custom_height": "tall"}
    answer = admin.post("/donors/new", **said)
    assert answer.status_code == 422
    assert "Please fill this in." in words_of(answer.text)
    assert "This is no number of this kind" in words_of(answer.text) and 'value="tall"' in answer.text
    assert rows() == before
    added = admin.post("/donors/new", **{**said, "custom_height": "1,85", "custom_region": "Śląsk"})
    assert added.status_code == 302
    assert "Height 1.85" in admin.text(added.headers["Location"])


def test_fields_are_ordered_and_archived(database: Flask) -> None:
    """A field is moved up, archived and taken back; an option is closed; a second time nothing changes."""
    admin = Staff(database, "admin")
    first = add_field(admin, "text", label_en="First")
    second = add_field(admin, "choice", label_en="Second")
    admin.post(f"/settings/fields/{second}/options", option_en="Only")
    option_id = db.session.scalars(select(CustomOption.id)).one()
    acts = (
        (f"/settings/fields/{second}/place", {"place": "1"}),
        (f"/settings/fields/{first}/archive", {"is_archived": "1"}),
        (f"/settings/fields/{second}/options/{option_id}", {"option_en": "Sole", "is_archived": "1"}),
        (f"/settings/fields/{second}", {"label_en": "Other", "is_required": "1"}),
    )
    for path, fields in acts:
        assert admin.post(path, **fields).status_code == 302, path
        before = rows()
        assert admin.post(path, **fields).status_code == 302, path
        assert rows() == before, path
    shown = admin.text("/settings/fields")
    assert shown.index("Other required") < shown.index("Archived fields First")
    assert "Sole sole closed" in admin.text(f"/settings/fields/{second}").replace("only", "sole")
    admin.post(f"/settings/fields/{first}/archive", is_archived="0")
    assert db.session.get_one(CustomField, first).archived_at is None


def test_field_without_a_name_is_refused(database: Flask) -> None:
    """What has no name in any language, or a key that is taken, is said, and nothing is added."""
    admin = Staff(database, "admin")
    add_field(admin, "text", label_en="Region", key="region")
    before = rows()
    for fields in (
        {"label_en": " "},
        {"label_en": "Other", "key": "region"},
        {"label_en": "x", "decimals": "2"},
    ):
        assert admin.post("/settings/fields", kind="text", **fields).status_code == 422, fields
    assert rows() == before
    assert Staff(database, "fundraiser").get("/settings/fields").status_code == 403


def test_list_is_narrowed_and_taken_by_a_field(database: Flask) -> None:
    """The list finds who has a value, says what nobody can have, and its file has a column for each field."""
    admin = Staff(database, "admin", lang="pl")
    add_field(admin, "yes_no", label_pl="Prowadzi auto", label_en="Drives")
    add_field(admin, "number", label_pl="Dzieci", label_en="Children")
    add_donor("Anna Nowak", custom={"drives": True, "children": 3})
    add_donor("Jan Lis", custom={"drives": False})
    add_donor("Ewa Mak")
    drivers = admin.text("/donors?field=drives&value=Tak")
    assert "Anna Nowak" in drivers and "Jan Lis" not in drivers and "Ewa Mak" not in drivers
    assert "Anna Nowak" in admin.text("/donors?field=children&value=2..4")
    wrong = admin.text("/donors?field=children&value=many")
    assert "Anna Nowak" not in wrong and "Ewa Mak" not in wrong
    file = admin.get("/donors/download?form=csv&field=drives&value=tak")
    table = list(csv.DictReader(io.StringIO(file.get_data().decode("utf-8-sig")), delimiter=";"))
    assert [(row["Prowadzi auto"], row["Dzieci"]) for row in table] == [("tak", "3")]
    everybody = admin.get("/donors/download?form=csv").get_data().decode("utf-8-sig")
    assert [line.split(";")[-2:] for line in everybody.splitlines()[1:]] == [
        ["", ""],
        ["nie", ""],
        ["tak", "3"],
    ]
