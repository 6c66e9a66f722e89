"""May this donor get this message now: each row of the table of categories, by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any, get_args

import pytest

from donorhub.domain.messages import packs
from donorhub.domain.messages.consents import Saying
from donorhub.domain.messages.gate import ContactFacts, DonorFacts, Held, Later, Ok, may_send
from donorhub.models.states import CHANNELS, MESSAGE_CATEGORIES, HeldReason, SuppressionScope

NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)
SAID = NOON - timedelta(days=30)
ALL = list(MESSAGE_CATEGORIES)
MARKETING = ["stewardship", "bulletin", "appeal"]


def say(state: Any, purpose: Any = "all", channel: Any = "any", **more: Any) -> Saying:
    return Saying(1, purpose, channel, state, SAID, **more)


# A donor to whom everything may be sent by every channel.
WILLING = DonorFacts(
    sayings=tuple(say("given", purpose, channel) for purpose in MARKETING for channel in CHANNELS),
    country="PL",
)


def ask(donor: DonorFacts, category: Any, channel: Any = "email", contact: Any = ..., at: Any = NOON) -> Any:
    """Return the reason, or ``ok``."""
    contact = ContactFacts() if contact is ... else contact
    verdict = may_send(donor, contact, category, None, channel, at=at)
    return "ok" if verdict == Ok() else verdict.reason  # type: ignore[union-attr]


def list_stopped(donor: DonorFacts, channel: str = "email", contact: Any = ...) -> dict[str, str]:
    """Return what is stopped and why, by category."""
    reasons = {category: ask(donor, category, channel, contact) for category in ALL}
    return {category: reason for category, reason in reasons.items() if reason != "ok"}


def add(*sayings: Saying) -> DonorFacts:
    later = [replace(one, at=SAID + timedelta(days=1)) for one in sayings]
    return replace(WILLING, sayings=(*WILLING.sayings, *later))


@pytest.mark.parametrize("channel", CHANNELS)
def test_willing_donor_gets_all(channel: str) -> None:
    """Who agreed, lives and has a working address gets everything by day."""
    assert list_stopped(WILLING, channel) == {}


@pytest.mark.parametrize(
    ("donor", "stopped", "reason"),
    [
        (replace(WILLING, is_deceased=True), ALL, "deceased"),
        (replace(WILLING, is_erased=True), ALL, "erased"),
        (replace(WILLING, is_restricted=True), ALL, "restricted"),
        (add(say("opt_out")), ALL[1:], "no_contact"),
        (add(say("opt_out", "all", "email")), ALL[1:], "opted_out"),
        (add(say("opt_out", "thanks", "email")), ["thanks"], "opted_out"),
        (add(say("opt_out", "bulletin", "any")), ["bulletin"], "opted_out"),
        (add(say("withdrawn", "appeal", "email")), ["appeal"], "opted_out"),
        (add(say("withdrawn", "thanks", "email")), ["thanks"], "opted_out"),
        (replace(WILLING, is_target=True), ["thanks", *MARKETING], "target"),
        (replace(WILLING, do_not_solicit=True), ["appeal"], "do_not_solicit"),
        (replace(WILLING, has_deceased_member=True), ["appeal"], "deceased"),
        (DonorFacts(country="PL"), MARKETING, "no_consent"),
        (DonorFacts(country=""), MARKETING, "no_consent"),
        (DonorFacts((say("unknown"),), "PL"), MARKETING, "no_consent"),
        (DonorFacts((say("requested"),), "PL"), MARKETING, "no_consent"),
        (DonorFacts((say("given", expires_at=NOON),), "PL"), MARKETING, "consent_expired"),
    ],
)
def test_donor_stops_categories(donor: DonorFacts, stopped: list[str], reason: str) -> None:
    """What a donor is or said stops just the categories of the design's table, with its reason."""
    assert list_stopped(donor) == dict.fromkeys(stopped, reason)


@pytest.mark.parametrize(
    ("contact", "stopped", "reason"),
    [
        (None, ALL, "no_address"),
        (ContactFacts("bounced"), ALL, "address_bounced"),
        (ContactFacts("complained"), ALL, "address_complained"),
        (ContactFacts("unconfirmed"), MARKETING, "address_unconfirmed"),
        (ContactFacts(scope="everything"), ALL, "suppressed"),
        (ContactFacts(scope="all_but_legal"), ALL[1:], "suppressed"),
        (ContactFacts(scope="marketing"), MARKETING, "suppressed"),
    ],
)
def test_address_stops_categories(contact: ContactFacts | None, stopped: list[str], reason: str) -> None:
    """A dead address stops everything, a suppression what its scope says."""
    assert list_stopped(WILLING, contact=contact) == dict.fromkeys(stopped, reason)


def test_no_is_of_one_channel() -> None:
    """A no to e-mail leaves the post open."""
    donor = add(say("opt_out", "all", "email"))
    assert list_stopped(donor, "post") == {}


def test_post_in_poland_needs_no_consent() -> None:
    """By post marketing rests on a legitimate interest in Poland, until the donor objects."""
    silent = DonorFacts(country="PL")
    assert list_stopped(silent, "post") == {}
    objection = DonorFacts((say("opt_out", "appeal", "post"),), "PL")
    assert list_stopped(objection, "post") == {"appeal": "opted_out"}
    for country in ("DE", "XK", "AL", "FR", ""):
        assert list_stopped(DonorFacts(country=country), "post") == dict.fromkeys(MARKETING, "no_consent")


def test_why_says_since_when() -> None:
    """A no is told with the day on which it was said."""
    donor = DonorFacts((say("opt_out"),), "PL")
    assert may_send(donor, ContactFacts(), "thanks", None, "email", at=NOON) == Held("no_contact", SAID)


def test_purpose_narrower_than_category() -> None:
    """A message with a purpose of its own asks for that one."""
    donor = DonorFacts((say("given", "bulletin", "email"),), "PL")
    assert may_send(donor, ContactFacts(), "stewardship", "bulletin", "email", at=NOON) == Ok()
    assert may_send(donor, ContactFacts(), "bulletin", "appeal", "email", at=NOON) == Held("no_consent")


@pytest.mark.parametrize(
    ("channel", "hour", "until"),
    [
        ("phone", time(7, 59), datetime(2026, 6, 10, 8, tzinfo=UTC)),
        ("phone", time(8), None),
        ("phone", time(19, 59), None),
        ("sms", time(20), datetime(2026, 6, 11, 8, tzinfo=UTC)),
        ("email", time(3), None),
        ("post", time(3), None),
    ],
)
def test_nights_are_quiet(channel: Any, hour: time, until: datetime | None) -> None:
    """Nobody is called nor sent an SMS from eight in the evening until eight in the morning."""
    at = datetime.combine(NOON.date(), hour, UTC)
    verdict = may_send(WILLING, ContactFacts(), "thanks", None, channel, at=at)
    assert verdict == (Ok() if until is None else Later("quiet_hours", until))


@pytest.mark.parametrize(
    ("frequency", "last_on", "is_held"),
    [
        ("daily", date(2026, 6, 10), True),
        ("daily", date(2026, 6, 9), False),
        ("weekly", date(2026, 6, 8), True),  # the Monday of that week
        ("weekly", date(2026, 6, 7), False),
        ("monthly", date(2026, 6, 1), True),
        ("monthly", date(2026, 5, 31), False),
        ("quarterly", date(2026, 4, 1), True),
        ("quarterly", date(2026, 3, 31), False),
        ("yearly", date(2026, 1, 1), True),
        ("yearly", date(2025, 12, 31), False),
    ],
)
def test_frequency_caps_marketing(frequency: Any, last_on: date, is_held: bool) -> None:
    """AC 12 of messages.md: "monthly" is one marketing message in a calendar month; receipts still come."""
    donor = replace(WILLING, frequencies=(frequency,), last_marketing_on=last_on)
    assert list_stopped(donor) == (dict.fromkeys(MARKETING, "cap") if is_held else {})


def test_every_reason_can_be_reached() -> None:
    """The closed list of reasons holds no word that the gate never says."""
    donors = [
        WILLING,
        DonorFacts(),
        add(say("opt_out")),
        add(say("opt_out", "all", "email")),
        DonorFacts((say("given", expires_at=NOON),)),
        replace(WILLING, frequencies=("monthly",), last_marketing_on=NOON.date()),
        *(
            replace(WILLING, **{name: True})
            for name in ("is_deceased", "is_erased", "is_restricted", "is_target", "do_not_solicit")
        ),
    ]
    contacts = [
        None,
        ContactFacts("bounced"),
        ContactFacts("complained"),
        ContactFacts("unconfirmed"),
        ContactFacts(),
        *(ContactFacts(scope=scope) for scope in get_args(SuppressionScope)),
    ]
    reasons = {ask(donor, category, contact=one) for donor, one, category in product(donors, contacts, ALL)}
    assert reasons == {"ok", *get_args(HeldReason)}


def test_wider_scope_stops_more() -> None:
    """Each scope of a suppression stops all that the one before it stops, and more."""
    stopped = [
        list_stopped(WILLING, contact=ContactFacts(scope=scope)) for scope in get_args(SuppressionScope)
    ]
    assert [len(one) for one in stopped] == [3, 5, 6]
    assert set(stopped[0]) < set(stopped[1]) < set(stopped[2])


# ---------------------------------------------------------------- country packs


def test_packs_of_countries() -> None:
    """There is a file for each of these, and another country has the strictest."""
    assert packs.list_countries() == ("AL", "DE", "PL", "XK")
    assert packs.find_pack("FR") is packs.load_pack("default")


@pytest.mark.parametrize(("country", "channel"), list(product((*packs.list_countries(), "FR"), CHANNELS)))
def test_one_rule_holds_each_day(country: str, channel: Any) -> None:
    """For every channel and day of a long time there is just one rule, and it names how it is known."""
    pack = packs.find_pack(country)
    day = date(2000, 1, 1)
    while day < date(2030, 1, 1):
        rules = [rule for rule in pack.rules if rule.holds_on(channel, day)]
        assert len(rules) == 1
        day += timedelta(days=7)


def test_law_of_its_day() -> None:
    """What was asked for before a law stays explained by the rule of then."""
    pack = packs.find_pack("PL")
    assert "398" in pack.get_rule("email", date(2024, 11, 10)).law
    assert "398" not in pack.get_rule("email", date(2024, 11, 9)).law


def test_nobody_vouches_for_what_was_not_read() -> None:
    """Only the rule whose law somebody read says when it was checked."""
    checked = {
        (country, channel)
        for country, channel in product(packs.list_countries(), CHANNELS)
        if packs.find_pack(country).get_rule(channel, NOON.date()).checked_on
    }
    assert checked == {("PL", "email"), ("PL", "sms"), ("PL", "phone")}
