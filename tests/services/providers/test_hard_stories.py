"""What Stripe takes back, corrects or tells late ends the same in every order, and nothing gets stuck."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import (
    Allocation,
    Dispute,
    Donor,
    Gift,
    Instalment,
    Payment,
    ProviderEvent,
    RecurringGift,
    Refund,
    Task,
)
from donorhub.models.states import OPEN_TASKS
from donorhub.services.reports import invariants
from tests.conftest import empty_database
from tests.services.providers.test_payments import deliver, open_endpoint
from tests.webhooks.hard_stories import HARD, known_customer
from tests.webhooks.scenarios import Event, renewal_recovered


def standing() -> dict[str, list[str]]:
    """All that counts now: no ids of ours, no cancelled tasks, no donors who gave way to others."""
    giver = Donor.email
    queries = {
        "gifts": select(Gift.source_ref, Gift.amount_minor, Gift.method, Gift.received_on, giver).join(Donor),
        "payments": select(Payment.payment_key, Payment.state, Payment.method, giver).outerjoin(Donor),
        "refunds": select(Refund.source_ref, Refund.state, Refund.amount_minor),
        "disputes": select(Dispute.source_ref, Dispute.state, Dispute.amount_minor),
        "recurring": select(RecurringGift.source_ref, RecurringGift.state, RecurringGift.ends_on, giver).join(
            Donor
        ),
        "instalments": select(
            Instalment.source_ref, Instalment.state, Instalment.state_reason, Instalment.amount_minor
        ),
        "allocations": select(Gift.source_ref, Instalment.source_ref, Allocation.amount_minor)
        .join(Gift, Gift.id == Allocation.gift_id)
        .join(Instalment, Instalment.id == Allocation.instalment_id),
        "donors": select(Donor.name, giver, Donor.lang, Donor.city).where(Donor.merged_into_id.is_(None)),
        "tasks": select(Task.kind, giver).outerjoin(Donor).where(Task.state.in_(OPEN_TASKS)),
    }
    return {name: sorted(str(tuple(row)) for row in db.session.execute(q)) for name, q in queries.items()}


def tell(app: Flask, now: datetime, events: Sequence[Event]) -> dict[str, list[str]]:
    """What stands after the events came one by one into an empty base."""
    empty_database(app, Path(app.extensions["donorhub.settings"].home))
    endpoint = open_endpoint(now)
    for event in events:
        deliver(app, endpoint, [event], now)
    assert set(db.session.scalars(select(ProviderEvent.state))) <= {"done", "ignored"}
    assert {name: found for name, found in invariants.check_all(now=now).items() if found} == {}
    return standing()


@pytest.mark.parametrize(
    "story",
    [
        pytest.param(story, marks=() if number % 3 == 0 else pytest.mark.slow)
        for number, story in enumerate(HARD)
    ],
)
def test_hard_story_ends_same_in_any_order(database: Flask, now: datetime, story: str) -> None:
    """A hard story ends the same in another order, each event told twice."""
    events = HARD[story]("x")
    shuffled = random.Random(story).sample(events * 2, len(events) * 2)
    assert tell(database, now, shuffled) == tell(database, now, events)


@pytest.mark.slow
@pytest.mark.parametrize("story", HARD)
def test_hard_story_ends_same_backwards(database: Flask, now: datetime, story: str) -> None:
    """A hard story ends the same from its end to its beginning, and in four more orders."""
    events = HARD[story]("x")
    expected = tell(database, now, events)
    assert tell(database, now, events[::-1]) == expected
    chance = random.Random(f"{story} again")
    for _ in range(4):
        assert tell(database, now, chance.sample(events * 2, len(events) * 2)) == expected


@pytest.mark.parametrize("seed", [2, 5, 11])
def test_recovered_renewal_leaves_no_empty_donor(database: Flask, now: datetime, seed: int) -> None:
    """However the messages of a month that was paid late come, no place-holder stays beside the donor: one
    of a subscription gives way when its payer turns out to be known."""
    events = renewal_recovered("x")
    standing_now = tell(database, now, random.Random(seed).sample(events, len(events)))
    assert len(standing_now["donors"]) == 1, standing_now["donors"]
    assert {gift.rpartition("'ola")[2] for gift in standing_now["gifts"]} == {"@example.org')"}


def states(model: Any) -> list[str]:
    return sorted(db.session.scalars(select(model.state)))


def test_guest_is_one_donor(database: Flask, now: datetime) -> None:
    """A guest who gives twice is one donor, with address and language."""
    found = tell(database, now, HARD["guest_twice"]("x"))
    assert found["donors"] == ["('Aleksandra Wiśniewska', 'ola@example.org', 'pl', '')"]
    assert [gift.rpartition("'ola")[2] for gift in found["gifts"]] == ["@example.org')"] * 2
    assert found["tasks"].count("('thank_you', 'ola@example.org')") == 2


def test_late_customer_is_known_donor(database: Flask, now: datetime) -> None:
    """A customer whose event comes last is the donor that we knew."""
    events = known_customer("x")
    for order in (events, events[::-1]):
        found = tell(database, now, order)
        assert len(found["donors"]) == 1
        assert [gift.rpartition("'ola")[2] for gift in found["gifts"]] == ["@example.org')"] * 2


def test_debit_counts_on_success_day(database: Flask, now: datetime) -> None:
    """A debit is a gift of the day on which it succeeded."""
    events = HARD["debit"]("x")
    found = tell(database, now, [events[-1], *events[:-1]])
    assert "'direct_debit', datetime.date(2026, 10, 31)" in found["gifts"][0]


def test_failed_refund_keeps_gift(database: Flask, now: datetime) -> None:
    """A refund that failed leaves the gift thanked for and its month paid."""
    found = tell(database, now, HARD["refund_came_back"]("x"))
    assert "('thank_you', 'ola@example.org')" in found["tasks"]
    assert states(Instalment) == ["paid"]


def test_appealed_dispute_returns_to_accountant(database: Flask, now: datetime) -> None:
    """A dispute that was lost is the accountant's again when it is appealed."""
    found = tell(database, now, HARD["appeal_open"]("x"))
    assert "('dispute', 'ola@example.org')" in found["tasks"]
    assert states(Dispute) == ["open"]


@pytest.mark.parametrize(
    ("story", "state"),
    [
        ("trial_without_method", "paused"),
        ("trial_not_paid", "failing"),
        ("trial_paid", "active"),
        ("never_paid", "closed"),
    ],
)
def test_a_recurring_gift_stands_where_stripe_says(
    database: Flask, now: datetime, story: str, state: str
) -> None:
    tell(database, now, HARD[story]("x"))
    assert states(RecurringGift) == [state]


@pytest.mark.parametrize("story", ["written_off_and_paid", "closed_and_paid", "paid_in_two_parts"])
def test_abandoned_invoice_can_be_paid(database: Flask, now: datetime, story: str) -> None:
    """An invoice that nobody waited for any more is paid all the same."""
    found = tell(database, now, HARD[story]("x"))
    assert states(Instalment) == ["paid", "paid"]
    assert sum(db.session.scalars(select(Gift.amount_minor))) == 5000
    assert len(found["allocations"]) == len(found["gifts"])


def test_one_who_stays_after_all_has_no_end(database: Flask, now: datetime) -> None:
    tell(database, now, HARD["leaving_and_staying"]("x"))
    assert db.session.scalars(select(RecurringGift.ends_on)).all() == [None]


def test_only_the_newest_attempt_is_asked_about(database: Flask, now: datetime) -> None:
    found = tell(database, now, HARD["never_paid"]("x"))
    assert found["tasks"].count("('dunning', 'ola@example.org')") == 1


def test_nameless_donor_goes_by_address(database: Flask, now: datetime) -> None:
    """A donor without a name goes by the address once there is one."""
    events = HARD["guest"]("x")
    events[-1]["data"]["object"]["customer_details"]["name"] = None
    found = tell(database, now, events)
    assert found["donors"] == ["('ola@example.org', 'ola@example.org', 'pl', '')"]
