"""Working off the inbox in batches, so that one poisonous event never holds up the others."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import select

from donorhub import clock, logs
from donorhub.config import Settings
from donorhub.db import cut_chunks, db
from donorhub.gateways.opening import open_gateway
from donorhub.jobs.queue import pace, perform
from donorhub.jobs.queue.dispatch import ring_inbox
from donorhub.models import Payout, Task, WebhookEndpoint
from donorhub.services.providers import deadly_events, inbox, payouts, projection
from webhooks.fact import BadBody


class Amounts(NamedTuple):
    """How many events are looked for at once, and how many of them share a commit: more in a long backlog."""

    window: int
    batch: int
    large_batch: int

    def choose_batch(self, due: int, *, do_messages_come: bool) -> int:
        """Return how many of so many due events share a commit."""
        return self.large_batch if due >= self.window and not do_messages_come else self.batch


# SQLite has one writer: those who answer wait for a batch. PostgreSQL's workers share a window by account.
AMOUNTS: Final = {"postgresql": Amounts(2000, 50, 50), "sqlite": Amounts(192, 24, 48)}
VISIT_S: Final = 2.0  # after so long the one process looks at its tasks too
Modes = dict[int, tuple[str, bool]]


def drain_inbox(settings: Settings) -> int:
    """Work off all that is due; return how many events. Each batch is one commit.

    Where there are other workers, it ends only when nothing is there that another has not taken: what came
    in during the last batch was announced to workers that this one kept out. The one process looks again
    by itself.
    """
    amounts = AMOUNTS[db.session.get_bind().dialect.name]
    until = time.monotonic() + VISIT_S if settings.is_embedded else float("inf")
    total = 0
    while due := inbox.find_due(amounts.window, now=clock.now()):
        modes = _read_modes()
        due_count = sum(len(events) for events in due.values())
        batch = amounts.choose_batch(due_count, do_messages_come=pace.do_messages_come())
        count = sum(_drain_account(at, events, modes, batch) for at, events in due.items())
        total += count
        if not count or (settings.is_embedded and due_count < amounts.window) or time.monotonic() > until:
            break
    db.session.rollback()  # the last look found nothing
    return total


def _read_modes() -> Modes:
    """Return account and livemode of each endpoint."""
    endpoints = db.session.execute(
        select(WebhookEndpoint.id, WebhookEndpoint.account, WebhookEndpoint.livemode)
    )
    return {id_: (account, livemode) for id_, account, livemode in endpoints}


def _drain_account(at: tuple[str, str], due: Sequence[inbox.DueEvent], modes: Modes, batch: int) -> int:
    """Work off events of one account until another worker has its turn; return how many.

    A batch that fails is undone and taken again in halves, down to the one event that is at fault. What may
    kill this process comes last and alone.
    """
    turn = _name_turn(at, modes)
    count = 0
    batches = _cut_batches(due, batch)
    are_begun = False
    while batches:
        began_at = time.thread_time()
        if not are_begun:
            if not inbox.take_turn(turn):
                db.session.rollback()
                break
            _begin_next(batches)
            db.session.commit()
        events = inbox.take_events(batches.popleft(), turn)
        if events is None:
            db.session.rollback()
            break
        event_ids = [event.id for event in events]
        oldest_at = min((event.received_at for event in events), default=clock.now())
        try:
            projection.apply_events(events, modes, now=clock.now())
            db.session.flush()  # a broken constraint shows here
        except Exception as e:
            db.session.rollback()
            deadly_events.end_events(event_ids)
            if len(event_ids) > 1:
                middle = len(event_ids) // 2
                batches.extendleft((event_ids[middle:], event_ids[:middle]))
            else:
                logs.report(e, event="provider_event_failed", provider_event=event_ids[0])
                _note_failure(event_ids[0], turn, e)
                count += 1
        else:
            count += len(event_ids)
        are_begun = _begin_next(batches)
        db.session.commit()
        behind_s = (clock.now() - oldest_at).total_seconds()
        pace.rest_after_work(time.thread_time() - began_at, behind_s)
    return count


def _cut_batches(due: Sequence[inbox.DueEvent], batch: int) -> deque[list[int]]:
    """Return which events are worked off in one transaction each."""
    kills = {event.id: event.kills for event in due if event.kills >= deadly_events.SHARED_KILLS}
    suspects = sorted(kills, key=kills.__getitem__)  # the likeliest last
    others = [event.id for event in due if event.kills < deadly_events.SHARED_KILLS]
    return deque([*cut_chunks(others, batch), *([id_] for id_ in suspects)])


def _begin_next(batches: deque[list[int]]) -> bool:
    """Note that the next batch is begun with, in the transaction of the one before; return whether there is
    one."""
    if batches:
        deadly_events.begin_events(batches[0], now=clock.now())
    return bool(batches)


def _name_turn(at: tuple[str, str], modes: Modes) -> str:
    """Return whose events no two workers may have at once.

    It is an account's, or all of the provider's where one of its endpoints names no account.
    """
    provider, account = at
    return f"{provider}:{account}" if all(name for name, _ in modes.values()) else provider


def _note_failure(event_id: int, turn: str, error: Exception) -> None:
    """Note an error at the event that raised it; ignore one that another worker has meanwhile."""
    for event in inbox.take_events([event_id], turn) or ():
        if isinstance(error, BadBody):  # our own sentence, and the same bytes will read no better
            inbox.note_error(event, str(error), now=clock.now(), is_final=True)
        else:
            inbox.note_error(event, perform.explain_error(error), now=clock.now())


def fetch_payout_items(task: Task, settings: Settings) -> str:
    """Ask the provider which lines make up a payout; what it says goes through the inbox like any event."""
    payout = db.session.get(Payout, task.subject_id)
    if payout is None:
        return "gone"
    gateway = open_gateway(payout.provider, settings)
    if gateway is None:
        return payouts.ask_about_items(payout, now=clock.now())
    at, ref, livemode = (payout.provider, payout.account), payout.ref, not payout.is_test
    endpoint_id: int = db.session.execute(
        select(WebhookEndpoint.id)
        .filter_by(provider=at[0], livemode=livemode)
        .order_by(WebhookEndpoint.account != at[1], WebhookEndpoint.id)  # the account's own first
        .limit(1)
    ).scalar_one()
    db.session.commit()  # the network is asked outside any transaction
    now = clock.now()
    events = gateway.list_payout_items(ref, at=int(now.timestamp()), account=at[1], livemode=livemode)
    rows = [inbox.make_event_row(endpoint_id, at[0], event, now=now, source="fetch") for event in events]
    if rows:
        inbox.store_events(db.session.connection(), rows)
    ring_inbox()
    return f"{len(rows)} pages"
