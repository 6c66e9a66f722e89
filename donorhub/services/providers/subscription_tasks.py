"""Tasks for people about subscriptions and their invoices, made here and planned with all of their round."""

from __future__ import annotations

from donorhub.models import Instalment, RecurringGift
from donorhub.money import Money
from donorhub.services.providers.customers import Account
from donorhub.services.work.tasks import NewTask
from webhooks.views import RecurringView


def make_elsewhere_task(instalment: Instalment, promise: RecurringGift, amount: Money) -> NewTask:
    """Return the question where money is that the provider calls paid outside of it."""
    return NewTask(
        key=f"paid_elsewhere:{instalment.id}",
        kind="paid_elsewhere",
        role="accountant",
        subject=("instalment", instalment.id),
        donor_id=promise.donor_id,
        facts={"amount": amount.as_text(), "currency": amount.currency},
    )


def make_welcome_task(promise: RecurringGift) -> NewTask:
    """Return the task to welcome who gives regularly; one for each promise."""
    return NewTask(
        key=f"welcome_recurring:{promise.id}",
        kind="welcome_recurring",
        role="fundraiser",
        subject=("recurring_gift", promise.id),
        donor_id=promise.donor_id,
    )


def make_dunning_task(instalment: Instalment, promise: RecurringGift) -> NewTask:
    """Return the task to write about an instalment that could not be taken; one for each attempt."""
    return NewTask(
        key=f"dunning:{instalment.id}:{instalment.attempt}",
        kind="dunning",
        role="fundraiser",
        subject=("instalment", instalment.id),
        donor_id=promise.donor_id,
        facts={"amount": instalment.amount.as_text(), "currency": instalment.currency},
    )


def make_state_task(at: Account, view: RecurringView, promise: RecurringGift | None) -> NewTask:
    """Return the question about a subscription in a state that we do not know, or without a fixed amount in
    weeks, months or years."""
    return NewTask(
        key=f"unknown_state:{at.provider}:{view.ref}",
        kind="unknown_state",
        role="accountant",
        subject=("recurring_gift", promise.id if promise else 0),
        facts={"status": view.status or ""},
    )
