"""The last look at a message before it leaves: the world may have changed since it was written."""

from __future__ import annotations

from datetime import datetime

from donorhub.db import db
from donorhub.models import Donor, Message
from donorhub.services.donors import contacts
from donorhub.services.messages import gate, receipt_mail, thank_yous


def suppress_if_needed(message: Message, *, now: datetime) -> bool:
    """Look a last time before sending; return whether the message is suppressed.

    It is where the gate says no now, for a thank-you whose gift was taken out while the mail server was
    away, or that waited so long that it is no thanks, or a receipt that was voided. A message to an address
    that is the donor's no more goes to the one that they have now, or is suppressed without one.
    """
    donor = db.session.get(Donor, message.donor_id) if message.donor_id else None
    if donor is not None and contacts.is_former(donor.id, message.to_address):
        message.to_address = donor.email
    reason = _find_reason(message, donor, now=now)
    if reason:
        message.state, message.suppressed_reason = "suppressed", reason
    return bool(reason)


def _find_reason(message: Message, donor: Donor | None, *, now: datetime) -> str:
    if held := gate.find_hold_of_message(message, donor, at=now):
        return held
    if receipt_mail.is_void(message):
        return "receipt_void"
    return thank_yous.find_late_hindrance(message, now=now)
