"""What a provider told one half of: the other half never came, and a person must look for the money.

A day is waited first, for providers repeat what failed. Only a provider can say what is missing;
nothing is booked here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, func, select

from donorhub.db import db
from donorhub.models import (
    Allocation,
    Dispute,
    Instalment,
    ProviderEvent,
    ProviderRegister,
    RecurringGift,
    Refund,
    Task,
)
from donorhub.services.providers import registers
from donorhub.services.work import tasks

PATIENCE: Final = timedelta(days=1)
_GONE: Final = ("failed", "cancelled")
Subject = tuple[str, int]


def name_task(ref: str) -> str:
    """Return the key of the task about an invoice, refund or dispute whose payment is missing."""
    return f"payment_missing:{ref}"


def ask_about_gaps(*, now: datetime) -> int:
    """Plan a task for each paid invoice, refund and dispute whose payment nobody told of for a day;
    gives how many are new."""
    return sum(
        _ask(ref, subject, donor_id, now=now)
        for provider, account in _accounts()
        for ref, subject, donor_id in (
            *_unpaid_invoices(provider, account, now=now),
            *_taken_from_nothing(provider, account, now=now),
        )
    )


def _accounts() -> list[tuple[str, str]]:
    """The provider accounts that events came from, found in the index without reading all their events."""
    accounts: list[tuple[str, str]] = []
    provider = db.session.scalar(select(func.min(ProviderEvent.provider)))
    while provider is not None:
        its = select(func.min(ProviderEvent.account)).where(ProviderEvent.provider == provider)
        account = db.session.scalar(its)
        while account is not None:
            accounts.append((provider, account))
            account = db.session.scalar(its.where(ProviderEvent.account > account))
        provider = db.session.scalar(
            select(func.min(ProviderEvent.provider)).where(ProviderEvent.provider > provider)
        )
    return accounts


def _ask(ref: str, subject: Subject, donor_id: int | None, *, now: datetime) -> bool:
    return tasks.plan_task(
        name_task(ref),
        kind="payment_missing",
        performer="person",
        role="accountant",
        subject=subject,
        donor_id=donor_id,
        due_at=now + tasks.SOON,
        now=now,
        facts={"ref": ref},
    )


def _waits(provider: str, account: str, kind: str, now: datetime) -> list[ColumnElement[bool]]:
    """Registers of a kind whose newest word came more than a day ago and that nobody was asked about."""
    held = ProviderRegister
    came = and_(
        ProviderEvent.provider == held.provider,
        ProviderEvent.account == held.account,
        ProviderEvent.external_id == held.v_ev,
        ProviderEvent.received_at <= now - PATIENCE,
    )
    return [
        held.provider == provider,
        held.account == account,
        held.kind == kind,
        held.livemode.is_(True),
        exists(select(ProviderEvent.id).where(came)),
        ~exists(select(Task.id).where(Task.key == name_task("") + held.ref)),
    ]


def _unpaid_invoices(
    provider: str, account: str, *, now: datetime
) -> Iterator[tuple[str, Subject, int | None]]:
    rows = db.session.execute(
        select(ProviderRegister.ref, ProviderRegister.state, Instalment.id, RecurringGift.donor_id)
        .join(Instalment, Instalment.source_ref == ProviderRegister.ref)
        .join(RecurringGift, RecurringGift.id == Instalment.recurring_gift_id)
        .where(
            *_waits(provider, account, "instalment", now),
            RecurringGift.source == f"{provider}:{account}",
            Instalment.state == "paid",
            ~exists(select(Allocation.id).where(Allocation.instalment_id == Instalment.id)),
        )
    )
    for ref, state, instalment_id, donor_id in rows:
        if not state.get("off_provider_minor"):
            yield ref, ("instalment", instalment_id), donor_id


def _taken_from_nothing(
    provider: str, account: str, *, now: datetime
) -> Iterator[tuple[str, Subject, int | None]]:
    """Refunds and disputes of payments that nobody told of: made before we listened, or lost."""
    for kind, model in (("refund", Refund), ("dispute", Dispute)):
        rows = db.session.execute(
            select(ProviderRegister.ref, ProviderRegister.grp, ProviderRegister.state).where(
                *_waits(provider, account, kind, now),
                ~exists(
                    select(model.id).where(
                        model.source == f"{provider}:{account}", model.source_ref == ProviderRegister.ref
                    )
                ),
            )
        ).all()
        for ref, group, state in rows:
            views = registers.read_views(provider, account, {group}).views
            # A card that was only authorised is released by a refund of a payment that we know.
            if state["state"] not in _GONE and not any(view.payment for view in views):
                yield ref, ("payment", 0), None
