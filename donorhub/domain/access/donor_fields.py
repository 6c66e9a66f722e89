"""Fields of donors that may be hidden from a role, and what a role needs each of them for.

What nothing requires can be hidden; a name, a code and a "wants no contact" cannot. A role that reads bank
files, receipts or letters reads there what a field holds, so that hiding the field from it would be for show.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from donorhub.domain.access.permissions import ROLE_PERMISSIONS

CUSTOM_PREFIX: Final = "custom."  # of fields that the organisation added to donors
GIFT_CUSTOM_PREFIX: Final = "gift.custom."  # and to gifts


class HideableField(NamedTuple):
    """A field: the donor's columns that hold it, and the permissions of those who need it."""

    columns: tuple[str, ...]
    needed_by: frozenset[str]


_FILES: Final = "imports:read"  # what banks and other systems wrote stands in their files
HIDEABLE: Final[Mapping[str, HideableField]] = {
    "salutation": HideableField(("salutation",), frozenset({"messages:read", "receipts:read"})),
    "email": HideableField(("email",), frozenset({_FILES})),
    "phone": HideableField(("phone",), frozenset({_FILES})),
    "address": HideableField(
        ("street", "postcode", "city", "country"), frozenset({_FILES, "messages:read", "receipts:read"})
    ),
    "tax_number": HideableField(("tax_number",), frozenset({_FILES, "receipts:read"})),
    "born_on": HideableField(("born_on",), frozenset({_FILES})),
    "account": HideableField((), frozenset({_FILES})),
    "owner": HideableField(("owner_id",), frozenset()),
    "files": HideableField((), frozenset()),
}
FIELD_OF_COLUMN: Final[Mapping[str, str]] = {
    column: field for field, one in HIDEABLE.items() for column in one.columns
}
FIELD_OF_CONTACT: Final[Mapping[str, str]] = {
    "email": "email",
    "phone": "phone",
    "post": "address",
    "account": "account",
}
SEARCHED: Final = ("email", "phone", "address", "tax_number", "account")  # donors are found by these too


def list_hideable_roles(field: str) -> list[str]:
    """Return the roles from which a field may be hidden, in their order; of no such field none."""
    if field.startswith((CUSTOM_PREFIX, GIFT_CUSTOM_PREFIX)):
        return [role for role in ROLE_PERMISSIONS if role != "admin"]
    one = HIDEABLE.get(field)
    if one is None:
        return []
    return [
        role
        for role, permissions in ROLE_PERMISSIONS.items()
        if role != "admin" and not permissions & one.needed_by
    ]


def list_hidden_columns(hidden_fields: Collection[str]) -> list[str]:
    """Return the columns of a donor that hold what is hidden."""
    return [column for field in HIDEABLE if field in hidden_fields for column in HIDEABLE[field].columns]
