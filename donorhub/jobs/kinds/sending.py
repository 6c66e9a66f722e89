"""Sending a planned message: claimed and committed before it leaves, recorded after.

At most once by itself: a message found claimed when its task comes back was perhaps
sent, and waits for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage

from flask import current_app

from donorhub import clock
from donorhub.config import Settings
from donorhub.db import db
from donorhub.domain.access import logo_picture
from donorhub.domain.messages import mail_page
from donorhub.errors import DonorHubError
from donorhub.gateways import mailer
from donorhub.models import Donor, Message, Task
from donorhub.models.states import UNSENT_MESSAGES
from donorhub.services.access import logo, organisation
from donorhub.services.messages import leaving, messages, receipt_mail


class NotSentYet(DonorHubError):
    """The mail server did not take it now; the task is tried again."""

    code = "not_sent_yet"


def send_message(task: Task, settings: Settings) -> str:
    """Send the message of a task; return ``sent``, ``refused``, ``unknown`` or why it was held back.

    Raise NotSentYet when the same message may be tried again. A second call sends nothing twice.
    """
    message_id = task.subject_id
    files = _read_files(message_id)
    message = messages.claim_message(message_id)
    if message is None:
        return "unknown" if messages.strand_claimed_message(message_id) else "known"
    if leaving.suppress_if_needed(message, now=clock.now()):
        return message.suppressed_reason
    try:
        mail = _compose_mail(message, settings, files)
    except ValueError as e:  # an address or a name that no header can hold: trying again is no use
        messages.mark_as_unsent(message, "failed", f"this address cannot be written to: {type(e).__name__}")
        return "refused"
    db.session.commit()  # claimed: from here on a crash leaves it claimed, never sent twice
    outcome, error = _hand_over(get_mailer(settings), mail)
    message = messages.get_message(message_id)
    if outcome == "sent":
        messages.mark_as_sent(message, now=clock.now())
    else:
        messages.mark_as_unsent(message, "unknown" if outcome == "unknown" else "failed", error)
    if outcome == "later":
        db.session.commit()
        raise NotSentYet(error)
    return outcome


def get_mailer(settings: Settings) -> mailer.Mailer:
    """Return the mailer of the application; a test may have put another there."""
    mailer_of_app: mailer.Mailer | None = current_app.extensions.get("donorhub.mailer")
    return mailer_of_app or mailer.make_mailer(settings.smtp_url)


def _hand_over(sender: mailer.Mailer, mail: EmailMessage) -> tuple[str, str]:
    try:
        sender.send_message(mail)
    except mailer.MessageRefused as e:
        return "refused", str(e)
    except mailer.TryLater as e:
        return "later", str(e)
    except mailer.Uncertain as e:
        return "unknown", str(e)
    return "sent", ""


def _read_files(message_id: int) -> list[mailer.File]:
    """Return what goes with the message; raise FileNotReady, before the claim, while that waits."""
    message = messages.get_message(message_id)
    if message.state not in UNSENT_MESSAGES or receipt_mail.is_void(message):
        return []
    return [
        mailer.File(attachment.filename, attachment.media_type, content)
        for attachment, content in receipt_mail.read_files(message)
    ]


def _compose_mail(message: Message, settings: Settings, files: Sequence[mailer.File]) -> EmailMessage:
    donor = db.session.get(Donor, message.donor_id) if message.donor_id else None
    return mailer.compose_message(
        sender=settings.mail_from,
        to_name=donor.name if donor else "",
        to_address=message.to_address,
        subject=message.subject,
        body=message.body,
        message_id=message.message_id,
        at=clock.now(),
        page=_make_page(message, settings),
        files=files,
    )


def _make_page(message: Message, settings: Settings) -> mailer.Page:
    """Return the page that says what the message says, with the organisation's logo as it is now."""
    row = logo.find_logo()
    if row is None:
        return mailer.Page(mail_page.write_page(message.body, lang=message.lang, subject=message.subject))
    content_id = f"logo.{row.sha256[:16]}@{settings.mail_domain}"
    picture = mail_page.Picture(
        content_id,
        *logo_picture.find_shown_size(row.width, row.height),
        alt=organisation.get_organisation().legal_name,
    )
    html = mail_page.write_page(message.body, lang=message.lang, subject=message.subject, logo=picture)
    return mailer.Page(html, {content_id: mailer.File("logo.png", "image/png", row.content)})
