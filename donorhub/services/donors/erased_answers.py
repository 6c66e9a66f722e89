"""Answers kept for programs that ask twice, of which some name somebody who is erased."""

from __future__ import annotations

import json

from sqlalchemy import select, update

from donorhub.db import db
from donorhub.domain.donors.redaction import blank_texts, names_person
from donorhub.models import IdempotencyKey
from donorhub.services.donors.erasure import Person


def blank_answers(person: Person) -> None:
    """Blank what names the person in kept answers; a program that asks again gets the rest of its answer."""
    rows = db.session.execute(
        select(IdempotencyKey.id, IdempotencyKey.body).execution_options(yield_per=500)
    ).all()
    for id_, body in rows:
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if not body or not names_person(json.dumps(answer, ensure_ascii=False), person.telling):
            continue
        blanked = json.dumps(blank_texts(answer, person.telling), ensure_ascii=False).encode()
        db.session.execute(update(IdempotencyKey).where(IdempotencyKey.id == id_).values(body=blanked))
