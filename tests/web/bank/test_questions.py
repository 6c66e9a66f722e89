"""Questions about entries in the browser: both rows side by side, answered one by one or all, and undone."""

from __future__ import annotations

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Entry, EntryQuestion, ImportFile
from donorhub.models.states import UNCOUNTED_ENTRIES
from tests.web.bank.bank_world import PAYER, Line, Staff, camt, fields_with_digest, let_write, work

FIRST: list[Line] = [
    ("2026-11-19", "110.00", "KOWALSKA ANNA", PAYER, "darowizna"),
    ("2026-11-19", "50.00", "NOWAK JAN", "", "darowizna"),
]


def sum_counted() -> int:
    let_write()
    return sum(
        db.session.scalars(select(Entry.amount_minor).where(Entry.state.not_in(UNCOUNTED_ENTRIES))).all()
    )


def ask_of(staff: Staff, *lines: Line) -> EntryQuestion:
    """Import a statement and the same one issued anew; the first question that is open."""
    page = staff.upload(camt(FIRST, opening="100.00"))
    staff.confirm(page)
    work()
    staff.upload(camt(lines, opening="100.00"))
    work()
    let_write()
    question = db.session.scalars(select(EntryQuestion).where(EntryQuestion.state == "open")).first()
    assert question is not None
    return question


def test_corrected_amount_is_shown_side_by_side(accountant: Staff) -> None:
    """A changed amount is shown beside the old one with what each answer makes of the day, answered and
    undone, and a second click changes nothing."""
    question_id = ask_of(accountant, ("2026-11-19", "100.00", *FIRST[0][2:]), FIRST[1]).id
    (file_id,) = db.session.scalars(select(EntryQuestion.import_file_id).distinct()).all()
    assert "The bank changed the amount" in accountant.text("/bank/questions")
    group = f"/bank/questions/{file_id}/amount_changed"
    words = accountant.text(group)
    assert "PLN 110.00" in words and "PLN 100.00" in words
    assert "It is other money: both count the day then counts PLN 260.00" in words
    assert "The bank corrected it: replace the day then counts PLN 150.00" in words
    assert "<mark>" in accountant.get(group).text
    for _ in range(2):
        answered = accountant.click(f"/bank/questions/{question_id}/answer", at=group, answer="corrected")
        assert answered.status_code == 302
        assert sum_counted() == 15000
    assert "No question is open." in accountant.text("/bank/questions")
    for _ in range(2):
        assert (
            accountant.click(f"/bank/questions/{question_id}/undo", at="/bank/questions").status_code == 302
        )
        assert sum_counted() == 16000
    assert "The bank changed the amount" in accountant.text("/bank/questions")


def test_doubtful_tab_takes_correction(accountant: Staff) -> None:
    """The tab of doubtful entries names the reason and offers to replace the old entry."""
    question = ask_of(accountant, ("2026-11-19", "100.00", *FIRST[0][2:]), FIRST[1])
    assert "The bank changed the amount" in accountant.text("/bank/doubtful")
    accountant.click(f"/bank/entries/{question.entry_id}/doubt", answer="corrected")
    assert sum_counted() == 15000


def test_doubtful_tab_keeps_newer_sum(accountant: Staff) -> None:
    """The tab of doubtful entries offers to leave the amount as it is, where the file is the older one."""
    question = ask_of(accountant, ("2026-11-19", "100.00", *FIRST[0][2:]), FIRST[1])
    assert "This file is older: the amount stays" in accountant.text("/bank/doubtful")
    accountant.click(f"/bank/entries/{question.entry_id}/doubt", answer="outdated")
    assert sum_counted() == 16000
    assert "No question is open." in accountant.text("/bank/questions")


def test_group_is_answered_by_one_click(accountant: Staff) -> None:
    """All questions of a file with one reason are answered by one click."""
    changed = [(line[0], f"{float(line[1]) - 10:.2f}", *line[2:]) for line in FIRST]
    question = ask_of(accountant, *changed)
    group = f"/bank/questions/{question.import_file_id}/{question.kind}"
    assert "All 2: The bank corrected it: replace" in accountant.text(group)
    assert (
        accountant.post(
            group, **fields_with_digest(accountant.get(group).text) | {"answer": "corrected"}
        ).status_code
        == 302
    )
    assert "Questions answered: 2." in accountant.text("/bank/questions")
    assert sum_counted() == 14000
    assert db.session.scalars(select(ImportFile.problems).order_by(ImportFile.id.desc())).first() == []
    assert accountant.get("/bank/questions/1/nothing").status_code == 404
