"""Recurring gifts and instalments that a provider keeps: subscriptions and their invoices."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

import webhooks
from donorhub.db import db
from donorhub.models import Instalment, RecurringGift
from donorhub.models.states import FREED_INSTALMENTS
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.providers import registers, subscription_tasks
from donorhub.services.providers.account_rows import AccountRows, make_customer, make_giver_of_subscription
from donorhub.services.providers.customers import Account
from donorhub.services.recurring import instalments, recurring_gifts, recurring_terms
from webhooks.views import InstalmentView, RecurringView


def follow_customers(rows: AccountRows, *, now: datetime) -> None:
    """Bring the donors of a provider's customers up to what it says now; ignore those whom we do not know."""
    for view in rows.views.customers:
        rows.directory.follow_customer(make_customer(view.ref), now=now)


def apply_subscriptions(rows: AccountRows, *, now: datetime) -> set[str]:
    """Bring recurring gifts up to what the provider says of subscriptions; return the refs of new ones."""
    new = set()
    for view in rows.views.subscriptions:
        promise = rows.promises.get(view.ref)
        has_terms = bool(view.amount_minor and view.currency and view.period)
        if view.state == "unknown" or not has_terms:
            rows.new_tasks.append(subscription_tasks.make_state_task(rows.at, view, promise))
        if view.state == "unknown" or (promise is None and not has_terms):
            continue
        if promise is None:
            promise = _start_promise(rows, view, now=now)
            rows.add_promise(promise)
            new.add(view.ref)
        else:
            giver = make_giver_of_subscription(view)
            promise.donor_id = rows.directory.keep_up_donor(promise.donor, giver, now=now).id
            if has_terms:
                _change_terms(rows, promise, view, now=now)
        _follow_state(rows.at, promise, view, now=now)
    return new


def _start_promise(rows: AccountRows, view: RecurringView, *, now: datetime) -> RecurringGift:
    at = rows.at
    donor = rows.directory.find_or_create_donor(make_giver_of_subscription(view), now=now)
    gift, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor.id,
            amount=Money(view.amount_minor or 0, view.currency or ""),
            kind="provider",
            charged_by=webhooks.get_provider(at.provider).charged_by,
            start_on=organisation.get_past_day(view.started_at or view.anchor_at or view.stated_at, now),
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


def _change_terms(rows: AccountRows, promise: RecurringGift, view: RecurringView, *, now: datetime) -> None:
    if promise.state == "closed" or view.amount_minor is None or view.currency != promise.currency:
        return  # no provider changes a subscription's currency
    from_on = max(organisation.get_past_day(view.stated_at, now), promise.start_on)
    term = recurring_terms.pick_term(rows.terms[promise.id], from_on)
    terms_of_view = view.amount_minor, view.period or term.period, view.every or term.every
    if (term.amount_minor, term.period, term.every) == terms_of_view:
        return
    recurring_gifts.change_amount(
        promise,
        Money(view.amount_minor, promise.currency),
        from_on=from_on,
        now=now,
        actor=rows.at.actor,
        key=f"amount:{int(view.stated_at.timestamp())}",
        period=view.period,
        every=view.every,
    )


def _follow_state(at: Account, gift: RecurringGift, view: RecurringView, *, now: datetime) -> None:
    """Let our state follow the provider's word."""
    stamp = int(view.stated_at.timestamp())
    on = organisation.get_past_day(view.stated_at, now)
    if view.state == "closed":
        recurring_gifts.close_recurring_gift(
            gift,
            reason=view.closed_reason or "requested",
            now=now,
            actor=at.actor,
            on=organisation.get_past_day(view.ended_at or view.stated_at, now),
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
    elif view.state == "active" and gift.state != "active" and not _has_failed_later(at, gift, view):
        recurring_gifts.change_state(gift, "pay")


def _has_failed_later(at: Account, gift: RecurringGift, view: RecurringView) -> bool:
    """Return whether an invoice failed after the subscription was called active for the last time."""
    refs = db.session.scalars(
        select(Instalment.source_ref).where(
            Instalment.recurring_gift_id == gift.id, Instalment.state == "failed"
        )
    ).all()
    return registers.find_stated_at(at.provider, at.account, "instalment", refs) > int(
        view.stated_at.timestamp()
    )


def apply_invoices(rows: AccountRows, *, now: datetime) -> set[str]:
    """Bring instalments up to what the provider says of its invoices; return the refs of new ones.

    An invoice whose subscription has not come yet waits in its register.
    """
    views = [
        view
        for view in rows.views.invoices
        if view.currency and view.amount_due_minor and (view.subscription or "") in rows.promises
    ]
    new = [view for view in views if not _has_instalment(rows, view)]
    for view in new:
        instalment = rows.instalments[view.ref] = _make_instalment(rows, view, now=now)
        db.session.add(instalment)
    changes = [view for view in views if _change_instalment(rows.instalments[view.ref], view)]
    if new:
        db.session.flush()  # tasks and payments name them
    for view in changes:
        _follow_invoice(rows, view, now=now)
    return {view.ref for view in new}


def _has_instalment(rows: AccountRows, view: InstalmentView) -> bool:
    instalment = rows.instalments.get(view.ref)
    promise = rows.promises[view.subscription or ""]
    return instalment is not None and instalment.recurring_gift_id == promise.id


def _make_instalment(rows: AccountRows, view: InstalmentView, *, now: datetime) -> Instalment:
    """Return a row for the period; a second invoice for the same day takes the next free one."""
    promise = rows.promises[view.subscription or ""]
    amount = Money(view.amount_due_minor or 0, view.currency or "")
    due_on = nominal_on = organisation.get_day(view.due_at or view.period_start_at or now)
    while (promise.id, nominal_on) in rows.occupied_days:
        nominal_on += timedelta(days=1)
    rows.occupied_days.add((promise.id, nominal_on))
    return Instalment(
        recurring_gift_id=promise.id,
        nominal_on=nominal_on,
        due_on=due_on,
        amount_minor=amount.minor,
        currency=amount.currency,
        source_ref=view.ref,
        state="expected",
        state_reason="",
        attempt=0,
    )


def _change_instalment(instalment: Instalment, view: InstalmentView) -> bool:
    """Let the state follow the provider's word, which counts until a gift is joined; return whether it may.

    What was taken back again the payment says.
    """
    if instalment.state == "returned" or instalment.state_reason == "refund":
        return False
    instalment.attempt = max(instalment.attempt, view.attempt)
    if view.state == "paid":
        if instalment.state != "paid":
            instalments.change_state(instalment, "pay")
        instalment.next_attempt_on = None
        return True
    if view.state == "failed" and instalment.state in ("expected", "late", "failed", "collecting"):
        instalment.state = "failed"  # the provider tried and failed in one word: no collecting between
        day = organisation.get_day(view.next_attempt_at) if view.next_attempt_at else None
        instalment.next_attempt_on = day
        return True
    if view.state in FREED_INSTALMENTS and instalment.state != "paid":
        instalment.state, instalment.state_reason = view.state, view.status or ""
        return True
    return False


def _follow_invoice(rows: AccountRows, view: InstalmentView, *, now: datetime) -> None:
    """Plan and cancel what people have to do about an invoice, and let its recurring gift follow."""
    instalment = rows.instalments[view.ref]
    promise = rows.promises[view.subscription or ""]
    if view.state == "paid":
        rows.cancel_reasons[instalments.name_missed_task(instalment)] = "paid"
        _end_dunning(rows, instalment, instalment.attempt, reason="paid")
        if view.off_provider_minor:  # no payment will follow: the money is in the bank, or nowhere
            elsewhere = Money(view.off_provider_minor, instalment.currency)
            rows.new_tasks.append(subscription_tasks.make_elsewhere_task(instalment, promise, elsewhere))
        rows.new_tasks.append(subscription_tasks.make_welcome_task(promise))
    elif view.state == "failed":
        if recurring_gifts.is_step_allowed(promise, "fail") and _is_newest_word(rows.at, promise, view):
            recurring_gifts.change_state(promise, "fail", reason="payment_failed")
        _end_dunning(rows, instalment, instalment.attempt - 1, reason="tried_again")
        if instalment.attempt > 1 or view.next_attempt_at is None:
            rows.new_tasks.append(subscription_tasks.make_dunning_task(instalment, promise))
    else:
        _end_dunning(rows, instalment, instalment.attempt, reason=view.state)


def _end_dunning(rows: AccountRows, instalment: Instalment, attempts: int, *, reason: str) -> None:
    """Cancel what was planned about so many failed attempts."""
    for attempt in range(1, attempts + 1):
        rows.cancel_reasons[f"dunning:{instalment.id}:{attempt}"] = reason


def _is_newest_word(at: Account, gift: RecurringGift, view: InstalmentView) -> bool:
    """Return whether the word on the invoice is newer than that on its subscription, which else counts."""
    of_gift = registers.find_stated_at(at.provider, at.account, "recurring_gift", [gift.source_ref])
    return registers.find_stated_at(at.provider, at.account, "instalment", [view.ref]) >= of_gift
