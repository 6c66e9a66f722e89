"""Letters: messages of channel ``post``, printed by a person and posted by them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select, update

import receipts as printed
from donorhub.db import cut_query_values, db
from donorhub.domain.donors import postal_address
from donorhub.errors import Conflict, Rejected
from donorhub.models import Donor, Message
from donorhub.models.states import Lang
from donorhub.services.access import audit, logo, organisation
from donorhub.services.donors import interactions
from donorhub.services.donors.interactions import NewInteraction


def list_address_lines(donor: Donor, contact_person: str = "") -> tuple[str, ...]:
    """Return the lines of an envelope to a donor, to an organisation for the attention of its contact person
    where one is known; none where the address is not complete."""
    ours = organisation.get_organisation()
    return postal_address.write_lines(
        donor.name,
        street=donor.street,
        postcode=donor.postcode,
        town=donor.city,
        country=donor.country,
        home=ours.country,
        lang=ours.lang,
        attention=postal_address.write_attention(contact_person, donor.lang),
    )


def refuse_unnamed() -> None:
    """Raise Rejected until somebody said who we are: no paper bears the name of a new installation."""
    if not organisation.is_legal_name(organisation.get_organisation().legal_name):
        raise Rejected("a letter bears our name: say first who we are", code="organisation_unnamed")


def make_letters(message_rows: Sequence[Message]) -> list[printed.Letter]:
    """Return what is printed of letters, with the organisation's own head as it is now."""
    head = _make_head()
    own_logo = logo.find_logo()
    return [
        printed.Letter(
            lang=message.lang,
            organisation=head,
            address_lines=tuple(message.to_address.split("\n")),
            written_on=organisation.get_day(message.planned_at),
            subject=message.subject,
            body=message.body,
            code=_find_code(message),
            logo=own_logo.content if own_logo else b"",
        )
        for message in message_rows
    ]


def make_sample(text: str, *, lang: Lang, day: date) -> printed.Letter:
    """Return a letter to nobody with the organisation's head as it is now, which shows what paper bears."""
    own_logo = logo.find_logo()
    return printed.Letter(
        lang=lang,
        organisation=_make_head(),
        address_lines=(),
        written_on=day,
        subject="",
        body=printed.escape_markdown(text),
        logo=own_logo.content if own_logo else b"",
    )


def mark_as_posted(message_rows: Sequence[Message], *, now: datetime, actor: str) -> int:
    """Record that letters were printed and posted, each also among what happened with its donor; return how
    many are so now that were not before.

    Raise Conflict for a message that is no letter, or that was held back.
    """
    for message in message_rows:
        if message.channel != "post" or message.state not in ("planned", "sent"):
            raise Conflict(
                f"message {message.id} is no letter that waits to be posted", code="no_waiting_letter"
            )
    posted_ids: set[int] = set()
    for chunk in cut_query_values([message.id for message in message_rows]):
        posted_ids |= set(
            db.session.scalars(
                update(Message)
                .where(Message.id.in_(chunk), Message.state == "planned")
                .values(state="sent", sent_at=now)
                .returning(Message.id)
            )
        )
    for message in message_rows:
        if message.id in posted_ids:
            _record_posting(message, now=now, actor=actor)
    return len(posted_ids)


def _record_posting(message: Message, *, now: datetime, actor: str) -> None:
    audit.record_action(actor, "message.posted", ("message", message.id), now=now, data={})
    if message.donor_id is not None:
        letter = NewInteraction(kind="letter", at=now, text=message.subject, direction="out")
        interactions.record_interaction(
            message.donor_id, letter, source="form", now=now, actor=actor, message_id=message.id
        )


def discard_letter(message: Message, *, now: datetime, actor: str) -> bool:
    """Let a letter that was not posted be none, also one that was said to be; return whether anything
    changed. Raise Conflict for others.
    """
    if message.state == "suppressed":
        return False
    if message.channel != "post" or message.state not in ("planned", "sent"):
        raise Conflict(f"message {message.id} is no letter that waits to be posted", code="no_waiting_letter")
    message.state, message.suppressed_reason, message.sent_at = "suppressed", "discarded", None
    audit.record_action(actor, "message.discarded", ("message", message.id), now=now, data={})
    return True


def list_letters(task_id: int) -> Sequence[Message]:
    """Return the letters of one run, in the order in which they are printed."""
    query = select(Message).where(Message.task_id == task_id, Message.channel == "post")
    return db.session.scalars(query.order_by(Message.id)).all()


def _make_head() -> printed.Organisation:
    ours = organisation.get_organisation()
    place = " ".join(part for part in (ours.postcode, ours.city) if part)
    return printed.Organisation(
        legal_name=ours.legal_name,
        address_lines=tuple(line for line in (ours.street, place) if line),
        ids={name: str(value) for name, value in ours.ids.items()},
        place=ours.city,
        contact=" ".join(ours.contact.split()),
    )


def _find_code(message: Message) -> str:
    donor = db.session.get(Donor, message.donor_id) if message.donor_id else None
    return donor.code if donor else ""
