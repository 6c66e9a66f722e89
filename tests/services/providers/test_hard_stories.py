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
from tests.conftest import _empty
from tests.services.providers.test_payments import deliver, open_endpoint
from tests.webhooks.hard_stories import HARD, known_customer
from tests.webhooks.scenarios import Event


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
    _empty(app, Path(app.extensions["donorhub.settings"].home))
    endpoint = open_endpoint(now)
    for event in events:
        deliver(app, endpoint, [event], now)
    assert set(db.session.scalars(select(ProviderEvent.state))) <= {"done", "ignored"}
    assert {name: found for name, found in invariants.check_all(now=now).items() if found} == {}
    return standing()


@pytest.mark.parametrize("story", HARD)
def test_a_hard_story_ends_the_same_in_every_order(database: Flask, now: datetime, story: str) -> None:
    events = HARD[story]("x")
    expected = tell(database, now, events)
    assert tell(database, now, events[::-1]) == expected
    shuffled = random.Random(story).sample(events * 2, len(events) * 2)
    assert tell(database, now, shuffled) == expected


def states(model: Any) -> list[str]:
    return sorted(db.session.scalars(select(model.state)))


def test_a_guest_is_one_donor_with_address_and_language(database: Flask, now: datetime) -> None:
    found = tell(database, now, HARD["guest_twice"]("x"))
    assert found["donors"] == ["('Aleksandra Wiśniewska', 'ola@example.org', 'pl', '')"]
    assert [gift.rpartition("'ola")[2] for gift in found["gifts"]] == ["@example.org')"] * 2
    assert found["tasks"].count("('thank_you', 'ola@example.org')") == 2


def test_a_customer_told_of_last_is_the_donor_we_knew(database: Flask, now: datetime) -> None:
    events = known_customer("x")
    for order in (events, events[::-1]):
        found = tell(database, now, order)
        assert len(found["donors"]) == 1
        assert [gift.rpartition("'ola")[2] for gift in found["gifts"]] == ["@example.org')"] * 2


def test_a_debit_is_a_gift_of_the_day_it_succeeded(database: Flask, now: datetime) -> None:
    events = HARD["debit"]("x")
    found = tell(database, now, [events[-1], *events[:-1]])
    assert "'direct_debit', datetime.date(2026, 10, 31)" in found["gifts"][0]


def test_a_refund_that_failed_leaves_the_gift_thanked_for_and_its_month_paid(
    database: Flask, now: datetime
) -> None:
    found = tell(database, now, HARD["refund_came_back"]("x"))
    assert "('thank_you', 'ola@example.org')" in found["tasks"]
    assert states(Instalment) == ["paid"]


def test_a_dispute_lost_is_the_accountants_again_when_it_is_appealed(database: Flask, now: datetime) -> None:
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
def test_an_invoice_that_nobody_waited_for_any_more_is_paid_all_the_same(
    database: Flask, now: datetime, story: str
) -> None:
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


def test_a_donor_without_a_name_goes_by_the_address_once_there_is_one(database: Flask, now: datetime) -> None:
    events = HARD["guest"]("x")
    events[-1]["data"]["object"]["customer_details"]["name"] = None
    found = tell(database, now, events)
    assert found["donors"] == ["('ola@example.org', 'ola@example.org', 'pl', '')"]
