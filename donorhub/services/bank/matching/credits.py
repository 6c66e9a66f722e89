"""Entries as the matching engine reads them: one credit for an entry, or one for each payment in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, select

from donorhub.db import cut_query_values, db
from donorhub.domain.bank.matching.matching_facts import Credit
from donorhub.models import Detail, Entry
from donorhub.money import Money
from importers.statement import FEE

SOURCE: Final = "bank"  # of the gifts, returns and corrections that come of entries
NOBODYS: Final = frozenset({"", "NONREF", "NOTPROVIDED", "NOT PROVIDED", "0", "-1"})


class Place(NamedTuple):
    """Where a credit stands; its ``position`` goes into the gift's source_ref."""

    entry_id: int
    detail_id: int | None
    position: int
    statement_id: int
    booked_on: date
    credit: Credit


def read_entries(
    condition: ColumnElement[bool], *, limit: int | None = None, lock: bool = False
) -> list[Place]:
    """Return the credits of the entries that are ``wanted``, by entry id; ``limit`` counts entries.

    With ``lock`` the entries are locked until the transaction ends, and those that another has locked are
    left out.
    """
    query = select(Entry).where(condition).order_by(Entry.id).limit(limit)
    if lock:
        query = query.with_for_update(skip_locked=True)
    entries = db.session.execute(query.with_only_columns(*Entry.__table__.columns)).mappings().all()
    details = _read_details([entry["id"] for entry in entries if entry["has_details"]])
    places: list[Place] = []
    for row in entries:
        entry = dict(row)
        if entry["has_details"]:
            places += [_make_detail_place(entry, detail) for detail in details.get(entry["id"], ())]
        else:
            places.append(_make_place(entry))
    return places


def read_places(entry_ids: Iterable[int]) -> list[Place]:
    """Return the credits of these entries."""
    places: list[Place] = []
    for chunk in cut_query_values(entry_ids):
        places += read_entries(Entry.id.in_(chunk))
    return places


def _read_details(entry_ids: Sequence[int]) -> dict[int, list[Mapping[str, object]]]:
    details: dict[int, list[Mapping[str, object]]] = {}
    for chunk in cut_query_values(entry_ids):
        rows = db.session.execute(
            select(*Detail.__table__.columns)
            .where(Detail.entry_id.in_(chunk))
            .order_by(Detail.entry_id, Detail.position)
        ).mappings()
        for row in rows:
            details.setdefault(row["entry_id"], []).append(dict(row))
    return details


Columns = Mapping[str, Any]  # of a row, as the database gives them


def _make_place(entry: Columns) -> Place:
    credit = _make_credit(entry, entry, None)
    return Place(entry["id"], None, 0, entry["statement_id"], entry["booked_on"], credit)


def _make_detail_place(entry: Columns, detail: Columns) -> Place:
    credit = _make_credit(entry, detail, detail["id"])
    return Place(
        entry["id"], detail["id"], detail["position"], entry["statement_id"], entry["booked_on"], credit
    )


def _make_credit(entry: Columns, payment: Columns, detail_id: int | None) -> Credit:
    more = payment["more"] or {}
    codes = entry["more"] or {}
    charges = more.get("charges")
    return Credit(
        entry["id"],
        detail_id,
        Money(payment["amount_minor"], payment["currency"]),
        entry["booked_on"],
        payment["counterparty_name"] or None,
        payment["counterparty_account"] or None,
        payment["remittance"] or more.get("info") or "",
        _list_refs(payment, more),
        payment["return_code"],
        entry["is_reversal"],
        abs(charges[0]) if charges else 0,
        codes.get("bank_code"),
        is_fee=more.get("purpose") == FEE,
    )


def _list_refs(payment: Columns, more: Columns) -> tuple[str, ...]:
    refs = [payment["mandate_id"], payment["end_to_end_id"], payment["virtual_account"]]
    refs += [ref for _, ref in more.get("references", ())]
    return tuple(dict.fromkeys(ref for ref in refs if ref and ref.strip().upper() not in NOBODYS))
