"""Instalments that money may have come for already, in entries that a person has not decided yet.

They are neither late nor missed: the answer lies on somebody's table.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from sqlalchemy import func, select, union_all

from donorhub.db import cut_chunks, db
from donorhub.models import Entry, Instalment
from donorhub.models.states import AGEING_INSTALMENTS, ENTRIES_TO_DECIDE
from donorhub.services.bank.matching import matching

_EARLY: Final = timedelta(days=31)  # how long before its day an instalment may be paid
_CHUNK: Final = 500  # entries that are weighed together


def find_held_instalments(*, today: date) -> set[int]:
    """Return the instalments due by now that some waiting entry may pay."""
    firsts = (  # one a state: an index begins there, where all states at once read each paid day before
        select(func.min(Instalment.due_on)).where(Instalment.state == state, Instalment.due_on < today)
        for state in AGEING_INSTALMENTS
    )
    due_days = [day for day in db.session.scalars(union_all(*firsts)) if day is not None]
    if not due_days:
        return set()
    first_due_on = min(due_days)
    entry_ids = db.session.scalars(
        select(Entry.id)
        .where(
            Entry.state.in_(ENTRIES_TO_DECIDE),
            Entry.booked_on >= first_due_on - _EARLY,
            Entry.amount_minor > 0,
        )
        .order_by(Entry.booked_on, Entry.id)
    ).all()
    held_ids: set[int] = set()
    for chunk in cut_chunks(entry_ids, _CHUNK):
        held_ids |= _list_claimed(chunk)
    return held_ids


def _list_claimed(entry_ids: Sequence[int]) -> set[int]:
    """Return the instalments that a proposal for one of these entries settles or falls on."""
    parts = [
        part
        for _, _, proposal in matching.propose_for_entries(entry_ids)
        for candidate in proposal.candidates
        for part in candidate.parts
    ]
    settled_ids = {allocation.instalment_id for part in parts for allocation in part.allocations}
    return settled_ids | {part.slot_id for part in parts if part.slot_id is not None}
