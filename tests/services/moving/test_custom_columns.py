"""Columns of a file as fields that the organisation added: a column whole, bad cells refused alone."""

from __future__ import annotations

import re
from datetime import date

import pytest
from flask import Flask

from donorhub import clock
from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.models import CustomValue, Donor, Gift, GiftCustomValue
from donorhub.models.states import CustomKind
from donorhub.services.donors import custom_fields, custom_values, donors
from donorhub.services.moving import record_undo
from tests.services.moving.records import ME, bring, show

HEAD = "Imię i nazwisko;E-mail;Buty;Urodziny;Auto;Pomaga;Ksywka"
PEOPLE = Answers(kind="people")


@pytest.fixture(autouse=True)
def _fields(database: Flask) -> None:
    kinds: dict[str, CustomKind] = {
        "Buty": "number",
        "Urodziny": "day",
        "Auto": "yes_no",
        "Pomaga": "choices",
        "Ksywka": "text",
    }
    for label, kind in kinds.items():
        field = custom_fields.create_field(
            kind, {"pl": label}, decimals=1 if kind == "number" else 0, now=clock.now(), actor=ME
        )
        for option in ("Kuchnia", "Jazda") if kind == "choices" else ():
            custom_fields.add_option(field, {"pl": option}, now=clock.now(), actor=ME)
    db.session.commit()


def make_file(*lines: str) -> bytes:
    return "\r\n".join((HEAD, *lines)).encode()


def read_all() -> dict[str, dict[str, object]]:
    """Return what stands in the fields of each donor, by name."""
    people = {donor.id: donor.name for donor in db.session.query(Donor)}
    values = custom_values.read_values(list(people), custom_fields.list_shapes())
    return {people[id_]: dict(some) for id_, some in values.items()}


def test_columns_are_read_whole_and_cells_refused(database: Flask) -> None:
    """Days and numbers are read by what the whole column says; a cell that is none is refused alone."""
    file, plan = show(
        make_file(
            "Anna Nowak;anna@example.org;38,5;03.04.1980;tak;kuchnia, jazda;Żaba",
            "Jan Lis;jan@example.org;duże;25.12.1990;może;golf;",
            "Ewa Mak;ewa@example.org;;;nie;Jazda;",
        ),
        PEOPLE,
        "plik.csv",
    )
    assert plan.questions == ()
    assert {guess.name: guess.custom_key for guess in plan.writing.guesses if guess.field == "custom"} == {
        "Buty": "buty",
        "Urodziny": "urodziny",
        "Auto": "auto",
        "Pomaga": "pomaga",
        "Ksywka": "ksywka",
    }
    assert plan.figures["refused_cells"] == {"unreadable_number": 1, "unclear_word": 1, "unknown_option": 1}
    assert plan.figures["counts"]["made"] == 3
    bring(make_file("Anna Nowak;anna@example.org;38,5;25.04.1980;tak;kuchnia, jazda;Żaba"), PEOPLE, "a.csv")
    assert read_all()["Anna Nowak"] == {
        "buty": 385,
        "urodziny": date(1980, 4, 25),
        "auto": True,
        "pomaga": ("kuchnia", "jazda"),
        "ksywka": "Żaba",
    }
    assert file.state != "done"


def test_open_column_is_asked_about(database: Flask) -> None:
    """Where all days are 12 or less nobody guesses; the answer reads the column."""
    data = make_file("Anna Nowak;anna@example.org;;03.04.1980;;;", "Jan Lis;jan@example.org;;05/06/1990;;;")
    _, plan = show(data, PEOPLE, "plik.csv")
    assert [question.code for question in plan.questions] == ["date_order"]
    bring(data, Answers(kind="people", date_order="mdy"), "plik.csv")
    assert read_all()["Anna Nowak"] == {"urodziny": date(1980, 3, 4)}


def test_file_fills_in_and_adds_nothing_twice(database: Flask) -> None:
    """A later file fills what is empty, and changes what stands there only where a person says so."""
    line = "Anna Nowak;anna@example.org;38;;tak;;{}"
    bring(make_file(line.format("Żaba")), PEOPLE, "a.csv")
    bring(make_file("Anna Nowak;anna@example.org;40;25.12.1990;;Jazda;Ropucha"), PEOPLE, "b.csv")
    anna = read_all()["Anna Nowak"]
    assert (anna["buty"], anna["ksywka"]) == (380, "Żaba")
    assert (anna["urodziny"], anna["pomaga"]) == (date(1990, 12, 25), ("jazda",))
    _, again = show(make_file(line.format("Ropucha")), PEOPLE, "c.csv")
    assert again.figures["counts"] == {"made": 0, "joined": 0, "known": 1, "held": 0, "left_out": 0}
    overwriting = Answers(kind="people", overwrite=("custom",))
    bring(make_file(line.format("Ropucha")), overwriting, "d.csv")
    assert read_all()["Anna Nowak"]["ksywka"] == "Ropucha"


def test_person_says_which_field_a_column_is(database: Flask) -> None:
    """A column of another name is the field that a person says; its file taken back leaves nothing."""
    data = b"Imie i nazwisko;E-mail;X\r\nAnna Nowak;anna@example.org;Kuchnia"
    answers = Answers(kind="people", columns={"2": "custom"}, custom={"2": "pomaga"})
    file = bring(data, answers, "plik.csv")
    assert read_all() == {"Anna Nowak": {"pomaga": ("kuchnia",)}}
    digest = record_undo.show_taking_back(file.id).digest
    record_undo.take_back_file(file.id, digest, now=clock.now(), actor=ME)
    db.session.commit()
    assert db.session.query(CustomValue).count() == 0


def test_own_list_comes_back_with_its_fields(database: Flask) -> None:
    """A column called as the API calls it is that field."""
    donors.create_donor({"name": "Ewa"}, source="form", now=clock.now(), actor=ME)
    bring(b"name,email,custom.ksywka\r\nAnna Nowak,anna@example.org,Sowa", PEOPLE, "donors.csv")
    assert read_all()["Anna Nowak"] == {"ksywka": "Sowa"}


def test_columns_of_gifts_go_to_their_gift(database: Flask) -> None:
    """A field of gifts is read by its column's name, one with the same name as a donor's is a question of the
    person, each row's value stands with its own gift, and a second import adds none."""
    for label, kind in (("Okazja", "text"), ("Goście", "number"), ("Ksywka", "text")):
        custom_fields.create_field(kind, {"pl": label}, entity="gift", now=clock.now(), actor=ME)  # type: ignore[arg-type]
    db.session.commit()
    table = (
        "Imię i nazwisko;E-mail;Data;Kwota;Okazja;Goście;Ksywka\r\n"
        "Anna Nowak;anna@example.org;13.04.2025;50,00;Wesele;120;Żaba\r\n"
        "Anna Nowak;anna@example.org;25.12.2025;20,00;;wielu;\r\n"
    ).encode()
    answers = Answers(currency="PLN")
    _, plan = show(table, answers, "a.csv")
    assert plan.questions == ()
    names = {guess.name: guess.custom_name for guess in plan.writing.guesses}
    assert {name: names[name] for name in ("Okazja", "Goście", "Ksywka")} == {
        "Okazja": "gift.custom.okazja",
        "Goście": "gift.custom.goscie",
        "Ksywka": "",
    }
    assert plan.figures["refused_cells"] == {"unreadable_number": 1}
    told = Answers(currency="PLN", columns={"6": "gift_custom"}, custom={"6": "ksywka"})
    bring(table, told, "a.csv")
    shapes = custom_fields.list_shapes(entity="gift")
    gifts = {gift.id: gift.amount_minor for gift in db.session.query(Gift)}
    values = custom_values.read_values(list(gifts), shapes)
    assert {gifts[id_]: some for id_, some in values.items()} == {
        5000: {"okazja": "Wesele", "goscie": 120, "ksywka": "Żaba"},
        2000: {},
    }
    assert read_all()["Anna Nowak"] == {}
    before = db.session.query(GiftCustomValue).count()
    _, plan = show(table.replace(b"Wesele", b" Wesele"), told, "b.csv")
    assert plan.figures["counts"]["known"] == 2 and not plan.can_be_written
    assert db.session.query(GiftCustomValue).count() == before == 3


def test_later_file_fills_fields_of_gifts(database: Flask) -> None:
    """What stands empty of a gift that is here is filled in, once; what stands there stays; taken back, only
    what nobody changed since goes."""
    for label in ("Okazja", "Kto"):
        custom_fields.create_field("text", {"pl": label}, entity="gift", now=clock.now(), actor=ME)
    db.session.commit()
    rows = ("Anna Nowak;anna@example.org;2025-04-13;50,00", "Jan Lis;jan@example.org;2025-04-14;60,00")
    head, answers = "Imię i nazwisko;E-mail;Data;Kwota zł", Answers()

    def write_file(name: str, first: str, second: str) -> bytes:
        return f"{head};{name}\r\n{rows[0]};{first}\r\n{rows[1]};{second}\r\n".encode()

    def read_gifts() -> list[dict[str, object]]:
        shapes = custom_fields.list_shapes(entity="gift")
        ids = [gift.id for gift in db.session.query(Gift).order_by(Gift.id)]
        values = custom_values.read_values(ids, shapes)
        return [dict(values[id_]) for id_ in ids]

    bring(write_file("Okazja", "Wesele", ""), answers, "a.csv")
    later = write_file("Okazja", "Chrzciny", "Bal")
    _, plan = show(later, answers, "b.csv")
    assert plan.figures["counts"]["joined"] == 1 and plan.figures["gifts"] == 0
    assert [row.reason for row in plan.plan.rows] == ["gift_value_differs", "adds_to_gift"]
    bring(later, answers, "b.csv")
    assert read_gifts() == [{"okazja": "Wesele"}, {"okazja": "Bal"}]
    _, plan = show(later + b"\r\n", answers, "c.csv")
    assert not plan.can_be_written
    file = bring(write_file("Kto", "Ewa", "Piotr"), answers, "d.csv")
    assert file.summaries  # where erasure reaches nothing
    assert not re.search("Ewa|Piotr", str(file.summaries[0]["filled_values"]))
    gift_ids = [gift.id for gift in db.session.query(Gift).order_by(Gift.id)]
    shapes = custom_fields.list_shapes(entity="gift")
    custom_values.write_values(gift_ids[1], {"kto": "Adam"}, shapes)
    db.session.commit()
    view = record_undo.show_taking_back(file.id)
    record_undo.take_back_file(file.id, view.digest, now=clock.now(), actor=ME)
    db.session.commit()
    assert read_gifts() == [{"okazja": "Wesele"}, {"okazja": "Bal", "kto": "Adam"}]
