"""Who may do what: permissions, the roles that have them, and the principal that asks.

The same words are the scopes of API tokens. Rows are narrowed by ``row_scope``: a
caller sees the donors of their own list only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

PERMISSIONS: Final = frozenset(
    {
        "donors:read",
        "donors:write",
        "donors:erase",
        "donors:merge",
        "gifts:read",
        "gifts:write",
        "recurring:read",
        "recurring:write",
        "funds:write",
        "imports:read",
        "imports:write",
        "entries:decide",
        "statements:release",
        "receipts:read",
        "receipts:issue",
        "tasks:read",
        "tasks:write",
        "messages:read",
        "messages:write",
        "texts:write",
        "providers:read",
        "providers:write",
        "audit:read",
        "export:all",
        "settings:write",
        "users:write",
    }
)

_READ_ALL: Final = frozenset(p for p in PERMISSIONS if p.endswith(":read"))

# Requirements, row 22. A role's amounts stay hidden where it has no gifts:read.
ROLE_PERMISSIONS: Final[dict[str, frozenset[str]]] = {
    "admin": PERMISSIONS,
    "steward": frozenset(
        {
            "donors:merge",
            "donors:read",
            "donors:write",
            "gifts:read",
            "recurring:read",
            "imports:read",
            "entries:decide",
            "tasks:read",
            "tasks:write",
            "messages:read",
            "providers:read",
            "receipts:read",
        }
    ),
    "fundraiser": frozenset(
        {
            "donors:read",
            "donors:write",
            "gifts:read",
            "gifts:write",
            "recurring:read",
            "recurring:write",
            "tasks:read",
            "tasks:write",
            "messages:read",
            "messages:write",
            "receipts:read",
        }
    ),
    "communications": frozenset(
        {"donors:read", "tasks:read", "tasks:write", "messages:read", "messages:write", "texts:write"}
    ),
    "accountant": frozenset(
        {
            "donors:read",
            "gifts:read",
            "gifts:write",
            "recurring:read",
            "funds:write",
            "imports:read",
            "imports:write",
            "entries:decide",
            "statements:release",
            "receipts:read",
            "receipts:issue",
            "tasks:read",
            "tasks:write",
            "providers:read",
            "export:all",
        }
    ),
    "caller": frozenset({"donors:read", "tasks:read", "tasks:write"}),
    "auditor": _READ_ALL,
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who asks: a user of the staff, a program with a token, or the system itself."""

    kind: Literal["user", "token", "system"]
    id: int
    name: str
    permissions: frozenset[str]
    row_scope: Literal["own", "team", "all"] = "all"
    owner_ids: frozenset[int] | None = None  # whose donors they see; None: all donors
    hidden_fields: frozenset[str] = frozenset()  # of donors and gifts: those that none of their roles sees

    @property
    def actor(self) -> str:
        """Return how the audit names them: ``user:3``."""
        return f"{self.kind}:{self.id}"

    @property
    def default_owner_id(self) -> int | None:
        """Return whose list a donor is on whom somebody adds that sees some donors only."""
        if self.owner_ids is None or not self.owner_ids:
            return None
        return self.id if self.id in self.owner_ids and self.kind == "user" else min(self.owner_ids)

    def has_permission(self, permission: str) -> bool:
        """Return whether one of their roles, or their token, grants the permission."""
        return permission in self.permissions

    def may_see_field(self, field: str) -> bool:
        """Return whether a field of a donor is shown to them; an added one is called ``custom.<key>``, one of
        gifts ``gift.custom.<key>``.

        Every page, answer, list, file and search asks here, and nowhere else.
        """
        return field not in self.hidden_fields


def combine_permissions(roles: Iterable[str]) -> frozenset[str]:
    """Return all that the roles may do together; an unknown role may do nothing."""
    return frozenset().union(*(ROLE_PERMISSIONS.get(role, frozenset()) for role in roles))


# What somebody may do who sees only some donors: files, the audit and settings are of all of them.
NARROW_PERMISSIONS: Final = frozenset(
    {
        "donors:read",
        "donors:write",
        "gifts:read",
        "gifts:write",
        "recurring:read",
        "recurring:write",
        "tasks:read",
        "tasks:write",
        "messages:read",
        "receipts:read",
    }
)


def narrow_permissions(permissions: frozenset[str], row_scope: str) -> frozenset[str]:
    """Return what of their permissions somebody keeps who sees the donors of a scope."""
    return permissions if row_scope == "all" else permissions & NARROW_PERMISSIONS


def find_row_scope(roles: Iterable[str]) -> Literal["own", "all"]:
    """Return ``own`` for somebody who is nothing but a caller, else ``all``."""
    return "own" if set(roles) <= {"caller"} else "all"
