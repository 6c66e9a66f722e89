"""A group of questions that takes several transactions is checked whole, and again before each of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Changed
from donorhub.models import Entry, EntryQuestion
from donorhub.services.bank.matching import entry_answers, question_groups
from donorhub.services.bank.matching.question_groups import ShownGroup
from tests.services.bank.bank import Paid, camt, open_account, send
from tests.web.bank.bank_world import let_write

DAY = date(2026, 10, 5)


@pytest.fixture
def file_id(database: Flask, monkeypatch: pytest.MonkeyPatch) -> int:
    """A file that asks about five rows, of which two are answered at a time."""
    for module in (entry_answers, question_groups):
        monkeypatch.setattr(module, "MOST_AT_ONCE", 2)
    open_account()
    for cut, name in ((0, "first.xml"), (100, "again.xml")):
        payments = [
            Paid(DAY, 1000 * n - cut, name=f"Payer {n}", account="", ref=f"R{n}") for n in range(1, 6)
        ]
        file = send(camt(payments), name)
        let_write()
    return file.id


def show(file_id: int) -> ShownGroup:
    let_write()
    return question_groups.show_group(file_id, "amount_changed")


def answers() -> list[str | None]:
    let_write()
    return list(db.session.scalars(select(EntryQuestion.answer).order_by(EntryQuestion.id)))


def answer_all(file_id: int, group: ShownGroup, now: datetime, between: Callable[[], None]) -> None:
    chunks = question_groups.answer_shown_group(
        file_id, "amount_changed", "corrected", group.digest, now=now, actor="user:1"
    )
    for number, _count in enumerate(chunks):
        db.session.commit()
        if not number:
            between()


def change_last_row() -> None:
    question = db.session.scalars(select(EntryQuestion).order_by(EntryQuestion.id.desc())).first()
    assert question is not None
    db.session.get_one(Entry, question.entry_id).remittance = "said otherwise"
    db.session.commit()


def test_last_row_of_many_is_shown(file_id: int) -> None:
    """The digest stands for the rows behind the first chunk too."""
    group = show(file_id)
    assert group.count == 5 and len(group.chunks) == 3
    change_last_row()
    assert show(file_id).digest != group.digest


def test_changed_last_row_answers_none(file_id: int, now: datetime) -> None:
    """Where the last of many changed since, not even the first is answered."""
    group = show(file_id)
    change_last_row()
    with pytest.raises(Changed):
        answer_all(file_id, group, now, lambda: None)
    assert answers() == [None] * 5


def test_change_between_chunks_stops_there(file_id: int, now: datetime) -> None:
    """What changes while the first are answered is not answered, nor what stands beside it."""
    group = show(file_id)
    with pytest.raises(Changed) as error:
        answer_all(file_id, group, now, change_last_row)
    assert answers() == ["corrected"] * 4 + [None]
    assert isinstance(error.value.now, ShownGroup) and error.value.now.count == 1


def test_unchanged_group_is_answered_whole(file_id: int, now: datetime) -> None:
    """All are answered where nothing changes, though each answer changes the sum of the day."""
    answer_all(file_id, show(file_id), now, lambda: None)
    assert answers() == ["corrected"] * 5
    answer_all(file_id, show(file_id), now, lambda: None)
    assert answers() == ["corrected"] * 5
