"""The last look at a message before it leaves: the world may have changed since it was written."""

from __future__ import annotations

from datetime import datetime

from donorhub.db import db
from donorhub.models import Donor, Message
from donorhub.services.messages import receipt_mail, suppressions, thank_yous


def suppress_if_needed(message: Message, *, now: datetime) -> bool:
    """Look a last time before sending; return whether the message is suppressed.

    It is for an address on the suppression list, a donor who has died or, unless it is a receipt, wants no
    contact, a thank-you whose gift was taken out while the mail server was away, or that waited so long that
    it is no thanks, or a receipt that was voided.
    """
    donor = db.session.get(Donor, message.donor_id) if message.donor_id else None
    reason = ""
    if suppressions.is_suppressed(message.to_address):
        reason = "suppressed"
    elif donor is not None and donor.is_deceased:
        reason = "deceased"
    elif donor is not None and suppressions.refuses_contact(donor, message.category):
        reason = "no_contact"
    elif receipt_mail.is_void(message):
        reason = "receipt_void"
    else:
        reason = thank_yous.find_late_hindrance(message, now=now)
    if reason:
        message.state, message.suppressed_reason = "suppressed", reason
    return bool(reason)
