"""What funds, campaigns and appeals received: how many gifts, and what is left of them by currency.

Where there are many gifts the sums are kept and made anew by the clock, so that no page adds up a million.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, delete, func, select, union_all

from donorhub.db import cut_chunks, db, insert_or_update
from donorhub.models import Correction, Designation, Dispute, Gift, PurposeSum, Refund
from donorhub.models.states import COUNTED_REFUNDS, PurposeKind
from donorhub.money import Money
from donorhub.services import counting

KINDS: Final[tuple[PurposeKind, ...]] = ("fund", "campaign", "appeal")
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Received:
    """What one fund, campaign or appeal received: gifts of which something is left, and their sums.

    Gifts in kind are gifts, and in no sum of money; those of a provider's test mode are neither.
    """

    count: int = 0
    sums: Sequence[Money] = ()


@dataclass(frozen=True, slots=True)
class KeptSums:
    """What each of some funds, campaigns or appeals received, and as of when; None as of now.

    ``is_missing`` where there are too many gifts to add up now, and the clock has not come to it yet.
    """

    by_id: Mapping[int, Received]
    as_of: datetime | None = None
    is_missing: bool = False


Sums = Mapping[tuple[int, str], tuple[int, int]]  # gifts and minor units by id and currency


def read_sums(ids: Mapping[PurposeKind, Collection[int]]) -> dict[PurposeKind, KeptSums]:
    """Return what these received: added up now where there are few gifts, else as it was kept last."""
    if has_few_gifts():
        return {kind: KeptSums(_group_sums(compute_sums(kind))) for kind in ids}
    return {kind: _read_kept_sums(kind, some_ids) for kind, some_ids in ids.items()}


def _read_kept_sums(kind: PurposeKind, ids: Collection[int]) -> KeptSums:
    rows = db.session.scalars(
        select(PurposeSum).where(PurposeSum.kind == kind, PurposeSum.subject_id.in_(ids))
    ).all()
    sums = {(row.subject_id, row.currency): (row.gift_count, row.amount_minor) for row in rows}
    as_of = min((row.as_of for row in rows), default=None)
    return KeptSums(_group_sums(sums), as_of, is_missing=as_of is None and not is_kept())


def has_few_gifts() -> bool:
    """Return whether all gifts can be added up while a page waits."""
    return counting.count_rows(select(Gift.id)) <= counting.MOST_COUNTED


def is_kept() -> bool:
    """Return whether the clock has kept sums."""
    return db.session.scalar(select(PurposeSum.id).limit(1)) is not None


def _group_sums(sums: Sums) -> dict[int, Received]:
    by_id: defaultdict[int, Received] = defaultdict(Received)
    for (id_, currency), (count, minor) in sorted(sums.items()):
        earlier = by_id[id_]
        sums_so_far = [*earlier.sums, Money(minor, currency)] if minor else earlier.sums
        by_id[id_] = Received(earlier.count + count, sums_so_far)
    return by_id


def compute_sums(kind: PurposeKind) -> Sums:
    """Return what each fund, campaign or appeal received, added up from all gifts. It changes nothing."""
    parts = _select_parts(kind).subquery()
    money = func.sum(parts.c.minor)
    rows = db.session.execute(
        select(parts.c.id, parts.c.currency, parts.c.method, func.count(), money).group_by(
            parts.c.id, parts.c.currency, parts.c.method
        )
    )
    sums: defaultdict[tuple[int, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for id_, currency, method, count, minor in rows:
        gift_count, sum_minor = sums[id_, currency]
        sums[id_, currency] = gift_count + count, sum_minor + (0 if method == "in_kind" else int(minor))
    for (id_, currency), (gone_count, lost_minor) in _sum_losses(kind).items():
        count, minor = sums[id_, currency]
        sums[id_, currency] = count - gone_count, minor - lost_minor
    return {key: value for key, value in sums.items() if value[0] > 0}


def _select_parts(kind: PurposeKind) -> Select[Any]:
    """Return a query for the parts of gifts that are for something: its id, the gift and the amounts."""
    id_: Any = {"fund": Designation.fund_id, "campaign": Gift.campaign_id, "appeal": Gift.appeal_id}[kind]
    minor: Any = Designation.amount_minor if kind == "fund" else Gift.amount_minor
    query = (
        select(
            id_.label("id"),
            minor.label("minor"),
            Gift.id.label("gift_id"),
            Gift.amount_minor.label("whole_minor"),
            Gift.currency,
            Gift.method,
        )
        .select_from(Gift)
        .where(Gift.is_test.is_(False), id_.is_not(None))
    )
    return query.join(Designation, Designation.gift_id == Gift.id) if kind == "fund" else query


def _sum_losses(kind: PurposeKind) -> Sums:
    """Return how many gifts nothing is left of, and what was taken: from parts of a gift in proportion."""
    lost = union_all(
        select(Refund.gift_id, Refund.amount_minor).where(Refund.state.in_(COUNTED_REFUNDS)),
        select(Dispute.gift_id, Dispute.amount_minor).where(Dispute.state == "lost"),
        select(Correction.gift_id, Correction.amount_minor),
    ).subquery()
    by_gift = (
        select(lost.c.gift_id, func.sum(lost.c.amount_minor).label("minor"))
        .group_by(lost.c.gift_id)
        .subquery()
    )
    parts = _select_parts(kind).subquery()
    rows = db.session.execute(
        select(
            parts.c.id, parts.c.currency, parts.c.method, parts.c.minor, parts.c.whole_minor, by_gift.c.minor
        ).join(by_gift, by_gift.c.gift_id == parts.c.gift_id)
    )
    losses: defaultdict[tuple[int, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for id_, currency, method, minor, whole_minor, lost_minor in rows:
        left_minor = max(0, whole_minor - int(lost_minor))
        gone_count, sum_minor = losses[id_, currency]
        taken_minor = 0 if method == "in_kind" else minor - minor * left_minor // whole_minor
        losses[id_, currency] = gone_count + (left_minor == 0), sum_minor + taken_minor
    return losses


def keep_sums(sums_by_kind: Mapping[PurposeKind, Sums], *, now: datetime) -> int:
    """Keep what was added up, in place of what was kept before; return how many rows."""
    rows = [
        {
            "kind": kind,
            "subject_id": id_,
            "currency": currency,
            "gift_count": count,
            "amount_minor": minor,
            "as_of": now,
        }
        for kind, sums in sums_by_kind.items()
        for (id_, currency), (count, minor) in sorted(sums.items())
    ]
    upsert = insert_or_update(
        PurposeSum,
        on=(PurposeSum.kind, PurposeSum.subject_id, PurposeSum.currency),
        columns=(PurposeSum.gift_count, PurposeSum.amount_minor, PurposeSum.as_of),
    )
    for chunk in cut_chunks(rows, _AT_ONCE):
        db.session.execute(upsert, chunk)
    db.session.execute(delete(PurposeSum).where(PurposeSum.as_of < now))
    return len(rows)
