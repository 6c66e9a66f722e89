"""An import that is taken back leaves what other files tell, and can come again."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Correction, Donor, Entry, EntryAlias, Gift, Match, Statement
from donorhub.services.access import organisation
from donorhub.services.bank import import_undo
from donorhub.services.bank.files import imports
from donorhub.services.bank.matching import entries
from donorhub.services.bank.matching.entries import Share
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.receipts import receipts
from tests.services.bank.bank import (
    Paid,
    assert_sound,
    camt,
    ledger,
    match,
    money,
    open_account,
    rows,
    send,
    work_off,
)

DAYS = [date(2026, 10, day) for day in (5, 6, 7)]
GIFTS = [Paid(day, 1000 + n, ref=f"R{n}") for n, day in enumerate(DAYS)]


def take_back(file_id: int, now: datetime, **choices: bool) -> None:
    import_undo.take_back_import(file_id, reason="the wrong account", now=now, actor="user:1", **choices)
    db.session.commit()


def donor() -> Donor:
    made = donors.create_donor({"name": "Anna Kowalska"}, source="form", now=clock.now(), actor="user:1")
    db.session.commit()
    return made


def first_entry() -> int:
    return db.session.scalars(select(Entry.id).order_by(Entry.id).limit(1)).one()


def test_undecided_import_leaves_no_trace(database: Flask, now: datetime) -> None:
    """What nobody decided leaves the ledger without a trace."""
    file = send(camt(GIFTS))
    match()
    take_back(file.id, now)
    assert (imports.get_file(file.id).state, ledger()) == ("taken_back", {})
    assert db.session.scalar(select(func.count()).select_from(Entry)) == 0
    assert db.session.scalars(select(Statement.state)).all() == ["taken_back"]
    assert_sound()


def test_taking_back_again_changes_nothing(database: Flask, now: datetime) -> None:
    file = send(camt(GIFTS))
    take_back(file.id, now)
    before = rows()
    take_back(file.id, now)
    assert rows() == before


def test_undo_needs_reason_and_finished_reading(database: Flask, now: datetime) -> None:
    """Without a reason, or while the file is read, taking back is refused and nothing changes."""
    file = send(camt(GIFTS))
    before = rows()
    with pytest.raises(Rejected):
        import_undo.take_back_import(file.id, reason="", now=now, actor="user:1")
    db.session.rollback()
    with pytest.raises(NotFound):
        import_undo.take_back_import(99, reason="x", now=now, actor="user:1")
    db.session.rollback()
    imports.plan_reading(file, now=now, actor="user:1")
    with pytest.raises(Conflict):
        import_undo.take_back_import(file.id, reason="x", now=now, actor="user:1")
    db.session.rollback()
    assert rows() == before


def test_automatic_gifts_are_corrected(database: Flask, now: datetime) -> None:
    """Gifts that matching made are corrected and stay explained, since a gift is never deleted."""
    anna = donor()
    open_account("auto")
    file = send(camt([Paid(DAYS[0], 5000, text=anna.code)]))
    match()
    gift = db.session.scalars(select(Gift)).one()
    take_back(file.id, now)
    assert gifts.compute_remainder(gift).minor == 0
    assert db.session.scalars(select(Correction.gift_id)).all() == [gift.id]
    kept = db.session.scalars(select(Entry)).one()
    assert (kept.state, kept.occurrence) == ("taken_back", -kept.id)
    assert db.session.scalars(select(Match.undone_at)).all() != [None]
    assert ledger() == {}
    assert_sound()


def test_same_bytes_work_after_undo(database: Flask, now: datetime) -> None:
    """The same bytes can be sent again after they were taken back, and count once."""
    anna = donor()
    open_account("auto")
    data = camt([Paid(DAYS[0], 5000, text=anna.code)])
    first = send(data)
    match()
    take_back(first.id, now)
    again = send(data)
    match()
    assert (again.id, again.state, again.new_count) == (first.id, "done", 1)
    assert ledger() == {(DAYS[0], 5000): 1}
    assert sum(gifts.compute_remainder(gift).minor for gift in db.session.scalars(select(Gift))) == 5000
    assert_sound()


def test_entries_of_other_file_come_back(database: Flask, now: datetime) -> None:
    """What another file also holds comes back from that file."""
    wrong = send(camt(GIFTS[:2], name="A"))
    other = send(camt(GIFTS[1:], opening=1000, name="B"))
    assert (other.new_count, other.known_count) == (1, 1)
    take_back(wrong.id, now)
    work_off("import_file")
    assert ledger() == money(GIFTS[1:])
    file = imports.get_file(other.id)
    assert (file.state, file.new_count, file.known_count) == ("done", 2, 0)
    assert_sound()


def test_names_from_file_go_with_it(database: Flask, now: datetime) -> None:
    """Names that the file gave to entries of other files go with it."""
    first = [Paid(paid.on, paid.minor) for paid in GIFTS]
    send(camt(first, name="A"))
    file = send(camt(GIFTS, name="B"))
    assert file.new_count == 0
    assert db.session.scalar(select(func.count()).select_from(EntryAlias)) == 3
    take_back(file.id, now)
    assert db.session.scalar(select(func.count()).select_from(EntryAlias)) == 0
    assert ledger() == money(GIFTS)
    assert_sound()


def test_advice_goes_with_its_details(database: Flask, now: datetime) -> None:
    """What advice added to entries goes with it, and the right advice can come."""
    bare = [Paid(DAYS[0], 1000 + n, name="", account="", text="", ref=f"R{n}") for n in range(2)]
    send(camt(bare))
    wrong = [
        Paid(DAYS[0], 1000, name="Wrong Payer", ref="R0"),
        [Paid(DAYS[0], 400, ref="R1"), Paid(DAYS[0], 601, ref="R1")],
    ]
    file = send(camt(wrong, kind="054"))
    match()
    assert list_counterparties() == [("Wrong Payer", False), ("", True)]
    take_back(file.id, now)
    assert list_counterparties() == [("", False), ("", False)]
    send(camt([Paid(DAYS[0], 1000, name="Right Payer", ref="R0")], kind="054", name="N2"))
    assert list_counterparties() == [("Right Payer", False), ("", False)]
    assert_sound()


def list_counterparties() -> list[tuple[str, bool]]:
    columns = select(Entry.counterparty_name, Entry.has_details).order_by(Entry.id)
    return [(name, has_details) for name, has_details in db.session.execute(columns)]


def test_decision_on_advice_blocks_undo(database: Flask, now: datetime) -> None:
    """A decision that rests on advice stands in the way of taking the advice back."""
    anna = donor()
    send(camt([Paid(DAYS[0], 1000, name="", account="", text="", ref="R0")]))
    file = send(camt([Paid(DAYS[0], 1000, ref="R0")], kind="054"))
    match()
    entries.accept_shares(first_entry(), [Share(anna.id, 1000)], now=now, actor="user:5")
    db.session.commit()
    with pytest.raises(Rejected) as refused:
        take_back(file.id, now)
    db.session.rollback()
    assert refused.value.specific_code == "in_the_way"
    take_back(file.id, now, undo_decisions=True)
    match()
    entry = db.session.get_one(Entry, first_entry())
    assert (entry.state, entry.counterparty_name) == ("suspense", "")
    assert ledger() == {(DAYS[0], 1000): 1}
    assert_sound()


def test_persons_decision_blocks_undo(database: Flask, now: datetime) -> None:
    """A person's decision stands in the way, unless it is undone too."""
    anna = donor()
    file = send(camt(GIFTS))
    match()
    entries.accept_shares(first_entry(), [Share(anna.id, 1000)], now=now, actor="user:5")
    db.session.commit()
    obstacles = import_undo.list_obstacles(file.id)
    assert [(one.kind, one.entry_id, one.actor) for one in obstacles] == [
        ("decision", first_entry(), "user:5")
    ]
    before = rows()
    with pytest.raises(Rejected) as refused:
        take_back(file.id, now)
    db.session.rollback()
    assert refused.value.specific_code == "in_the_way"
    assert rows() == before
    take_back(file.id, now, undo_decisions=True)
    assert ledger() == {}
    assert_sound()


def test_receipt_always_blocks_undo(database: Flask, now: datetime) -> None:
    """A receipt stands in the way, whatever is asked."""
    anna = donor()
    file = send(camt(GIFTS))
    match()
    entries.accept_shares(first_entry(), [Share(anna.id, 1000)], now=now, actor="user:5")
    organisation.change_organisation({"jurisdiction": "XX", "city": "Berat"}, now=now, actor="user:1")
    gift_id = db.session.scalars(select(Gift.id)).one()
    receipt = receipts.issue_receipt([gift_id], today=now.date(), now=now, actor="user:1")
    db.session.commit()
    kinds = [(one.kind, one.receipt_id) for one in import_undo.list_obstacles(file.id)]
    assert kinds == [("receipt", receipt.id), ("decision", receipt.id)]
    before = rows()
    with pytest.raises(Rejected, match="void them first"):
        take_back(file.id, now, undo_decisions=True)
    db.session.rollback()
    assert rows() == before
    receipts.void_receipt(receipt.id, reason="wrong", now=now, actor="user:1")
    db.session.commit()
    take_back(file.id, now, undo_decisions=True)
    assert ledger() == {}
