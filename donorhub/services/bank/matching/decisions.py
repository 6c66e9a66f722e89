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

from donorhub.db import db
from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.matching import ENGINE_VERSION
from donorhub.domain.bank.matching.matching_facts import Allocated, Part
from donorhub.domain.recurring.recurring_states import InstalmentStep, next_state
from donorhub.errors import Conflict
from donorhub.models import Detail, Entry, Gift, Instalment, Match, Payout, RecurringGift
from donorhub.models.states import ARRIVING_PAYOUTS, GiftMethod
from donorhub.services.access import audit
from donorhub.services.bank.files.ledger_rows import in_chunks
from donorhub.services.bank.matching import bank_returns, payer_keys
from donorhub.services.bank.matching.credits import SOURCE, Place
from donorhub.services.giving import gifts, new_gifts
from donorhub.services.giving.new_gifts import NewGift
from donorhub.services.recurring import instalments

_ENTRY: Final = cast(Table, Entry.__table__)
_STANDING: Final = ("STDO", "NSTO", "REPEATPMT")  # camt's sub-family, MT940's and OFX's type
_DEBITED: Final = ("RDDT", "IDDT", "NDDT", "DIRECTDEBIT")


@dataclass(frozen=True, slots=True)
class Decided:
    """What one credit is: gifts (``parts``), a payout, a return of ``gift_id``, or, with none, no gift.

    ``funds`` are minor units by fund for each part, where a person said so.
    """

    place: Place
    clues: Clues
    parts: tuple[Part, ...] = ()
    payout_id: int | None = None
    gift_id: int | None = None
    evidence: tuple[Mapping[str, Any], ...] = ()
    funds: Mapping[int, Mapping[int, int]] = field(default_factory=dict)  # by index of the part


@dataclass(slots=True)
class _Row:
    """One match to be written, and the gift it makes."""

    decided: Decided
    part: int
    columns: dict[str, Any]
    gift: NewGift | None = None
    allocations: tuple[Allocated, ...] = ()
    funds: Mapping[int, int] = field(default_factory=dict)


def apply(decisions: Sequence[Decided], *, now: datetime, actor: str) -> None:
    """Write decisions of entries that the caller holds, and bring the entries' states up to date."""
    if not decisions:
        return
    first_parts = _next_parts({decided.place.entry_id for decided in decisions})
    promises = _promises(decisions)
    rows = [
        row
        for decided in decisions
        for row in _rows(decided, first_parts.get(_key(decided), 0), promises, now=now, actor=actor)
    ]
    _record_gifts(rows, promises, now=now, actor=actor)
    for decided in decisions:
        if decided.payout_id is not None:
            _join_payout(decided, now=now, actor=actor)
        elif decided.gift_id is not None:
            bank_returns.record(decided.place, decided.gift_id, now=now, actor=actor)
    db.session.execute(insert(Match), [row.columns for row in rows])
    payer_keys.confirm(_paid(rows))
    refresh({decided.place.entry_id for decided in decisions})


def _paid(rows: Sequence[_Row]) -> list[payer_keys.Paid]:
    """What was learned of the payers: their accounts or names, and what they say when they pay for others."""
    made = [(row.decided.clues, row.gift, row.decided.evidence) for row in rows if row.gift is not None]
    paid = [
        payer_keys.Paid(clues.payer_key, gift.donor_id, gift.received_on)
        for clues, gift, _ in made
        if clues.payer_key
    ]
    return paid + payer_keys.sayings(
        (clues.saying, clues.credit.name or "", gift.donor_id, gift.received_on)
        for clues, gift, evidence in made
        if clues.saying and not any(r["family"] == "REF" and r["points"] > 0 for r in evidence)
    )


def _key(decided: Decided) -> tuple[int, int]:
    return decided.place.entry_id, decided.place.detail_id or 0


def _next_parts(entry_ids: set[int]) -> dict[tuple[int, int], int]:
    """The next free part of what was decided before and undone, by entry and detail."""
    found: dict[tuple[int, int], int] = {}
    detail_id = func.coalesce(Match.detail_id, literal_column("0"))  # a parameter would be another each time
    for chunk in in_chunks(sorted(entry_ids)):
        rows = db.session.execute(
            select(Match.entry_id, detail_id, func.max(Match.part))
            .where(Match.entry_id.in_(chunk))
            .group_by(Match.entry_id, detail_id)
        )
        found.update({(entry_id, detail_id): part + 1 for entry_id, detail_id, part in rows})
    return found


def _promises(decisions: Sequence[Decided]) -> dict[int, tuple[Instalment, RecurringGift]]:
    """The instalments that gifts settle, with their recurring gifts."""
    ids = {a.instalment_id for decided in decisions for part in decided.parts for a in part.allocations}
    found: dict[int, tuple[Instalment, RecurringGift]] = {}
    for chunk in in_chunks(sorted(ids)):
        rows = db.session.execute(
            select(Instalment, RecurringGift).join(RecurringGift).where(Instalment.id.in_(chunk))
        )
        found.update({instalment.id: (instalment, promise) for instalment, promise in rows})
    return found


def _rows(
    decided: Decided,
    first: int,
    promises: Mapping[int, tuple[Instalment, RecurringGift]],
    *,
    now: datetime,
    actor: str,
) -> list[_Row]:
    place, amount = decided.place, decided.place.credit.amount
    common = {
        "entry_id": place.entry_id, "detail_id": place.detail_id, "gift_id": None, "payout_id": None,
        "donor_id": None, "evidence": [dict(reason) for reason in decided.evidence],
        "engine_version": ENGINE_VERSION, "actor": actor, "decided_at": now,
    }  # fmt: skip
    if not decided.parts:
        kind = "payout" if decided.payout_id else "return" if decided.gift_id else "not_gift"
        columns = common | {
            "part": first, "kind": kind, "amount_minor": amount.minor, "payout_id": decided.payout_id,
            "gift_id": decided.gift_id,
        }  # fmt: skip
        return [_Row(decided, first, columns)]
    rows = []
    for index, part in enumerate(decided.parts):
        number = first + index
        allocations = tuple(a for a in part.allocations if _may_pay(a, promises))
        promise = promises[allocations[0].instalment_id][1] if allocations else None
        gift = NewGift(
            part.donor_id, part.minor, amount.currency, place.booked_on, SOURCE,
            f"{place.entry_id}/{place.position}/{number}", _method(decided, promise),
            promise.campaign_id if promise else None,
        )  # fmt: skip
        funds = decided.funds.get(index) or _fund_of(promise, part.minor)
        columns = common | {
            "part": number, "kind": "gift", "amount_minor": part.minor, "donor_id": part.donor_id,
        }  # fmt: skip
        rows.append(_Row(decided, number, columns, gift, allocations, funds))
    return rows


def _may_pay(allocated: Allocated, promises: Mapping[int, tuple[Instalment, RecurringGift]]) -> bool:
    """Not every state takes a part of its amount: then the gift stands by itself."""
    found = promises.get(allocated.instalment_id)
    if found is None:
        return False
    paid = instalments.allocated(allocated.instalment_id) + allocated.minor
    step: InstalmentStep = "pay" if paid >= found[0].amount_minor else "pay_part"
    return next_state(found[0].state, step) is not None


def _method(decided: Decided, promise: RecurringGift | None) -> GiftMethod:
    code = decided.place.credit.bank_code or ""
    if any(word in code for word in _DEBITED) or (promise and promise.kind == "direct_debit"):
        return "direct_debit"
    if any(word in code for word in _STANDING) or (promise and promise.kind == "standing_order"):
        return "standing_order"
    return "transfer"


def _fund_of(promise: RecurringGift | None, minor: int) -> dict[int, int]:
    return {promise.fund_id: minor} if promise and promise.fund_id else {}


def _record_gifts(
    rows: Sequence[_Row],
    promises: Mapping[int, tuple[Instalment, RecurringGift]],
    *,
    now: datetime,
    actor: str,
) -> None:
    made = [(row, row.gift) for row in rows if row.gift is not None]
    ids = new_gifts.record_gifts([gift for _, gift in made], now=now, actor=actor)
    for (row, _), gift_id in zip(made, ids, strict=True):
        row.columns["gift_id"] = gift_id
        if row.allocations or row.funds:
            gift = db.session.get_one(Gift, gift_id)
            gifts.designate(gift, row.funds)
            instalments.settle(
                gift, {a.instalment_id: a.minor for a in row.allocations}, now=now, actor=actor
            )


def _join_payout(decided: Decided, *, now: datetime, actor: str) -> None:
    payout = db.session.get_one(Payout, decided.payout_id, with_for_update=True, populate_existing=True)
    if payout.state not in ARRIVING_PAYOUTS or payout.entry_id not in (None, decided.place.entry_id):
        raise Conflict(
            f"payout {payout.ref} is not what it was a moment ago: look again", code="payout_changed"
        )
    payout.entry_id = decided.place.entry_id
    audit.record(
        actor, "payout.joined", ("payout", payout.id), now=now, data={"entry": decided.place.entry_id}
    )


def refresh(entry_ids: set[int]) -> None:
    """Let the states of entries follow their live matches; one that is decided in part stays in suspense."""
    for chunk in in_chunks(sorted(entry_ids)):
        states = _states(chunk)
        if states:
            db.session.connection().execute(
                update(_ENTRY)
                .where(_ENTRY.c.id == bindparam("entry"))
                .values(state=bindparam("now"), decide_by=None),
                [{"entry": id_, "now": state} for id_, state in states.items()],
            )


def _states(entry_ids: Sequence[int]) -> dict[int, str]:
    """The state of each of these entries that is wholly decided."""
    rows = db.session.execute(
        select(
            Match.entry_id,
            func.count(func.distinct(func.coalesce(Match.detail_id, 0))),
            func.max(Match.kind),
            func.min(Match.kind),
        )
        .where(Match.entry_id.in_(entry_ids), Match.undone_at.is_(None))
        .group_by(Match.entry_id)
    ).all()
    wanted = _payments(entry_ids)
    states = {}
    for entry_id, count, last, first in rows:
        if count >= wanted.get(entry_id, 1):
            states[entry_id] = "not_gift" if first == last == "not_gift" else "matched"
    return states


def _payments(entry_ids: Sequence[int]) -> dict[int, int]:
    """How many payments the batch entries among these hold."""
    rows = db.session.execute(
        select(Detail.entry_id, func.count()).where(Detail.entry_id.in_(entry_ids)).group_by(Detail.entry_id)
    )
    return {entry_id: count for entry_id, count in rows}  # noqa: C416  a Row is no pair for dict
