"""Recurring gifts and instalments that a provider keeps: subscriptions and their invoices."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select

import webhooks
from donorhub.db import db
from donorhub.models import Instalment, RecurringGift
from donorhub.models.states import FREED_INSTALMENTS
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.providers import registers
from donorhub.services.providers.customers import Account, Giver, find_or_make, keep_up
from donorhub.services.providers.payments import local_day
from donorhub.services.recurring import instalments, recurring_gifts
from donorhub.services.work import tasks
from webhooks.views import InstalmentView, RecurringView


def apply_recurring(at: Account, view: RecurringView, *, now: datetime) -> bool:
    """Bring a recurring gift up to what the provider says of its subscription; tells whether it is new."""
    if view.is_test and not at.projects_tests:
        return False
    gift = recurring_gifts.find_recurring_gift(at.source, view.ref)
    has_terms = bool(view.amount_minor and view.currency and view.period)
    if view.state == "unknown" or not has_terms:
        _ask_about(at, view, gift, now=now)
    if view.state == "unknown" or (gift is None and not has_terms):
        return False
    if gift is None:
        gift = _start(at, view, now=now)
        _follow(at, gift, view, now=now)
        return True
    gift.donor_id = keep_up(at, gift.donor, _giver(view), now=now).id
    if has_terms:
        _change_terms(at, gift, view, now=now)
    _follow(at, gift, view, now=now)
    return False


def _giver(view: RecurringView) -> Giver:
    return Giver(view.donor, view.metadata, view.ref, "subscription")


def _start(at: Account, view: RecurringView, *, now: datetime) -> RecurringGift:
    donor = find_or_make(at, _giver(view), now=now)
    gift, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor.id,
            amount=Money(view.amount_minor or 0, view.currency or ""),
            kind="provider",
            charged_by=webhooks.get_provider(at.provider).charged_by,
            start_on=local_day(view.started_at or view.anchor_at or view.stated_at, now),
            source=at.source,
            source_ref=view.ref,
            period=view.period or "M",
            every=view.every or 1,
            state="pending" if view.state == "pending" else "active",
            origin="provider",
            is_test=view.is_test,
        ),
        now=now,
        actor=at.actor,
    )
    return gift


def _change_terms(at: Account, gift: RecurringGift, view: RecurringView, *, now: datetime) -> None:
    if gift.state == "closed" or view.amount_minor is None or view.currency != gift.currency:
        return  # no provider changes a subscription's currency
    from_on = local_day(view.stated_at, now)
    recurring_gifts.change_amount(
        gift,
        Money(view.amount_minor, gift.currency),
        from_on=max(from_on, gift.start_on),
        now=now,
        actor=at.actor,
        key=f"amount:{int(view.stated_at.timestamp())}",
        period=view.period,
        every=view.every,
    )


def _follow(at: Account, gift: RecurringGift, view: RecurringView, *, now: datetime) -> None:
    """Let our state follow the provider's word."""
    stamp = int(view.stated_at.timestamp())
    on = local_day(view.stated_at, now)
    if view.state == "closed":
        recurring_gifts.close_recurring_gift(
            gift,
            reason=view.closed_reason or "requested",
            now=now,
            actor=at.actor,
            on=local_day(view.ended_at or view.stated_at, now),
        )
        return
    if gift.state == "closed":
        return
    gift.ends_on = organisation.get_day(view.ends_at) if view.ends_at else None
    if gift.state == "pending" and view.state != "pending":
        recurring_gifts.change_state(gift, "start")
    if view.state == "paused":
        if gift.state == "lapsed":
            recurring_gifts.change_state(gift, "pay")  # the provider still holds it to be alive
        recurring_gifts.pause_recurring_gift(
            gift,
            from_on=max(on, gift.start_on),
            until=None,
            now=now,
            actor=at.actor,
            reason=view.paused_reason or "",
            key=f"paused:{stamp}",
        )
        return
    if gift.state == "paused":
        recurring_gifts.resume_recurring_gift(
            gift, from_on=on, now=now, actor=at.actor, key=f"resumed:{stamp}"
        )
    if view.state == "failing" and recurring_gifts.is_step_allowed(gift, "fail"):
        recurring_gifts.change_state(gift, "fail", reason=view.status or "")
    elif view.state == "active" and gift.state != "active" and not _has_failed_since(at, gift, view):
        recurring_gifts.change_state(gift, "pay")


def _has_failed_since(at: Account, gift: RecurringGift, view: RecurringView) -> bool:
    """Whether an invoice failed after the subscription was called active for the last time."""
    refs = db.session.scalars(
        select(Instalment.source_ref).where(
            Instalment.recurring_gift_id == gift.id, Instalment.state == "failed"
        )
    ).all()
    return registers.find_stated_at(at.provider, at.account, "instalment", refs) > int(
        view.stated_at.timestamp()
    )


def apply_instalment(at: Account, view: InstalmentView, *, now: datetime) -> bool:
    """Bring an instalment up to what the provider says of its invoice; tells whether its row is new.

    An invoice whose subscription has not come yet waits in its register.
    """
    if not view.subscription or not view.currency or not view.amount_due_minor:
        return False
    gift = recurring_gifts.find_recurring_gift(at.source, view.subscription)
    if gift is None:
        return False
    instalment: Instalment | None = db.session.scalar(
        select(Instalment).where(Instalment.source_ref == view.ref, Instalment.recurring_gift_id == gift.id)
    )
    is_new = instalment is None
    if instalment is None:
        amount = Money(view.amount_due_minor, view.currency)
        instalment = _make(gift, view, amount, now=now)
    _follow_invoice(at, instalment, view, now=now)
    return is_new


def _make(gift: RecurringGift, view: InstalmentView, amount: Money, *, now: datetime) -> Instalment:
    """One row for each period; a second invoice for the same day takes the next free one."""
    on = organisation.get_day(view.due_at or view.period_start_at or now)
    taken = set(
        db.session.scalars(select(Instalment.nominal_on).where(Instalment.recurring_gift_id == gift.id))
    )
    nominal = on
    while nominal in taken:
        nominal = date.fromordinal(nominal.toordinal() + 1)
    instalment = Instalment(
        recurring_gift_id=gift.id,
        nominal_on=nominal,
        due_on=on,
        amount_minor=amount.minor,
        currency=amount.currency,
        source_ref=view.ref,
        state="expected",
    )
    db.session.add(instalment)
    db.session.flush()  # payments name it
    return instalment


def _follow_invoice(at: Account, instalment: Instalment, view: InstalmentView, *, now: datetime) -> None:
    if instalment.state == "returned" or instalment.state_reason == "refund":
        return  # what was taken back again is told by the payment
    instalment.attempt = max(instalment.attempt, view.attempt)
    if view.state == "paid":
        _paid(at, instalment, view, now=now)
    elif view.state == "failed" and instalment.state in ("expected", "late", "failed", "collecting"):
        _failed(at, instalment, view, now=now)
    elif view.state in FREED_INSTALMENTS and instalment.state != "paid":
        instalment.state, instalment.state_reason = view.state, view.status or ""
        _end_dunning(at, instalment, reason=view.state, now=now)


def _end_dunning(at: Account, instalment: Instalment, *, reason: str, now: datetime, before: int = 0) -> None:
    """Cancel what was planned about failed attempts, all or those before one."""
    for attempt in range(1, before or instalment.attempt + 1):
        tasks.cancel_task(f"dunning:{instalment.id}:{attempt}", now=now, actor=at.actor, reason=reason)


def _paid(at: Account, instalment: Instalment, view: InstalmentView, *, now: datetime) -> None:
    """The provider's word that an invoice is paid counts until the gift is joined."""
    if instalment.state != "paid":
        instalments.change_state(instalment, "pay")
    instalment.next_attempt_on = None
    tasks.cancel_task(f"missed_instalment:{instalment.id}", now=now, actor=at.actor, reason="paid")
    _end_dunning(at, instalment, reason="paid", now=now)
    gift = recurring_gifts.get_recurring_gift(instalment.recurring_gift_id)
    if view.off_provider_minor:  # no payment will follow: the money is in the bank, or nowhere
        elsewhere = Money(view.off_provider_minor, instalment.currency)
        tasks.plan_task(
            f"paid_elsewhere:{instalment.id}",
            kind="paid_elsewhere",
            performer="person",
            role="accountant",
            subject=("instalment", instalment.id),
            donor_id=gift.donor_id,
            due_at=now + tasks.SOON,
            now=now,
            facts={"amount": elsewhere.as_text(), "currency": elsewhere.currency},
        )
    tasks.plan_task(
        f"welcome_recurring:{gift.id}",
        kind="welcome_recurring",
        performer="person",
        role="fundraiser",
        subject=("recurring_gift", gift.id),
        donor_id=gift.donor_id,
        due_at=now + tasks.SOON,
        now=now,
    )


def _failed(at: Account, instalment: Instalment, view: InstalmentView, *, now: datetime) -> None:
    if instalment.state != "failed":
        instalment.state = "failed"  # the provider tried and failed in one word: no collecting between
    instalment.next_attempt_on = organisation.get_day(view.next_attempt_at) if view.next_attempt_at else None
    gift = recurring_gifts.get_recurring_gift(instalment.recurring_gift_id)
    if recurring_gifts.is_step_allowed(gift, "fail") and _is_news(at, gift, view):
        recurring_gifts.change_state(gift, "fail", reason="payment_failed")
    _end_dunning(at, instalment, reason="tried_again", now=now, before=instalment.attempt)
    if instalment.attempt > 1 or view.next_attempt_at is None:
        tasks.plan_task(
            f"dunning:{instalment.id}:{instalment.attempt}",
            kind="dunning",
            performer="person",
            role="fundraiser",
            subject=("instalment", instalment.id),
            donor_id=gift.donor_id,
            due_at=now + tasks.SOON,
            now=now,
            facts={"amount": instalment.amount.as_text(), "currency": instalment.currency},
        )


def _is_news(at: Account, gift: RecurringGift, view: InstalmentView) -> bool:
    """Whether the invoice was told of after its subscription, which else has said what became of it."""
    of_gift = registers.find_stated_at(at.provider, at.account, "recurring_gift", [gift.source_ref])
    return registers.find_stated_at(at.provider, at.account, "instalment", [view.ref]) >= of_gift


def _ask_about(at: Account, view: RecurringView, gift: RecurringGift | None, *, now: datetime) -> None:
    """A subscription in a state that we do not know, or without a fixed amount in weeks, months or years."""
    tasks.plan_task(
        f"unknown_state:{at.provider}:{view.ref}",
        kind="unknown_state",
        performer="person",
        role="accountant",
        subject=("recurring_gift", gift.id if gift else 0),
        due_at=now + tasks.SOON,
        now=now,
        facts={"status": view.status or ""},
    )
