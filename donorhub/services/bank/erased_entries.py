"""What the bank's files say of somebody who is erased: entries of their gifts, evidence, plans of files.

Amounts, days and the entries' fingerprints stay, so that the ledger is whole and a file that is read again
brings nothing. The files themselves hold many people: they stay sealed until their time of keeping ends.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import ColumnElement, Table, or_, select, update

from donorhub.db import Base, cut_query_values, db
from donorhub.domain.donors.redaction import Telling, blank_texts, names_person
from donorhub.models import Detail, Entry, Gift, ImportFile, ImportPlan, ImportRow, Match
from donorhub.services.donors import erased_rows
from donorhub.services.donors.erasure import Person

# Documents about several people, in which only what names the person goes.
_DOCUMENTS: Final = (
    (ImportFile, ("filename", "layout", "problems", "summaries")),
    (ImportPlan, ("plan",)),
    (ImportRow, ("cells", "raw")),
)
_AT_ONCE: Final = 100


def empty_entries(person: Person) -> None:
    """Empty what entries and payments of the person's gifts say of who paid, and the evidence for it."""
    is_theirs = or_(
        Match.donor_id.in_(person.donor_ids),
        Match.gift_id.in_(select(Gift.id).where(Gift.donor_id.in_(person.donor_ids))),
    )
    matches = db.session.execute(select(Match.entry_id, Match.detail_id).where(is_theirs)).all()
    entry_ids = {entry_id for entry_id, detail_id in matches if detail_id is None}
    shared_ids = _find_shared(entry_ids, person)
    _empty_rows(Detail.__tablename__, {detail_id for _, detail_id in matches if detail_id is not None})
    _empty_rows(Entry.__tablename__, entry_ids - shared_ids)
    db.session.execute(
        update(Match).where(is_theirs).values(evidence=[]).execution_options(synchronize_session=False)
    )


def _find_shared(entry_ids: Collection[int], person: Person) -> set[int]:
    """Return those of these entries that pay gifts of others too, and were paid by another."""
    shared: set[int] = set()
    for chunk in cut_query_values(sorted(entry_ids)):
        rows = db.session.execute(
            select(Entry.id, Entry.counterparty_name, Entry.counterparty_account)
            .join(Match, Match.entry_id == Entry.id)
            .join(Gift, Gift.id == Match.gift_id)
            .where(
                Entry.id.in_(chunk),
                Match.undone_at.is_(None),
                Gift.donor_id.not_in(person.donor_ids),
            )
        )
        shared |= {
            id_ for id_, name, account in rows if not names_person(f"{name} {account}", person.telling)
        }
    return shared


def _empty_rows(table_name: str, ids: Collection[int]) -> None:
    table = Base.metadata.tables[table_name]
    values = {column.name: erased_rows.make_empty(column) for column in erased_rows.list_personal(table)}
    for chunk in cut_query_values(sorted(ids)):
        db.session.execute(update(table).where(table.c.id.in_(chunk)).values(values))


def blank_file_texts(person: Person) -> None:
    """Blank the texts that name the person in plans, problems and mended rows of all files."""
    for model, names in _DOCUMENTS:
        blank_documents(Base.metadata.tables[model.__tablename__], names, person.telling)


def blank_documents(
    table: Table,
    names: Collection[str],
    telling: Telling,
    condition: ColumnElement[bool] | None = None,
) -> None:
    """Blank the texts that name a person in these columns of the rows that the condition chooses."""
    columns = [table.c[name] for name in names]
    last_id = 0
    while True:
        query = select(table.c.id, *columns).where(table.c.id > last_id).order_by(table.c.id).limit(_AT_ONCE)
        rows = db.session.execute(query if condition is None else query.where(condition)).all()
        for id_, *documents in rows:
            values = dict(zip(names, documents, strict=True))
            blanked = {name: blank_texts(value, telling) for name, value in values.items()}
            changes = {name: value for name, value in blanked.items() if value != values[name]}
            if changes:
                db.session.execute(update(table).where(table.c.id == id_).values(changes))
        if len(rows) < _AT_ONCE:
            return
        last_id = rows[-1][0]
