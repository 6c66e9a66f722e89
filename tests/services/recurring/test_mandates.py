"""Direct debits expect money only under an active mandate: before it, between two, and after the last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.recurring.mandate_states import FIRST_STATES, MANDATE_STEPS
from donorhub.errors import Conflict, DonorHubError, Rejected
from donorhub.models import AuditRecord, DomainEvent, Instalment, Mandate, RecurringGift, Task
from donorhub.models.states import ENDED_MANDATES, MANDATE_STATES, MandateState
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.recurring import instalments, mandates, overdue, recurring_gifts
from donorhub.services.recurring.mandates import NewMandate
from tests.contents import read_contents
from tests.races import run_second
from tests.services.recurring.known_bank import know_bank

START = date(2026, 10, 5)


@pytest.fixture
def debit(database: Flask, now: datetime) -> RecurringGift:
    """A direct debit of 50.00 on the 5th, promised before anybody may collect it."""
    return debit_of("r", now)


def debit_of(ref: str, now: datetime, currency: str = "PLN") -> RecurringGift:
    donor = donors.create_donor({"name": "Ola"}, source="manual", now=now, actor="t")
    gift, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor.id,
            amount=Money(5000, currency),
            kind="direct_debit",
            start_on=START,
            source="t",
            source_ref=ref,
        ),
        now=now,
        actor="t",
    )
    instalments.make_instalments(gift, today=now.date())
    return gift


def activate(gift: RecurringGift, on: date, now: datetime, reference: str = "DH1000177") -> Mandate:
    new = NewMandate(reference=reference, active_from=on)
    mandate, is_new = mandates.record_mandate(gift, new, now=now, actor="user:7")
    assert is_new
    return mandate


def end(mandate: Mandate, state: MandateState, on: date, now: datetime) -> None:
    mandates.change_mandate(mandate, state, on=on, reason="told by phone", now=now, actor="user:7")


def advance(day: date) -> None:
    overdue.advance_recurring_gifts(today=day, now=datetime.combine(day, time(9), UTC))


def states(gift: RecurringGift) -> list[tuple[str, str]]:
    query = select(Instalment.due_on, Instalment.state).where(Instalment.recurring_gift_id == gift.id)
    return [(f"{day:%m-%d}", state) for day, state in db.session.execute(query.order_by(Instalment.due_on))]


def test_debit_without_mandate_expects_nothing(debit: RecurringGift) -> None:
    """A debit that nobody may collect is pending, and half a year of known bank calls nothing missed."""
    assert (debit.state, debit.state_reason) == ("pending", "no_mandate")
    know_bank(date(2027, 5, 20))
    for month in range(1, 6):
        advance(date(2027, month, 25))
    assert (debit.state, states(debit)) == ("pending", [])
    assert db.session.scalars(select(Task).where(Task.kind == "missed_instalment")).all() == []


def test_instalments_begin_after_mandate_is_active(debit: RecurringGift, now: datetime) -> None:
    """What was due by the day on which the mandate became active is never expected."""
    mandate = activate(debit, date(2026, 12, 7), now)
    assert (debit.state, debit.state_reason, mandate.kind) == ("active", "", "pl_debit")
    assert states(debit) == [("01-05", "expected"), ("02-05", "expected")]
    assert (mandate.recorded_by, mandate.recorded_at) == ("user:7", now)
    records = db.session.scalars(select(AuditRecord.data).where(AuditRecord.what == "mandate.recorded")).all()
    assert records == [{"mandate": mandate.id, "after": "active"}]


def test_ended_mandate_stops_what_is_due_later(debit: RecurringGift, now: datetime) -> None:
    """A mandate that ends leaves what was due before it owed, lets the rest go, and the debit fails."""
    mandate = activate(debit, date(2026, 11, 10), now)
    know_bank(date(2027, 2, 28))
    advance(date(2027, 3, 1))
    assert states(debit)[:3] == [("12-07", "missed"), ("01-05", "missed"), ("02-05", "missed")]
    end(mandate, "withdrawn", date(2026, 12, 31), now)
    assert dict(states(debit)) | {"12-07": "missed"} == dict(states(debit))
    assert {state for day, state in states(debit) if day != "12-07"} == {"waived", "skipped"}
    open_ids = db.session.scalars(
        select(Task.subject_id).where(Task.kind == "missed_instalment", Task.state == "planned")
    ).all()
    assert len(open_ids) == 1
    advance(date(2027, 3, 31))
    assert "expected" not in dict(states(debit)).values()


def test_debit_fails_until_next_mandate(debit: RecurringGift, now: datetime) -> None:
    """Between two mandates nothing is expected, and an old debt that is paid makes no debit active."""
    first = activate(debit, date(2026, 11, 10), now)
    advance(date(2026, 12, 15))
    end(first, "invalid", date(2026, 12, 20), now)
    assert (debit.state, debit.state_reason) == ("failing", "mandate_gone")
    late = db.session.scalars(select(Instalment).where(Instalment.state == "late")).one()
    gift, _ = gifts.record_gift(
        debit.donor_id,
        Money(5000, "PLN"),
        received_on=date(2026, 12, 16),
        source="t",
        source_ref="g",
        now=datetime(2026, 12, 21, 9, tzinfo=UTC),
        actor="t",
    )
    instalments.settle_instalments(gift, {late.id: 5000}, now=now, actor="t")
    assert (late.state, debit.state) == ("paid", "failing")
    activate(debit, date(2027, 2, 10), now, "DH1000178")
    advance(date(2027, 2, 20))
    assert debit.state == "active"
    assert {day: state for day, state in states(debit) if state == "expected"}.keys() == {
        "03-05",
        "04-05",
        "05-05",
    }


def test_suspended_mandate_is_taken_up_again(debit: RecurringGift, now: datetime) -> None:
    """While the bank blocks it nothing is expected; afterwards what is due later is expected again."""
    mandate = activate(debit, date(2026, 11, 10), now)
    end(mandate, "suspended", date(2026, 11, 25), now)
    assert debit.state == "failing"
    record = db.session.scalars(select(AuditRecord).where(AuditRecord.what == "mandate.changed")).one()
    assert (record.actor, record.subject_id) == ("user:7", debit.id)
    assert record.data == {"mandate": mandate.id, "before": "active", "after": "suspended"}
    assert {state for _, state in states(debit)} == {"skipped"}
    end(mandate, "active", date(2026, 12, 20), now)
    assert (debit.state, mandate.ended_on) == ("active", None)
    assert states(debit)[:3] == [("12-07", "skipped"), ("01-05", "expected"), ("02-05", "expected")]


def test_mandate_is_recorded_once(debit: RecurringGift, now: datetime) -> None:
    """The same reference again changes nothing; of another debit, or a second active one, it is refused."""
    activate(debit, date(2026, 11, 10), now)
    db.session.flush()
    before = read_contents()
    new = NewMandate(reference="DH1000177", active_from=date(2026, 11, 11))
    _, is_new = mandates.record_mandate(debit, new, now=now, actor="user:7")
    assert not is_new and read_contents() == before
    other = debit_of("other", now)
    with pytest.raises(Rejected, match="another recurring gift"):
        mandates.record_mandate(other, new, now=now, actor="user:7")
    with pytest.raises(Conflict, match="is active"):
        activate(debit, date(2026, 11, 12), now, "DH2")
    mandates.record_mandate(
        other,
        NewMandate(reference="DH1000177", creditor_id="PL02ZZZ", active_from=date(2026, 11, 10)),
        now=now,
        actor="user:7",
    )


def test_paused_debit_without_mandate_does_not_run(debit: RecurringGift, now: datetime) -> None:
    """A pause that ends after the mandate did leaves the debit failing, not active."""
    mandate = activate(debit, date(2026, 11, 1), now)
    recurring_gifts.pause_recurring_gift(
        debit, from_on=now.date(), until=date(2027, 1, 1), now=now, actor="t"
    )
    end(mandate, "expired", date(2026, 12, 1), now)
    assert debit.state == "paused"
    advance(date(2027, 1, 2))
    assert (debit.state, {day for day, state in states(debit) if state != "skipped"}) == (
        "failing",
        {"11-05"},
    )


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (NewMandate(reference="A", state="active"), "mandate_day"),
        (NewMandate(reference="A", state="expired"), "mandate_step"),
    ],
)
def test_impossible_mandate_is_refused(
    debit: RecurringGift, now: datetime, new: NewMandate, code: str
) -> None:
    """A mandate begins as what it can begin as, and an active one with its day."""
    with pytest.raises(DonorHubError) as refusal:
        mandates.record_mandate(debit, new, now=now, actor="t")
    assert refusal.value.specific_code == code


def test_standing_order_has_no_mandate(database: Flask, now: datetime) -> None:
    """Only what we collect has a mandate."""
    donor = donors.create_donor({"name": "Ola"}, source="manual", now=now, actor="t")
    gift, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor.id,
            amount=Money(5000, "PLN"),
            kind="standing_order",
            start_on=START,
            source="t",
            source_ref="r",
        ),
        now=now,
        actor="t",
    )
    with pytest.raises(Rejected, match="no direct debit"):
        activate(gift, START, now)
    assert gift.state == "active"


PAPER: Sequence[MandateState] = ("printed", "signed", "sent_to_bank", "active")


def test_paper_goes_its_way_to_active(debit: RecurringGift, now: datetime) -> None:
    """A Polish mandate on paper: the debit waits through each state, and begins with the bank's yes."""
    new = NewMandate(reference="DH1", state="draft")
    mandate, _ = mandates.record_mandate(debit, new, now=now, actor="t")
    for day, state in enumerate(PAPER, start=1):
        assert debit.state == "pending" and states(debit) == []
        mandates.change_mandate(mandate, state, on=date(2026, 11, day), reason="", now=now, actor="t")
    assert (debit.state, mandate.signed_on, mandate.active_from) == (
        "active",
        date(2026, 11, 2),
        date(2026, 11, 4),
    )
    with pytest.raises(Rejected, match="before it is active"):
        mandates.change_mandate(mandate, "invalid", on=START, reason="", now=now, actor="t")


def test_steps_name_every_state() -> None:
    """Every state has its steps, what has ended stays ended, and nothing begins as ended."""
    assert set(MANDATE_STEPS) == set(MANDATE_STATES)
    assert {state for state, after in MANDATE_STEPS.items() if not after} == set(ENDED_MANDATES)
    assert not set(FIRST_STATES) & {*ENDED_MANDATES, "suspended"}


@pytest.mark.parametrize(
    ("before", "after"), [("active", "draft"), ("withdrawn", "active"), ("printed", "active")]
)
def test_mandate_makes_no_other_step(
    debit: RecurringGift, now: datetime, before: MandateState, after: MandateState
) -> None:
    """A step that cannot follow is refused and leaves the mandate, and its debit, as they were."""
    mandate, _ = mandates.record_mandate(
        debit, NewMandate(reference="A", active_from=START), now=now, actor="t"
    )
    mandate.state = before
    db.session.flush()
    events = len(db.session.scalars(select(DomainEvent)).all())
    with pytest.raises(Conflict):
        mandates.change_mandate(mandate, after, on=date(2026, 11, 9), reason="", now=now, actor="t")
    assert (mandate.state, len(db.session.scalars(select(DomainEvent)).all())) == (before, events)


def test_two_mandates_at_once_leave_one_active(locks: Flask, now: datetime) -> None:
    """Of two people who write an active mandate of one debit at once, the second is refused."""
    gift = debit_of("two", now)
    db.session.commit()
    gift_id = gift.id
    activate(gift, date(2026, 10, 1), now)

    def write_another() -> None:
        activate(recurring_gifts.get_recurring_gift(gift_id), date(2026, 10, 2), now, "DH1000178")

    second = run_second(locks, write_another)
    assert isinstance(second.error, Conflict) and second.waited
    states = db.session.scalars(select(Mandate.state).where(Mandate.recurring_gift_id == gift_id)).all()
    assert states == ["active"]
