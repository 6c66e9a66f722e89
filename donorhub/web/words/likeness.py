"""What speaks for and against two records being one person, in sentences; and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask_babel import gettext, lazy_gettext, ngettext

from donorhub.domain.donors.evidence import Evidence, EvidenceKind

_SENTENCES: Final[Mapping[EvidenceKind, object]] = {
    "email": lazy_gettext("The same e-mail address."),
    "account": lazy_gettext("The same bank account."),
    "phone": lazy_gettext("The same phone number."),
    "tax_number": lazy_gettext("The same tax number."),
    "address": lazy_gettext("The same street, number and postcode."),
    "postcode": lazy_gettext("The same postcode, another street."),
    "name": lazy_gettext("The same name."),
    "name_like": lazy_gettext("The names differ by a slip of the pen."),
    "surname": lazy_gettext("The same surname."),
    "surname_part": lazy_gettext("One part of a double surname is the same."),
    "surname_like": lazy_gettext("The surnames differ by a slip of the pen."),
    "surname_differs": lazy_gettext("The surnames differ."),
    "given_name": lazy_gettext("The same given name."),
    "given_form": lazy_gettext("One given name is the everyday form of the other."),
    "given_initial": lazy_gettext("One given name is only an initial, which fits."),
    "given_like": lazy_gettext("The given names differ by a slip of the pen."),
    "given_differs": lazy_gettext("The given names differ: never the same person."),
    "born_on": lazy_gettext("The same date of birth."),
    "born_on_differs": lazy_gettext("The dates of birth differ: a person decides."),
    "tax_number_differs": lazy_gettext("The tax numbers differ: never the same person."),
    "kind_differs": lazy_gettext("One is a person and the other is not."),
    "generation": lazy_gettext("One name says senior or junior: there may be two."),
    "generation_differs": lazy_gettext("One is the senior, the other the junior: never the same person."),
}
REASONS: Final = {
    "": lazy_gettext("nothing tells whose it is"),
    "account": lazy_gettext("it came from the other record's account"),
    "recurring_gift": lazy_gettext("it pays the other record's recurring gift"),
    "code": lazy_gettext("its text names the other record's code"),
    "address": lazy_gettext("it went to the other record's address"),
    "gifts": lazy_gettext("all its gifts are the other record's"),
}
TABLES: Final[Mapping[str, object]] = {
    "gift": lazy_gettext("Gifts"),
    "recurring_gift": lazy_gettext("Recurring gifts"),
    "receipt": lazy_gettext("Receipts"),
    "message": lazy_gettext("Messages"),
    "interaction": lazy_gettext("Notes, calls and visits"),
    "task": lazy_gettext("Tasks"),
    "contact_point": lazy_gettext("Addresses, phones and accounts"),
    "membership": lazy_gettext("Memberships"),
    "donor_tag": lazy_gettext("Tags"),
    "donor_file": lazy_gettext("Files"),
}
ROWS: Final[Mapping[str, object]] = {
    "gift": lazy_gettext("Gift"),
    "recurring_gift": lazy_gettext("Recurring gift"),
    "receipt": lazy_gettext("Receipt"),
    "message": lazy_gettext("Message"),
    "interaction": lazy_gettext("Note, call or visit"),
    "task": lazy_gettext("Task"),
    "contact_point": lazy_gettext("Address, phone or account"),
    "membership": lazy_gettext("Membership"),
    "donor_file": lazy_gettext("File"),
}
_OTHERS: Final = lazy_gettext("Other rows")


def write_evidence(evidence: Evidence) -> str:
    """Return the sentence on a piece of evidence, with how many others have what is shared."""
    sentence = str(_SENTENCES[evidence.kind])
    if evidence.is_generic:
        why = gettext("%(num)d people have it, so it says nothing.", num=max(evidence.holders, 1))
        return f"{sentence} {why}"
    others = evidence.holders - 1
    if evidence.kind in ("email", "account", "phone") and others > 0:
        more = ngettext("%(num)d more person has it.", "%(num)d more people have it.", others)
        return f"{sentence} {more}"
    if evidence.kind == "surname" and evidence.holders:
        how_common = gettext("It is borne by %(num)d donors.", num=evidence.holders)
        return f"{sentence} {how_common}"
    return sentence


def group_counts(counts: Mapping[str, int]) -> dict[str, int]:
    """Return how many rows of each kind move; tables without a name count as others."""
    groups: dict[str, int] = {}
    for table, count in sorted(counts.items(), key=lambda one: (one[0] not in TABLES, one[0])):
        name = str(TABLES.get(table, _OTHERS))
        groups[name] = groups.get(name, 0) + count
    return groups
