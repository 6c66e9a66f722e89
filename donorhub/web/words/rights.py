"""What goes when a donor is erased, in words of people: tables gathered by what they hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask_babel import lazy_gettext

_GROUPS: Final[Mapping[str, object]] = {
    "contact_point": lazy_gettext("Addresses, phones and accounts"),
    "identity_key": lazy_gettext("Addresses, phones and accounts"),
    "payer_key": lazy_gettext("Addresses, phones and accounts"),
    "external_id": lazy_gettext("Numbers in other systems"),
    "interaction": lazy_gettext("Notes, calls and visits"),
    "donor_tag": lazy_gettext("Tags"),
    "donor_role": lazy_gettext("Roles and relations"),
    "relationship": lazy_gettext("Roles and relations"),
    "household_member": lazy_gettext("Roles and relations"),
    "audit_value": lazy_gettext("Earlier values of fields"),
    "message": lazy_gettext("Texts of messages"),
    "task": lazy_gettext("Texts of tasks"),
    "gift": lazy_gettext("Notes of gifts"),
}
_OTHERS: Final = lazy_gettext("Texts of other rows")


def group_rows(counts: Mapping[str, int]) -> dict[str, int]:
    """Return how many rows of each group go, or their texts; tables without a name count as others."""
    groups: dict[str, int] = {}
    for table, count in counts.items():
        name = str(_GROUPS.get(table, _OTHERS))
        groups[name] = groups.get(name, 0) + count
    return groups
