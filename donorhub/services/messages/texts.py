"""The texts of messages: the organisation's own versions and the shipped ones, and filling them in.

A version is never edited. The shipped text is version 0 and is used until there is another; restoring it
makes a version that is equal to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from donorhub.db import db, insert_or_ignore
from donorhub.domain.messages import wording
from donorhub.domain.messages.letter_wording import Wording
from donorhub.domain.messages.sandbox import TextFault, fill_in
from donorhub.domain.messages.text_checks import find_text_fault
from donorhub.domain.messages.text_kinds import TEXT_KINDS, TextKind, find_text_kind
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Template
from donorhub.models.states import LANGS, Channel, Lang, TemplateKind
from donorhub.services.access import audit

# Which languages stand in, in this order, for one in which the organisation writes no such text.
FALLBACKS: Final[Mapping[Lang, tuple[Lang, ...]]] = {
    "pl": ("en", "sq"),
    "sq": ("en", "pl"),
    "en": ("pl", "sq"),
}
SHIPPED: Final = 0


@dataclass(frozen=True, slots=True)
class TextVersion:
    """One version of a text; of the shipped one, 0, nobody is the author."""

    version: int
    subject: str
    body: str
    reason: str = ""
    created_by: str = ""
    created_at: datetime | None = None
    is_left_out: bool = False


class FilledText(NamedTuple):
    """What somebody gets: the text, its language, and which version it was made of."""

    template: str
    lang: Lang
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class TextState:
    """How a text stands in one language: what is used, which language stands in, whether others are newer."""

    lang: Lang
    current: TextVersion
    stands_in: Lang | None
    newer: Sequence[Lang]


class NewText(NamedTuple):
    """A text that somebody wrote, and why."""

    subject: str
    body: str
    reason: str


def get_text_kind(name: str) -> TextKind:
    """Return the text of this name; raise NotFound where there is none that people write."""
    text_kind = find_text_kind(name)
    if text_kind is None:
        raise NotFound(f"there is no text {name}")
    return text_kind


def list_versions(text_kind: TextKind, lang: Lang) -> list[TextVersion]:
    """Return all versions of a text, the newest first, down to the shipped one."""
    query = _select_versions(text_kind.kind, text_kind.channel, lang)
    return [*map(_describe_version, db.session.scalars(query)), _get_shipped(text_kind, lang)]


def get_current(text_kind: TextKind, lang: Lang) -> TextVersion:
    """Return the version of a text that is used now in one language."""
    row = db.session.scalar(_select_versions(text_kind.kind, text_kind.channel, lang).limit(1))
    return _describe_version(row) if row else _get_shipped(text_kind, lang)


def get_version(text_kind: TextKind, lang: Lang, version: int) -> TextVersion:
    """Return one version of a text; raise NotFound where there is none."""
    for one in list_versions(text_kind, lang):
        if one.version == version:
            return one
    raise NotFound(f"text {text_kind.name} has no version {version} in {lang}")


def list_states(text_kind: TextKind) -> list[TextState]:
    """Return how a text stands in each language."""
    return _describe_states(text_kind, _read_newest())


def list_all_states() -> list[tuple[TextKind, list[TextState]]]:
    """Return every text, and how it stands in each language."""
    newest = _read_newest()
    return [(text_kind, _describe_states(text_kind, newest)) for text_kind in TEXT_KINDS]


def _describe_states(text_kind: TextKind, newest: Mapping[tuple[str, str, str], Template]) -> list[TextState]:
    current: dict[Lang, TextVersion] = {}
    for lang in LANGS:
        row = newest.get((text_kind.kind, text_kind.channel, lang))
        current[lang] = _describe_version(row) if row else _get_shipped(text_kind, lang)
    return [
        TextState(
            lang,
            version,
            next((other for other in FALLBACKS[lang] if not current[other].is_left_out), None)
            if version.is_left_out
            else None,
            [other for other in LANGS if _is_newer(current[other], version)],
        )
        for lang, version in current.items()
    ]


def _read_newest() -> dict[tuple[str, str, str], Template]:
    """Return the newest version of each text that was ever changed, by kind, channel and language."""
    other = aliased(Template)
    newest_version = (
        select(func.max(other.version))
        .where(other.kind == Template.kind, other.channel == Template.channel, other.lang == Template.lang)
        .scalar_subquery()
    )
    rows = db.session.scalars(select(Template).where(Template.version == newest_version))
    return {(row.kind, row.channel, row.lang): row for row in rows}


def save_version(
    text_kind: TextKind, lang: Lang, new: NewText, *, base_version: int, now: datetime, actor: str
) -> tuple[TextVersion, bool]:
    """Keep a text as the next version and return it, and whether it is new; the text that is used stays as
    it is.

    Raise Rejected for one that cannot go to every donor, Conflict where ``base_version`` is the newest no
    more.
    """
    new = new._replace(subject=new.subject.strip(), body=new.body.replace("\r\n", "\n").strip() + "\n")
    if fault := find_text_fault(text_kind, lang, new.subject, new.body):
        raise refuse_text(fault)
    current = get_current(text_kind, lang)
    if (current.subject, current.body, current.is_left_out) == (new.subject, new.body, False):
        return current, False
    return _add_version(text_kind, lang, new, base_version=base_version, now=now, actor=actor), True


def restore_version(
    text_kind: TextKind,
    lang: Lang,
    version: int,
    *,
    base_version: int,
    reason: str,
    now: datetime,
    actor: str,
) -> tuple[TextVersion, bool]:
    """Make the next version of an earlier one, such as the shipped one; return it and whether it is new."""
    earlier = get_version(text_kind, lang, version)
    new = NewText(earlier.subject, earlier.body, reason)
    return save_version(text_kind, lang, new, base_version=base_version, now=now, actor=actor)


def leave_out(
    text_kind: TextKind, lang: Lang, *, base_version: int, reason: str, now: datetime, actor: str
) -> tuple[TextVersion, bool]:
    """Write no such text in a language: another stands in for it. Return the version that says so, and
    whether it is new. Raise Rejected where no other language is left.
    """
    current = get_current(text_kind, lang)
    if current.is_left_out:
        return current, False
    if all(get_current(text_kind, other).is_left_out for other in FALLBACKS[lang]):
        raise Rejected("one language must stay: nobody could be written to", code="last_language")
    new = NewText("", "", reason)
    row = _add_version(
        text_kind, lang, new, base_version=base_version, now=now, actor=actor, is_left_out=True
    )
    return row, True


def choose_lang(kind: TemplateKind, channel: Channel, lang: Lang) -> Lang:
    """Return the language in which a reader of this one gets a text: theirs, or the one that stands in."""
    for one in (lang, *FALLBACKS[lang]):
        row = db.session.scalar(_select_versions(kind, channel, one).limit(1))
        if row is None or not row.is_left_out:
            return one
    raise AssertionError("one language always stays")  # leave_out sees to it


def fill_in_text(
    kind: TemplateKind, facts: Mapping[str, object], lang: Lang, *, channel: Channel = "email"
) -> FilledText:
    """Return the text that is used now, with these facts. The language is one that :func:`choose_lang`
    gave.
    """
    row = db.session.scalar(_select_versions(kind, channel, lang).limit(1))
    if row is None:
        text, version = wording.get_shipped_text(kind, lang, channel), wording.SHIPPED_VERSION
    else:
        text, version = Wording(row.subject, row.body), f"own-{row.version}"
    text_kind = find_text_kind(f"{kind}-{channel}")
    unknown = dict.fromkeys(text_kind.variables) if text_kind else {}
    return fill_in_draft(f"{kind}@{version}", text.subject, text.body, {**unknown, **facts}, lang)


def fill_in_draft(
    template: str, subject: str, body: str, facts: Mapping[str, object], lang: Lang
) -> FilledText:
    """Return a text that may not be kept yet, with these facts."""
    return FilledText(
        template=template,
        lang=lang,
        subject=" ".join(fill_in(subject, facts, place="subject").split()),
        body=fill_in(body, facts, place="body"),
    )


def refuse_text(fault: TextFault) -> Rejected:
    """Return the refusal that tells what is wrong with a text, and at which line."""
    return Rejected(
        f"line {fault.line} of the {fault.place}: {fault.code} {fault.name}".strip(),
        field=f"/{fault.place}",
        code="text_faulty",
        fault=fault,
    )


def _add_version(
    text_kind: TextKind,
    lang: Lang,
    new: NewText,
    *,
    base_version: int,
    now: datetime,
    actor: str,
    is_left_out: bool = False,
) -> TextVersion:
    """Write the version after the one that its author saw; two who saw the same one do not both write."""
    newest = get_current(text_kind, lang).version
    row_id = None
    if newest == base_version:
        row_id = db.session.scalar(
            insert_or_ignore(Template, on=(Template.kind, Template.channel, Template.lang, Template.version))
            .values(
                kind=text_kind.kind,
                channel=text_kind.channel,
                lang=lang,
                version=base_version + 1,
                subject=new.subject,
                body=new.body,
                reason=new.reason,
                is_left_out=is_left_out,
                created_by=actor,
                created_at=now,
            )
            .returning(Template.id)
        )
    if row_id is None:
        raise Conflict(
            "somebody else changed this text in the meantime: look at theirs before you save yours",
            code="text_changed",
        )
    audit.record_action(
        actor,
        "template.saved",
        ("template", row_id),
        now=now,
        data={"text": text_kind.name, "lang": lang, "version": base_version + 1, "reason": new.reason},
    )
    return get_version(text_kind, lang, base_version + 1)


def _select_versions(kind: TemplateKind, channel: Channel, lang: Lang) -> Select[Template]:
    return (
        select(Template)
        .where(Template.kind == kind, Template.channel == channel, Template.lang == lang)
        .order_by(Template.version.desc())
    )


def _describe_version(row: Template) -> TextVersion:
    return TextVersion(
        row.version, row.subject, row.body, row.reason, row.created_by, row.created_at, row.is_left_out
    )


def _get_shipped(text_kind: TextKind, lang: Lang) -> TextVersion:
    return TextVersion(SHIPPED, *wording.get_shipped_text(text_kind.kind, lang, text_kind.channel))


def _is_newer(other: TextVersion, version: TextVersion) -> bool:
    """Return whether a text of another language was written after this one, which may be out of date then."""
    if other.created_at is None or other.is_left_out or version.is_left_out:
        return False
    return version.created_at is None or other.created_at > version.created_at
