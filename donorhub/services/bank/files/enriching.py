"""Telling more about entries that the ledger has: what another format or a bank's advice says of them.

It fills what is empty and adds the payments of a batch; it changes no amount, adds no
entry, and leaves alone what was matched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, delete, exists, select, update

from donorhub.db import cut_query_values, db
from donorhub.models import Detail, Entry, EntryAlias, Match, Statement
from donorhub.models.states import OPEN_ENTRIES
from donorhub.services.bank.files import ledger_rows
from donorhub.services.bank.files.statement_drafts import ENTRY_COLUMNS, Draft

_TEXTS: Final = ("counterparty_name", "counterparty_account", "remittance")  # empty, never NULL
_BLANKS: Final = (
    "counterparty_name",
    "counterparty_account",
    "remittance",
    "end_to_end_id",
    "mandate_id",
    "return_code",
    "virtual_account",
)
FILLED_ALIAS: Final = "filled"  # kind of an alias that names the columns which its statement filled
_BEFORE, _AFTER = timedelta(days=1), timedelta(days=5)  # of a booking around the day the advice names


def fill_entries(statement: Statement, draft: Draft, pairs: Iterable[tuple[int, int]]) -> set[int]:
    """Give entries what they lack, from ``pairs`` of entry id and position in the draft.

    Return the statements with entries in suspense that are to be matched again.
    """
    statement_ids: set[int] = set()
    for chunk in cut_query_values(pairs):
        positions = dict(chunk)
        for entry in _list_unmatched(Entry.id.in_(positions)):
            if _fill_entry(statement, draft, entry, positions[entry.id]):
                statement_ids.add(entry.statement_id)
    return statement_ids


def _list_unmatched(condition: ColumnElement[bool]) -> list[Entry]:
    is_matched = exists().where(Match.entry_id == Entry.id, Match.undone_at.is_(None))
    return list(
        db.session.scalars(select(Entry).where(condition, Entry.state.in_(OPEN_ENTRIES), ~is_matched))
    )


def select_entries_filled_by(statement_ids: Select[int]) -> Select[int]:
    """Return a query for the entries of other statements that these statements filled."""
    return select(EntryAlias.entry_id).where(
        EntryAlias.statement_id.in_(statement_ids), EntryAlias.kind == FILLED_ALIAS
    )


def empty_filled_columns(statement_id: int) -> set[int]:
    """Empty again what this statement filled of others' entries; the caller has undone what was decided.

    Payments on which something was ever decided stay, as they explain it. Gives the
    statements to match again.
    """
    rows = db.session.execute(
        select(EntryAlias.entry_id, EntryAlias.ref).where(
            EntryAlias.statement_id == statement_id, EntryAlias.kind == FILLED_ALIAS
        )
    ).all()
    statement_ids: set[int] = set()
    for entry_id, names in rows:
        entry = db.session.get_one(Entry, entry_id, populate_existing=True)
        for name in names.split(","):
            _empty_column(entry, name)
        if entry.state in OPEN_ENTRIES:
            entry.state, entry.decide_by = "new", None
        statement_ids.add(entry.statement_id)
    db.session.flush()  # what follows asks the database
    return statement_ids


def _empty_column(entry: Entry, name: str) -> None:
    if name != "has_details":
        setattr(entry, name, "" if name in _TEXTS else None)
    elif not db.session.scalar(select(Match.id).where(Match.entry_id == entry.id).limit(1)):
        db.session.execute(delete(Detail).where(Detail.entry_id == entry.id))
        entry.has_details = False


def _fill_entry(statement: Statement, draft: Draft, entry: Entry, position: int) -> bool:
    """Fill what an entry lacks; return whether it says more than before."""
    values = dict(zip(ENTRY_COLUMNS, draft.rows[position], strict=True))
    lacking: dict[str, Any] = {
        name: values[name] for name in _BLANKS if values[name] and not getattr(entry, name)
    }
    if entry.has_details:
        lacking = {}
    elif position in draft.details:
        ledger_rows.insert_details({entry.id: draft.details[position]}, statement.currency)
        lacking["has_details"] = True
    if not lacking:
        return False
    # So that taking this statement back can empty them again.
    ledger_rows.insert_aliases(statement.id, [(entry.id, FILLED_ALIAS, ",".join(lacking))])
    if entry.state == "suspense":
        lacking |= {"state": "new", "decide_by": None}
    db.session.execute(
        update(Entry)
        .where(Entry.id == entry.id)
        .values(**lacking)
        .execution_options(synchronize_session=False)
    )
    db.session.expire(entry)
    return True


def join_advice(statement: Statement, draft: Draft) -> set[int]:
    """Join a camt.052, camt.054, MT942 or list of payments to the entries it speaks of; adds no money.

    By the bank's id and the amount; else by amount and day, where exactly one entry fits.
    Gives the statements to match again.
    """
    if not draft.items:
        return set()
    days = sorted(draft.day_sums)
    rows = ledger_rows.list_known_entries(statement.bank_account_id, days[0] - _BEFORE, days[-1] + _AFTER)
    by_ref = {(ref, row.minor): row.id for row in rows for ref in row.refs}
    by_amount = defaultdict(list)
    for row in rows:
        by_amount[row.minor].append(row)
    pairs: dict[int, int] = {}
    for item in draft.items:
        entry_id = next((by_ref[ref, item.minor] for ref in item.refs if (ref, item.minor) in by_ref), None)
        if entry_id is None:
            entries_nearby = [
                row.id
                for row in by_amount[item.minor]
                if item.day - _BEFORE <= row.day <= item.day + _AFTER
                and (item.account is None or row.account is None or item.account == row.account)
            ]
            entry_id = entries_nearby[0] if len(entries_nearby) == 1 else None
        if entry_id is not None and entry_id not in pairs:
            pairs[entry_id] = item.position
    _keep_refs(statement, draft, pairs)
    return fill_entries(statement, draft, pairs.items())


def _keep_refs(statement: Statement, draft: Draft, pairs: Mapping[int, int]) -> None:
    ledger_rows.insert_aliases(
        statement.id,
        (
            (entry_id, "bank_ref", ref)
            for entry_id, position in pairs.items()
            for ref in draft.items[position].refs
        ),
    )
