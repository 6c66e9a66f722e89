"""Records of the audit as people read them: who, what, to what, and each changed field from what to what.

Names are looked up when they are shown, so that those of a donor who was erased are nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from flask import url_for
from flask_babel import gettext

from donorhub.models import Appeal, AuditRecord, Campaign, Fund
from donorhub.money import Money
from donorhub.services.access import audit, users
from donorhub.services.donors import donors
from donorhub.services.giving import funds
from donorhub.web.admission import get_principal
from donorhub.web.showing import show_day, show_moment, show_money
from donorhub.web.words import audit_words, codes, labels

Names = Mapping[int, str]
_AMOUNT: Final = re.compile(r"-?[0-9]+(\.[0-9]+)? [A-Z]{3}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")
_NOTHING: Final = "–"
# Where a subject has a page: its view, what that is called with, and who may see it.
_PAGES: Final[Mapping[str, tuple[str, str, str]]] = {
    "donor": ("donors.show_donor", "donor_id", "donors:read"),
    "gift": ("gifts.show_gift", "gift_id", "gifts:read"),
    "recurring_gift": ("recurring.show_recurring_gift", "recurring_gift_id", "recurring:read"),
    "receipt": ("receipts.show_receipt", "receipt_id", "receipts:read"),
    "message": ("messages.show_message", "message_id", "messages:read"),
    "import_file": ("bank.show_file", "file_id", "imports:read"),
    "statement": ("bank.show_statement", "statement_id", "imports:read"),
    "entry": ("bank.show_entry", "entry_id", "imports:read"),
    "bank_account": ("bank.show_account", "account_id", "imports:read"),
    "user": ("users.show_user", "user_id", "users:write"),
}
_WORDS: Final[Mapping[str, Mapping[Any, object]]] = {
    "kind": labels.KINDS,
    "lang": labels.LANGS,
    "instalment_state": labels.INSTALMENT_STATES,
    "mandate_state": labels.MANDATE_STATES,
    "recurring_state": labels.RECURRING_STATES,
    "state": labels.DEDUCTION_STATES,
}


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field that was changed; ``is_known`` is false where what it held was erased or not kept."""

    label: str
    before: str
    after: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One record: who did what to which row, and what it changed."""

    record: AuditRecord
    actor: str
    what: str
    subject: str
    address: str | None
    facts: Sequence[str]
    fields: Sequence[FieldLine]


def make_lines(records: Collection[AuditRecord]) -> list[AuditLine]:
    """Return records as lines, their names read for all at once."""
    if not records:
        return []
    changes = audit.read_changes(records)
    names = _Names(records, changes.values())
    return [
        AuditLine(
            record=record,
            actor=write_actor(record.actor, names.actors),
            what=str(audit_words.WHAT.get(record.what, record.what)),
            subject=_write_subject(record, names),
            address=_find_address(record),
            facts=_list_facts(record.data),
            fields=[
                _make_field(field, change, names) for field, change in sorted(changes[record.id].items())
            ],
        )
        for record in records
    ]


def write_actor(actor: str, names: Mapping[str, str]) -> str:
    """Return how people call who did something: a name, and what it is where it is no person."""
    kind, _, rest = actor.partition(":")
    label = str(audit_words.ACTORS.get(kind, kind))
    if kind == "user":
        return names.get(actor, f"{label} {rest}")
    if kind in ("token", "provider", "cli"):
        return f"{label}: {names.get(actor, rest)}"
    return label


class _Names:
    """The names of all that some records tell of, each kind read once and only where it is there."""

    def __init__(
        self, records: Collection[AuditRecord], changes: Iterable[Mapping[str, audit.Change | None]]
    ) -> None:
        ids: dict[str, set[int]] = {}
        for record in records:
            ids.setdefault(record.subject_type, set()).add(record.subject_id)
        for fields in changes:
            for field, change in fields.items():
                for value in change or ():
                    _collect_ids(field, value, ids)
        self.actors = users.find_actor_names(
            {record.actor for record in records} | {f"user:{id_}" for id_ in ids.get("user", ())}
        )
        self.by_kind: dict[str, Names] = {
            "donor": donors.find_names(ids["donor"]) if "donor" in ids else {},
            "fund": _map_names(funds.list_purposes(Fund)) if "fund" in ids else {},
            "campaign": _map_names(funds.list_purposes(Campaign)) if "campaign" in ids else {},
            "appeal": _map_names(funds.list_purposes(Appeal)) if "appeal" in ids else {},
            "user": {id_: self.actors.get(f"user:{id_}", "") for id_ in ids.get("user", ())},
        }

    def find_name(self, kind: str, id_: int) -> str:
        """Return the name of a row; nothing where it has none, or none any more."""
        return self.by_kind.get(kind, {}).get(id_, "")


def _map_names(rows: Sequence[Fund | Campaign | Appeal]) -> Names:
    return {row.id: row.name for row in rows}


# What we wrote ourselves, a day or an amount; in any other field a person may have typed what looks like one.
_FIGURES: Final = {"amount", "closed_on", "closed_until", "due_at", "ends_on", "goal", "starts_on", "terms"}
_KIND_OF_FIELD: Final = {
    "campaign_id": "campaign",
    "appeal_id": "appeal",
    "owner_id": "user",
    "donor": "donor",
}


def _collect_ids(field: str, value: object, ids: dict[str, set[int]]) -> None:
    if field == "funds" and isinstance(value, list):
        ids.setdefault("fund", set()).update(fund_id for fund_id, _minor in value)
    elif field in _KIND_OF_FIELD and isinstance(value, int):
        ids.setdefault(_KIND_OF_FIELD[field], set()).add(value)


def _write_subject(record: AuditRecord, names: _Names) -> str:
    kind = str(audit_words.SUBJECTS.get(record.subject_type, record.subject_type))
    if record.subject_type == "organisation":
        return kind
    return f"{kind} {names.find_name(record.subject_type, record.subject_id) or record.subject_id}"


def _find_address(record: AuditRecord) -> str | None:
    view, argument, permission = _PAGES.get(record.subject_type, ("", "", ""))
    if not view or not record.subject_id or not get_principal().has_permission(permission):
        return None
    values: dict[str, Any] = {argument: record.subject_id}
    return url_for(view, **values)


def _list_facts(data: Mapping[str, Any]) -> list[str]:
    """Return what a record says beside its changes: an amount, the number of a receipt, a reason."""
    facts = []
    if "minor" in data and "currency" in data:
        facts.append(show_money(Money(data["minor"], data["currency"])))
    if "number" in data:
        facts.append(str(data["number"]))
    if data.get("reason"):
        facts.append(codes.word_code(str(data["reason"])))
    return facts


def _make_field(field: str, change: audit.Change | None, names: _Names) -> FieldLine:
    label = str(audit_words.FIELDS.get(field, field))
    if change is None:
        return FieldLine(label, "", "", is_known=False)
    before, after = (_write_value(field, value, names) for value in change)
    return FieldLine(label, before, after, is_known=True)


def _write_value(field: str, value: Any, names: _Names) -> str:
    """Return a value as people write it: a name, a word, a day, an amount, else the text itself."""
    if field == "funds":
        return ", ".join(_write_part(part, names) for part in value) or str(gettext("Not earmarked"))
    if isinstance(value, bool):
        return str(audit_words.YES if value else audit_words.NO)
    if not value:
        return _NOTHING
    if field in _KIND_OF_FIELD:
        return names.find_name(_KIND_OF_FIELD[field], value) or str(value)
    return _write_several(value) if isinstance(value, list | dict) else _write_text(field, str(value))


def _write_several(values: list[str] | dict[str, str]) -> str:
    """Return roles, or the numbers of an organisation with their names."""
    if isinstance(values, dict):
        return ", ".join(f"{name} {number}" for name, number in sorted(values.items()))
    words: Mapping[Any, object] = labels.ROLES
    return ", ".join(str(words.get(role, role)) for role in values)


def _write_text(field: str, value: str) -> str:
    text = str(_WORDS.get(field, {}).get(value, value))
    return _write_figure(text) if field in _FIGURES else text


def _write_part(part: Sequence[int], names: _Names) -> str:
    fund_id, _minor = part
    return names.find_name("fund", fund_id) or str(fund_id)


def _write_figure(text: str) -> str:
    writers: Sequence[tuple[re.Pattern[str], Callable[[str], str]]] = (
        (_AMOUNT, lambda amount: show_money(Money.parse(*amount.split(" ")))),
        (_DAY, lambda day: show_day(date.fromisoformat(day))),
        (_MOMENT, lambda moment: show_moment(datetime.fromisoformat(moment))),
    )
    for pattern, write in writers:
        if pattern.fullmatch(text):
            return write(text)
    return text
