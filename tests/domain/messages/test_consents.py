"""What holds of all that a donor said, on examples written by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from donorhub.domain.messages.consents import (
    Restriction,
    Saying,
    find_standing,
    unite_sayings,
    wants_no_contact,
)
from donorhub.models.states import CHANNELS, CONSENT_PURPOSES

DAY = datetime(2026, 3, 1, tzinfo=UTC)
NOW = DAY + timedelta(days=100)
PURPOSES = [purpose for purpose in CONSENT_PURPOSES if purpose != "all"]


def say(state: Any, day: int, purpose: Any = "bulletin", channel: Any = "email", **more: Any) -> Saying:
    """Return a row of a day; its id follows the day, unless told."""
    return Saying(more.pop("id", day), purpose, channel, state, DAY + timedelta(days=day), **more)


@pytest.mark.parametrize(
    ("sayings", "answer"),
    [
        ([], "none"),
        ([say("requested", 1)], "requested"),
        ([say("unknown", 1)], "unknown"),
        ([say("given", 1)], "given"),
        ([say("given", 1), say("unknown", 2)], "given"),
        ([say("given", 1), say("requested", 2)], "given"),
        ([say("unknown", 1), say("given", 2)], "given"),
        ([say("given", 1), say("withdrawn", 2)], "withdrawn"),
        ([say("withdrawn", 1), say("unknown", 2)], "withdrawn"),
        ([say("withdrawn", 1), say("given", 2)], "given"),
        ([say("given", 1), say("opt_out", 2)], "opt_out"),
        ([say("opt_out", 1), say("unknown", 2)], "opt_out"),
        ([say("opt_out", 1), say("requested", 2)], "opt_out"),
        ([say("opt_out", 1), say("withdrawn", 2)], "opt_out"),
        ([say("opt_out", 1, "all", "any")], "opt_out"),
        ([say("opt_out", 1, "all", "email")], "opt_out"),
        ([say("opt_out", 1, "bulletin", "any")], "opt_out"),
        ([say("opt_out", 1, "appeal")], "none"),
        ([say("opt_out", 1, "all", "phone")], "none"),
        # Lifted: the consent from before stays beaten, and nothing narrower is lifted with it.
        ([say("given", 1), say("opt_out", 2), say("lifted", 3)], "none"),
        ([say("opt_out", 1, "all", "any"), say("lifted", 2)], "opt_out"),
        ([say("opt_out", 1), say("lifted", 2, "all", "any")], "opt_out"),
        ([say("opt_out", 1), say("lifted", 2), say("given", 3)], "given"),
        ([say("opt_out", 1), say("lifted", 2), say("opt_out", 3)], "opt_out"),
        # Recorded in any order: the event counts.
        ([say("given", 5, id=1), say("opt_out", 2, id=2)], "given"),
        ([say("opt_out", 5, id=1), say("given", 2, id=2)], "opt_out"),
        ([say("given", 5, id=1), say("opt_out", 5, id=2)], "opt_out"),
        # Not yet, and no more.
        ([say("opt_out", 200)], "none"),
        ([say("given", 1, expires_at=NOW)], "expired"),
        ([say("given", 1, expires_at=NOW + timedelta(seconds=1))], "given"),
    ],
)
def test_latest_event_holds(sayings: list[Saying], answer: str) -> None:
    """The latest event counts, an opt-out beats every consent before it, and doubt beats nothing."""
    assert find_standing(sayings, "bulletin", "email", at=NOW).answer == answer
    assert find_standing(sayings[::-1], "bulletin", "email", at=NOW).answer == answer


def test_widest_opt_out_is_told() -> None:
    """Of two opt-outs the wider one is the reason: lifting the other opens nothing."""
    wide, narrow = say("opt_out", 1, "all", "any"), say("opt_out", 5)
    standing = find_standing([wide, narrow], "bulletin", "email", at=NOW)
    assert (standing.saying, standing.since) == (wide, wide.at)


def test_no_contact_needs_both() -> None:
    """Only an opt-out of every purpose by every channel is "wants no contact", until it is lifted."""
    assert wants_no_contact([say("opt_out", 1, "all", "any")], at=NOW)
    assert wants_no_contact([say("opt_out", 1, "all", "any"), say("given", 2)], at=NOW)
    assert not wants_no_contact([say("opt_out", 1, "all", "email")], at=NOW)
    assert not wants_no_contact([say("opt_out", 1, "bulletin", "any")], at=NOW)
    assert not wants_no_contact([say("opt_out", 1, "all", "any"), say("lifted", 2, "all", "any")], at=NOW)


STORIES = [
    [],
    [say("given", 1)],
    [say("given", 9)],
    [say("withdrawn", 4)],
    [say("opt_out", 4)],
    [say("opt_out", 4, "all", "email")],
    [say("opt_out", 4, "all", "any")],
    [say("unknown", 4)],
    [say("given", 1, expires_at=DAY + timedelta(days=20))],
    [say("opt_out", 4, "all", "any"), say("lifted", 6, "all", "any")],
    [say("opt_out", 4), say("lifted", 6), say("given", 8)],
]
# Nothing said allows what needs no consent, as doubt does; a no allows less, a yes more.
ALLOWS = {"opt_out": 0, "withdrawn": 1, "expired": 2, "unknown": 2, "requested": 2, "none": 2, "given": 3}


@pytest.mark.parametrize(("mine", "theirs"), list(product(STORIES, STORIES)))
def test_stricter_of_two_wins(mine: list[Saying], theirs: list[Saying]) -> None:
    """Of two donors who become one, nothing is allowed that either had said no to."""
    restrictions = unite_sayings(mine, theirs, PURPOSES, CHANNELS, at=NOW)
    both = [*mine, *theirs]
    both += [say(one.state, 100, one.purpose, one.channel) for one in restrictions]
    for purpose, channel in product(PURPOSES, CHANNELS):
        answers = {find_standing(some, purpose, channel, at=NOW).answer for some in (mine, theirs)} - {"none"}
        united = find_standing(both, purpose, channel, at=NOW).answer
        least = min(ALLOWS[answer] for answer in answers or {"none"})
        assert ALLOWS[united] <= least
        if answers <= {"opt_out", "withdrawn"} or answers == {"given"}:
            assert united in (*answers, "none")  # and no more is taken away
    assert wants_no_contact(both, at=NOW) == (
        wants_no_contact(mine, at=NOW) or wants_no_contact(theirs, at=NOW)
    )


def test_no_needless_restriction() -> None:
    """Where the rows of both say it already, nothing is added."""
    assert unite_sayings([say("opt_out", 4)], [say("given", 1)], PURPOSES, CHANNELS, at=NOW) == []
    assert unite_sayings([say("opt_out", 4)], [say("given", 9)], PURPOSES, CHANNELS, at=NOW) == [
        Restriction("bulletin", "email", "opt_out")
    ]
