"""What goes when a donor is erased, in words of people: tables gathered by what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask_babel import lazy_gettext

from donorhub.models.states import RetentionKind
from donorhub.services.moving.purposes import Purpose
from donorhub.web.words.audit_words import SUBJECTS
from donorhub.web.words.column_words import TABLE_NAMES

_GROUPS: Final[Mapping[str, object]] = {
    "contact_point": lazy_gettext("Addresses, phones and accounts"),
    "identity_key": lazy_gettext("Addresses, phones and accounts"),
    "payer_key": lazy_gettext("Addresses, phones and accounts"),
    "payer_use": lazy_gettext("Addresses, phones and accounts"),
    "payer": lazy_gettext("Addresses, phones and accounts"),
    "external_id": lazy_gettext("Numbers in other systems"),
    "interaction": lazy_gettext("Notes, calls and visits"),
    "donor_tag": lazy_gettext("Tags"),
    "donor_file": lazy_gettext("Files"),
    "donor_role": lazy_gettext("Roles and relations"),
    "relationship": lazy_gettext("Roles and relations"),
    "household_member": lazy_gettext("Roles and relations"),
    "audit_value": lazy_gettext("Earlier values of fields"),
    "message": lazy_gettext("Texts of messages"),
    "task": lazy_gettext("Texts of tasks"),
    "gift": lazy_gettext("Notes of gifts"),
    "former_name": lazy_gettext("Earlier names"),
    "custom_value": lazy_gettext("Fields of our own"),
    "gift_custom_value": lazy_gettext("Fields of our own"),
    "correction": lazy_gettext("Corrections of gifts"),
    "recurring_gift_change": lazy_gettext("Changes of recurring gifts"),
    "provider_map": lazy_gettext("What a payment provider knows you by"),
    "provider_register": lazy_gettext("What a payment provider says of payments"),
    "detail": lazy_gettext("Single payments of a bank entry"),
    "match": lazy_gettext("Why a payment is theirs"),
    "receipt_pdf": lazy_gettext("Papers of receipts"),
    "record_row": lazy_gettext("Rows of imported files"),
    "merge_log": lazy_gettext("Records that were joined"),
    "merge_drop": lazy_gettext("Records that were joined"),
}
_OTHERS: Final = lazy_gettext("Texts of other rows")


def group_rows(counts: Mapping[str, int]) -> dict[str, int]:
    """Return how many rows of each group go, or their texts; tables without a name count as others."""
    groups: dict[str, int] = {}
    for table, count in counts.items():
        name = str(_GROUPS.get(table, _OTHERS))
        groups[name] = groups.get(name, 0) + count
    return groups


# What data is held for, and on which ground (Art. 6 GDPR).
PURPOSE_TITLES: Final[Mapping[Purpose, object]] = {
    "identity": lazy_gettext("Who you are"),
    "contact": lazy_gettext("How you are reached, and what you said of it"),
    "care": lazy_gettext("What we spoke of, and what joins you to us and others"),
    "giving": lazy_gettext("Your gifts"),
    "promises": lazy_gettext("Your recurring gifts"),
    "payments": lazy_gettext("Payments at payment providers"),
    "bank": lazy_gettext("Entries of our bank account"),
    "receipts": lazy_gettext("Your receipts"),
    "messages": lazy_gettext("What we wrote to you"),
    "moved_in": lazy_gettext("What came from files and earlier records"),
    "security": lazy_gettext("Earlier values of what was changed"),
}
PURPOSE_REASONS: Final[Mapping[Purpose, object]] = {
    "identity": lazy_gettext("To know whose gifts these are (legitimate interest; law on accounting)."),
    "contact": lazy_gettext("To write where you want it, and nowhere else (consent or legitimate interest)."),
    "care": lazy_gettext("To keep what was agreed with you (legitimate interest)."),
    "giving": lazy_gettext("To keep our books (law on accounting)."),
    "promises": lazy_gettext("To expect and collect what you promised (agreement with you)."),
    "payments": lazy_gettext("To know what became of your payments (agreement; law on accounting)."),
    "bank": lazy_gettext("To keep our books (law on accounting)."),
    "receipts": lazy_gettext("To issue receipts for taxes, and to prove them (tax law)."),
    "messages": lazy_gettext("To know what you were sent (legitimate interest)."),
    "moved_in": lazy_gettext("To be able to mend what was brought in (legitimate interest)."),
    "security": lazy_gettext("To be able to explain who changed what (legitimate interest)."),
}


def name_table(table: str) -> str:
    """Return what a table holds in words of people."""
    name = _GROUPS.get(table) or TABLE_NAMES.get(table) or SUBJECTS.get(table)
    return str(name or table.replace("_", " "))


RETENTION_KINDS: Final[Mapping[RetentionKind, object]] = {
    "provider_message": lazy_gettext("What payment providers sent"),
    "message_text": lazy_gettext("Texts of messages"),
    "bank_file": lazy_gettext("Bank files as they came"),
    "sealed_receipt": lazy_gettext("Sealed receipts of people erased"),
    "donor_read": lazy_gettext("Who looked at which donor"),
}
# The same purposes, said to staff.
PURPOSE_TITLES_OF_DONORS: Final[Mapping[Purpose, object]] = {
    "identity": lazy_gettext("Who donors are"),
    "contact": lazy_gettext("How donors are reached"),
    "care": lazy_gettext("Care of donors"),
    "giving": lazy_gettext("Gifts"),
    "promises": lazy_gettext("Recurring gifts"),
    "payments": lazy_gettext("Payments at payment providers"),
    "bank": lazy_gettext("Entries of our bank account"),
    "receipts": lazy_gettext("Receipts"),
    "messages": lazy_gettext("Messages"),
    "moved_in": lazy_gettext("What came from files and earlier records"),
    "security": lazy_gettext("Earlier values of what was changed"),
}
