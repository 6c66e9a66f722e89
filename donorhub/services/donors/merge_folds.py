"""Which of two rows stays where a donor can have only one of them, and what it takes over of the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from donorhub.domain.donors.contact_values import ContactValue
from donorhub.models.states import CONTACT_STATES
from donorhub.services.donors.contact_rows import hash_value
from donorhub.services.donors.identity_keys import LEARNED
from donorhub.services.donors.relationships import MUTUAL

Row = dict[str, Any]
# What one is to the other, either may stand first.
MUTUAL_ENDS: Final[Mapping[str, tuple[str, str]]] = {"relationship": ("from_id", "to_id")}
_WORSE: Final = {state: at for at, state in enumerate(CONTACT_STATES)}  # ok first, complained last


def is_mutual(table_name: str, row: Row) -> bool:
    """Return whether a row says the same with its ends the other way round."""
    return table_name in MUTUAL_ENDS and row["kind"] in MUTUAL


def fold_rows(table_name: str, pair: tuple[Row, Row], *, is_first_ours: bool) -> tuple[Row, Row, Row]:
    """Return which of two rows stays, which goes, and what the one that stays says from now on."""
    kept_row, folded_row = pair if is_first_ours else (pair[1], pair[0])
    is_better = table_name in _EARLIER_STAYS and _find_start(folded_row) < _find_start(kept_row)
    if is_better or (table_name in _NEWER_STAYS and folded_row["at"] > kept_row["at"]):
        kept_row, folded_row = folded_row, kept_row
    return kept_row, folded_row, FOLDS.get(table_name, _change_nothing)(kept_row, folded_row)


def _find_start(row: Row) -> date:
    return row["since_on"] or date.min


def _change_nothing(_kept_row: Row, _folded_row: Row) -> Row:
    return {}


def _fold_contacts(kept_row: Row, folded_row: Row) -> Row:
    """The worse state holds; what a person says is not only learned; it is preferred if one of them is."""
    values: Row = {
        "state": max((kept_row["state"], folded_row["state"]), key=lambda state: _WORSE[state]),
        "is_preferred": kept_row["is_preferred"] or folded_row["is_preferred"],
        "label": kept_row["label"] or folded_row["label"],
    }
    if kept_row["role"] is None and kept_row["person_id"] is None:
        values |= {"role": folded_row["role"], "person_id": folded_row["person_id"]}
    if kept_row["source"] == LEARNED and folded_row["source"] != LEARNED:
        values |= {"source": folded_row["source"], "collected_at": folded_row["collected_at"]}
    return values


def _fold_payer_uses(kept_row: Row, folded_row: Row) -> Row:
    days = [row["last_on"] for row in (kept_row, folded_row) if row["last_on"]]
    return {
        "hits": kept_row["hits"] + folded_row["hits"],
        "misses": kept_row["misses"] + folded_row["misses"],
        "last_on": max(days, default=None),
    }


def _fold_members(kept_row: Row, folded_row: Row) -> Row:
    return {"is_head": kept_row["is_head"] or folded_row["is_head"]}


FOLDS: Final[Mapping[str, Callable[[Row, Row], Row]]] = {
    "contact_point": _fold_contacts,
    "custom_value": _change_nothing,
    "donor_role": _change_nothing,
    "donor_tag": _change_nothing,
    "household_member": _fold_members,
    "membership": _change_nothing,
    "payer_use": _fold_payer_uses,
    "preference": _change_nothing,
    "relationship": _change_nothing,
    "soft_credit": _change_nothing,
}
_EARLIER_STAYS: Final = frozenset({"membership", "donor_role", "relationship"})
_NEWER_STAYS: Final = frozenset({"preference"})


def complete_row(table_name: str, row: Row) -> Row:
    """Return a kept row with what is not kept of it: keyed hashes, which another key makes others."""
    if table_name != "contact_point" or "kind" not in row:
        return row
    parts = {name: row[name] for name in ("street", "postcode", "town", "country")}
    return row | {"value_hash": hash_value(ContactValue(row["kind"], row["value"], **parts))}
