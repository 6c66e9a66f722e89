"""A mail to oneself, which proves by the address in it that what is sent arrives."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select, update

from donorhub.db import db
from donorhub.errors import NotFound
from donorhub.models import MailTest, Message, User
from donorhub.models.states import UNSENT_MESSAGES
from donorhub.services.access import audit, organisation
from donorhub.services.messages import messages

MailState = Literal["untried", "waiting", "sent", "failed"]


@dataclass(frozen=True, slots=True)
class MailTrial:
    """How far a test came that has not arrived, to whom it went, and why it failed, in the mail server's
    words.
    """

    state: MailState
    to_address: str = ""
    last_error: str = ""


def send_test(user: User, *, public_url: str, domain: str, now: datetime) -> MailTest:
    """Plan a mail to a user with an address that only this mail names."""
    token = secrets.token_urlsafe(24)
    key = f"mail_test:{_hash_token(token)}"
    messages.plan_message(
        "mail_test",
        {
            "organisation": organisation.get_organisation().legal_name,
            "link": f"{public_url}/mail-test/{token}",
        },
        key=key,
        task_id=None,
        donor=None,
        to_address=user.email,
        lang=user.lang,
        now=now,
        domain=domain,
    )
    message = messages.find_message(key)
    assert message is not None  # noqa: S101  it was planned now
    test = MailTest(
        message_id=message.id, token_hash=_hash_token(token), asked_at=now, asked_by=f"user:{user.id}"
    )
    db.session.add(test)
    audit.record_action(f"user:{user.id}", "mail.tested", ("message", message.id), now=now, data={})
    return test


def note_arrival(token: str, *, now: datetime) -> None:
    """Note that the mail with this token arrived; again changes nothing. Raise NotFound for a foreign one."""
    test_id = db.session.scalar(select(MailTest.id).where(MailTest.token_hash == _hash_token(token)))
    if test_id is None:
        raise NotFound("no mail of this installation has this address")
    db.session.execute(
        update(MailTest).where(MailTest.id == test_id, MailTest.arrived_at.is_(None)).values(arrived_at=now)
    )


def find_trial() -> MailTrial:
    """Return how far the newest test came, where none arrived."""
    row = db.session.execute(
        select(Message.state, Message.to_address, Message.last_error)
        .join(MailTest, MailTest.message_id == Message.id)
        .order_by(MailTest.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return MailTrial("untried")
    state, to_address, last_error = row
    if state == "sent":
        return MailTrial("sent", to_address)
    has_failed = bool(last_error) or state not in UNSENT_MESSAGES
    return MailTrial("failed" if has_failed else "waiting", to_address, last_error)


def _hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
