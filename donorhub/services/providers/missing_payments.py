"""What a provider named one half of: the other half never came, and a person must look for the money.

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
_STATES_WITHOUT_MONEY: Final = ("failed", "cancelled")
Subject = tuple[str, int]


def name_task(ref: str) -> str:
    """Return the key of the task about an invoice, refund or dispute whose payment is missing."""
    return f"payment_missing:{ref}"


def ask_about_gaps(*, now: datetime) -> int:
    """Plan a task for each paid invoice, refund and dispute whose payment was not named for a day; return
    how many are new."""
    return sum(
        _ask_about_object(ref, subject, donor_id, now=now)
        for provider, account in _list_accounts()
        for ref, subject, donor_id in (
            *_find_invoices_without_payment(provider, account, now=now),
            *_find_losses_without_payment(provider, account, now=now),
        )
    )


def _list_accounts() -> list[tuple[str, str]]:
    """Return the provider accounts that events came from, found in the index without reading the events."""
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


def _ask_about_object(ref: str, subject: Subject, donor_id: int | None, *, now: datetime) -> bool:
    return tasks.plan_task(
        name_task(ref),
        kind="payment_missing",
        role="accountant",
        subject=subject,
        donor_id=donor_id,
        now=now,
        facts={"ref": ref},
    )


def _make_conditions(provider: str, account: str, kind: str, now: datetime) -> list[ColumnElement[bool]]:
    """Registers of a kind whose newest word came more than a day ago and that nobody was asked about."""
    row = ProviderRegister
    is_newest_event = and_(
        ProviderEvent.provider == row.provider,
        ProviderEvent.account == row.account,
        ProviderEvent.external_id == row.v_ev,
        ProviderEvent.received_at <= now - PATIENCE,
    )
    return [
        row.provider == provider,
        row.account == account,
        row.kind == kind,
        row.livemode.is_(True),
        exists(select(ProviderEvent.id).where(is_newest_event)),
        ~exists(select(Task.id).where(Task.key == name_task("") + row.ref)),
    ]


def _find_invoices_without_payment(
    provider: str, account: str, *, now: datetime
) -> Iterator[tuple[str, Subject, int | None]]:
    rows = db.session.execute(
        select(ProviderRegister.ref, ProviderRegister.state, Instalment.id, RecurringGift.donor_id)
        .join(Instalment, Instalment.source_ref == ProviderRegister.ref)
        .join(RecurringGift, RecurringGift.id == Instalment.recurring_gift_id)
        .where(
            *_make_conditions(provider, account, "instalment", now),
            RecurringGift.source == f"{provider}:{account}",
            Instalment.state == "paid",
            ~exists(select(Allocation.id).where(Allocation.instalment_id == Instalment.id)),
        )
    )
    for ref, state, instalment_id, donor_id in rows:
        if not state.get("off_provider_minor"):
            yield ref, ("instalment", instalment_id), donor_id


def _find_losses_without_payment(
    provider: str, account: str, *, now: datetime
) -> Iterator[tuple[str, Subject, int | None]]:
    """Yield refunds and disputes of payments that never came: made before we listened, or lost."""
    for kind, model in (("refund", Refund), ("dispute", Dispute)):
        rows = db.session.execute(
            select(ProviderRegister.ref, ProviderRegister.grp, ProviderRegister.state).where(
                *_make_conditions(provider, account, kind, now),
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
            if state["state"] not in _STATES_WITHOUT_MONEY and not any(view.payment for view in views):
                yield ref, ("payment", 0), None
