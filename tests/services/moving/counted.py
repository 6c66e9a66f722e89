"""Workbooks brought as their owner brings them: what is asked, and what came beside what was counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.models import Correction, Donor, Gift, Message, Receipt, Task
from donorhub.services.moving import record_files
from tests.services.moving.records import ME, confirm, count, show

CLICKS: Final = 10  # from the choice of the file to the last page
ROWS = Sequence[Sequence[object]]


@dataclass(frozen=True)
class Book:
    """A workbook, what its owner answers when asked, and what they counted."""

    content: bytes
    asked: tuple[str, ...]
    answers: Answers
    donors: tuple[str, ...]  # the family first where a pair is asked
    sums: dict[str, tuple[int, int]]  # by currency: gifts, minor units
    days: tuple[date, ...] = ()
    held: dict[str, int] = field(default_factory=dict)
    noes: tuple[str, ...] = ()  # who wants no contact


def bring_as_counted(book: Book) -> None:
    """Bring a book with its owner's answers, and again: the questions and what came are those expected."""
    _, before = show(book.content, Answers(same_name=book.answers.same_name))
    assert tuple(question.code for question in before.questions) == book.asked
    file, plan = show(book.content, book.answers)
    assert plan.questions == ()
    assert len(book.asked) + 3 <= CLICKS  # the file, the answers, the button
    reasons = Counter(row.reason for row in plan.plan.rows if row.state == "held" and not row.is_total)
    assert dict(reasons) == book.held
    confirm(file, plan.digest)
    _assert_counted(book)
    again, is_new = record_files.receive_file(book.content, "again.xlsx", now=clock.now(), actor=ME)
    assert (again.id, is_new) == (file.id, False)
    _assert_counted(book)


def _assert_counted(book: Book) -> None:
    names = db.session.scalars(select(Donor.name).order_by(Donor.id)).all()
    assert sorted(names) == sorted(book.donors)
    sums = db.session.execute(
        select(Gift.currency, func.count(Gift.id), func.sum(Gift.amount_minor)).group_by(Gift.currency)
    )
    assert {currency: (number, total) for currency, number, total in sums} == book.sums
    if book.days:
        assert tuple(db.session.scalars(select(Gift.received_on).order_by(Gift.received_on))) == book.days
    noes = db.session.scalars(select(Donor.name).where(Donor.do_not_contact).order_by(Donor.id))
    assert tuple(noes) == book.noes
    assert [count(kind) for kind in (Correction, Message, Receipt)] == [0, 0, 0]
    assert db.session.scalar(select(func.count()).select_from(Task).where(Task.kind == "thank_you")) == 0
