"""Who is recognised for gifts of others: a firm's gift for its employee, a parent's for a child. Never money.

A credit is in no sum, on no receipt, and thanks nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import delete, select

from donorhub.db import cut_query_values, db, insert_or_ignore
from donorhub.errors import NotFound, Rejected
from donorhub.models import Correction, Donor, Gift, SoftCredit
from donorhub.money import Money
from donorhub.services.donors import donors

_MOST_SHOWN: Final = 20


class CreditedDonor(NamedTuple):
    """Who is recognised for a gift, and for how much of it."""

    donor: Donor
    amount: Money


class CreditedGift(NamedTuple):
    """A gift of another for which somebody is recognised."""

    gift_id: int
    giver_name: str
    received_on: date
    amount: Money


class NewCredit(NamedTuple):
    """That a donor is to be recognised for a part of a gift, in minor units."""

    gift_id: int
    donor_id: int
    minor: int


def read_credits(gift_ids: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
    """Return donor and minor units of each credit, by gift; gifts without any are left out."""
    credits_by_gift: dict[int, list[tuple[int, int]]] = {}
    for chunk in cut_query_values(sorted(set(gift_ids))):
        rows = db.session.execute(
            select(SoftCredit.gift_id, SoftCredit.donor_id, SoftCredit.amount_minor)
            .where(SoftCredit.gift_id.in_(chunk))
            .order_by(SoftCredit.id)
        )
        for gift_id, donor_id, minor in rows:
            credits_by_gift.setdefault(gift_id, []).append((donor_id, minor))
    return credits_by_gift


def list_credited_donors(gift: Gift) -> list[CreditedDonor]:
    """Return who is recognised for a gift, and may be seen."""
    rows = db.session.execute(
        select(Donor, SoftCredit.amount_minor)
        .join(SoftCredit, SoftCredit.donor_id == Donor.id)
        .where(SoftCredit.gift_id == gift.id)
        .order_by(SoftCredit.id)
    )
    return [CreditedDonor(donor, Money(minor, gift.currency)) for donor, minor in rows]


def list_credited_gifts(donor_id: int) -> list[CreditedGift]:
    """Return the last gifts of others for which a donor is recognised; those that were taken out are none."""
    rows = db.session.execute(
        select(Gift.id, Donor.name, Gift.received_on, SoftCredit.amount_minor, Gift.currency)
        .join(Gift, Gift.id == SoftCredit.gift_id)
        .join(Donor, Donor.id == Gift.donor_id)
        .where(SoftCredit.donor_id == donor_id, Gift.id.not_in(select(Correction.gift_id)))
        .order_by(Gift.received_on.desc(), Gift.id.desc())
        .limit(_MOST_SHOWN)
    )
    return [
        CreditedGift(id_, name, received_on, Money(minor, currency))
        for id_, name, received_on, minor, currency in rows
    ]


def set_credits(gift: Gift, minor_by_donor: Mapping[int, int]) -> tuple[list[list[int]], list[list[int]]]:
    """Let just these donors be recognised for a gift; return who was before and who is now, with minor units.

    Raise Rejected for the giver, for nothing and for more than the gift, and for a donor who is not there.
    """
    before = [list(part) for part in read_credits([gift.id]).get(gift.id, [])]
    after = [[donor_id, minor] for donor_id, minor in sorted(minor_by_donor.items())]
    if sorted(before) == after:
        return before, before
    known_ids = {donor_id for donor_id, _ in before}
    for donor_id, minor in after:
        _refuse_impossible(gift, donor_id, minor, is_known=donor_id in known_ids)
    going_ids = [donor_id for donor_id, minor in before if [donor_id, minor] not in after]
    db.session.execute(
        delete(SoftCredit).where(SoftCredit.gift_id == gift.id, SoftCredit.donor_id.in_(going_ids))
    )
    add_credits([NewCredit(gift.id, donor_id, minor) for donor_id, minor in after])
    return before, after


def _refuse_impossible(gift: Gift, donor_id: int, minor: int, *, is_known: bool) -> None:
    if donor_id == gift.donor_id:
        raise Rejected(
            f"donor {donor_id} gave gift {gift.id}: who gave needs no recognition beside it",
            code="credited_gave",
            field="/soft_credits",
        )
    if not 0 < minor <= gift.amount_minor:
        raise Rejected(
            f"somebody is recognised for a part of gift {gift.id}, of {gift.amount}, or for all of it",
            code="credit_too_large",
            field="/soft_credits",
        )
    try:
        is_there = is_known or donors.get_donor(donor_id).id == donor_id
    except NotFound:
        is_there = False
    if not is_there:
        raise Rejected(
            f"there is no donor {donor_id}", code="donor_unknown", field="/soft_credits", donor_id=donor_id
        )


def add_credits(new: Sequence[NewCredit]) -> list[int]:
    """Let donors be recognised for gifts and return the ids of these rows; who is already stays so."""
    if not new:
        return []
    rows = [
        {"gift_id": credit.gift_id, "donor_id": credit.donor_id, "amount_minor": credit.minor}
        for credit in new
    ]
    statement = insert_or_ignore(SoftCredit, on=(SoftCredit.gift_id, SoftCredit.donor_id))
    return sorted(db.session.scalars(statement.returning(SoftCredit.id), rows))


def take_away_credits(ids: Collection[int]) -> None:
    """Let nobody be recognised by these rows any more."""
    for chunk in cut_query_values(sorted(set(ids))):
        db.session.execute(delete(SoftCredit).where(SoftCredit.id.in_(chunk)))
