"""The wordings that donors agree to or are told: each kept for ever, another wording is the next version."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, select

from donorhub.db import db, insert_or_ignore
from donorhub.errors import Busy, Rejected
from donorhub.models import ConsentText
from donorhub.models.states import ConsentTextKind, Lang
from donorhub.services.access import audit


def add_text(
    kind: ConsentTextKind, lang: Lang, body: str, *, valid_from: date, now: datetime, actor: str
) -> tuple[ConsentText, bool]:
    """Keep a wording as the next version; return it and whether it is new.

    The wording that is the newest already is returned as it is.
    """
    newest = find_newest(kind, lang)
    if newest is not None and newest.body == body:
        return newest, False
    version = 1 if newest is None else newest.version + 1
    columns = (ConsentText.kind, ConsentText.lang, ConsentText.version)
    text_id = db.session.execute(
        insert_or_ignore(ConsentText, on=columns)
        .values(
            kind=kind,
            lang=lang,
            version=version,
            body=body,
            sha256=hashlib.sha256(body.encode()).hexdigest(),
            valid_from=valid_from,
            created_at=now,
            created_by=actor,
        )
        .returning(ConsentText.id)
    ).scalar_one_or_none()
    if text_id is None:
        raise Busy("somebody else added a wording in this moment: look at it, and try again")
    audit.record_action(
        actor,
        "consent_text.added",
        ("consent_text", text_id),
        now=now,
        data={"kind": kind, "lang": lang, "version": version},
    )
    return db.session.get_one(ConsentText, text_id), True


def find_newest(kind: ConsentTextKind, lang: Lang) -> ConsentText | None:
    """Return the newest wording of a kind in a language; None before the first."""
    query = select(ConsentText).filter_by(kind=kind, lang=lang)
    return db.session.scalar(query.order_by(ConsentText.version.desc()).limit(1))


def list_texts() -> Sequence[ConsentText]:
    """Return all wordings, by kind and language, the newest version first."""
    order = (ConsentText.kind, ConsentText.lang, ConsentText.version.desc())
    return db.session.scalars(select(ConsentText).order_by(*order)).all()


def list_newest() -> Sequence[ConsentText]:
    """Return the newest wording of each language that donors may agree to."""
    newest = (
        select(ConsentText.lang, func.max(ConsentText.version).label("version"))
        .where(ConsentText.kind == "consent")
        .group_by(ConsentText.lang)
        .subquery()
    )
    query = select(ConsentText).join(
        newest, (ConsentText.lang == newest.c.lang) & (ConsentText.version == newest.c.version)
    )
    return db.session.scalars(query.where(ConsentText.kind == "consent").order_by(ConsentText.lang)).all()


def refuse_unknown(text_id: int | None) -> None:
    """Raise Rejected for a wording that nobody kept, or that is none to agree to."""
    if text_id is None:
        return
    text = db.session.get(ConsentText, text_id)
    if text is None or text.kind != "consent":
        raise Rejected(f"there is no wording {text_id} of a consent", field="/text_id", code="no_such_text")
