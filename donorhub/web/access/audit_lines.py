"""Records of the audit as people read them: who, what, to what, and each changed field from what to what.

Names are looked up when they are shown, so that those of a donor who was erased are nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from flask import url_for
from flask_babel import gettext, ngettext

from donorhub.domain.donors.custom_shapes import choose_label
from donorhub.models import AuditRecord
from donorhub.money import Money
from donorhub.services.access import audit
from donorhub.services.moving.audit_names import KIND_OF_FIELD, AuditNames
from donorhub.web.admission import get_principal
from donorhub.web.reader import get_lang
from donorhub.web.showing import show_day, show_moment, show_money
from donorhub.web.words import audit_words, codes, donor_words, labels, lists

_AMOUNT: Final = re.compile(r"-?[0-9]+(\.[0-9]+)? [A-Z]{3}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")
_NOTHING: Final = "–"
Changes = Mapping[str, audit.Change | None]
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
    "contact_state": donor_words.CONTACT_STATES,
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
    changes = audit.read_shown_changes(records, get_principal())
    names = AuditNames(records, changes.values())
    return [
        AuditLine(
            record=record,
            actor=write_actor(record.actor, names.actors),
            what=str(audit_words.WHAT.get(record.what, record.what)),
            subject=write_subject(
                record.subject_type,
                record.subject_id,
                names.find_name(record.subject_type, record.subject_id),
            ),
            address=_find_address(record),
            facts=_list_facts(record.data),
            fields=make_field_lines(changes[record.id], names),
        )
        for record in records
    ]


def write_details(data: Mapping[str, Any], changes: Changes, names: AuditNames) -> str:
    """Return what a record says beside who, what and whom, in one line."""
    fields = [
        f"{line.label}: {line.before} → {line.after}"
        if line.is_known
        else f"{line.label}: {gettext('what it held is not kept')}"
        for line in make_field_lines(changes, names)
    ]
    return "; ".join([*_list_facts(data), *fields])


def make_field_lines(changes: Changes, names: AuditNames) -> list[FieldLine]:
    """Return the fields that a record changed, by their names."""
    return [_make_field(field, change, names) for field, change in sorted(changes.items())]


def write_actor(actor: str, names: Mapping[str, str]) -> str:
    """Return how people call who did something: a name, and what it is where it is no person."""
    kind, _, rest = actor.partition(":")
    label = str(audit_words.ACTORS.get(kind, kind))
    if kind == "user":
        return names.get(actor, f"{label} {rest}")
    if kind in ("token", "provider", "cli"):
        return f"{label}: {names.get(actor, rest)}"
    return label


# What we wrote ourselves, a day or an amount; in any other field a person may have typed what looks like one.
_FIGURES: Final = {"amount", "closed_on", "closed_until", "due_at", "ends_on", "goal", "starts_on", "terms"}


def write_subject(kind: str, id_: int, name: str) -> str:
    """Return what a record is about: its kind, and its name or number."""
    word = str(audit_words.SUBJECTS.get(kind, kind))
    return word if kind == "organisation" else f"{word} {name or id_}"


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
    if "list" in data and "rows" in data:
        rows = ngettext("%(num)s row", "%(num)s rows", data["rows"])
        facts.append(f"{lists.TITLES.get(data['list'], data['list'])}, {rows}")
    if "number" in data:
        facts.append(str(data["number"]))
    if "field" in data:
        facts.append(str(donor_words.OWN_FIELDS.get(data["field"], data["field"])))
    if data.get("reason"):
        facts.append(codes.word_code(str(data["reason"])))
    return facts


def _make_field(field: str, change: audit.Change | None, names: AuditNames) -> FieldLine:
    own_labels = names.custom_labels.get(field)
    label = choose_label(own_labels, get_lang()) if own_labels else str(audit_words.FIELDS.get(field, field))
    if change is None:
        return FieldLine(label, "", "", is_known=False)
    before, after = (_write_value(field, value, names) for value in change)
    return FieldLine(label, before, after, is_known=True)


def _write_value(field: str, value: Any, names: AuditNames) -> str:
    """Return a value as people write it: a name, a word, a day, an amount, else the text itself."""
    if field == "funds":
        return ", ".join(_write_part(part, names) for part in value) or str(gettext("Not earmarked"))
    if isinstance(value, bool):
        return str(audit_words.YES if value else audit_words.NO)
    if not value:
        return _NOTHING
    if field in KIND_OF_FIELD:
        return names.find_name(KIND_OF_FIELD[field], value) or str(value)
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


def _write_part(part: Sequence[int], names: AuditNames) -> str:
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
