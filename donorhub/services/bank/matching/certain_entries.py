"""Accepting at one click all that the engine is sure of, however many entries wait.

It looks at the waiting entries chunk by chunk, the oldest first. One entry at a time, and
whatever the engine is not sure of, :mod:`donorhub.services.bank.matching.entries` decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Select, select, tuple_

from donorhub.db import db
from donorhub.models import Entry, Match
from donorhub.services.access import audit
from donorhub.services.bank.matching import decisions, matching
from donorhub.services.bank.matching import entry_holding as holding
from donorhub.services.bank.matching.decisions import CreditDecision

AT_ONCE: Final = 500  # entries that are weighed and written together


def accept_certain_entries(
    *, now: datetime, actor: str, statement_id: int | None = None, bank_account_id: int | None = None
) -> Iterator[int]:
    """Accept what the engine would have decided by itself in mode ``auto``; yield how many payments.

    It yields after each chunk, and the caller commits then. Entries that somebody else is deciding at this
    moment are left to them. A second call finds nothing left to accept.
    """
    query = _select_waiting(statement_id, bank_account_id)
    key = tuple_(Entry.booked_on, Entry.id)
    # The keys are read anew each time: a commit in between ends the transaction that holds them.
    rows = db.session.execute(query).all()
    while rows:
        yield _accept_entries([id_ for id_, _ in rows], statement_id, now=now, actor=actor)
        last_id, last_on = rows[-1]
        rows = db.session.execute(query.where(key > (last_on, last_id))).all()


def _select_waiting(statement_id: int | None, bank_account_id: int | None) -> Select[int, object]:
    query = select(Entry.id, Entry.booked_on).where(Entry.state == "suspense")
    if statement_id is not None:
        query = query.where(Entry.statement_id == statement_id)
    if bank_account_id is not None:
        query = query.where(Entry.bank_account_id == bank_account_id)
    return query.order_by(Entry.booked_on, Entry.id).limit(AT_ONCE).with_for_update(skip_locked=True)


def _accept_entries(entry_ids: Sequence[int], statement_id: int | None, *, now: datetime, actor: str) -> int:
    certain_decisions = _list_certain_decisions(entry_ids)
    decisions.settle_matches(certain_decisions, now=now, actor=actor)
    holding.learn_accounts(certain_decisions)
    if certain_decisions:
        audit.record_action(
            actor,
            "entries.accepted",
            ("statement", statement_id or 0),
            now=now,
            data={"count": len(certain_decisions)},
        )
        db.session.flush()  # what is not written yet would be forgotten
        db.session.expire_all()
    return len(certain_decisions)


def _list_certain_decisions(entry_ids: Sequence[int]) -> list[CreditDecision]:
    """Return what the engine is sure of, of payments that nobody decided yet."""
    live_matches = select(Match.entry_id, Match.detail_id).where(
        Match.entry_id.in_(entry_ids), Match.undone_at.is_(None)
    )
    decided_payments = {(entry_id, detail_id) for entry_id, detail_id in db.session.execute(live_matches)}
    return [
        holding.add_person_evidence(matching.make_decision(place, clues, proposal.candidates[0]))
        for place, clues, proposal in matching.propose_for_entries(entry_ids)
        if (proposal.would_auto or proposal.decision == "auto")
        and proposal.candidates
        and (place.entry_id, place.detail_id) not in decided_payments
    ]
