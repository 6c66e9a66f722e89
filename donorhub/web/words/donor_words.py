"""The words that pages use for what is kept of donors beside their gifts, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask_babel import lazy_gettext

from donorhub.models.states import (
    CallOutcome,
    ContactKind,
    ContactRole,
    ContactState,
    CustomEntity,
    CustomKind,
    InteractionDirection,
    InteractionKind,
    MarkedContact,
    MemberRole,
    RelationshipKind,
    RoleOfDonor,
    RowScope,
)
from donorhub.services.reports.timeline import TimelinePart
from donorhub.web.words.labels import Words

INTERACTIONS: Final[Words[InteractionKind]] = {
    "note": lazy_gettext("Note"),
    "call": lazy_gettext("Call"),
    "meeting": lazy_gettext("Meeting"),
    "visit": lazy_gettext("Visit"),
    "letter": lazy_gettext("Letter"),
    "email": lazy_gettext("E-mail"),
}
DIRECTIONS: Final[Words[InteractionDirection]] = {
    "out": lazy_gettext("from us"),
    "in": lazy_gettext("from the donor"),
}
CALL_OUTCOMES: Final[Words[CallOutcome]] = {
    "reached": lazy_gettext("reached"),
    "no_answer": lazy_gettext("nobody answered"),
    "message_left": lazy_gettext("message left"),
    "call_back": lazy_gettext("wants to be called again"),
    "wrong_number": lazy_gettext("wrong number"),
}
CONTACT_POINT_KINDS: Final[Words[ContactKind]] = {
    "email": lazy_gettext("E-mail"),
    "phone": lazy_gettext("Phone"),
    "post": lazy_gettext("Postal address"),
    "account": lazy_gettext("Bank account"),
}
CONTACT_STATES: Final[Words[ContactState]] = {
    "ok": lazy_gettext("works"),
    "unconfirmed": lazy_gettext("not confirmed"),
    "bounced": lazy_gettext("mail came back"),
    "complained": lazy_gettext("they complained"),
}
MARKED_CONTACTS: Final[Words[MarkedContact]] = {
    "ok": lazy_gettext("works"),
    "bounced": lazy_gettext("mail came back"),
    "complained": lazy_gettext("they complained"),
}
CONTACT_ROLES: Final[Words[ContactRole]] = {
    "office": lazy_gettext("office"),
    "secretariat": lazy_gettext("secretariat"),
    "accounting": lazy_gettext("accounting"),
    "management": lazy_gettext("management"),
    "press": lazy_gettext("press office"),
}
CONTACT_LOOKS: Final = {"unconfirmed": "warn", "bounced": "no", "complained": "no"}
# What a donor is to the other, where they stand at the beginning of the row, and where at its end.
RELATIONS_FROM: Final[Words[RelationshipKind]] = {
    "spouse": lazy_gettext("spouse of"),
    "parent": lazy_gettext("parent of"),
    "employee_of": lazy_gettext("works at"),
    "member_of": lazy_gettext("member of"),
    "contact_person_of": lazy_gettext("contact person of"),
    "introduced_by": lazy_gettext("introduced by"),
}
RELATIONS_TO: Final[Words[RelationshipKind]] = {
    "spouse": lazy_gettext("spouse of"),
    "parent": lazy_gettext("child of"),
    "employee_of": lazy_gettext("employs"),
    "member_of": lazy_gettext("has as a member"),
    "contact_person_of": lazy_gettext("has as contact person"),
    "introduced_by": lazy_gettext("introduced"),
}
MEMBER_ROLES: Final[Words[MemberRole]] = {
    "partner": lazy_gettext("partner"),
    "child": lazy_gettext("child"),
    "parent": lazy_gettext("parent"),
    "other": lazy_gettext("other"),
}
DONOR_ROLES: Final[Words[RoleOfDonor]] = {
    "volunteer": lazy_gettext("volunteer"),
    "employee": lazy_gettext("employee"),
    "partner": lazy_gettext("partner institution"),
    "target": lazy_gettext("target of a campaign"),
}
ROW_SCOPES: Final[Words[RowScope]] = {
    "all": lazy_gettext("all donors"),
    "team": lazy_gettext("those of their team"),
    "own": lazy_gettext("those of their own list"),
}
OWN_FIELDS: Final[Mapping[str, object]] = {  # that may be hidden from a role
    "salutation": lazy_gettext("Greeting"),
    "email": lazy_gettext("E-mail"),
    "phone": lazy_gettext("Phone"),
    "address": lazy_gettext("Postal address"),
    "tax_number": lazy_gettext("Tax number"),
    "born_on": lazy_gettext("Date of birth"),
    "account": lazy_gettext("Bank account"),
    "owner": lazy_gettext("Looked after by"),
    "files": lazy_gettext("Files"),
}
CUSTOM_ENTITIES: Final[Words[CustomEntity]] = {
    "donor": lazy_gettext("donors"),
    "gift": lazy_gettext("gifts"),
}
FIELDS_ADDED: Final[Words[CustomEntity]] = {
    "donor": lazy_gettext("Fields that you added to donors"),
    "gift": lazy_gettext("Fields that you added to gifts"),
}
CUSTOM_KINDS: Final[Words[CustomKind]] = {
    "text": lazy_gettext("Text of one line"),
    "long_text": lazy_gettext("Long text"),
    "number": lazy_gettext("A number"),
    "day": lazy_gettext("Date"),
    "yes_no": lazy_gettext("Yes or no"),
    "choice": lazy_gettext("One choice"),
    "choices": lazy_gettext("Several choices"),
}
TIMELINE_PARTS: Final[Words[TimelinePart]] = {
    "gifts": lazy_gettext("Gifts"),
    "interactions": lazy_gettext("Calls and notes"),
    "tasks": lazy_gettext("Tasks"),
    "messages": lazy_gettext("Messages"),
    "consents": lazy_gettext("Consents"),
    "receipts": lazy_gettext("Receipts"),
    "promises": lazy_gettext("Recurring gifts"),
}
