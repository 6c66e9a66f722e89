"""Restricting what is done with a donor's data (Art. 18 GDPR): it is kept, and used for nothing else."""

from __future__ import annotations

from datetime import datetime

from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import Donor
from donorhub.services.access import audit


def set_restriction(donor: Donor, is_restricted: bool, *, reason: str, now: datetime, actor: str) -> bool:
    """Let a donor's data only be kept, or be used again; return whether that is new. Again changes nothing.

    Raise Rejected without a reason.
    """
    if not reason.strip():
        raise Rejected("say why, as the donor did", field="/reason")
    locked = db.session.get_one(Donor, donor.id, with_for_update=True, populate_existing=True)
    if locked.is_restricted == is_restricted:
        return False
    locked.is_restricted, locked.updated_at, locked.version = is_restricted, now, locked.version + 1
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
