"""How a text would read for a real donor, before anybody gets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import select

from donorhub.db import MAX_ID, db
from donorhub.domain.messages.text_kinds import TextKind, list_samples
from donorhub.models import Donor, Gift, Receipt, User
from donorhub.models.states import Lang
from donorhub.money import Money
from donorhub.services.messages import donor_facts, messages, receipt_mail, texts, thank_you_facts
from donorhub.services.messages.donor_facts import Facts
from donorhub.services.messages.texts import FilledText
from receipts import figures

# What stands for the words that somebody will write, in a text that goes around them.
_WORDS: Final[Mapping[Lang, tuple[str, str]]] = {
    "pl": ("Temat wiadomości", "Tutaj stanie treść, którą ktoś napisze."),
    "sq": ("Tema e mesazhit", "Këtu vjen teksti që do të shkruhet."),
    "en": ("What it is about", "Here stands what somebody will write."),
}
_MADE_UP: Final = Money(5000, "PLN")
_DAY: Final = date(2026, 11, 22)


@dataclass(frozen=True, slots=True)
class TextPreview:
    """A text as one donor would get it. ``is_made_up``: the gift or receipt in it is invented."""

    text: FilledText
    facts: Facts
    is_made_up: bool


def find_donor(lang: Lang, *, near: int | None = None, step: int = 0) -> Donor | None:
    """Return a donor of this language: the newest one, or the one before (-1) or after (1) another by their
    numbers; None where there is none.
    """
    query = select(Donor).where(
        Donor.lang == lang, Donor.merged_into_id.is_(None), Donor.removed_at.is_(None), Donor.id <= MAX_ID
    )
    if near is not None:
        query = query.where({-1: Donor.id < near, 0: Donor.id == near, 1: Donor.id > near}[step])
    return db.session.scalar(query.order_by(Donor.id if step > 0 else Donor.id.desc()).limit(1))


def preview_text(
    text_kind: TextKind,
    lang: Lang,
    *,
    subject: str,
    body: str,
    donor: Donor | None,
    author: str,
    sees_gifts: bool,
) -> TextPreview:
    """Return how a text reads for a donor, or for an invented one where there is none.

    Who may not see gifts sees an invented one. Raise FaultyText for a text that cannot be filled in.
    """
    if donor is None:
        facts, is_made_up = dict(next(iter(list_samples(text_kind, lang)))), True
    else:
        facts, is_made_up = _collect_facts(text_kind, donor, lang, sees_gifts=sees_gifts)
    if "text" in text_kind.variables:
        facts["subject"], facts["text"] = _WORDS[lang]
    if "author" in text_kind.variables:
        facts["author"] = author
    facts = {name: facts[name] for name in text_kind.variables}
    return TextPreview(
        texts.fill_in_draft(f"{text_kind.kind}@draft", subject, body, facts, lang), facts, is_made_up
    )


def send_to_oneself(text: FilledText, user: User, *, key: str, now: datetime, domain: str) -> bool:
    """Plan a mail to a user with a text as a donor would get it; return whether it is new.

    The same key again sends nothing.
    """
    message_id = messages.write_message(
        text._replace(subject=f"[{user.name}] {text.subject}"),
        key=f"text_preview:{user.id}:{key}",
        category="transactional",
        task_id=None,
        donor=None,
        to_address=user.email,
        now=now,
        domain=domain,
    )
    if message_id is not None:
        messages.plan_sending(message_id, donor=None, now=now)
    return message_id is not None


def _collect_facts(text_kind: TextKind, donor: Donor, lang: Lang, *, sees_gifts: bool) -> tuple[Facts, bool]:
    if text_kind.kind == "thank_you":
        gift = _find_last_gift(donor) if sees_gifts else None
        if gift is not None:
            return thank_you_facts.collect_facts([gift], donor, lang, channel=text_kind.channel), False
        return _describe_donor(text_kind, donor, lang) | _make_up_gift(lang), True
    if text_kind.kind == "receipt":
        receipt = _find_last_receipt(donor) if sees_gifts else None
        if receipt is not None:
            return receipt_mail.collect_facts(receipt, donor, lang), False
        made_up: Facts = {"number": "R/2026/000123", "issued_on": figures.write_long_date(_DAY, lang)}
        return _describe_donor(text_kind, donor, lang) | made_up, True
    return _describe_donor(text_kind, donor, lang), False


def _describe_donor(text_kind: TextKind, donor: Donor, lang: Lang) -> Facts:
    return donor_facts.describe_donor(donor, lang, kind=text_kind.kind, channel=text_kind.channel)


def _make_up_gift(lang: Lang) -> Facts:
    return {
        "amount": figures.write_amount(_MADE_UP, lang).replace("\u00a0", " "),
        "received_on": figures.write_long_date(_DAY, lang),
        "funds": None,
        "gifts": None,
    }


def _find_last_gift(donor: Donor) -> Gift | None:
    query = select(Gift).where(Gift.donor_id == donor.id)
    return db.session.scalar(query.order_by(Gift.received_on.desc(), Gift.id.desc()).limit(1))


def _find_last_receipt(donor: Donor) -> Receipt | None:
    query = select(Receipt).where(Receipt.donor_id == donor.id)
    return db.session.scalar(query.order_by(Receipt.id.desc()).limit(1))
