"""What must hold of providers: events kept and worked off, one gift a payment, payouts explained."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import and_, exists, func, or_, select, text

from donorhub.db import db
from donorhub.models import Correction, Gift, Payment, Payout, PayoutItem, ProviderEvent
from donorhub.services.reports.invariants.scope import Scope, find_broken, show_some, stream_rows
from donorhub.services.reports.invariants.work import STUCK_AFTER


def check_kept_events(scope: Scope, _now: datetime) -> list[str]:
    """Return answered provider events that do not lie in the inbox as they came."""
    return show_some(_find_changed_bodies(scope))


def _find_changed_bodies(scope: Scope) -> Iterator[str]:
    query = select(ProviderEvent.id, ProviderEvent.body, ProviderEvent.body_sha256)
    for id_, body, sha256 in stream_rows(query.where(scope.is_new(ProviderEvent))):
        try:
            is_whole = hashlib.sha256(zlib.decompress(body)).digest() == sha256
        except zlib.error:
            is_whole = False
        if not is_whole:
            yield f"the stored body of provider event {id_} was changed"


def check_inbox(_scope: Scope, now: datetime) -> list[str]:
    """Return events that wait long; an index leads to those that wait, so all are looked at each time."""
    query = select(ProviderEvent.id).where(
        ProviderEvent.state == "received", ProviderEvent.received_at < now - STUCK_AFTER
    )
    return find_broken(
        query, lambda id_: f"provider event {id_} waits for more than an hour: is a worker running?"
    )


def check_payments(scope: Scope, _now: datetime) -> list[str]:
    """Return payments that succeeded and are not one gift of their amount, and gifts of no one payment."""
    payments_without_gift = select(Payment.id).where(
        text("payment.state = 'succeeded' AND payment.gift_id IS NULL")
    )
    is_concerned = scope.is_concerned(Gift, Payment.gift_id)
    gifts_of_several_payments = (
        select(Gift.id, func.count())
        .join(Payment, Payment.gift_id == Gift.id)
        .where(is_concerned)
        .group_by(Gift.id)
        .having(func.count() > 1)
    )
    differing_gifts = (
        select(Payment.id, Gift.id)
        .join(Gift, Gift.id == Payment.gift_id)
        .where(
            is_concerned,
            or_(
                Gift.amount_minor != Payment.amount_minor,
                Gift.currency != Payment.currency,
                Gift.source_ref != Payment.payment_key,
            ),
        )
    )
    gifts_without_payment = select(Gift.id).where(
        scope.is_concerned(Gift),
        Gift.source.in_(_find_provider_sources(scope)),
        ~exists(select(Payment.id).where(Payment.gift_id == Gift.id)),
    )
    gifts_of_failed_payments = select(Gift.id, Payment.id, Payment.state).where(
        Payment.gift_id == Gift.id,
        is_concerned,
        Payment.state != "succeeded",
        ~exists(select(Correction.id).where(Correction.gift_id == Gift.id)),  # a person took it out
    )
    return [
        *find_broken(
            gifts_of_failed_payments,
            lambda gift, payment, state: f"gift {gift} is there though its payment {payment} is {state}",
        ),
        *find_broken(payments_without_gift, lambda id_: f"payment {id_} succeeded and has no gift"),
        *find_broken(
            gifts_without_payment, lambda id_: f"gift {id_} came from a provider and no payment explains it"
        ),
        *find_broken(gifts_of_several_payments, lambda gift, n: f"gift {gift} stands for {n} payments"),
        *find_broken(
            differing_gifts, lambda payment, gift: f"gift {gift} differs from its payment {payment}"
        ),
    ]


def _find_provider_sources(scope: Scope) -> list[str]:
    """Return the sources of gifts that are accounts of a provider.

    Each is asked for by itself, since an index leads to the payments of an account and none to all
    accounts.
    """
    sources = db.session.scalars(select(Gift.source).where(scope.is_concerned(Gift)).distinct()).all()
    return [source for source in sources if _has_payments(*source.partition(":"))]


def _has_payments(provider: str, _colon: str, account: str) -> bool:
    query = select(Payment.id).filter_by(provider=provider, account=account).limit(1)
    return db.session.scalar(query) is not None


def check_payouts(scope: Scope, _now: datetime) -> list[str]:
    """Return payouts whose items do not make their sum."""
    query = (
        select(Payout.id, Payout.net_minor, func.sum(PayoutItem.net_minor))
        .join(PayoutItem, and_(PayoutItem.payout_id == Payout.id, PayoutItem.kind != "payout"))
        .where(scope.is_concerned(Payout, PayoutItem.payout_id))
        .group_by(Payout.id, Payout.net_minor)
        .having(func.sum(PayoutItem.net_minor) != Payout.net_minor)
    )
    return find_broken(
        query, lambda id_, net, sum_: f"payout {id_} is {net} and its items make {sum_} (minor units)"
    )
