"""Instalments: made ahead from the terms, settled by gifts, taken back with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Select, select

from donorhub.db import db, insert_or_ignore, sum_minor
from donorhub.domain.recurring import schedule
from donorhub.domain.recurring.recurring_states import InstalmentStep, next_state
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Allocation, Gift, Instalment, RecurringGift, Term
from donorhub.models.states import EXPECTING_PROMISES, FREED_INSTALMENTS, InstalmentState
from donorhub.services.access import audit, organisation
from donorhub.services.giving import gifts
from donorhub.services.paging import if_given
from donorhub.services.recurring import recurring_gifts, recurring_terms
from donorhub.services.work import events, tasks

HORIZON = timedelta(days=92)


def materialise(gift: RecurringGift, *, today: date) -> int:
    """Make the instalments that fall due within the horizon, and take up again those that a change of
    term had put aside; gives how many are new. A provider makes its own."""
    if gift.origin == "provider" or gift.state not in EXPECTING_PROMISES:
        return 0
    known = set(
        db.session.scalars(select(Instalment.nominal_on).where(Instalment.recurring_gift_id == gift.id))
    )
    country = organisation.get_organisation().country
    return _materialise(gift, recurring_terms.terms_of(gift), known, today=today, country=country)


def materialise_all(promises: Sequence[RecurringGift], *, today: date) -> int:
    """:func:`materialise` for many, in a few queries where nothing is to be made."""
    own = {
        gift.id: gift for gift in promises if gift.origin != "provider" and gift.state in EXPECTING_PROMISES
    }
    known: dict[int, set[date]] = defaultdict(set)
    terms: dict[int, list[schedule.Term]] = defaultdict(list)
    chosen = select(RecurringGift.id).where(
        RecurringGift.origin != "provider", RecurringGift.state.in_(EXPECTING_PROMISES)
    )
    for id_, nominal_on in db.session.execute(
        select(Instalment.recurring_gift_id, Instalment.nominal_on).where(
            Instalment.recurring_gift_id.in_(chosen)
        )
    ):
        known[id_].add(nominal_on)
    for row in db.session.scalars(
        select(Term).where(Term.recurring_gift_id.in_(chosen)).order_by(Term.recurring_gift_id, Term.from_on)
    ):
        terms[row.recurring_gift_id].append(recurring_terms.plain_term(row))
    country = organisation.get_organisation().country
    return sum(
        _materialise(gift, terms[id_], known[id_], today=today, country=country) for id_, gift in own.items()
    )


def _materialise(
    gift: RecurringGift, terms: Sequence[schedule.Term], known: Collection[date], *, today: date, country: str
) -> int:
    slots = schedule.instalments_until(
        terms, today + HORIZON, country=country, instalment_count=gift.instalments_total, ends_on=gift.ends_on
    )
    new = 0
    for slot in slots:
        if slot.nominal_on in known:
            continue
        added = db.session.execute(
            insert_or_ignore(
                Instalment,
                on=(
                    Instalment.recurring_gift_id,
                    Instalment.nominal_on,
                ),
            )
            .values(
                recurring_gift_id=gift.id,
                term_id=slot.term_id,
                nominal_on=slot.nominal_on,
                due_on=slot.due_on,
                amount_minor=slot.amount.minor,
                currency=slot.amount.currency,
                state="expected",
                state_reason="",
                attempt=0,
                failure_code="",
            )
            .returning(Instalment.id)
        ).scalar_one_or_none()
        new += added is not None
    if gift.version > 1:  # only a change of term, which may overwrite the only one, puts instalments aside
        _revive(gift, slots)
    return new


def _revive(gift: RecurringGift, slots: Sequence[schedule.Slot]) -> None:
    """Slots that a change of term had skipped and that the new term wants again take its amount."""
    wanted = {slot.nominal_on: slot for slot in slots}
    rows = db.session.scalars(
        select(Instalment).where(
            Instalment.recurring_gift_id == gift.id,
            Instalment.state == "skipped",
            Instalment.state_reason == "term_changed",
        )
    )
    for row in rows:
        slot = wanted.get(row.nominal_on)
        if slot is not None:
            row.state, row.state_reason = "expected", ""
            row.amount_minor, row.due_on, row.term_id = slot.amount.minor, slot.due_on, slot.term_id


def settle(gift: Gift, parts: Mapping[int, int], *, now: datetime, actor: str) -> int:
    """Let a gift pay instalments: minor units by instalment id. What is allocated already stays as it is.

    Rejected when more is allocated than was given, or in another currency.
    """
    new = 0
    for instalment_id, minor in parts.items():
        instalment = get_instalment(instalment_id)
        if instalment.currency != gift.currency:
            raise Rejected(
                f"instalment {instalment_id} is in {instalment.currency}",
                code="currency_differs",
                currency=instalment.currency,
            )
        added = db.session.execute(
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
        if added is not None:
            new += 1
            _paid_more(instalment, now=now, actor=actor)
    given_out = allocated_of_gift(gift.id)
    if given_out > gift.amount_minor:
        raise Rejected(f"more of gift {gift.id} would be allocated than was given", code="allocated_too_much")
    return new


def _paid_more(instalment: Instalment, *, now: datetime, actor: str) -> None:
    was_missed = instalment.missed_at is not None
    is_covered = allocated(instalment.id) >= instalment.amount_minor
    if instalment.state != "paid":
        step(instalment, "pay" if is_covered else "pay_part")
    gift = recurring_gifts.get_recurring_gift(instalment.recurring_gift_id)
    if is_covered:
        instalment.next_attempt_on = None
        tasks.cancel(f"missed_instalment:{instalment.id}", now=now, actor=actor, reason="paid")
        events.tell(
            "instalment.paid",
            ("instalment", instalment.id),
            occurred_at=now,
            now=now,
            donor_id=gift.donor_id,
            data={"was_missed": was_missed},
        )
    if recurring_gifts.may(gift, "pay"):
        recurring_gifts.step(gift, "pay")


def unsettle(gift_id: int, word: InstalmentStep, *, now: datetime) -> int:
    """Take a gift's allocations back: ``bank_return``, ``refund`` (nothing is owed) or ``undo``.

    An instalment that other gifts cover stays paid, so that it may be told again at any time.
    """
    rows = db.session.scalars(select(Allocation).where(Allocation.gift_id == gift_id)).all()
    for row in rows:
        instalment = get_instalment(row.instalment_id)
        if word == "undo":
            db.session.delete(row)
            db.session.flush()  # the sum of what is left decides the state
        others = allocated(instalment.id, without=gift_id)
        if others >= instalment.amount_minor:
            continue
        if next_state(instalment.state, word) is not None:
            step(instalment, word, reason=word)
            if word == "undo" and others:
                step(instalment, "pay_part")
    return len(rows)


def resettle(gift_id: int) -> int:
    """Let instalments be paid again that were only taken back with what a gift lost and has regained."""
    settled = 0
    for row in db.session.scalars(select(Allocation).where(Allocation.gift_id == gift_id)):
        instalment = get_instalment(row.instalment_id)
        was_taken_back = instalment.state == "returned" or (
            instalment.state == "skipped" and instalment.state_reason == "refund"
        )
        if was_taken_back and allocated(instalment.id) >= instalment.amount_minor:
            step(instalment, "pay")
            settled += 1
    return settled


def step(instalment: Instalment, word: InstalmentStep, *, reason: str = "") -> None:
    """Let the state follow its table; Conflict when this step is not allowed from here."""
    after = next_state(instalment.state, word)
    if after is None:
        raise Conflict(
            f"instalment {instalment.id} is {instalment.state}: it cannot {word} now",
            code="instalment_state",
            state=instalment.state,
        )
    instalment.state, instalment.state_reason = after, reason


def skip(instalment_id: int, *, reason: str, now: datetime, actor: str) -> Instalment:
    """Nothing is owed for this one. Skipped already: nothing changes."""
    instalment = get_instalment(instalment_id)
    if instalment.state in FREED_INSTALMENTS:
        return instalment
    step(instalment, "waive" if instalment.state == "missed" else "skip", reason=reason)
    audit.record(actor, "instalment.skipped", ("instalment", instalment.id), now=now)
    return instalment


def get_instalment(instalment_id: int) -> Instalment:
    instalment = db.session.get(Instalment, instalment_id)
    if instalment is None:
        raise NotFound(f"there is no instalment {instalment_id}")
    return instalment


def choose(
    *,
    donor_id: int | None = None,
    recurring_gift_id: int | None = None,
    state: InstalmentState | None = None,
    due_from: date | None = None,
    due_to: date | None = None,
) -> Select[Instalment]:
    """Return a query for the instalments that fit all that is given."""
    query = select(Instalment).where(
        *if_given(Instalment.recurring_gift_id, recurring_gift_id), *if_given(Instalment.state, state)
    )
    if donor_id is not None:
        of_donor = select(RecurringGift.id).where(RecurringGift.donor_id == donor_id)
        query = query.where(Instalment.recurring_gift_id.in_(of_donor))
    if due_from is not None:
        query = query.where(Instalment.due_on >= due_from)
    return query if due_to is None else query.where(Instalment.due_on <= due_to)


def allocated_to(instalment_ids: Sequence[int], *, without: int | None = None) -> dict[int, int]:
    """Minor units that settle each of these: of a gift no more than is left of it. Those that nothing
    settles are left out. ``without`` leaves one gift out of account."""
    rows = db.session.execute(
        select(Allocation.instalment_id, Allocation.gift_id, Allocation.amount_minor, Gift.amount_minor)
        .join(Gift, Gift.id == Allocation.gift_id)
        .where(Allocation.instalment_id.in_(instalment_ids), Allocation.gift_id != (without or 0))
    ).all()
    away = gifts.taken_away([row.gift_id for row in rows])
    found: dict[int, int] = {}
    for instalment_id, gift_id, minor, given in rows:
        part = min(minor, given - away[gift_id])
        if part > 0:
            found[instalment_id] = found.get(instalment_id, 0) + part
    return found


def allocated(instalment_id: int, *, without: int | None = None) -> int:
    """Minor units of gifts that settle an instalment so far."""
    return allocated_to([instalment_id], without=without).get(instalment_id, 0)


def allocated_of_gift(gift_id: int) -> int:
    sum_: int | None = db.session.scalar(
        select(sum_minor(Allocation.amount_minor)).where(Allocation.gift_id == gift_id)
    )
    return sum_ or 0
