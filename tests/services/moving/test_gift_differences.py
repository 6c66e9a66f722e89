"""A later file that says something else of a gift than stands here: held, changed only as a person says."""

from __future__ import annotations

from typing import Final

from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.models import AuditRecord, Gift
from donorhub.services.donors import custom_fields, custom_values
from donorhub.services.moving import record_undo
from tests.services.moving.records import ME, bring, show

HEAD: Final = "Imię i nazwisko;E-mail;Data;Kwota zł;Okazja;Kto\r\n"
FIRST: Final = HEAD + "Anna Nowak;anna@example.org;2025-04-13;50,00;Wesele;\r\n"
LATER: Final = (
    HEAD
    + "Anna Nowak;anna@example.org;2025-04-13;50,00;Chrzciny;Ewa\r\n"
    + "Jan Lis;jan@example.org;2025-04-14;60,00;Bal;\r\n"
)


def make_fields() -> None:
    for label in ("Okazja", "Kto"):
        custom_fields.create_field("text", {"pl": label}, entity="gift", now=clock.now(), actor=ME)
    db.session.commit()


def read_gifts() -> list[dict[str, object]]:
    """Return what stands in the fields of each gift, in their order."""
    ids = list(db.session.scalars(select(Gift.id).order_by(Gift.id)))
    values = custom_values.read_values(ids, custom_fields.list_shapes(entity="gift"))
    return [dict(values[id_]) for id_ in ids]


def count_changes() -> int:
    return len(db.session.scalars(select(AuditRecord).filter_by(what="gift.changed")).all())


def test_differing_value_is_held_with_its_reason(database: Flask) -> None:
    """What stands here stays, also where the same row would fill in more; the other rows come."""
    make_fields()
    bring(FIRST.encode(), Answers(), "a.csv")
    _, plan = show(LATER.encode(), Answers(), "b.csv")
    assert [(row.state, row.reason) for row in plan.plan.rows] == [
        ("held", "gift_value_differs"),
        ("made", ""),
    ]
    bring(LATER.encode(), Answers(), "b.csv")
    assert read_gifts() == [{"okazja": "Wesele"}, {"okazja": "Bal"}]
    _, plan = show(LATER.encode() + b"\r\n", Answers(), "c.csv")
    assert not plan.can_be_written


def test_person_says_which_value_counts(database: Flask) -> None:
    """Kept, only what was empty is filled in; changed, the audit tells it, and again changes nothing."""
    make_fields()
    bring(FIRST.encode(), Answers(), "a.csv")
    bring(LATER.encode(), Answers(gift_values="keep"), "b.csv")
    assert read_gifts()[0] == {"okazja": "Wesele", "kto": "Ewa"}
    assert count_changes() == 0
    changing = Answers(gift_values="change")
    file = bring(LATER.replace("Ewa", "Jan").encode(), changing, "c.csv")
    assert read_gifts()[0] == {"okazja": "Chrzciny", "kto": "Jan"}
    assert count_changes() == 1
    _, plan = show(LATER.replace("Ewa", "Jan").encode() + b"\r\n", changing, "d.csv")
    assert not plan.can_be_written
    view = record_undo.show_taking_back(file.id)
    record_undo.take_back_file(file.id, view.digest, now=clock.now(), actor=ME)
    db.session.commit()
    assert read_gifts()[0] == {"okazja": "Chrzciny", "kto": "Jan"}


def test_choice_is_of_one_file_only(database: Flask) -> None:
    """The next file with these columns asks anew."""
    make_fields()
    bring(FIRST.encode(), Answers(), "a.csv")
    bring(LATER.encode(), Answers(gift_values="change"), "b.csv")
    file, plan = show(LATER.replace("Chrzciny", "Imieniny").encode(), None, "c.csv")  # type: ignore[arg-type]
    assert file.layout is not None and "gift_values" not in file.layout
    assert plan.plan.rows[0].reason == "gift_value_differs"
