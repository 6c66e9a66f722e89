"""From events to rows: facts are kept, the groups they touch are viewed, and each view is applied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select

import webhooks
from donorhub.db import db
from donorhub.models import ProviderEvent
from donorhub.services.providers import inbox, notices, payments, payouts, registers, subscriptions
from donorhub.services.providers.customers import Account, follow_customer
from webhooks.views import GroupView

RELEASED: Final = "released"


def apply_events(
    rows: Sequence[ProviderEvent], endpoint_modes: dict[int, tuple[str, bool]], *, now: datetime
) -> None:
    """Work off events of the inbox, all or none: the caller's transaction decides.

    ``endpoint_modes`` gives account and livemode of each endpoint. An event of an unknown
    account or of the wrong mode, and one that only says that something happened, is
    quarantined: shown, never booked.
    """
    touched: dict[Account, set[str]] = {}
    for row in rows:
        account, livemode = endpoint_modes[row.endpoint_id]
        reason = _unread(row) or ("" if row.reason == RELEASED else _misplaced(row, account, livemode))
        reason = reason or _told_elsewhere(row, endpoint_modes)
        if reason:
            inbox.note(row, "quarantined", now=now, reason=reason)
            continue
        at = Account(row.provider, row.account, projects_tests=not row.livemode and not livemode)
        facts = webhooks.provider(row.provider).facts(inbox.raw_event(row))
        groups = registers.keep(row.provider, row.account, facts, livemode=row.livemode)
        touched.setdefault(at, set()).update(groups)
        inbox.note(row, "done" if facts else "ignored", now=now)
    for at, groups in touched.items():
        apply_groups(at, groups, now=now)


def _unread(row: ProviderEvent) -> str:
    """A thin message says nothing by itself; to ignore it would lose money without a word."""
    return "thin_message" if row.needs_fetch else ""


def _misplaced(row: ProviderEvent, account: str, livemode: bool) -> str:
    if row.account != account:
        return "unknown_account"  # of a connected account, where the endpoint names none
    return "" if row.livemode == livemode else "mode_mismatch"


def _told_elsewhere(row: ProviderEvent, endpoint_modes: dict[int, tuple[str, bool]]) -> str:
    """One account may be named at one endpoint and unnamed at another: its events are booked once."""
    others = {account for account, _ in endpoint_modes.values()} - {row.account}
    is_known = others and db.session.scalar(
        select(ProviderEvent.id).where(
            ProviderEvent.provider == row.provider,
            ProviderEvent.account.in_(others),
            ProviderEvent.external_id == row.external_id,
            ProviderEvent.id < row.id,
            ProviderEvent.state != "quarantined",
        )
    )
    return "told_elsewhere" if is_known else ""


def apply_groups(at: Account, touched: Iterable[str], *, now: datetime) -> None:
    """Apply the present views of groups, and of what hangs on rows that this makes."""
    waiting, seen = set(touched), set[str]()
    while waiting:
        made: set[str] = set()
        for view in sorted(registers.views(at.provider, at.account, waiting), key=_order):
            if _apply(at, view, now=now):
                made.update(view.below)
        seen |= waiting
        waiting = made - seen


def _order(view: GroupView) -> tuple[int, str]:
    """What others hang on comes first: customer, subscription, invoice, payment, payout."""
    parts = (view.donor, view.recurring, view.instalment, view.payment, view.payout)
    return next((place for place, part in enumerate(parts) if part is not None), len(parts)), view.key


def _apply(at: Account, view: GroupView, *, now: datetime) -> bool:
    notices.tell(at, view.notices, now=now)
    if view.donor is not None:
        follow_customer(at, view.donor.ref, now=now)
    if view.recurring is not None:
        return subscriptions.apply_recurring(at, view.recurring, now=now)
    if view.instalment is not None:
        return subscriptions.apply_instalment(at, view.instalment, now=now)
    if view.payment is not None:
        is_new = payments.apply(at, view.payment, now=now)
        payouts.keep_items(at, view.payment.items)
        return is_new
    if view.payout is not None:
        return payouts.apply(at, view.payout, now=now)
    return False
