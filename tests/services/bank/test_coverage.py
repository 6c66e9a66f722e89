"""Nothing is missing where nobody has looked: statements that come late, with gaps, and in any order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.jobs.queue import timer
from donorhub.models import Coverage, DomainEvent, Instalment, RecurringGift, Task
from donorhub.models.states import FREED_INSTALMENTS
from donorhub.money import Money
from donorhub.services.bank import coverage, import_undo
from donorhub.services.bank.files import bank_accounts
from donorhub.services.recurring import recurring_gifts, waiting_instalments
from tests.services.bank.bank import ANNA, Paid, camt, match, open_account, send
from tests.services.bank.matching.matching_world import donor, promise_instalment

WARSAW = ZoneInfo("Europe/Warsaw")
START = date(2026, 1, 5)  # a Monday; due 5 Jan, 5 Feb, 5 Mar, 7 Apr (Easter), 5 May, 5 Jun
PAID_ON = (date(2026, 1, 5), date(2026, 2, 5), date(2026, 3, 6), date(2026, 4, 7), date(2026, 5, 7))


def set_day(day: date, hour: int = 9) -> None:
    clock.use_clock(lambda: datetime.combine(day, time(hour), WARSAW))


@pytest.fixture
def promise(database: Flask) -> RecurringGift:
    """Anna's standing order of 50.00 from 5 January, into an account that is on auto."""
    set_day(START)
    open_account("auto")
    return promise_instalment(donor(iban=ANNA), day=START).recurring_gift


def advance(day: date) -> None:
    """Let the timer run on a day."""
    set_day(day)
    timer._advance_recurring_gifts()


def import_days(first_on: date, last_on: date, paid_on: Sequence[date] = PAID_ON, *, on: date) -> int:
    """Import the statement of some days, with the balances that it has; return its file's id."""
    set_day(on)
    before = sum(5000 for day in paid_on if day < first_on)
    payments = [Paid(day, 5000) for day in paid_on if first_on <= day <= last_on]
    file = send(
        camt(payments, opening=before, period=(first_on, last_on), name=f"S{first_on}"), f"{first_on}.xml"
    )
    match()
    return file.id


def month(number: int) -> tuple[date, date]:
    return date(2026, number, 1), date(2026, number + 1, 1) - timedelta(days=1)


def states() -> list[str]:
    return list(
        db.session.scalars(
            select(Instalment.state).where(Instalment.due_on < clock.now().date()).order_by(Instalment.due_on)
        )
    )


def missed_tasks() -> int:
    return len(db.session.scalars(select(Task).where(Task.kind == "missed_instalment")).all())


def test_late_statement_makes_no_missed_instalment(promise: RecurringGift) -> None:
    """With an import once a month nothing that was paid in time is called missed, and no task is made."""
    for number in range(1, 6):
        first_on, last_on = month(number)
        for day in range((last_on - first_on).days + 1):
            advance(first_on + timedelta(days=day))
            assert "missed" not in states()
        import_days(first_on, last_on, on=last_on + timedelta(days=3))
    advance(date(2026, 6, 4))
    assert states() == ["paid"] * 5
    assert (missed_tasks(), promise.state) == (0, "active")


def test_sixty_days_without_statement_miss_nothing(promise: RecurringGift) -> None:
    """No statement for half a year: nothing is missed, lapsed or closed, and it is said what waits."""
    import_days(*month(1), on=date(2026, 2, 2))
    for number in range(2, 12):
        advance(date(2026, number, 20))
    assert set(states()) == {"paid", "late"}
    assert (promise.state, missed_tasks()) == ("active", 0)
    wait = waiting_instalments.count_waiting(today=date(2026, 11, 20), now=clock.now())
    assert wait == (10, date(2026, 1, 31))


def test_account_without_statements_is_not_known(database: Flask) -> None:
    """Before the first statement has been imported nothing can be missed."""
    set_day(START)
    promise = promise_instalment(donor(iban=ANNA), day=START).recurring_gift
    advance(date(2026, 9, 1))
    assert set(states()) == {"late"} and promise.state == "active"


def test_true_miss_is_found_with_its_statement(promise: RecurringGift) -> None:
    """What truly did not come is missed as soon as the bank is known to the end of its grace."""
    import_days(
        date(2026, 1, 1), date(2026, 1, 14), paid_on=(), on=date(2026, 1, 17)
    )  # grace ends on the 15th
    advance(date(2026, 1, 17))
    assert states() == ["late"]
    import_days(*month(1), paid_on=(), on=date(2026, 2, 3))
    advance(date(2026, 2, 3))
    assert (states(), missed_tasks()) == (["missed"], 1)
    missed = db.session.scalars(select(Instalment).order_by(Instalment.due_on)).first()
    event = db.session.scalars(select(DomainEvent).where(DomainEvent.kind == "instalment.missed")).one()
    assert missed is not None and missed.missed_at == event.recorded_at == clock.now()
    assert event.occurred_at == datetime(2026, 1, 15, tzinfo=WARSAW)


def test_gap_between_statements_misses_nothing(promise: RecurringGift) -> None:
    """The statement of February is missing: neither its instalment nor a later one is called missed."""
    import_days(*month(1), on=date(2026, 4, 2))
    import_days(*month(3), paid_on=(*PAID_ON[:2], *PAID_ON[3:]), on=date(2026, 4, 2))
    advance(date(2026, 4, 20))
    assert states() == ["paid", "late", "late", "late"]
    import_days(*month(2), on=date(2026, 4, 21))
    advance(date(2026, 4, 21))
    assert states() == ["paid", "paid", "missed", "late"]


@pytest.mark.parametrize(
    "orders",
    [
        pytest.param([(3, 1, 2)], id="one order"),
        pytest.param([*permutations(range(1, 4))], id="any order", marks=pytest.mark.slow),
    ],
)
def test_any_order_of_files_ends_alike(database: Flask, orders: list[tuple[int, ...]]) -> None:
    """Files withheld for half a year and then imported in any order end as those imported in time."""
    ends = set()
    paid_on = PAID_ON[:1]
    for number, order in enumerate([None, *orders]):
        set_day(START)
        giver = donor(f"Anna Kowalska {number}")
        ends.add(_play_half_year(giver.id, order, paid_on))
    assert len(ends) == 1, ends


def _play_half_year(
    donor_id: int, order: Sequence[int] | None, paid_on: Sequence[date]
) -> tuple[object, ...]:
    """Let nine months pass with three statements of three months; None imports each in time."""
    account = bank_accounts.create_account(
        f"PL{donor_id:026}", "PLN", now=clock.now(), actor="t", matching="auto"
    )
    db.session.commit()
    gift, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor_id,
            amount=Money(5000, "PLN"),
            kind="standing_order",
            start_on=START,
            source="manual",
            source_ref=f"p{donor_id}",
        ),
        now=clock.now(),
        actor="t",
    )
    db.session.commit()
    for number in range(1, 10):
        advance(date(2026, number, 28))
        if order is None and number in (3, 6, 9):
            _import_quarter(account.number, number // 3, date(2026, number, 28))
            advance(date(2026, number, 29))
    for quarter in order or ():
        _import_quarter(account.number, quarter, date(2026, 10, 5))
        advance(date(2026, 10, 5))
    advance(date(2026, 10, 6))
    _import_quarter(account.number, 4, date(2026, 11, 3))
    advance(date(2026, 11, 3))
    rows = db.session.execute(
        select(Instalment.due_on, Instalment.state)
        .where(Instalment.recurring_gift_id == gift.id, Instalment.state.not_in(FREED_INSTALMENTS))
        .order_by(Instalment.due_on)
    )
    account.closed_on = date(2026, 1, 1)
    end = (gift.state, gift.ends_on, *(tuple(row) for row in rows))
    db.session.commit()
    return end


def _import_quarter(number: str, quarter: int, on: date) -> None:
    set_day(on)
    first_on = date(2026, 3 * quarter - 2, 1)
    last_on = min(date(2026, 3 * quarter, 27), on - timedelta(days=1))
    previous = date(2026, 3 * quarter - 3, 28) if quarter > 1 else first_on
    send(
        camt([], opening=700, period=(previous, last_on), name=f"{number}{quarter}", account=number),
        f"{number}-{quarter}.xml",
    )
    match()


def test_taken_back_statement_is_known_no_more(promise: RecurringGift) -> None:
    file_id = import_days(*month(1), on=date(2026, 2, 2))
    account = bank_accounts.list_accounts()[0]
    coverage.note_coverage(now=clock.now())
    assert coverage.find_days_of_account(account.id, bank_accounts.find_gaps(account.id)) == (
        date(2026, 1, 1),
        date(2026, 1, 31),
    )
    import_undo.take_back_import(file_id, reason="wrong", now=clock.now(), actor="user:1")
    coverage.note_coverage(now=clock.now())
    assert coverage.find_days_of_account(account.id, bank_accounts.find_gaps(account.id)) is None
    rows = db.session.scalars(select(Coverage.known_to).order_by(Coverage.id)).all()
    assert rows == [date(2026, 1, 31), None]


def test_waiting_entry_keeps_instalment_from_missed(promise: RecurringGift) -> None:
    """Money that waits for a person to say whose it is has come: its instalment is not missed."""
    bank_accounts.list_accounts()[0].matching = "suggest"
    db.session.commit()
    import_days(*month(1), on=date(2026, 1, 31))
    import_days(*month(2), on=date(2026, 3, 2))
    advance(date(2026, 3, 2))
    assert (
        states()
        == [
            "expected",
            "expected",
        ]
        and missed_tasks() == 0
    )


def test_closed_account_holds_nothing_up(promise: RecurringGift) -> None:
    """Nobody waits for the statements of an account that a person has closed."""
    other = bank_accounts.create_account("PL83101010230000261395100000", "PLN", now=clock.now(), actor="t")
    import_days(*month(1), paid_on=(), on=date(2026, 2, 2))
    advance(date(2026, 2, 2))
    assert states() == ["late"]
    bank_accounts.change_account(other, closed_on=date(2026, 1, 1), now=clock.now(), actor="t")
    db.session.commit()
    advance(date(2026, 2, 2))
    assert states() == ["missed"]


def test_provider_gift_is_missed_by_its_word_only(promise: RecurringGift) -> None:
    """What a provider collects is never missed by the clock, only after the provider said that it failed."""
    import_days(*month(1), paid_on=(), on=date(2026, 2, 2))
    promise.charged_by = "provider"
    db.session.commit()
    advance(date(2026, 9, 1))
    assert set(states()) == {"late"} and promise.state == "active"
    first = db.session.scalars(select(Instalment).order_by(Instalment.due_on)).first()
    assert first is not None
    first.state = "failed"
    db.session.commit()
    advance(date(2026, 9, 2))
    assert states()[0] == "missed"


def test_statement_from_due_day_on_misses_nothing(promise: RecurringGift) -> None:
    """The bank paid on Friday for Saturday, and the statement of those days is not there yet."""
    promise.terms[0].anchor_on = promise.terms[0].from_on = promise.start_on = date(2026, 1, 31)
    db.session.query(Instalment).delete()
    db.session.commit()
    import_days(*month(2), paid_on=(), on=date(2026, 3, 2))
    advance(date(2026, 3, 3))
    assert states() == ["late", "expected"]


def test_stopped_statements_are_asked_for_once(promise: RecurringGift) -> None:
    """One task for the account, not one for each promise; it goes when the statements come."""
    import_days(*month(1), on=date(2026, 2, 2))

    def questions() -> list[tuple[str, object]]:
        rows = db.session.scalars(select(Task).where(Task.kind == "statements_stopped"))
        return [(row.state, row.facts["count"]) for row in rows]

    advance(date(2026, 3, 10))
    assert questions() == []  # a monthly import may still come
    for day in (date(2026, 3, 20), date(2026, 5, 20)):
        advance(day)
    assert questions() == [("planned", 4)]
    for number in (2, 3, 4):
        import_days(*month(number), on=date(2026, 5, 21))
    advance(date(2026, 5, 21))
    assert [state for state, _ in questions()] == ["cancelled"]
