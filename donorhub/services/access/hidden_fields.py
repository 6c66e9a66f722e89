"""Which fields of donors a role does not see: said by an administrator, and held by every door.

Who asks carries it with them (:class:`donorhub.domain.access.permissions.Principal`), so that nobody looks
here but who changes it. An administrator sees all.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import delete, insert, select

from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import HiddenField
from donorhub.models.states import ROLES, CustomEntity, RoleName
from donorhub.services.access import audit

DONOR: Final[CustomEntity] = "donor"


def list_hidden() -> dict[str, list[RoleName]]:
    """Return the roles that do not see a field, by the field's name; one that all see is not there."""
    roles: dict[str, set[RoleName]] = {}
    for field, role in db.session.execute(
        select(HiddenField.field, HiddenField.role).where(HiddenField.entity == DONOR)
    ):
        roles.setdefault(field, set()).add(role)
    return {field: [role for role in ROLES if role in some] for field, some in roles.items()}


def hide_field(field: str, roles: Collection[RoleName], *, now: datetime, actor: str) -> bool:
    """Hide a field from exactly these roles, from their next request on; return whether that is another.

    Raise Rejected for administrators, who set this up.
    """
    if "admin" in roles:
        raise Rejected("administrators see every field", field="/hidden_roles", code="admin_sees_all")
    before = list_hidden().get(field, [])
    after = [role for role in ROLES if role in roles]
    if before == after:
        return False
    db.session.execute(
        delete(HiddenField)
        .where(HiddenField.entity == DONOR, HiddenField.field == field)
        .execution_options(synchronize_session=False)
    )
    if after:
        rows = [{"entity": DONOR, "field": field, "role": role} for role in after]
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
