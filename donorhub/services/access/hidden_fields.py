"""Which fields of donors and gifts a role does not see: said by an administrator, and held by every door.

Who asks carries it with them (:class:`donorhub.domain.access.permissions.Principal`), so that nobody looks
here but who changes it. An administrator sees all.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, insert, select

from donorhub.db import db
from donorhub.domain.access import donor_fields
from donorhub.errors import NotFound, Rejected
from donorhub.models import HiddenField
from donorhub.models.states import ROLES, CustomEntity, RoleName
from donorhub.services.access import audit


def find_entity(field: str) -> CustomEntity:
    """Return whose field this is, by its name."""
    return "gift" if field.startswith(donor_fields.GIFT_CUSTOM_PREFIX) else "donor"


def list_hidden() -> dict[str, list[RoleName]]:
    """Return the roles that do not see a field, by the field's name; one that all see is not there."""
    roles: dict[str, set[RoleName]] = {}
    for field, role in db.session.execute(select(HiddenField.field, HiddenField.role)):
        roles.setdefault(field, set()).add(role)
    return {field: [role for role in ROLES if role in some] for field, some in roles.items()}


def hide_field(field: str, roles: Collection[RoleName], *, now: datetime, actor: str) -> bool:
    """Hide a field from exactly these roles, from their next request on; return whether that is another.

    Raise NotFound for what cannot be hidden, Rejected for administrators, who set this up, and for a role
    that needs the field.
    """
    hideable_roles = donor_fields.list_hideable_roles(field)
    if not hideable_roles:
        raise NotFound(f"{field} cannot be hidden from anybody")
    if "admin" in roles:
        raise Rejected("administrators see every field", field="/hidden_roles", code="admin_sees_all")
    needing_roles = [role for role in roles if role not in hideable_roles]
    if needing_roles:
        raise Rejected(
            f"{needing_roles[0]} reads files, letters or receipts in which {field} stands",
            field="/hidden_roles",
            code="field_needed",
        )
    before = list_hidden().get(field, [])
    after = [role for role in ROLES if role in roles]
    if before == after:
        return False
    db.session.execute(
        delete(HiddenField)
        .where(HiddenField.entity == find_entity(field), HiddenField.field == field)
        .execution_options(synchronize_session=False)
    )
    if after:
        rows = [{"entity": find_entity(field), "field": field, "role": role} for role in after]
        db.session.execute(insert(HiddenField), rows)
    db.session.expire_all()  # roles that were read know what is hidden from them
    audit.record_action(
        actor,
        "field.hidden",
        ("organisation", 1),
        now=now,
        data={"field": field, "before": before, "after": after},
    )
    return True
