"""From events to rows: facts are kept, the groups they touch are viewed, and each view is applied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import defer

import webhooks
from donorhub.db import db
from donorhub.models import ProviderEvent
from donorhub.models.states import ProviderEventState
from donorhub.services.access import organisation
from donorhub.services.donors import donor_roles
from donorhub.services.providers import (
    account_rows,
    inbox,
    notices,
    payments,
    payouts,
    registers,
    subscriptions,
)
from donorhub.services.providers.customers import Account
from donorhub.services.work import tasks
from donorhub.services.work.tasks import NewTask
from webhooks.fact import Fact

RELEASE_REASON: Final = "released"
_ASKING: Final = ("dunning", "welcome_recurring")  # by which people write to a donor about money
WAITING_STATES: Final = ("received", "error")
Modes = Mapping[int, tuple[str, bool]]  # account and livemode of each endpoint


def apply_events(events: Sequence[ProviderEvent], endpoint_modes: Modes, *, now: datetime) -> None:
    """Work off events of the inbox, all or none: the caller's transaction decides.

    ``endpoint_modes`` gives account and livemode of each endpoint. An event of an unknown
    account or of the wrong mode, and one that only says that something happened, is
    quarantined: shown, never booked.
    """
    doubles = _find_doubles(events, endpoint_modes)
    outcomes: dict[int, tuple[ProviderEventState, str]] = {}
    facts_of_accounts: defaultdict[tuple[Account, bool], list[Fact]] = defaultdict(list)
    for event in events:
        _, livemode = endpoint_modes[event.endpoint_id]
        reason = _find_quarantine_reason(event, endpoint_modes)
        if not reason and event.id in doubles:
            reason = "told_elsewhere"
        if reason:
            outcomes[event.id] = "quarantined", reason
            continue
        at = Account(event.provider, event.account, projects_tests=not event.livemode and not livemode)
        facts = webhooks.get_provider(event.provider).read_facts(inbox.make_raw_event(event))
        facts_of_accounts[at, event.livemode] += facts
        outcomes[event.id] = ("done" if facts else "ignored"), ""
    for (at, livemode), facts in facts_of_accounts.items():
        groups = registers.store_facts(at.provider, at.account, facts, livemode=livemode)
        linked_groups = webhooks.find_linked_groups(facts)
        seen_groups: set[str] = set()
        while groups:
            seen_groups |= groups
            reading = registers.read_views(at.provider, at.account, groups, near=linked_groups)
            rows = account_rows.read_rows(at, reading, now=now)
            notices.ask_about_notices(at, reading.views, now=now)
            # What others hang on comes first: customer, subscription, invoice, payment, payout.
            subscriptions.follow_customers(rows, now=now)
            new = subscriptions.apply_subscriptions(rows, now=now)
            new |= subscriptions.apply_invoices(rows, now=now)
            tasks.plan_tasks(_leave_out_targets(rows, now), now=now)
            new |= payments.apply_payments(rows, now=now)
            payouts.store_items_of_payments(at, reading.views)
            new |= payouts.apply_payouts(rows, now=now)
            tasks.cancel_tasks(rows.cancel_reasons, now=now, actor=at.actor)
            # What hangs on new rows waited for them.
            groups = {
                group for view in reading.views if view.key in new for group in view.below
            } - seen_groups
    inbox.note_outcomes(outcomes, now=now)


def _find_quarantine_reason(row: ProviderEvent, endpoint_modes: Modes) -> str:
    """Return why an event is not booked where it came in; nothing where it may be."""
    account, livemode = endpoint_modes[row.endpoint_id]
    if row.needs_fetch:  # it says nothing by itself; to ignore it would lose money without a word
        return "thin_message"
    if row.reason == RELEASE_REASON:
        return ""
    if row.account != account:
        return "unknown_account"  # of a connected account, where the endpoint names none
    return "" if row.livemode == livemode else "mode_mismatch"


def _find_doubles(rows: Sequence[ProviderEvent], endpoint_modes: Modes) -> set[int]:
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
        if other.state not in WAITING_STATES or not _find_quarantine_reason(other, endpoint_modes):
            others[other.provider, other.external_id].append(other)
    return {
        row.id
        for row in rows
        for other in others[row.provider, row.external_id]
        if other.account != row.account and other.id < row.id
    }


def _leave_out_targets(rows: account_rows.AccountRows, now: datetime) -> list[NewTask]:
    """Return the tasks without those by which a target of a campaign would be asked for money or welcomed."""
    asked_ids = {
        task.donor_id for task in rows.new_tasks if task.kind in _ASKING and task.donor_id is not None
    }
    other_ids = asked_ids - rows.targets.keys()
    target_ids = donor_roles.find_targets(other_ids, today=organisation.get_day(now))
    target_ids |= {donor_id for donor_id, is_target in rows.targets.items() if is_target}
    return [task for task in rows.new_tasks if not (task.kind in _ASKING and task.donor_id in target_ids)]
