"""The names of all that records of the audit tell of, each kind read once and only where it is there.

They are looked up when a record is shown, so that those of a donor who was erased are nowhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from donorhub.domain.donors.custom_shapes import PREFIXES
from donorhub.models import Appeal, AuditRecord, Campaign, Fund
from donorhub.services.access import audit, users
from donorhub.services.donors import custom_fields, donors
from donorhub.services.giving import funds

Names = Mapping[int, str]
KIND_OF_FIELD: Final = {
    "campaign_id": "campaign",
    "appeal_id": "appeal",
    "owner_id": "user",
    "donor": "donor",
}


class AuditNames:
    """The names of whom and what some records tell of."""

    def __init__(
        self, records: Collection[AuditRecord], changes: Collection[Mapping[str, audit.Change | None]]
    ) -> None:
        ids: dict[str, set[int]] = {}
        for record in records:
            ids.setdefault(record.subject_type, set()).add(record.subject_id)
        for fields in changes:
            for field, change in fields.items():
                for value in change or ():
                    _collect_ids(field, value, ids)
        names = {field for fields in changes for field in fields}
        # What fields that were added are called, by language; archived ones too.
        self.custom_labels: dict[str, Mapping[str, str]] = {
            custom_fields.name_field(field): field.labels
            for entity, prefix in PREFIXES.items()
            if any(name.startswith(prefix) for name in names)
            for field in custom_fields.list_fields(entity)
        }
        self.actors = users.find_actor_names(
            {record.actor for record in records} | {f"user:{id_}" for id_ in ids.get("user", ())}
        )
        self._by_kind: dict[str, Names] = {
            "donor": donors.find_names(ids["donor"]) if "donor" in ids else {},
            "fund": _map_names(funds.list_purposes(Fund)) if "fund" in ids else {},
            "campaign": _map_names(funds.list_purposes(Campaign)) if "campaign" in ids else {},
            "appeal": _map_names(funds.list_purposes(Appeal)) if "appeal" in ids else {},
            "user": {id_: self.actors.get(f"user:{id_}", "") for id_ in ids.get("user", ())},
        }

    def find_name(self, kind: str, id_: int) -> str:
        """Return the name of a row; nothing where it has none, or none any more."""
        return self._by_kind.get(kind, {}).get(id_, "")


def _map_names(rows: Sequence[Fund | Campaign | Appeal]) -> Names:
    return {row.id: row.name for row in rows}


def _collect_ids(field: str, value: object, ids: dict[str, set[int]]) -> None:
    if field == "funds" and isinstance(value, list):
        ids.setdefault("fund", set()).update(fund_id for fund_id, _minor in value)
    elif field in KIND_OF_FIELD and isinstance(value, int):
        ids.setdefault(KIND_OF_FIELD[field], set()).add(value)
