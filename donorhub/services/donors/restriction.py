"""Restricting what is done with a donor's data (Art. 18 GDPR): it is kept, and used for nothing else."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement

from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import Donor
from donorhub.services.access import audit
from donorhub.services.donors import contact_rows


def set_restriction(donor: Donor, is_restricted: bool, *, reason: str, now: datetime, actor: str) -> bool:
    """Let a donor's data only be kept, or be used again; return whether that is new. Again changes nothing.

    Raise Rejected without a reason.
    """
    if not reason.strip():
        raise Rejected("say why, as the donor did", field="/reason")
    contact_rows.lock_donor(donor.id)
    db.session.refresh(donor)
    if donor.is_restricted == is_restricted:
        return False
    donor.is_restricted, donor.updated_at, donor.version = is_restricted, now, donor.version + 1
    audit.record_change(
        actor,
        "donor.restricted" if is_restricted else "donor.unrestricted",
        ("donor", donor.id),
        {"reason": ("", reason.strip())},
        now=now,
        personal=("reason",),
        donor_id=donor.id,
    )
    return True


def may_be_listed() -> ColumnElement[bool]:
    """Return the condition of donors in lists of people that leave the house; lists of money keep all."""
    return Donor.is_restricted.is_(False)
