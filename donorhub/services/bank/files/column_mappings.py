"""Which column of a bank's table is which, as a person once said: kept, found again, tried out.

A mapping is a ``Layout`` of ``importers.tabular`` as plain values, recognised by the
signature of its header. A changed one is a new version; the old ones stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from donorhub.db import db
from donorhub.errors import NotFound, Rejected
from donorhub.models import ColumnMapping
from donorhub.money import CURRENCY_PATTERN, is_currency
from donorhub.services.access import audit
from donorhub.services.bank.files import bank_accounts
from importers import tabular
from importers.codes import Reason
from importers.sentences import write_problem
from importers.sniff import find_format
from importers.statement import Problem, make_problem
from importers.table.changes import make_change_reason
from importers.tabular import Answers, Draft, Layout, LayoutError, Preview

CHOICES: Final = {"dates": re.compile("dmy|mdy|"), "currency": re.compile(f"(?:{CURRENCY_PATTERN})?")}
TABLES = ("table", "xlsx", "xls", "ods")


def list_saved_mappings() -> Sequence[ColumnMapping]:
    """Return the newest version of each mapping, the newest mapping first."""
    newest = select(ColumnMapping.signature, func.max(ColumnMapping.version).label("version")).group_by(
        ColumnMapping.signature
    )
    newest_versions = newest.subquery()
    return db.session.scalars(
        select(ColumnMapping)
        .join(
            newest_versions,
            (newest_versions.c.signature == ColumnMapping.signature)
            & (newest_versions.c.version == ColumnMapping.version),
        )
        .order_by(ColumnMapping.id.desc())
    ).all()


def read_layout(plain: Mapping[str, object]) -> Layout:
    """Return the layout that plain values describe; raise Rejected with the key at fault."""
    try:
        return Layout.from_dict(plain)
    except LayoutError as e:
        raise Rejected(str(e), field="/layout") from e


def read_answers(plain: Mapping[str, object]) -> Layout | dict[str, object]:
    """Return what a person answered about a file; raise Rejected with the key that is no answer.

    An answer is the layout of a table, or of another file the order of its dates and its currency.
    """
    if not plain or not plain.keys() <= CHOICES.keys():
        layout = read_layout(plain)
        _check_currency(layout.currency)
        return layout
    for key, value in plain.items():
        if not isinstance(value, str) or not CHOICES[key].fullmatch(value):
            raise Rejected(f"layout.{key}: {str(value)[:60]!r} is not understood", field="/layout")
    _check_currency(str(plain.get("currency", "")))
    return dict(plain)


def _check_currency(code: str) -> None:
    """Raise Rejected for a currency that an answer or a new mapping names and ISO 4217 does not."""
    if code and not is_currency(code):
        raise Rejected(f"layout.currency: {code[:60]!r} is no currency of ISO 4217", field="/layout")


def find_profile(content: bytes, answers: Mapping[str, object] | None) -> tuple[object, int | None]:
    """Return how a file is to be read: by a person's answers, or by the mapping whose header it has."""
    is_table = find_format(content) in TABLES
    if answers is not None and ("columns" in answers or not is_table):
        return (read_layout(answers) if "columns" in answers else dict(answers)), None
    if not is_table:
        return None, None
    mappings = {Layout.from_dict(row.layout): row for row in list_saved_mappings()}
    layout = tabular.recognise_table(content, tuple(mappings))
    row = mappings.get(layout) if layout is not None else None
    return layout, row.bank_account_id if row is not None else None


def find_by_layout(layout: Layout | None) -> ColumnMapping | None:
    """Return the newest mapping that keeps this very layout; None where there is none."""
    return (
        next((row for row in list_saved_mappings() if Layout.from_dict(row.layout) == layout), None)
        if layout
        else None
    )


def find_header_change(content: bytes) -> Problem | None:
    """Return what changed, where an unknown table is like one whose columns were saved; else None."""
    if find_format(content) not in TABLES:
        return None
    change = tabular.find_header_change(
        content, [Layout.from_dict(row.layout) for row in list_saved_mappings()]
    )
    return make_problem("error", make_change_reason(change)) if change is not None else None


def draft_layout(data: bytes, answers: Answers | None = None) -> Draft:
    """Return what a table seems to be under a person's answers, with the saved or shipped layout that fits
    it.
    """
    return tabular.draft_layout(
        data, answers, saved_layouts=[Layout.from_dict(row.layout) for row in list_saved_mappings()]
    )


def save_mapping(
    layout: Mapping[str, object], *, name: str, now: datetime, actor: str, bank_account_id: int | None = None
) -> ColumnMapping:
    """Save a layout for every file with this header, and return its mapping.

    The same layout again returns the saved one; another layout for the same header is its next version.
    """
    checked_layout = read_layout(layout)
    _check_currency(checked_layout.currency)
    gaps = checked_layout.find_gaps()
    if gaps:
        reason = Reason("layout_unfinished", {"gaps": " ".join(gaps)})
        raise Rejected(write_problem(reason), field="/layout")
    if bank_account_id is not None:
        bank_accounts.get_account(bank_account_id)
    signature = checked_layout.header_signature or f"rows:{name}"
    newest_mapping = find_by_signature(signature)
    plain = checked_layout.to_dict()
    if (
        newest_mapping is not None
        and newest_mapping.layout == plain
        and newest_mapping.bank_account_id == bank_account_id
    ):
        return newest_mapping
    mapping = ColumnMapping(
        name=name,
        signature=signature,
        version=newest_mapping.version + 1 if newest_mapping else 1,
        layout=plain,
        bank_account_id=bank_account_id,
        created_by=actor,
        created_at=now,
    )
    db.session.add(mapping)
    db.session.flush()  # the audit names it
    changes = {"version": (newest_mapping.version if newest_mapping else None, mapping.version)}
    audit.record_change(actor, "column_mapping.saved", ("column_mapping", mapping.id), changes, now=now)
    return mapping


def get_mapping(column_mapping_id: int) -> ColumnMapping:
    """Return the mapping; raise NotFound where there is none."""
    mapping = db.session.get(ColumnMapping, column_mapping_id)
    if mapping is None:
        raise NotFound(f"there is no column mapping {column_mapping_id}")
    return mapping


def find_by_signature(signature: str) -> ColumnMapping | None:
    """Return the newest version of the mapping for a header; None where there is none."""
    mapping: ColumnMapping | None = db.session.scalar(
        select(ColumnMapping).filter_by(signature=signature).order_by(ColumnMapping.version.desc()).limit(1)
    )
    return mapping


def preview_layout(data: bytes, layout: Mapping[str, object], *, currency: str = "") -> Preview:
    """Return the first rows beside what they become, and the sums over all of them."""
    return tabular.preview_table(data, read_layout(layout), currency=currency)
