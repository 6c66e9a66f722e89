"""Asking the gate: what the base knows of a donor and an address is put together here, for every sending.

Thank-yous, receipts, letters, calls and the mails to staff ask here and nowhere else, when they are planned
and again before they leave. The rule itself is :mod:`donorhub.domain.messages.gate`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import exists, func, select

from donorhub.db import db
from donorhub.domain.donors.contact_values import ContactValue
from donorhub.domain.messages import gate, packs
from donorhub.domain.messages.gate import MARKETING, ContactFacts, DonorFacts, Held, Verdict
from donorhub.domain.messages.packs import Rule
from donorhub.models import Donor, HouseholdMember, Message, Preference, Task
from donorhub.models.states import (
    CHANNELS,
    MESSAGE_CATEGORIES,
    Channel,
    ConsentPurpose,
    ContactKind,
    HeldReason,
    MessageCategory,
    PreferenceFrequency,
)
from donorhub.services.access import organisation
from donorhub.services.donors import consent_rows, contact_rows, contacts, donor_roles
from donorhub.services.messages import suppressions

# Why people speak to a donor because of a task; of any other it is not known, and no consent is asked for.
_CATEGORIES_OF_TASKS: Final[Mapping[str, MessageCategory]] = {
    "call": "stewardship",
    "dunning": "dunning",
    "missed_instalment": "dunning",
    "thank_by_hand": "thanks",
    "welcome_recurring": "thanks",
}
KINDS: Final[dict[Channel, ContactKind]] = {
    "email": "email",
    "sms": "phone",
    "phone": "phone",
    "post": "post",
}


class Line(NamedTuple):
    """Whether one category of messages may go to a donor by one channel, and what asks for it."""

    category: MessageCategory
    channel: Channel
    verdict: Verdict
    rule: Rule | None  # of marketing: what it rests on


class Verdicts(NamedTuple):
    """Whether a donor is thanked and gets receipts by mail, and whether they may be called with thanks."""

    thanks: Verdict
    receipt: Verdict
    call: Verdict


def may_send(
    donor: Donor,
    category: MessageCategory,
    channel: Channel,
    *,
    at: datetime,
    purpose: ConsentPurpose | None = None,
) -> Verdict:
    """Return whether a message may go to a donor now, where they prefer to be reached by this channel."""
    facts = read_donor(donor, [channel], at=at)[channel]
    contact = read_contact(donor, channel)
    return gate.may_send(facts, contact, category, purpose, channel, at=organisation.get_local(at))


def find_hold(
    donor: Donor, category: MessageCategory, channel: Channel = "email", *, at: datetime
) -> HeldReason | None:
    """Return why a message may not go to a donor; None where it may, if need be when the night is over."""
    verdict = may_send(donor, category, channel, at=at)
    return verdict.reason if isinstance(verdict, Held) else None


def find_hold_of_message(message: Message, donor: Donor | None, *, at: datetime) -> HeldReason | None:
    """Return why a message that was written must not leave now, to the address that it has.

    To one of the staff only the address decides.
    """
    contact = (
        _read_email(message.to_address, message.donor_id)
        if donor is None or message.channel == "email"
        else read_contact(donor, message.channel)
    )
    held = gate.find_hold_of_contact(contact, message.category)
    if held is None and donor is not None:
        facts = read_donor(donor, [message.channel], at=at, without_id=message.id)[message.channel]
        verdict = gate.may_send(
            facts, ContactFacts(), message.category, None, message.channel, at=organisation.get_local(at)
        )
        held = verdict if isinstance(verdict, Held) else None
    return held.reason if held else None


def judge_donor(donor: Donor, *, at: datetime) -> Verdicts:
    """Return what a donor's page tells in its head."""
    facts, local = read_donor(donor, ("email", "phone"), at=at), organisation.get_local(at)
    mail, phone = read_contact(donor, "email"), read_contact(donor, "phone")
    return Verdicts(
        gate.may_send(facts["email"], mail, "thanks", None, "email", at=local),
        gate.may_send(facts["email"], mail, "transactional", None, "email", at=local),
        gate.may_send(facts["phone"], phone, "thanks", None, "phone", at=local),
    )


def judge_task(task: Task, donor: Donor, *, at: datetime) -> list[tuple[Channel, Verdict]]:
    """Return whether the donor of a person's task may be called because of it, or written to where they can
    be.
    """
    category = _CATEGORIES_OF_TASKS.get(task.kind, "thanks")
    channels: tuple[Channel, ...] = ("phone", "email", "post")
    facts, local = read_donor(donor, channels, at=at), organisation.get_local(at)
    places = {channel: read_contact(donor, channel) for channel in channels}
    return [
        (channel, gate.may_send(facts[channel], places[channel], category, None, channel, at=local))
        for channel in channels
        if channel == "phone" or places[channel] is not None
    ]


def explain_verdicts(donor: Donor, *, at: datetime) -> list[Line]:
    """Return a line for each category and channel: whether it may be sent now, why not, and since when."""
    facts = read_donor(donor, CHANNELS, at=at)
    places = {kind: read_contact(donor, channel) for channel, kind in KINDS.items()}
    pack, local = packs.find_pack(find_country(donor)), organisation.get_local(at)
    return [
        Line(
            category,
            channel,
            gate.may_send(facts[channel], places[KINDS[channel]], category, None, channel, at=local),
            pack.get_rule(channel, organisation.get_day(at)) if category in MARKETING else None,
        )
        for category in MESSAGE_CATEGORIES
        for channel in CHANNELS
    ]


def find_country(donor: Donor) -> str:
    """Return the country whose rules hold for a donor: theirs, else the organisation's."""
    return donor.country or organisation.get_home_country()


# ---------------------------------------------------------------- what the gate is told


def read_donor(
    donor: Donor, channels: Sequence[Channel], *, at: datetime, without_id: int | None = None
) -> dict[Channel, DonorFacts]:
    """Return what of a donor decides, for each channel; a message that asks for itself is not counted."""
    sayings = consent_rows.read_sayings([donor.id]).get(donor.id, ())
    frequencies = _read_frequencies(donor.id)
    today = organisation.get_day(at)
    facts = DonorFacts(
        sayings=sayings,
        country=find_country(donor),
        is_deceased=donor.is_deceased,
        has_deceased_member=donor.kind == "household" and _has_deceased_member(donor.id),
        is_target=donor_roles.is_target(donor.id, today=today),
        do_not_solicit=donor.do_not_solicit,
        is_restricted=donor.is_restricted,
        is_erased=donor.erased_at is not None,
    )
    return {channel: _add_rhythm(facts, donor.id, channel, frequencies, without_id) for channel in channels}


def _add_rhythm(
    facts: DonorFacts,
    donor_id: int,
    channel: Channel,
    frequencies: dict[str, list[PreferenceFrequency]],
    without_id: int | None,
) -> DonorFacts:
    """Return the facts with how often the donor wants to hear of us by a channel, and when they last did."""
    wanted = [*frequencies.get("any", ()), *frequencies.get(channel, ())]
    if not wanted:
        return facts
    last_on = _find_last_marketing(donor_id, channel, without_id)
    return replace(facts, frequencies=tuple(wanted), last_marketing_on=last_on)


def _read_frequencies(donor_id: int) -> dict[str, list[PreferenceFrequency]]:
    query = select(Preference.channel, Preference.frequency).where(
        Preference.donor_id == donor_id, Preference.frequency.is_distinct_from("any")
    )
    frequencies: dict[str, list[PreferenceFrequency]] = {}
    for channel, frequency in db.session.execute(query):
        frequencies.setdefault(channel, []).append(frequency)
    return frequencies


def _find_last_marketing(donor_id: int, channel: Channel, without_id: int | None) -> date | None:
    """Return the day of the newest message of this kind that left, is leaving, or waits to."""
    at = func.coalesce(Message.sent_at, Message.planned_at, type_=Message.planned_at.type)
    moment = db.session.scalar(
        select(func.max(at)).where(
            Message.donor_id == donor_id,
            Message.channel == channel,
            Message.category.in_(MARKETING),
            Message.state.not_in(("suppressed", "failed")),
            *(() if without_id is None else (Message.id < without_id,)),
        )
    )
    return None if moment is None else organisation.get_day(moment)


def _has_deceased_member(household_id: int) -> bool:
    member_ids = select(HouseholdMember.donor_id).where(HouseholdMember.household_id == household_id)
    query = select(exists().where(Donor.id.in_(member_ids), Donor.is_deceased))
    return bool(db.session.scalar(query))


def read_contact(donor: Donor, channel: Channel) -> ContactFacts | None:
    """Return what of the donor's preferred address or number decides; None where they have none."""
    if channel == "email":
        return _read_email(donor.email, donor.id)
    contact = contacts.find_preferred(donor.id, KINDS[channel])
    if contact is None:
        return None
    return ContactFacts(contacts.find_state(contact.kind, contact.value_hash, donor.id))


def _read_email(address: str, donor_id: int | None) -> ContactFacts | None:
    """Return what of an e-mail address decides, whoever has it; None where there is none."""
    if not address:
        return None
    value_hash = contact_rows.hash_value(ContactValue("email", address))
    suppression = suppressions.find_suppression(address)
    return ContactFacts(
        contacts.find_state("email", value_hash, donor_id), suppression.scope if suppression else None
    )
