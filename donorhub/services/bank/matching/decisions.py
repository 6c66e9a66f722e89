"""What was decided of entries, written down: matches, gifts, settled instalments, payouts, returns.

It decides nothing: the engine (:mod:`donorhub.services.bank.matching.matching`) or a person
(:mod:`donorhub.services.bank.matching.entries`) did. Many decisions are written at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Table, bindparam, func, insert, literal_column, select, update

from donorhub.db import Base, cut_query_values, db
from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.matching import ENGINE_VERSION
from donorhub.domain.bank.matching.matching_facts import NewAllocation, Part
from donorhub.domain.recurring.recurring_states import InstalmentStep, find_next_state
from donorhub.errors import Conflict
from donorhub.models import Detail, Entry, Gift, Instalment, Match, Payout, RecurringGift
from donorhub.models.matching_states import RuleName
from donorhub.models.states import ARRIVING_PAYOUTS, GiftMethod, Settles
from donorhub.money import Money
from donorhub.services.access import audit
from donorhub.services.bank.matching import bank_returns, looks, payer_learning, unknown_donor
from donorhub.services.bank.matching.credits import SOURCE, Place
from donorhub.services.giving import gifts, new_gifts
from donorhub.services.giving.new_gifts import NewGift
from donorhub.services.recurring import instalments

_ENTRY: Final = cast(Table, Entry.__table__)
_MATCH: Final = Base.metadata.tables["match"]
_STANDING_ORDER_CODES: Final = ("STDO", "NSTO", "REPEATPMT")  # camt's sub-family, MT940's and OFX's type
_DEBIT_CODES: Final = ("RDDT", "IDDT", "NDDT", "DIRECTDEBIT")


@dataclass(frozen=True, slots=True)
class CreditDecision:
    """What one credit is: gifts (``parts``), a payout, a return of ``gift_id``, or, with none, no gift.

    ``known_gift_id`` is a gift that is recorded already and that the only part is: it makes no other.
    ``funds`` are minor units by fund for each part, where a person said so.
    """

    place: Place
    clues: Clues
    parts: tuple[Part, ...] = ()
    payout_id: int | None = None
    gift_id: int | None = None
    known_gift_id: int | None = None
    evidence: tuple[Mapping[str, Any], ...] = ()
    funds: Mapping[int, Mapping[int, int]] = field(default_factory=dict)  # by index of the part
    rule: RuleName | None = None  # by which the engine decided alone
    thank: bool = True


@dataclass(slots=True)
class _Row:
    """One match to be written, and the gift it makes."""

    decision: CreditDecision
    part: int
    columns: dict[str, Any]
    gift: NewGift | None = None
    allocations: tuple[NewAllocation, ...] = ()
    funds: Mapping[int, int] = field(default_factory=dict)


def settle_matches(decisions: Sequence[CreditDecision], *, now: datetime, actor: str) -> None:
    """Write decisions of entries that the caller holds, and bring the entries' states up to date."""
    if not decisions:
        return
    first_parts = _find_next_parts({decision.place.entry_id for decision in decisions})
    promises = _find_promises(decisions)
    rows = [
        row
        for decision in decisions
        for row in _make_rows(
            decision, first_parts.get(_make_key(decision), 0), promises, now=now, actor=actor
        )
    ]
    _record_gifts(rows, promises, now=now, actor=actor)
    for decision in decisions:
        if decision.payout_id is not None:
            _join_payout(decision, now=now, actor=actor)
        elif decision.gift_id is not None:
            bank_returns.record_return(decision.place, decision.gift_id, now=now, actor=actor)
    db.session.flush()  # what is written past the ORM comes after what is not written yet
    db.session.execute(insert(_MATCH), [row.columns for row in rows])
    looks.draw_looks([row.columns["entry_id"] for row in rows if row.decision.rule is not None], now=now)
    _learn_payers(rows)
    refresh_entry_states({decision.place.entry_id for decision in decisions})


def _learn_payers(rows: Sequence[_Row]) -> None:
    """Learn of the payers what people said. What the engine decided by itself teaches nothing: where it went
    by experience, it keeps that fresh.
    """
    taught_lessons, used_lessons = [], []
    for row in rows:
        if row.gift is None:
            continue
        evidence = row.decision.evidence
        keys = {reason["key"] for reason in evidence}
        amount = Money(row.columns["amount_minor"], row.gift.currency)
        lesson = payer_learning.make_lesson(row.decision.clues, row.gift.donor_id, amount, evidence)
        if lesson is not None and "match.person" in keys:
            taught_lessons.append(lesson)
        elif lesson is not None and "match.history" in keys:
            used_lessons.append(lesson)
    payer_learning.confirm_uses(taught_lessons)
    payer_learning.keep_uses_fresh(used_lessons)


def _make_key(decision: CreditDecision) -> tuple[int, int]:
    return decision.place.entry_id, decision.place.detail_id or 0


def _find_next_parts(entry_ids: set[int]) -> dict[tuple[int, int], int]:
    """Return the next free part of what was decided before and undone, by entry and detail."""
    next_parts: dict[tuple[int, int], int] = {}
    detail_id = func.coalesce(Match.detail_id, literal_column("0"))  # a parameter would be another each time
    for chunk in cut_query_values(sorted(entry_ids)):
        rows = db.session.execute(
            select(Match.entry_id, detail_id, func.max(Match.part))
            .where(Match.entry_id.in_(chunk))
            .group_by(Match.entry_id, detail_id)
        )
        next_parts.update({(entry_id, detail_id): part + 1 for entry_id, detail_id, part in rows})
    return next_parts


def _find_promises(decisions: Sequence[CreditDecision]) -> dict[int, tuple[Instalment, RecurringGift]]:
    """Return the instalments that gifts settle, with their recurring gifts."""
    ids = {a.instalment_id for decision in decisions for part in decision.parts for a in part.allocations}
    promises: dict[int, tuple[Instalment, RecurringGift]] = {}
    for chunk in cut_query_values(sorted(ids)):
        rows = db.session.execute(
            select(Instalment, RecurringGift).join(RecurringGift).where(Instalment.id.in_(chunk))
        )
        promises.update({instalment.id: (instalment, promise) for instalment, promise in rows})
    return promises


def _make_rows(
    decision: CreditDecision,
    first: int,
    promises: Mapping[int, tuple[Instalment, RecurringGift]],
    *,
    now: datetime,
    actor: str,
) -> list[_Row]:
    place, amount = decision.place, decision.place.credit.amount
    common = {
        "entry_id": place.entry_id,
        "detail_id": place.detail_id,
        **dict.fromkeys(("gift_id", "payout_id", "donor_id", "settles")),
        "evidence": [dict(reason) for reason in decision.evidence],
        "engine_version": ENGINE_VERSION,
        "rule": decision.rule,
        "actor": actor,
        "decided_at": now,
    }
    if not decision.parts:
        kind = "payout" if decision.payout_id else "return" if decision.gift_id else "not_gift"
        columns = common | {
            "part": first,
            "kind": kind,
            "amount_minor": amount.minor,
            "payout_id": decision.payout_id,
            "gift_id": decision.gift_id,
        }
        return [_Row(decision, first, columns)]
    rows = []
    for index, part in enumerate(decision.parts):
        number = first + index
        columns = common | {
            "part": number,
            "kind": "gift",
            "amount_minor": part.minor,
            "donor_id": part.donor_id,
            "gift_id": decision.known_gift_id,
            "settles": "this_gift",
        }
        if decision.known_gift_id is not None:
            rows.append(_Row(decision, number, columns))
            continue
        allocations = tuple(a for a in part.allocations if _can_settle(a, promises))
        promise = promises[allocations[0].instalment_id][1] if allocations else None
        gift = NewGift(
            part.donor_id,
            part.minor,
            amount.currency,
            place.booked_on,
            SOURCE,
            f"{place.entry_id}/{place.position}/{number}",
            _find_method(decision, promise),
            promise.campaign_id if promise else None,
            thank=decision.thank,
        )
        columns["settles"] = _find_settles(part, allocations, promises)
        funds = decision.funds.get(index) or _find_fund(promise, part.minor)
        rows.append(_Row(decision, number, columns, gift, allocations, funds))
    return rows


def _find_settles(
    part: Part,
    allocations: Sequence[NewAllocation],
    promises: Mapping[int, tuple[Instalment, RecurringGift]],
) -> Settles:
    """Return what a gift settles in truth: nothing where its instalments do not take it any more, and what a
    person chose is as exact as its sums are.
    """
    if part.allocations and not allocations:
        return "one_off"
    if part.settles != "partial":
        return part.settles
    is_whole = part.minor == sum(a.minor for a in allocations) and all(
        a.minor == promises[a.instalment_id][0].amount_minor for a in allocations
    )
    return ("exact" if len(allocations) == 1 else "several") if is_whole else "partial"


def _can_settle(allocation: NewAllocation, promises: Mapping[int, tuple[Instalment, RecurringGift]]) -> bool:
    """Return whether the instalment takes this part of its amount; where it does not, the gift stands by
    itself.
    """
    pair = promises.get(allocation.instalment_id)
    if pair is None:
        return False
    paid_minor = instalments.compute_settled_minor(allocation.instalment_id) + allocation.minor
    step: InstalmentStep = "pay" if paid_minor >= pair[0].amount_minor else "pay_part"
    return find_next_state(pair[0].state, step) is not None


def _find_method(decision: CreditDecision, promise: RecurringGift | None) -> GiftMethod:
    code = decision.place.credit.bank_code or ""
    if any(word in code for word in _DEBIT_CODES) or (promise and promise.kind == "direct_debit"):
        return "direct_debit"
    if any(word in code for word in _STANDING_ORDER_CODES) or (promise and promise.kind == "standing_order"):
        return "standing_order"
    return "transfer"


def _find_fund(promise: RecurringGift | None, minor: int) -> dict[int, int]:
    return {promise.fund_id: minor} if promise and promise.fund_id else {}


def _record_gifts(
    rows: Sequence[_Row],
    promises: Mapping[int, tuple[Instalment, RecurringGift]],
    *,
    now: datetime,
    actor: str,
) -> None:
    gift_rows = [(row, row.gift) for row in rows if row.gift is not None]
    ids = new_gifts.record_gifts([gift for _, gift in gift_rows], now=now, actor=actor)
    for (row, _), gift_id in zip(gift_rows, ids, strict=True):
        row.columns["gift_id"] = gift_id
        if row.allocations or row.funds:
            gift = db.session.get_one(Gift, gift_id)
            gifts.designate_gift(gift, row.funds)
            instalments.settle_instalments(
                gift, {a.instalment_id: a.minor for a in row.allocations}, now=now, actor=actor
            )


def _join_payout(decision: CreditDecision, *, now: datetime, actor: str) -> None:
    payout = db.session.get_one(Payout, decision.payout_id, with_for_update=True, populate_existing=True)
    if payout.state not in ARRIVING_PAYOUTS or payout.entry_id not in (None, decision.place.entry_id):
        raise Conflict(
            f"payout {payout.ref} is not what it was a moment ago: look again", code="payout_changed"
        )
    payout.entry_id = decision.place.entry_id
    audit.record_action(
        actor, "payout.joined", ("payout", payout.id), now=now, data={"entry": decision.place.entry_id}
    )


def refresh_entry_states(entry_ids: set[int]) -> None:
    """Let the states of entries follow their live matches; one that is decided in part stays in suspense."""
    for chunk in cut_query_values(sorted(entry_ids)):
        states = _find_states(chunk)
        if states:
            db.session.connection().execute(
                update(_ENTRY)
                .where(_ENTRY.c.id == bindparam("entry"))
                .values(state=bindparam("now"), decide_by=None),
                [{"entry": id_, "now": state} for id_, state in states.items()],
            )


def _find_states(entry_ids: Sequence[int]) -> dict[int, str]:
    """Return the state of each of these entries that is wholly decided."""
    rows = db.session.execute(
        select(
            Match.entry_id,
            func.count(func.distinct(func.coalesce(Match.detail_id, 0))),
            func.max(Match.kind),
            func.min(Match.kind),
            func.count().filter(Match.donor_id == (unknown_donor.find_id() or 0)),
        )
        .where(Match.entry_id.in_(entry_ids), Match.undone_at.is_(None))
        .group_by(Match.entry_id)
    ).all()
    payment_counts = _count_payments(entry_ids)
    states = {}
    for entry_id, count, last, first, unclaimed_count in rows:
        if count >= payment_counts.get(entry_id, 1):
            settled_state = "unclaimed" if unclaimed_count else "matched"
            states[entry_id] = "not_gift" if first == last == "not_gift" else settled_state
    return states


def _count_payments(entry_ids: Sequence[int]) -> dict[int, int]:
    """Return how many payments the batch entries among these hold."""
    rows = db.session.execute(
        select(Detail.entry_id, func.count()).where(Detail.entry_id.in_(entry_ids)).group_by(Detail.entry_id)
    )
    return {entry_id: count for entry_id, count in rows}  # noqa: C416  a Row is no pair for dict
