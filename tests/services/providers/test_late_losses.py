"""Money that is gone counts no more: debits that fail late, and refunds of which only a sum is told."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import Dispute, Gift, Instalment, Payment, Refund, Task, WebhookEndpoint
from donorhub.models.states import OPEN_TASKS
from donorhub.services.giving import gifts
from donorhub.services.providers import losses
from donorhub.services.receipts import receipts
from donorhub.services.reports import invariants
from donorhub.services.work import tasks
from tests.conftest import empty_database
from tests.services.providers.test_hard_stories import standing
from tests.services.providers.test_payments import deliver, open_endpoint
from tests.services.receipts.conftest import make_receiptable
from tests.shared import CASES, needs_shared
from tests.webhooks.hard_stories import HARD
from tests.webhooks.scenarios import DAY, START, Event, _first_subscription, _renewal
from tests.webhooks.stripe.stripe_objects import refund

STORIES = (
    "failed_late",
    "failed_late_and_paid",
    "month_failed_late",
    "refunded_in_sum",
    "refunded_in_sum_and_named",
    "refunded_in_sum_and_partly_named",
)


def tell_in_batches(app: Flask, batches: Sequence[Sequence[Event]], now: datetime) -> dict[str, list[str]]:
    """What stands after each batch was worked off a day after the one before, in an empty base."""
    empty_database(app, Path(app.extensions["donorhub.settings"].home))
    endpoint = open_endpoint(now)
    for n, batch in enumerate(batches):
        later = now + timedelta(days=n)
        clock.use_clock(lambda later=later: later)  # type: ignore[misc]
        deliver(app, endpoint, batch, later)
    assert list_broken(now + timedelta(days=len(batches))) == []
    return standing()


def list_broken(now: datetime) -> list[str]:
    return [sentence for sentences in invariants.check_all(now=now).values() for sentence in sentences]


def cut(events: Sequence[Event], chance: random.Random) -> Iterator[Sequence[Event]]:
    """The events in batches of one to four."""
    start = 0
    while start < len(events):
        end = start + chance.randint(1, 4)
        yield events[start:end]
        start = end


def only_gift_left() -> int:
    return gifts.compute_remainder(db.session.scalars(select(Gift)).one()).minor


def list_open_tasks() -> list[str]:
    return sorted(db.session.scalars(select(Task.kind).where(Task.state.in_(OPEN_TASKS))))


@pytest.mark.parametrize("shuffles", [1, pytest.param(6, marks=pytest.mark.slow)])
@pytest.mark.parametrize("story", STORIES)
def test_late_loss_ends_same_in_any_batches(
    database: Flask, now: datetime, story: str, shuffles: int
) -> None:
    """A loss that is told late ends in the same rows one by one, at once, doubled, and in any other batches,
    with a day between."""
    events = HARD[story]("x")
    chance = random.Random(story)
    expected = tell_in_batches(database, [events], now)
    assert tell_in_batches(database, [[event] for event in events], now) == expected
    assert tell_in_batches(database, [events, events], now) == expected
    assert tell_in_batches(database, [[event] for event in events[::-1]], now) == expected
    for _ in range(shuffles):
        shuffled = chance.sample(events * 2, len(events) * 2)
        assert tell_in_batches(database, list(cut(shuffled, chance)), now) == expected


def test_debit_that_fails_late_is_no_money(database: Flask, now: datetime) -> None:
    """A debit that fails days after it succeeded leaves nothing of its gift: no thanks, a receipt to void,
    and a person is told."""
    endpoint, events = open_endpoint(now), HARD["failed_late"]("x")
    deliver(database, endpoint, events[:3], now)
    assert only_gift_left() == 5000
    gift = db.session.scalars(select(Gift)).one()
    make_receiptable(gift.donor_id, now)
    receipts.issue_receipt([gift.id], today=now.date(), now=now, actor="t")
    db.session.commit()
    deliver(database, endpoint, events[3:], now)
    assert only_gift_left() == 0
    assert db.session.scalars(select(Payment.state)).all() == ["succeeded"]
    assert db.session.scalars(select(Payment.failure_code)).all() == ["debit_not_authorized"]
    assert "thank_you" not in list_open_tasks()
    assert {"receipt_void", "returned_gift"} <= set(list_open_tasks())
    assert list_broken(now) == []


def list_welcomes() -> list[str]:
    db.session.expire_all()
    return list(db.session.scalars(select(Task.state).where(Task.kind == "welcome_recurring")))


def test_lost_first_month_welcomes_nobody(database: Flask, now: datetime) -> None:
    """Nobody is welcomed whose first month is lost, whichever word comes first; the next paid month plans it
    again, once."""
    events = HARD["month_failed_late"]("x")
    story = _first_subscription("x")
    months = len(story.events)
    story.wait(30 * DAY)
    _renewal(story, 2)
    second = story.events[months:]
    tell_in_batches(database, [events[:months]], now)
    assert list_welcomes() == ["planned"]
    for batches in ([events], [[event] for event in events], [[event] for event in events[::-1]]):
        tell_in_batches(database, batches, now)
        assert "planned" not in list_welcomes()
        endpoint = db.session.scalars(select(WebhookEndpoint)).one()
        for _ in range(2):
            deliver(database, endpoint, second, now)
            assert list_welcomes() == ["planned"]


def test_welcome_of_person_stays_done(database: Flask, now: datetime) -> None:
    """A welcome that somebody has done stays done, whatever becomes of the month."""
    events = HARD["month_failed_late"]("x")
    months = len(_first_subscription("x").events)
    endpoint = open_endpoint(now)
    deliver(database, endpoint, events[:months], now)
    task = db.session.scalars(select(Task).filter_by(kind="welcome_recurring")).one()
    tasks.complete_task(task.id, outcome="called", now=now, actor="user:1")
    db.session.commit()
    deliver(database, endpoint, events[months:], now)
    assert list_welcomes() == ["done"]


def test_won_back_month_welcomes_again(database: Flask, now: datetime) -> None:
    """Where the money of the first month comes home, its giver is welcomed, whichever word comes first."""
    events = HARD["refund_came_back"]("x")
    failed = events[:-1]
    failed[-1]["data"]["object"]["status"] = "succeeded"
    tell_in_batches(database, [[event] for event in failed], now)
    assert list_welcomes() == ["cancelled"]
    for batches in ([[event] for event in events], [[event] for event in events[::-1]]):
        tell_in_batches(database, batches, now)
        assert list_welcomes() == ["planned"]


@pytest.mark.parametrize("words", [["charge"], ["payment_intent"]])
def test_either_word_of_late_failure_is_enough(database: Flask, now: datetime, words: list[str]) -> None:
    """A late failure counts whether only the attempt or only the order tells of it."""
    events = [event for event in HARD["failed_late"]("x") if event["type"].split(".")[0] in words]
    for batches in ([events], [[event] for event in events]):
        tell_in_batches(database, batches, now)
        assert only_gift_left() == 0
        assert "returned_gift" in list_open_tasks()


def test_money_paid_again_counts_again(database: Flask, now: datetime) -> None:
    """A gift whose debit failed late counts once more when the same order is paid in another way."""
    tell_in_batches(database, [[event] for event in HARD["failed_late_and_paid"]("x")], now)
    assert only_gift_left() == 5000
    assert db.session.scalars(select(Dispute.state)).all() == ["won"]
    assert "returned_gift" not in list_open_tasks()
    assert "thank_you" in list_open_tasks()


def test_month_that_failed_late_is_owed(database: Flask, now: datetime) -> None:
    """An instalment whose payment failed late is returned, in whatever batches it is told."""
    events = HARD["month_failed_late"]("x")
    for batches in ([events], [[event] for event in events]):
        tell_in_batches(database, batches, now)
        assert db.session.scalars(select(Instalment.state)).all() == ["returned"]


def test_month_that_failed_before_its_subscription_is_returned(database: Flask, now: datetime) -> None:
    """A month whose failure came before its subscription is returned, though its invoice is called paid
    afterwards."""
    events = HARD["month_failed_late"]("x")
    order = (0, 2, 3, 4, 5, 10, 1, 7, 9, 6, 8)
    tell_in_batches(database, [[events[number]] for number in order], now)
    assert only_gift_left() == 0
    assert db.session.scalars(select(Instalment.state)).all() == ["returned"]


def test_failure_before_success_takes_nothing(database: Flask, now: datetime) -> None:
    """A try that failed before another one of the same order succeeded takes nothing from the gift."""
    events = HARD["failed_late_and_paid"]("x")
    failures = [e for e in events if "failed" in e["type"]]
    paid_later = [failures[1], failures[0], *events[-2:]]
    tell_in_batches(database, [[event] for event in paid_later[::-1]], now)
    assert only_gift_left() == 5000
    assert db.session.scalars(select(Dispute.id)).all() == []


def test_refund_told_in_sum_leaves_remainder(database: Flask, now: datetime) -> None:
    """Of a gift whose attempt alone says that a part was given back, the rest counts, and a person is told
    once."""
    endpoint, events = open_endpoint(now), HARD["refunded_in_sum"]("x")
    deliver(database, endpoint, events[:3], now)
    assert only_gift_left() == 3000
    deliver(database, endpoint, events[3:], now)
    deliver(database, endpoint, events[2:], now)
    assert only_gift_left() == 1500
    assert list_open_tasks().count("refund") == 1


def test_refund_named_later_counts_once(database: Flask, now: datetime) -> None:
    """A refund that is named after its sum was told counts once, and what nobody names goes on counting."""
    endpoint = open_endpoint(now)
    for event in HARD["refunded_in_sum_and_partly_named"]("x"):
        deliver(database, endpoint, [event], now)
    rows = db.session.execute(select(Refund.source_ref, Refund.state, Refund.amount_minor)).all()
    assert sorted(map(tuple, rows)) == [("ch_x1", "pending", 1500), ("re_x1", "succeeded", 2000)]
    assert only_gift_left() == 1500


def test_refund_that_came_home_leaves_sum(database: Flask, now: datetime) -> None:
    """A refund that was in the sum and came home is taken from the gift no more, named late or at once."""
    events = HARD["refunded_in_sum_and_named"]("x")
    for batches in ([events], [[event] for event in events], [[event] for event in events[::-1]]):
        tell_in_batches(database, batches, now)
        assert only_gift_left() == 3000


def test_refund_after_told_sum_counts_too(database: Flask, now: datetime) -> None:
    """A refund that was begun after the sum was told is no part of the sum."""
    endpoint, events = open_endpoint(now), HARD["refunded_in_sum"]("x")
    deliver(database, endpoint, events, now)
    later = dict(events[-1], id="evt_later", type="refund.created", created=START + 9 * DAY)
    later["data"] = {
        "object": refund("re_9", 500, status="succeeded", created=START + 9 * DAY, charge="ch_x1")
    }
    deliver(database, endpoint, [later], now)
    assert only_gift_left() == 1000


@pytest.mark.parametrize("story", ["failed_late", "refunded_in_sum", "refunded_in_sum_and_named"])
def test_check_finds_loss_missing_in_books(database: Flask, now: datetime, story: str) -> None:
    """Where the books do not say what a payment says of its own losses, the checks do."""
    deliver(database, open_endpoint(now), HARD[story]("x"), now)
    assert list_broken(now) == []
    row = db.session.scalars(select(Dispute if story == "failed_late" else Refund)).first()
    assert row is not None
    row.state = "won" if isinstance(row, Dispute) else "failed"
    db.session.commit()
    assert len(list_broken(now)) == 1


def test_check_finds_gift_of_failed_payment(database: Flask, now: datetime) -> None:
    """A gift whose payment is called failed is named by the checks."""
    deliver(database, open_endpoint(now), HARD["debit"]("x"), now)
    db.session.scalars(select(Payment)).one().state = "failed"
    db.session.commit()
    assert [sentence for sentence in list_broken(now) if "though its payment" in sentence]


def test_upgrade_asks_about_failed_payment(database: Flask, now: datetime) -> None:
    """A gift that an older version let stand though its payment failed counts on, and the accountant is asked
    once; when it is taken out the checks are content."""
    deliver(database, open_endpoint(now), HARD["debit"]("x"), now)
    assert losses.ask_about_failed_payments(now=now) == []
    db.session.scalars(select(Payment)).one().state = "failed"
    db.session.commit()
    gift = db.session.scalars(select(Gift)).one()
    before = gifts.compute_remainder(gift)
    for _again in range(2):
        assert losses.ask_about_failed_payments(now=now) == [gift.id]
        db.session.commit()
    assert gifts.compute_remainder(gift) == before
    assert list_open_tasks().count("returned_gift") == 1
    gifts.correct_gift(gift.id, reason="it failed", source_ref="c", now=now, actor="user:1")
    db.session.commit()
    assert [sentence for sentence in list_broken(now) if "though its payment" in sentence] == []
    assert losses.ask_about_failed_payments(now=now) == []


@needs_shared(CASES)
@pytest.mark.parametrize(
    ("name", "first", "left"), [("failed_after_success", 2, 0), ("refund_by_charge_only", 2, 3000)]
)
def test_shared_case_leaves_what_is_right(
    database: Flask, now: datetime, name: str, first: int, left: int
) -> None:
    """A case of the shared collection that went wrong leaves what is right, at once and late."""
    events = json.loads((CASES / f"{name}.json").read_text())["events"]
    for batches in ([events], [events[:first], events[first:]]):
        tell_in_batches(database, batches, now)
        assert only_gift_left() == left
        assert {"returned_gift", "refund"} & set(list_open_tasks())
