"""From events to rows: facts are kept, the groups they touch are viewed, and each view is applied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import defer

import webhooks
from donorhub.db import db
from donorhub.models import ProviderEvent
from donorhub.models.states import ProviderEventState
from donorhub.services.providers import inbox, notices, payments, payouts, registers, subscriptions
from donorhub.services.providers.customers import Account, follow_customer
from webhooks.fact import Fact
from webhooks.views import GroupView

RELEASED: Final = "released"
WAITING: Final = ("received", "error")
Modes = Mapping[int, tuple[str, bool]]  # account and livemode of each endpoint


def apply_events(rows: Sequence[ProviderEvent], endpoint_modes: Modes, *, now: datetime) -> None:
    """Work off events of the inbox, all or none: the caller's transaction decides.

    ``endpoint_modes`` gives account and livemode of each endpoint. An event of an unknown
    account or of the wrong mode, and one that only says that something happened, is
    quarantined: shown, never booked.
    """
    elsewhere = _find_told_elsewhere(rows, endpoint_modes)
    outcomes: dict[int, tuple[ProviderEventState, str]] = {}
    facts: defaultdict[tuple[Account, bool], list[Fact]] = defaultdict(list)
    for row in rows:
        _, livemode = endpoint_modes[row.endpoint_id]
        reason = _why_not(row, endpoint_modes) or ("told_elsewhere" if row.id in elsewhere else "")
        if reason:
            outcomes[row.id] = "quarantined", reason
            continue
        at = Account(row.provider, row.account, projects_tests=not row.livemode and not livemode)
        of_row = webhooks.get_provider(row.provider).read_facts(inbox.raw_event(row))
        facts[at, row.livemode] += of_row
        outcomes[row.id] = ("done" if of_row else "ignored"), ""
    for (at, livemode), of_account in facts.items():
        groups = registers.keep(at.provider, at.account, of_account, livemode=livemode)
        apply_groups(at, groups, now=now)
    inbox.note_all(outcomes, now=now)


def _why_not(row: ProviderEvent, endpoint_modes: Modes) -> str:
    """Return why an event is not booked where it came in; nothing where it may be."""
    account, livemode = endpoint_modes[row.endpoint_id]
    if row.needs_fetch:  # it says nothing by itself; to ignore it would lose money without a word
        return "thin_message"
    if row.reason == RELEASED:
        return ""
    if row.account != account:
        return "unknown_account"  # of a connected account, where the endpoint names none
    return "" if row.livemode == livemode else "mode_mismatch"


def _find_told_elsewhere(rows: Sequence[ProviderEvent], endpoint_modes: Modes) -> set[int]:
    """Return which of these events came before under another name of their account, which may be named
    at one endpoint and unnamed at another: they are booked once."""
    names = {account for account, _ in endpoint_modes.values()}
    if len(names | {row.account for row in rows}) == 1:
        return set()
    same = db.session.scalars(
        select(ProviderEvent)
        .where(ProviderEvent.provider.in_({row.provider for row in rows}))
        .where(ProviderEvent.external_id.in_([row.external_id for row in rows]))
        .where(ProviderEvent.account.in_(names), ProviderEvent.state != "quarantined")
        .options(defer(ProviderEvent.body))
    )
    others: defaultdict[tuple[str, str], list[ProviderEvent]] = defaultdict(list)
    for other in same:
        if other.state not in WAITING or not _why_not(other, endpoint_modes):
            others[other.provider, other.external_id].append(other)
    return {
        row.id
        for row in rows
        for other in others[row.provider, row.external_id]
        if other.account != row.account and other.id < row.id
    }


def apply_groups(at: Account, touched: Iterable[str], *, now: datetime) -> None:
    """Apply the present views of groups, and of what hangs on rows that this makes."""
    waiting, seen = set(touched), set[str]()
    while waiting:
        views = sorted(registers.views(at.provider, at.account, waiting), key=_order)
        seen |= waiting
        waiting = _apply(at, views, now=now) - seen


def _order(view: GroupView) -> tuple[int, str]:
    """What others hang on comes first: customer, subscription, invoice, payment, payout."""
    parts = (view.donor, view.recurring, view.instalment, view.payment, view.payout)
    return next((place for place, part in enumerate(parts) if part is not None), len(parts)), view.key


def _apply(at: Account, views: Sequence[GroupView], *, now: datetime) -> set[str]:
    """Apply views in their order, payments together; return the groups that hang on new rows."""
    for view in views:
        notices.tell(at, view.notices, now=now)
    new = {view.key for view in views if view.payment is None and _apply_one(at, view, now=now)}
    paid = [view.payment for view in views if view.payment is not None]
    new |= payments.apply_payments(at, paid, now=now)
    payouts.keep_items(at, [item for payment in paid for item in payment.items])
    new |= {view.key for view in views if view.payout and payouts.apply(at, view.payout, now=now)}
    return {group for view in views if view.key in new for group in view.below}


def _apply_one(at: Account, view: GroupView, *, now: datetime) -> bool:
    """Apply a view that comes before payments; return whether its row is new."""
    if view.donor is not None:
        follow_customer(at, view.donor.ref, now=now)
    if view.recurring is not None:
        return subscriptions.apply_recurring(at, view.recurring, now=now)
    if view.instalment is not None:
        return subscriptions.apply_instalment(at, view.instalment, now=now)
    return False
