"""Accepting at one click all that the engine is sure of, however many entries wait.

What would be accepted is shown first, some entries at a time, and its digest confirms it.
It looks at the waiting entries chunk by chunk, the oldest first. One entry at a time, and
whatever the engine is not sure of, :mod:`donorhub.services.bank.matching.entries` decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, select, tuple_

from donorhub.db import db
from donorhub.models import Entry, Match
from donorhub.money import Money, sum_by_currency
from donorhub.services import shown
from donorhub.services.access import audit
from donorhub.services.bank.matching import decisions, matching
from donorhub.services.bank.matching import entry_holding as holding
from donorhub.services.bank.matching.decisions import CreditDecision

AT_ONCE: Final = 500  # entries that are weighed and written together
LOOKS: Final = 2  # so many times AT_ONCE entries are weighed for one preview
_in_order: Final = tuple_(Entry.booked_on, Entry.id)


@dataclass(frozen=True, slots=True)
class CertainPayments:
    """Payments that would be accepted together, and what each is taken for."""

    decisions: tuple[CreditDecision, ...]
    last_entry_id: int | None  # of those looked at; None where none waits behind it

    @property
    def digest(self) -> str:
        """The digest of the payments and of what each is taken for."""
        return shown.compute_digest([_describe_decision(decision) for decision in self.decisions])

    @property
    def sums(self) -> list[Money]:
        """What the payments come to, by currency."""
        amounts = (decision.place.credit.amount for decision in self.decisions)
        return sum_by_currency((amount.minor, amount.currency) for amount in amounts)


def _describe_decision(decision: CreditDecision) -> list[object]:
    place, amount = decision.place, decision.place.credit.amount
    return [
        place.entry_id,
        place.detail_id,
        place.booked_on.isoformat(),
        amount.minor,
        amount.currency,
        *matching.describe_candidate(decision),
    ]


def list_certain_payments(
    *,
    statement_id: int | None = None,
    bank_account_id: int | None = None,
    after_entry_id: int | None = None,
) -> CertainPayments:
    """Return what would be accepted next among the entries that wait, behind ``after_entry_id`` where one is
    given; nothing is locked or changed.
    """
    return _find_first_payments(select_suspense(statement_id, bank_account_id), after_entry_id)


def accept_shown_payments(
    digest: str,
    *,
    now: datetime,
    actor: str,
    statement_id: int | None = None,
    bank_account_id: int | None = None,
    after_entry_id: int | None = None,
) -> int:
    """Accept the payments that were shown under this digest; return how many, none where nothing is certain.

    Raise Changed with those of now where they are others, also when these were accepted already.
    """
    payments = _find_first_payments(select_waiting(statement_id, bank_account_id), after_entry_id)
    if not payments.decisions:
        return 0
    shown.refuse_changed(digest, payments)
    return _settle_decisions(payments.decisions, statement_id, now=now, actor=actor)


def _find_first_payments(query: Select[int, object], after_entry_id: int | None) -> CertainPayments:
    """Return what is certain among the first entries in which anything is, as far as it looks at once."""
    last_id = after_entry_id
    for _ in range(LOOKS):
        rows = db.session.execute(cut_at(query, last_id)).all()
        certain_decisions = _list_certain_decisions([id_ for id_, _ in rows])
        last_id = rows[-1][0] if len(rows) == AT_ONCE else None
        if certain_decisions or last_id is None:
            return CertainPayments(tuple(certain_decisions), last_id)
    return CertainPayments((), last_id)


def cut_at(query: Select[int, object], after_entry_id: int | None) -> Select[int, object]:
    """Return the query for the entries behind this one."""
    if after_entry_id is None:
        return query
    entry = holding.get_entry(after_entry_id)
    return query.where(_in_order > (entry.booked_on, entry.id))


def accept_certain_entries(
    *, now: datetime, actor: str, statement_id: int | None = None, bank_account_id: int | None = None
) -> Iterator[int]:
    """Accept what the engine would have decided by itself in mode ``auto``; yield how many payments.

    It yields after each chunk, and the caller commits then. Entries that somebody else is deciding at this
    moment are left to them. A second call finds nothing left to accept.
    """
    query = select_waiting(statement_id, bank_account_id)
    # The keys are read anew each time: a commit in between ends the transaction that holds them.
    rows = db.session.execute(query).all()
    while rows:
        yield _accept_entries([id_ for id_, _ in rows], statement_id, now=now, actor=actor)
        last_id, last_on = rows[-1]
        rows = db.session.execute(query.where(_in_order > (last_on, last_id))).all()


def select_waiting(
    statement_id: int | None, bank_account_id: int | None, entry_id: int | None = None
) -> Select[int, object]:
    """Return the query for the entries that wait, which locks those that nobody else has."""
    return select_suspense(statement_id, bank_account_id, entry_id).with_for_update(skip_locked=True)


def select_suspense(
    statement_id: int | None, bank_account_id: int | None, entry_id: int | None = None
) -> Select[int, object]:
    """Return the query for the next entries that wait, the oldest first."""
    query = select(Entry.id, Entry.booked_on).where(Entry.state == "suspense")
    if statement_id is not None:
        query = query.where(Entry.statement_id == statement_id)
    if bank_account_id is not None:
        query = query.where(Entry.bank_account_id == bank_account_id)
    if entry_id is not None:
        query = query.where(Entry.id == entry_id)
    return query.order_by(Entry.booked_on, Entry.id).limit(AT_ONCE)


def _accept_entries(entry_ids: Sequence[int], statement_id: int | None, *, now: datetime, actor: str) -> int:
    return _settle_decisions(_list_certain_decisions(entry_ids), statement_id, now=now, actor=actor)


def _settle_decisions(
    certain_decisions: Sequence[CreditDecision], statement_id: int | None, *, now: datetime, actor: str
) -> int:
    decisions.settle_matches(certain_decisions, now=now, actor=actor)
    holding.learn_accounts(certain_decisions, now=now)
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
