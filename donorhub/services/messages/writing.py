"""What one of us writes to one donor: an e-mail or a letter, seen before it is written, through the gate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

import receipts as printed
from donorhub.db import db
from donorhub.domain.messages.written import WritingCategory, WritingChannel, WritingKind
from donorhub.errors import Rejected
from donorhub.models import Donor, Gift, Message
from donorhub.models.states import HeldReason, Lang, MessageCategory
from donorhub.services import shown
from donorhub.services.access import audit, organisation
from donorhub.services.donors import positions
from donorhub.services.messages import (
    donor_facts,
    gate,
    letters,
    messages,
    texts,
    thank_you_facts,
    thanked_gifts,
    thanks_by_hand,
)
from donorhub.services.messages.donor_facts import Facts
from donorhub.services.messages.texts import FilledText


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to write: their own words, or the thank-you for some gifts as a letter."""

    channel: WritingChannel
    kind: WritingKind
    category: WritingCategory
    subject: str = ""
    text: str = ""
    gift_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """What would be written, to which address, and why it may not be."""

    text: FilledText
    to_address: str
    category: MessageCategory
    held: HeldReason | None
    gift_ids: tuple[int, ...]

    @property
    def digest(self) -> str:
        """Return what stands for all that its page shows."""
        return shown.compute_digest([*self.text, self.to_address, self.category, self.held, *self.gift_ids])


def draft_message(donor: Donor, wish: Wish, *, author: str, now: datetime) -> Draft:
    """Return what would be written to a donor; raise Rejected where words or gifts are missing."""
    gift_rows = _list_gifts(donor, wish.gift_ids)
    if wish.kind == "thank_you" and not gift_rows:
        raise Rejected("choose the gifts that are thanked for", field="/gift_ids", code="no_gift_chosen")
    if wish.kind == "thank_you" and wish.channel != "post":
        raise Rejected("by e-mail a gift is thanked for by itself", field="/channel", code="thanks_by_letter")
    if wish.kind == "personal" and not wish.subject.strip():
        raise Rejected("write a subject", field="/subject", code="nothing_written")
    if wish.kind == "personal" and not wish.text.strip():
        raise Rejected("write a text", field="/text", code="nothing_written")
    if wish.channel == "post":
        letters.refuse_unnamed()
    lang = texts.choose_lang(wish.kind, wish.channel, donor.lang)
    category: MessageCategory = "thanks" if wish.kind == "thank_you" else wish.category
    to_address = donor.email if wish.channel == "email" else _write_post_address(donor, now)
    held = gate.find_hold(donor, category, wish.channel, at=now)
    return Draft(
        texts.fill_in_text(
            wish.kind, _collect_facts(donor, wish, gift_rows, lang, author), lang, channel=wish.channel
        ),
        to_address,
        category,
        held or (None if to_address else "no_address"),
        tuple(gift.id for gift in gift_rows),
    )


def _write_post_address(donor: Donor, now: datetime) -> str:
    organisation_ids = [donor.id] if donor.kind == "organisation" else []
    names = positions.find_contact_people(organisation_ids, today=organisation.get_day(now))
    return "\n".join(letters.list_address_lines(donor, names.get(donor.id, "")))


def write_to_donor(
    donor: Donor,
    wish: Wish,
    *,
    digest: str | None,
    key: str,
    author: str,
    now: datetime,
    actor: str,
    domain: str,
) -> tuple[Message, bool]:
    """Write what was shown: an e-mail leaves by the outbox, a letter waits to be printed; return it and
    whether it is new.

    The same key again changes nothing. Gifts that it thanks for are thanked by no other message. Raise
    Changed where it is not what was shown, Rejected where the donor may not be written to.
    """
    send_key = f"written:{donor.id}:{key}"
    if (earlier := messages.find_message(send_key)) is not None:
        return earlier, False
    draft = draft_message(donor, wish, author=author, now=now)
    shown.refuse_changed(digest, draft)
    if draft.held:
        raise Rejected(
            f"donor {donor.code} is not written to: {draft.held}", code="donor_unreachable", state=draft.held
        )
    message_id = messages.write_message(
        draft.text,
        key=send_key,
        category=draft.category,
        task_id=None,
        donor=donor,
        to_address=draft.to_address,
        now=now,
        domain=domain,
        channel=wish.channel,
    )
    assert message_id is not None  # noqa: S101  the key was looked for above
    message = messages.get_message(message_id)
    if draft.gift_ids:
        thanks_by_hand.stop_thanks(donor, draft.gift_ids, now=now, actor=actor)
        thanked_gifts.add_gifts(message, draft.gift_ids)
    if wish.channel == "email":
        messages.plan_sending(message_id, donor=donor, now=now)
    audit.record_action(
        actor, "message.written", ("message", message_id), now=now, data={"donor_id": donor.id}
    )
    return message, True


def list_gifts_to_thank(donor: Donor, *, limit: int = 10) -> Sequence[Gift]:
    """Return the donor's newest gifts, for which somebody may want to thank by hand."""
    query = select(Gift).where(Gift.donor_id == donor.id)
    return db.session.scalars(query.order_by(Gift.received_on.desc(), Gift.id.desc()).limit(limit)).all()


def _list_gifts(donor: Donor, gift_ids: Collection[int]) -> Sequence[Gift]:
    if not gift_ids:
        return ()
    query = select(Gift).where(Gift.id.in_(gift_ids), Gift.donor_id == donor.id)
    gift_rows = db.session.scalars(query.order_by(Gift.received_on, Gift.id)).all()
    if len(gift_rows) != len(set(gift_ids)):
        raise Rejected("one of these gifts is not the donor's", field="/gift_ids", code="gift_of_other")
    return gift_rows


def _collect_facts(donor: Donor, wish: Wish, gift_rows: Sequence[Gift], lang: Lang, author: str) -> Facts:
    if wish.kind == "thank_you":
        facts = thank_you_facts.collect_facts(gift_rows, donor, lang, channel="post")
    else:
        facts = donor_facts.describe_donor(donor, lang, kind="personal", channel=wish.channel)
    facts["author"] = author
    if wish.channel == "post":
        facts = {name: _escape_value(value) for name, value in facts.items()}
    return {**facts, "subject": wish.subject, "text": wish.text}


def _escape_value(value: object) -> object:
    """Return a value so that a letter's Markdown prints each of its signs."""
    if isinstance(value, str):
        return printed.escape_markdown(value)
    if isinstance(value, list):
        return [_escape_value(one) for one in value]
    if isinstance(value, dict):
        return {name: _escape_value(one) for name, one in value.items()}
    return value
