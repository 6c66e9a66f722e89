"""The one rule whether a donor may be sent something now, and by which channel; else why not, or from when.

It is asked when a message is planned and again before it leaves; the second answer may only hold back. Who
is written to, and what of them the base knows, is put together by :mod:`donorhub.services.messages.gate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from donorhub.domain.messages import consents, packs
from donorhub.domain.messages.consents import Saying, Standing

if TYPE_CHECKING:
    from donorhub.models.states import (
        Channel,
        ConsentPurpose,
        ContactState,
        HeldReason,
        LaterReason,
        MessageCategory,
        PreferenceFrequency,
        SuppressionScope,
    )

MARKETING: Final[tuple[MessageCategory, ...]] = ("stewardship", "bulletin", "appeal")
_DAYS: Final = {"daily": 1, "weekly": 7}
_MONTHS: Final = {"monthly": 1, "quarterly": 3, "yearly": 12}


@dataclass(frozen=True, slots=True)
class DonorFacts:
    """What of a donor decides: how they stand, what they said, and when they were last written to."""

    sayings: Sequence[Saying] = ()
    country: str = ""  # theirs, else the organisation's
    is_deceased: bool = False
    has_deceased_member: bool = False  # of a household
    is_target: bool = False
    do_not_solicit: bool = False
    is_restricted: bool = False
    is_erased: bool = False
    frequencies: Sequence[PreferenceFrequency] = ()  # how often they want to hear of us by this channel
    last_marketing_on: date | None = None  # the day of the last by this channel


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What of an address or number decides: its state, and how much is suppressed there, whoever has it."""

    state: ContactState = "ok"
    scope: SuppressionScope | None = None


@dataclass(frozen=True, slots=True)
class Ok:
    """It may be sent."""


@dataclass(frozen=True, slots=True)
class Held:
    """It may not be sent; since when that is so, where it is known."""

    reason: HeldReason
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """It may be sent, but not yet."""

    reason: LaterReason
    until: datetime


Verdict = Ok | Held | Later


def may_send(
    donor: DonorFacts,
    contact: ContactFacts | None,
    category: MessageCategory,
    purpose: ConsentPurpose | None,
    channel: Channel,
    *,
    at: datetime,
) -> Verdict:
    """Return whether a message of a category may go to a donor by a channel at a moment of local time.

    ``contact`` is where it would go, None where the donor has nothing of this channel. A ``purpose`` of its
    own is for what is narrower than its category.
    """
    held = (
        find_hold_of_donor(donor, category, purpose, channel, at=at)
        or find_hold_of_contact(contact, category)
        or _find_cap(donor, category, at)
    )
    if held is not None:
        return held
    until = packs.find_pack(donor.country).quiet_hours.find_end(channel, at)
    return Ok() if until is None else Later("quiet_hours", until)


def find_hold_of_donor(
    donor: DonorFacts,
    category: MessageCategory,
    purpose: ConsentPurpose | None,
    channel: Channel,
    *,
    at: datetime,
) -> Held | None:
    """Return what about the donor stops a message, wherever it would go; None where nothing does."""
    if held := _find_hold_of_person(donor):
        return held
    if category == "transactional":
        return None
    standing = consents.find_standing(donor.sayings, purpose or category, channel, at=at)
    held = _find_refusal(standing)
    if held is None and category != "dunning" and donor.is_target:
        held = Held("target")
    if held is None and category == "appeal":
        held = _find_hold_of_appeals(donor)
    if held is None and category in MARKETING:
        held = _find_missing_basis(donor, standing, channel, at)
    return held


def _find_hold_of_person(donor: DonorFacts) -> Held | None:
    """Return why nothing at all is sent to somebody."""
    if donor.is_erased:
        return Held("erased")
    if donor.is_deceased:
        return Held("deceased")
    return Held("restricted") if donor.is_restricted else None


def _find_hold_of_appeals(donor: DonorFacts) -> Held | None:
    """Return why somebody is not asked for money who may be told of other things."""
    if donor.do_not_solicit:
        return Held("do_not_solicit")
    return Held("deceased") if donor.has_deceased_member else None


def _find_refusal(standing: Standing) -> Held | None:
    """Return the donor's no: to everything, to this, or a consent that they took back."""
    if standing.answer == "opt_out" and standing.saying is not None and standing.saying.is_of_everything:
        return Held("no_contact", standing.since)
    if standing.answer in ("opt_out", "withdrawn"):
        return Held("opted_out", standing.since)
    return None


def _find_missing_basis(donor: DonorFacts, standing: Standing, channel: Channel, at: datetime) -> Held | None:
    """Return what is lacking where the country asks for consent."""
    rule = packs.find_pack(donor.country).get_rule(channel, at.date())
    if rule.basis == "legitimate_interest" or standing.answer == "given":
        return None
    if standing.answer == "expired":
        return Held("consent_expired", standing.since)
    return Held("no_consent")


def find_hold_of_contact(contact: ContactFacts | None, category: MessageCategory) -> Held | None:
    """Return what about an address stops a message, whosever it is; None where nothing does."""
    if contact is None:
        return Held("no_address")
    if contact.scope is not None and _is_in_scope(category, contact.scope):
        return Held("suppressed")
    if contact.state == "bounced":
        return Held("address_bounced")
    if contact.state == "complained":
        return Held("address_complained")
    if contact.state == "unconfirmed" and category in MARKETING:
        return Held("address_unconfirmed")
    return None


def _is_in_scope(category: MessageCategory, scope: SuppressionScope) -> bool:
    """Return whether a suppression of this scope stops a category."""
    if scope == "everything":
        return True
    return category in MARKETING or (scope == "all_but_legal" and category != "transactional")


def _find_cap(donor: DonorFacts, category: MessageCategory, at: datetime) -> Held | None:
    """Return the hold of a donor who wants to hear of us less often, and was written to in this period."""
    if category not in MARKETING or donor.last_marketing_on is None:
        return None
    today, last_on = at.date(), donor.last_marketing_on
    if any(_is_same_period(frequency, last_on, today) for frequency in donor.frequencies):
        return Held("cap")
    return None


def _is_same_period(frequency: PreferenceFrequency, earlier: date, later: date) -> bool:
    """Return whether two days lie in one day, week, calendar month, quarter or year."""
    if frequency in _DAYS:
        length = _DAYS[frequency]
        # Weeks begin on Mondays, as the first of all days is one.
        return (earlier.toordinal() - 1) // length == (later.toordinal() - 1) // length
    if frequency in _MONTHS:
        length = _MONTHS[frequency]
        return _count_months(earlier) // length == _count_months(later) // length
    return False


def _count_months(day: date) -> int:
    return day.year * 12 + day.month - 1
