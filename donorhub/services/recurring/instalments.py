"""Instalments: made ahead from the terms, settled by gifts, taken back with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, func, select, union_all

from donorhub.db import db, insert_or_ignore, sum_minor
from donorhub.domain.recurring import schedule
from donorhub.domain.recurring.recurring_states import InstalmentStep, find_next_state
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Allocation, Gift, Instalment, RecurringGift
from donorhub.models.gift import TAKEN_MINOR
from donorhub.models.states import EXPECTING_PROMISES, FREED_INSTALMENTS, InstalmentState
from donorhub.services.access import audit, organisation
from donorhub.services.giving import gifts
from donorhub.services.paging import equals_if_given
from donorhub.services.recurring import mandate_days, recurring_gifts, recurring_terms
from donorhub.services.recurring.mandate_days import AllowedDays
from donorhub.services.work import events, tasks

HORIZON = timedelta(days=92)
_LOOK_BACK: Final = timedelta(days=100)  # longer than a server stands still


def make_instalments(gift: RecurringGift, *, today: date) -> int:
    """Create the instalments that fall due within the horizon; return how many are new.

    Those that a change of term had put aside are expected again. A second call creates nothing. Ignore a
    recurring gift whose provider makes its own instalments, and one that expects nothing.
    """
    if gift.origin == "provider" or gift.state not in EXPECTING_PROMISES:
        return 0
    days_there = set(
        db.session.scalars(select(Instalment.nominal_on).where(Instalment.recurring_gift_id == gift.id))
    )
    slots = _list_slots(
        gift,
        recurring_terms.list_plain_terms(gift),
        mandate_days.list_allowed_days([gift.id]).get(gift.id, ()),
        today=today,
    )
    new_count = _insert_instalments([(gift, slot) for slot in slots if slot.nominal_on not in days_there])
    if gift.version > 1:  # only a change of term, which may overwrite the only one, puts instalments aside
        _revive_instalments(_list_put_aside(Instalment.recurring_gift_id == gift.id), {gift.id: slots})
    return new_count


def make_instalments_of_all(promises: Sequence[RecurringGift], *, today: date) -> int:
    """Create the instalments of many recurring gifts, as :func:`make_instalments` does, in a few queries.

    What is older than the look-back is there: who changes a term makes its instalments at once. So an hour
    costs what is coming, however long the promises have run.
    """
    gifts_by_id = {
        gift.id: gift for gift in promises if gift.origin != "provider" and gift.state in EXPECTING_PROMISES
    }
    days_there = _read_days_there(today)
    terms = recurring_terms.list_plain_terms_of_expecting()
    allowed_days = mandate_days.list_allowed_days(
        [gift.id for gift in promises if mandate_days.needs_mandate(gift)]
    )
    slots = {
        id_: _list_slots(
            gift,
            terms.get(id_, ()),
            allowed_days.get(id_, ()),
            today=today,
            first_on=min(days_there.get(id_, ()), default=None),
        )
        for id_, gift in gifts_by_id.items()
    }
    new_count = _insert_instalments(
        [
            (gifts_by_id[id_], slot)
            for id_, some in slots.items()
            for slot in some
            if slot.nominal_on not in days_there.get(id_, ())
        ]
    )
    put_aside = _list_put_aside(
        RecurringGift.state.in_(EXPECTING_PROMISES),
        RecurringGift.version > 1,
        Instalment.due_on >= today - _LOOK_BACK,
    )
    _revive_instalments([row for row in put_aside if row.recurring_gift_id in gifts_by_id], slots)
    return new_count


def _read_days_there(today: date) -> dict[int, set[date]]:
    """Return by recurring gift the days of the instalments since the look-back, and of the last before it."""
    since = today - _LOOK_BACK
    is_expecting = RecurringGift.state.in_(EXPECTING_PROMISES)
    recent_days = (
        select(Instalment.recurring_gift_id, Instalment.nominal_on)
        .join(RecurringGift)
        .where(is_expecting, Instalment.due_on >= since)
    )
    last_days = (
        select(Instalment.recurring_gift_id, func.max(Instalment.nominal_on))
        .join(RecurringGift)
        .where(is_expecting, Instalment.due_on < since)
        .group_by(Instalment.recurring_gift_id)
    )
    days_there: dict[int, set[date]] = defaultdict(set)
    for id_, nominal_on in db.session.execute(union_all(recent_days, last_days)):
        days_there[id_].add(nominal_on)
    return days_there


def _list_slots(
    gift: RecurringGift,
    terms: Sequence[schedule.Term],
    allowed_days: Sequence[AllowedDays],
    *,
    today: date,
    first_on: date | None = None,
) -> list[schedule.Slot]:
    """Return the days up to the horizon on which a recurring gift expects money, of a debit those allowed."""
    slots = schedule.list_slots(
        terms,
        today + HORIZON,
        country=organisation.get_organisation().country,
        instalment_count=gift.instalments_total,
        ends_on=gift.ends_on,
        first_on=first_on,
    )
    if mandate_days.needs_mandate(gift):
        return [slot for slot in slots if mandate_days.is_allowed(allowed_days, slot.due_on)]
    return slots


def _insert_instalments(new: Sequence[tuple[RecurringGift, schedule.Slot]]) -> int:
    """Insert the instalments of these slots; return how many were not there yet."""
    rows = [
        {
            "recurring_gift_id": gift.id,
            "term_id": slot.term_id,
            "nominal_on": slot.nominal_on,
            "due_on": slot.due_on,
            "amount_minor": slot.amount.minor,
            "currency": slot.amount.currency,
            "state": "expected",
            "state_reason": "",
            "attempt": 0,
            "failure_code": "",
        }
        for gift, slot in new
    ]
    on = (Instalment.recurring_gift_id, Instalment.nominal_on)
    statement = insert_or_ignore(Instalment, on=on)
    ids = [db.session.scalar(statement.values(row).returning(Instalment.id)) for row in rows]
    return len([id_ for id_ in ids if id_ is not None])


def _list_put_aside(*conditions: ColumnElement[bool]) -> Sequence[Instalment]:
    """Return the instalments that a change of term or a mandate had put aside."""
    return db.session.scalars(
        select(Instalment)
        .join(RecurringGift)
        .where(
            *conditions,
            Instalment.state == "skipped",
            Instalment.state_reason.in_(("term_changed", "pause", mandate_days.MANDATE_GONE)),
        )
    ).all()


def _revive_instalments(rows: Sequence[Instalment], slots: Mapping[int, Sequence[schedule.Slot]]) -> None:
    """Expect again, with the new term's amount, what was put aside and a new term falls on."""
    slots_by_day = {(id_, slot.nominal_on): slot for id_, some in slots.items() for slot in some}
    for row in rows:
        slot = slots_by_day.get((row.recurring_gift_id, row.nominal_on))
        if slot is not None:
            row.state, row.state_reason = "expected", ""
            row.amount_minor, row.due_on, row.term_id = slot.amount.minor, slot.due_on, slot.term_id


def settle_instalments(gift: Gift, parts: Mapping[int, int], *, now: datetime, actor: str) -> int:
    """Allocate parts of a gift, minor units by instalment id; return how many allocations are new.

    An allocation that is there already stays as it is. Raise Rejected when more is allocated than was
    given, or in another currency.
    """
    new_count = 0
    for instalment_id, minor in parts.items():
        instalment = get_instalment(instalment_id)
        if instalment.currency != gift.currency:
            raise Rejected(
                f"instalment {instalment_id} is in {instalment.currency}",
                code="currency_differs",
                currency=instalment.currency,
            )
        new_id = db.session.execute(
            insert_or_ignore(
                Allocation,
                on=(
                    Allocation.gift_id,
                    Allocation.instalment_id,
                ),
            )
            .values(gift_id=gift.id, instalment_id=instalment_id, amount_minor=minor)
            .returning(Allocation.id)
        ).scalar_one_or_none()
        if new_id is not None:
            new_count += 1
            _note_allocation(instalment, now=now, actor=actor)
    given_out = sum_allocations_of_gift(gift.id)
    if given_out > gift.amount_minor:
        raise Rejected(f"more of gift {gift.id} would be allocated than was given", code="allocated_too_much")
    return new_count


def _note_allocation(instalment: Instalment, *, now: datetime, actor: str) -> None:
    is_covered = compute_settled_minor(instalment.id) >= instalment.amount_minor
    promise = recurring_gifts.get_recurring_gift(instalment.recurring_gift_id)
    if is_covered:
        tasks.cancel_task(name_missed_task(instalment), now=now, actor=actor, reason="paid")
    follow_allocation(instalment, promise, is_covered=is_covered, now=now)


def name_missed_task(instalment: Instalment) -> str:
    """Return the key of the task about an instalment that did not come."""
    return f"missed_instalment:{instalment.id}"


def follow_allocation(
    instalment: Instalment, promise: RecurringGift, *, is_covered: bool, now: datetime
) -> None:
    """Change what a new allocation changes in its instalment and recurring gift, and record the event."""
    was_missed = instalment.missed_at is not None
    if instalment.state != "paid":
        change_state(instalment, "pay" if is_covered else "pay_part")
    if is_covered:
        instalment.next_attempt_on = None
        events.record_event(
            "instalment.paid",
            ("instalment", instalment.id),
            occurred_at=now,
            now=now,
            donor_id=promise.donor_id,
            data={"was_missed": was_missed},
        )
    if recurring_gifts.is_step_allowed(promise, "pay"):
        recurring_gifts.change_state(promise, "pay")


def unsettle_instalments(gift_id: int, word: InstalmentStep, *, now: datetime) -> int:
    """Take a gift's allocations back; return how many there are.

    The word is ``bank_return``, ``refund`` (nothing is owed any more) or ``undo``. An instalment that
    other gifts cover stays paid, so a second call changes nothing.
    """
    rows = db.session.scalars(select(Allocation).where(Allocation.gift_id == gift_id)).all()
    for row in rows:
        instalment = get_instalment(row.instalment_id)
        if word == "undo":
            db.session.delete(row)
            db.session.flush()  # the sum of what is left decides the state
        minor_of_others = compute_settled_minor(instalment.id, without=gift_id)
        if minor_of_others >= instalment.amount_minor:
            continue
        if find_next_state(instalment.state, word) is not None:
            change_state(instalment, word, reason=word)
            if word == "undo" and minor_of_others:
                change_state(instalment, "pay_part")
    return len(rows)


def resettle_instalments(gift_id: int) -> int:
    """Mark as paid, wholly or in part, what was taken back with a part of the gift that has come again;
    return how many instalments.
    """
    count = 0
    for row in db.session.scalars(select(Allocation).where(Allocation.gift_id == gift_id)):
        instalment = get_instalment(row.instalment_id)
        was_taken_back = instalment.state == "returned" or (
            instalment.state == "skipped" and instalment.state_reason == "refund"
        )
        if not was_taken_back:
            continue
        is_covered = compute_settled_minor(instalment.id) >= instalment.amount_minor
        if is_covered or not _has_lost_gift(instalment.id):
            change_state(instalment, "pay" if is_covered else "pay_part")
            count += 1
    return count


def _has_lost_gift(instalment_id: int) -> bool:
    """Return whether nothing is left of a gift that paid an instalment."""
    query = select(Allocation.id).join(Gift, Gift.id == Allocation.gift_id)
    query = query.where(Allocation.instalment_id == instalment_id, Gift.amount_minor <= TAKEN_MINOR)
    return db.session.scalar(select(query.exists())) or False


def change_state(instalment: Instalment, word: InstalmentStep, *, reason: str = "") -> None:
    """Take one step of the table of states; raise Conflict when it is not allowed from here."""
    after = find_next_state(instalment.state, word)
    if after is None:
        raise Conflict(
            f"instalment {instalment.id} is {instalment.state}: it cannot {word} now",
            code="instalment_state",
            state=instalment.state,
        )
    instalment.state, instalment.state_reason = after, reason


def skip_instalment(instalment_id: int, *, reason: str, now: datetime, actor: str) -> Instalment:
    """Note that nothing is owed for an instalment. Ignore one that is skipped already."""
    instalment = get_instalment(instalment_id)
    if instalment.state in FREED_INSTALMENTS:
        return instalment
    change_state(instalment, "waive" if instalment.state == "missed" else "skip", reason=reason)
    audit.record_action(actor, "instalment.skipped", ("instalment", instalment.id), now=now)
    return instalment


def get_instalment(instalment_id: int) -> Instalment:
    """Return the instalment; raise NotFound where there is none."""
    instalment = db.session.get(Instalment, instalment_id)
    if instalment is None:
        raise NotFound(f"there is no instalment {instalment_id}")
    return instalment


def select_instalments(
    *,
    donor_id: int | None = None,
    recurring_gift_id: int | None = None,
    state: InstalmentState | None = None,
    due_from: date | None = None,
    due_to: date | None = None,
) -> Select[Instalment]:
    """Return a query for the instalments that fit all that is given."""
    query = select(Instalment).where(
        *equals_if_given(Instalment.recurring_gift_id, recurring_gift_id),
        *equals_if_given(Instalment.state, state),
    )
    if donor_id is not None:
        of_donor = select(RecurringGift.id).where(RecurringGift.donor_id == donor_id)
        query = query.where(Instalment.recurring_gift_id.in_(of_donor))
    if due_from is not None:
        query = query.where(Instalment.due_on >= due_from)
    return query if due_to is None else query.where(Instalment.due_on <= due_to)


def sum_settled_minor(instalment_ids: Sequence[int], *, without: int | None = None) -> dict[int, int]:
    """Return the minor units that settle each instalment, of a gift no more than is left of it.

    Instalments that nothing settles are left out. ``without`` names a gift that does not count.
    """
    rows = db.session.execute(
        select(Allocation.instalment_id, Allocation.gift_id, Allocation.amount_minor, Gift.amount_minor)
        .join(Gift, Gift.id == Allocation.gift_id)
        .where(Allocation.instalment_id.in_(instalment_ids), Allocation.gift_id != (without or 0))
    ).all()
    minor_taken_away = gifts.sum_deductions([row.gift_id for row in rows])
    minor_by_instalment: dict[int, int] = {}
    for instalment_id, gift_id, minor, gift_minor in rows:
        part = min(minor, gift_minor - minor_taken_away[gift_id])
        if part > 0:
            minor_by_instalment[instalment_id] = minor_by_instalment.get(instalment_id, 0) + part
    return minor_by_instalment


def compute_settled_minor(instalment_id: int, *, without: int | None = None) -> int:
    """Return the minor units that settle one instalment so far; ``without`` names a gift that does not
    count.
    """
    return sum_settled_minor([instalment_id], without=without).get(instalment_id, 0)


def sum_allocations_of_gift(gift_id: int) -> int:
    """Return the minor units of a gift that are allocated to instalments."""
    sum_: int | None = db.session.scalar(
        select(sum_minor(Allocation.amount_minor)).where(Allocation.gift_id == gift_id)
    )
    return sum_ or 0
