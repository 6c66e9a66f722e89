"""What becomes of each table's rows when a donor is erased, found from the metadata.

A table whose rows lead to a donor by a foreign key goes or is emptied here; what lies in documents about
several people is each area's own step (:mod:`.erasure`). A test fails for a table with a column marked
PERSONAL that stands nowhere here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    LargeBinary,
    Table,
    delete,
    false,
    func,
    literal,
    or_,
    select,
    update,
)

from donorhub.db import PERSONAL, Base, db

# Rows that are about nothing but the person: they go.
DELETED: Final = (
    "audit_value",
    "contact_point",
    "custom_value",
    "donor_file",
    "donor_role",
    "donor_tag",
    "external_id",
    "former_name",
    "gift_custom_value",
    "household_member",
    "identity_key",
    "interaction",
    "payer_use",
    "preference",
    "relationship",
)
# Rows that the books need: their personal columns are emptied. The value names the table by which one
# without a foreign key to a donor leads to them.
EMPTIED: Final[Mapping[str, str]] = {
    "consent": "donor",
    "correction": "gift",
    "domain_event": "donor",
    "gift": "donor",
    "mandate": "recurring_gift",
    "merge_drop": "merge_log",
    "merge_log": "donor",
    "message": "donor",
    "recurring_gift": "donor",
    "recurring_gift_change": "recurring_gift",
    "task": "donor",
    "term": "recurring_gift",
}
_WAYS: Final[Mapping[str, str]] = {**EMPTIED, "gift_custom_value": "gift"}
# Steps of the areas see to these, and :mod:`.erasure` to the donor itself.
BY_STEPS: Final = (
    "detail",
    "donor",
    "donor_document",  # derived: written anew
    "download",
    "download_part",
    "entry",
    "idempotency_key",
    "import_file",
    "import_plan",
    "import_row",
    "match",
    "payer",
    "payer_key",
    "provider_event",
    "provider_map",
    "provider_register",
    "receipt",
    "receipt_pdf",
    "record_row",
    "suppression",
    "typo_stump",  # derived too
)
# Art. 33 (5) GDPR: what was written down of a breach stays as it was; it counts donors and need name none.
KEPT_TABLES: Final = ("breach",)
_KEEPS: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    # What of a personal column is no person: amounts of promises stay in their story.
    "recurring_gift_change": ("what", "after", ("closed",)),
    "domain_event": ("kind", "data", ("recurring_gift.closed",)),
}


def list_personal(table: Table) -> list[Column[object]]:
    """Return the columns of a table that hold something of a donor."""
    return [column for column in table.columns if column.info == PERSONAL]


def is_about(table: Table, donor_ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a row leads to one of these donors by a foreign key, at once or by the row
    that it belongs to."""
    donor = Base.metadata.tables["donor"]
    own = [key.parent for key in table.foreign_keys if key.column.table is donor]
    if own:
        return or_(false(), *(column.in_(donor_ids) for column in own))
    parent = Base.metadata.tables[_WAYS[table.name]]
    column = next(key.parent for key in table.foreign_keys if key.column.table is parent)
    return column.in_(select(parent.c.id).where(is_about(parent, donor_ids)))


def count_rows(donor_ids: Collection[int]) -> dict[str, int]:
    """Return how many rows of each table would go or be emptied; none of tables without any."""
    counts: dict[str, int] = {}
    for name in (*DELETED, *EMPTIED):
        table = Base.metadata.tables[name]
        query = select(func.count()).select_from(table).where(is_about(table, donor_ids))
        counts[name] = db.session.scalar(query) or 0
    return {name: count for name, count in counts.items() if count}


def delete_rows(donor_ids: Sequence[int]) -> None:
    """Delete the rows that are about nothing but these donors."""
    for name in DELETED:
        table = Base.metadata.tables[name]
        condition = is_about(table, donor_ids)
        for key in table.foreign_keys:
            if key.column.table is table:  # a row that names another of them: which goes first is not said
                db.session.execute(update(table).where(condition).values({key.parent: None}))
        db.session.execute(delete(table).where(condition))


def empty_rows(donor_ids: Sequence[int]) -> None:
    """Empty the personal columns of the rows that the books need."""
    for name in EMPTIED:
        table = Base.metadata.tables[name]
        condition = is_about(table, donor_ids)
        if name in _KEEPS:
            column, _, words = _KEEPS[name]
            condition &= table.c[column].in_(words)
        values = {column.name: make_empty(column) for column in list_personal(table)}
        if name == "mandate":  # of which each has another
            values["reference"] = literal("erased ").concat(table.c.id)
        db.session.execute(update(table).where(condition).values(values))


def make_empty(column: Column[object]) -> object:
    """Return what an emptied column holds."""
    if column.nullable:
        return None
    if isinstance(column.type, JSON):
        default = getattr(column.default, "arg", dict)
        return [] if getattr(default, "__name__", "") == "list" else {}
    return b"" if isinstance(column.type, LargeBinary) else ""
