"""Messages: what is said to donors and staff, once for each reason, and what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from liquid import Environment
from sqlalchemy import Select, select, update

from donorhub import vault
from donorhub.db import db, insert_or_ignore
from donorhub.domain.donors import salutation
from donorhub.domain.messages import wording
from donorhub.errors import Conflict, NotFound
from donorhub.models import Designation, Donor, Fund, Gift, Message, Suppression, Task, Template, User
from donorhub.models.states import UNDELIVERED_MESSAGES, UNSENT_MESSAGES, Lang, MessageState, TemplateKind
from donorhub.services.access import audit, organisation
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.paging import equals_if_given
from donorhub.services.work import tasks
from receipts import figures

_liquid = Environment()


def plan_thank_you(task: Task, *, now: datetime, domain: str) -> str:
    """Write the thank-you that a task asks for and plan its sending; return the task's outcome.

    A gift that was taken out or fully refunded in the meantime is not thanked for. Without an address or
    with a no to contact nothing is sent, and staff get a task where they can do something.
    """
    gift = gifts.get_gift(task.subject_id)
    donor = donors.get_donor(gift.donor_id)
    reason = _find_hindrance(gift, donor)
    if reason:
        if reason == "no_address":
            _plan_call(gift, donor, now=now)
        return reason
    return plan_message(
        "thank_you",
        _collect_thank_you_facts(gift, donor),
        key=task.key,
        task_id=task.id,
        donor=donor,
        to_address=donor.email,
        lang=donor.lang,
        now=now,
        domain=domain,
    )


def plan_note_to_staff(task: Task, *, facts: Mapping[str, object], now: datetime, domain: str) -> str:
    """Write what a task says to the staff who look after donors; return the task's outcome.

    A second call writes nothing to those who have it already.
    """
    staff = db.session.scalars(select(User).where(User.active).order_by(User.id)).all()
    recipients = [
        user for user in staff if {role.name for role in user.roles} & {"admin", "fundraiser", "steward"}
    ]
    for user in recipients:
        plan_message(
            "new_donor",
            facts,
            key=f"{task.key}:{user.id}",
            task_id=task.id,
            donor=None,
            to_address=user.email,
            lang=user.lang,
            now=now,
            domain=domain,
        )
    return f"told {len(recipients)}"


def plan_message(
    kind: TemplateKind,
    facts: Mapping[str, object],
    *,
    key: str,
    task_id: int | None,
    donor: Donor | None,
    to_address: str,
    lang: Lang,
    now: datetime,
    domain: str,
) -> str:
    """Write a message and plan the task that sends it; return the outcome.

    The same key again changes nothing and returns ``known``.
    """
    version, text = _get_wording(kind, lang)
    send_key = hashlib.sha256(f"{key}|email".encode()).hexdigest()
    subject = " ".join(_liquid.from_string(text.subject).render(**facts).split())
    message_id = db.session.execute(
        insert_or_ignore(Message, on=(Message.send_key,))
        .values(
            send_key=send_key,
            task_id=task_id,
            donor_id=donor.id if donor else None,
            channel="email",
            category="transactional",
            template=f"{kind}@{version}",
            lang=lang,
            to_address=to_address,
            subject=subject,
            body=_liquid.from_string(text.body).render(**facts),
            message_id=f"<{send_key[:40]}@{domain}>",
            state="planned",
            suppressed_reason="",
            last_error="",
            planned_at=now,
        )
        .returning(Message.id)
    ).scalar_one_or_none()
    if message_id is None:
        return "known"
    tasks.plan_task(
        f"send_message:{message_id}",
        kind="send_message",
        performer="worker",
        subject=("message", message_id),
        due_at=now,
        now=now,
        donor_id=donor.id if donor else None,
    )
    return "planned"


def claim_message(message_id: int) -> Message | None:
    """Take a message for sending, to be committed before it is handed over; return None when it was sent
    or taken.
    """
    claimed_id = db.session.scalar(
        update(Message)
        .where(Message.id == message_id, Message.state.in_(UNSENT_MESSAGES))
        .values(state="claimed")
        .returning(Message.id)
    )
    return db.session.get(Message, claimed_id, populate_existing=True) if claimed_id else None


def suppress_if_needed(message: Message) -> bool:
    """Look a last time before sending; return whether the message is suppressed.

    It is for an address on the suppression list, a donor who wants no contact or has died, or a thank-you
    whose gift was taken out while the mail server was away.
    """
    donor = db.session.get(Donor, message.donor_id) if message.donor_id else None
    reason = ""
    if is_suppressed(message.to_address):
        reason = "suppressed"
    elif donor is not None and donor.is_deceased:
        reason = "deceased"
    elif donor is not None and donor.do_not_contact:
        reason = "no_contact"
    elif _has_nothing_to_thank_for(message):
        reason = "nothing_left_of_the_gift"
    if reason:
        message.state, message.suppressed_reason = "suppressed", reason
    return bool(reason)


def _has_nothing_to_thank_for(message: Message) -> bool:
    task = db.session.get(Task, message.task_id) if message.task_id else None
    if task is None or task.kind != "thank_you":
        return False
    return gifts.compute_remainder(gifts.get_gift(task.subject_id)).minor == 0


def mark_as_sent(message: Message, *, now: datetime) -> None:
    """Record that the message was handed over."""
    message.state, message.sent_at, message.last_error = "sent", now, ""


def mark_as_unsent(message: Message, state: Literal["failed", "unknown"], error: str) -> None:
    """Record ``failed`` (nothing was sent) or ``unknown`` (nobody can know; never sent again by itself)."""
    message.state, message.last_error = state, error[:300]


def strand_claimed_message(message_id: int) -> bool:
    """Mark a message unknown that is still claimed when its task is tried again; return whether it was.

    The process died while it handed the message over.
    """
    stranded_id = db.session.scalar(
        update(Message)
        .where(Message.id == message_id, Message.state == "claimed")
        .values(state="unknown", last_error="the program stopped while the message was being sent")
        .returning(Message.id)
    )
    return stranded_id is not None


def decide_uncertain_message(message_id: int, *, was_received: bool, now: datetime, actor: str) -> Message:
    """Record what a person says of an uncertain message: it arrived, or it is to be sent again.

    Raise Conflict for a message that is not uncertain.
    """
    message = get_message(message_id)
    if message.state not in UNDELIVERED_MESSAGES:
        raise Conflict(
            f"message {message_id} is {message.state}: only one that is uncertain is decided",
            code="message_state",
            state=message.state,
        )
    tasks.supersede_tasks("send_message", ("message", message.id), now=now, actor=actor)
    if was_received:
        mark_as_sent(message, now=now)
    else:
        message.state = "planned"
        tasks.plan_task(
            f"send_message:{message_id}:{now.timestamp()}",
            kind="send_message",
            performer="worker",
            subject=("message", message_id),
            due_at=now,
            now=now,
            donor_id=message.donor_id,
        )
    audit.record_action(
        actor, "message.decided", ("message", message.id), now=now, data={"was_received": was_received}
    )
    return message


def select_messages(
    *, donor_id: int | None = None, task_id: int | None = None, state: MessageState | None = None
) -> Select[Message]:
    """Return a query for the messages that fit all that is given."""
    return select(Message).where(
        *equals_if_given(Message.donor_id, donor_id),
        *equals_if_given(Message.task_id, task_id),
        *equals_if_given(Message.state, state),
    )


def get_message(message_id: int) -> Message:
    """Return the message; raise NotFound where there is none."""
    message = db.session.get(Message, message_id)
    if message is None:
        raise NotFound(f"there is no message {message_id}")
    return message


def suppress_address(address: str, *, reason: str, now: datetime, actor: str) -> None:
    """Never send to this address again; only its keyed hash is kept. A second call keeps the first reason."""
    db.session.execute(
        insert_or_ignore(
            Suppression,
            on=(
                Suppression.channel,
                Suppression.address_hash,
            ),
        ).values(channel="email", address_hash=_hash_address(address), reason=reason, created_at=now)
    )
    audit.record_action(actor, "address.suppressed", ("suppression", 0), now=now, data={"reason": reason})


def is_suppressed(address: str) -> bool:
    """Return whether nothing may be sent to this address."""
    suppression_id = db.session.scalar(
        select(Suppression.id).filter_by(channel="email", address_hash=_hash_address(address))
    )
    return suppression_id is not None


def _hash_address(address: str) -> str:
    return vault.compute_keyed_hash(donors.normalise_email(address))


def _find_hindrance(gift: Gift, donor: Donor) -> str:
    if gifts.compute_remainder(gift).minor == 0:
        return "nothing_left_of_the_gift"
    if donor.is_deceased:
        return "deceased"
    if donor.do_not_contact:
        return "no_contact"
    if not donor.email:
        return "no_address"
    return "suppressed" if is_suppressed(donor.email) else ""


def _plan_call(gift: Gift, donor: Donor, *, now: datetime) -> None:
    tasks.plan_task(
        f"thank_by_hand:gift:{gift.id}",
        kind="thank_by_hand",
        performer="person",
        role="fundraiser",
        subject=("gift", gift.id),
        donor_id=donor.id,
        due_at=now + tasks.SOON,
        now=now,
        facts={"amount": gift.amount.as_text(), "currency": gift.currency},
    )


def _collect_thank_you_facts(gift: Gift, donor: Donor) -> dict[str, str | None]:
    ours = organisation.get_organisation()
    funds = db.session.scalars(
        select(Fund.name)
        .join(Designation, Designation.fund_id == Fund.id)
        .where(Designation.gift_id == gift.id)
        .order_by(Fund.id)
    ).all()
    return {
        "salutation": write_salutation(donor),
        "amount": figures.write_amount(gift.amount, donor.lang).replace("\u00a0", " "),
        "received_on": figures.write_long_date(gift.received_on, donor.lang),
        "funds": ", ".join(funds) or None,  # to Liquid an empty text is true: it would say "It goes to: ."
        "organisation": ours.legal_name,
    }


def write_salutation(donor: Donor) -> str:
    """Return how the donor is addressed in their language; what they asked for wins."""
    if donor.salutation:
        return donor.salutation
    if donor.kind != "person" or not donor.given_name:
        return salutation.write_greeting_of_organisation(donor.lang)
    return salutation.write_greeting(donor.lang, donor.given_name, donor.family_name)


def _get_wording(kind: TemplateKind, lang: Lang) -> tuple[str, wording.Wording]:
    own_template = db.session.scalar(
        select(Template).filter_by(kind=kind, lang=lang).order_by(Template.version.desc()).limit(1)
    )
    if own_template is not None:
        return f"own-{own_template.version}", wording.Wording(own_template.subject, own_template.body)
    return wording.SHIPPED_VERSION, wording.get_shipped_text(kind, lang)
