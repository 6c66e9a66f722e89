"""What people's answers teach of payers, and what their undoing takes back: whose money it is.

Only people teach. What was decided without one keeps a use fresh and confirms nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Date, bindparam, case, insert, update

from donorhub.db import Base, cut_query_values, db, insert_for
from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.other_payers import CODED, read_words
from donorhub.domain.payer_text import make_name_key
from donorhub.models import Payer, PayerKey, PayerUse
from donorhub.money import Money
from donorhub.services.bank.matching import payer_keys

_STALE: Final = timedelta(days=90)  # a use is noted as alive no more often
_UNIQUE: Final = ["payer_id", "donor_id", "name_key", "words"]
Place = tuple[int, int, str, str]  # of a use: the columns of its unique constraint


@dataclass(frozen=True, slots=True)
class Lesson:
    """That a payer's money is a donor's: what a person said, or took back."""

    payer_key: str  # as payer_text.make_payer_key makes it
    name_read: str
    words: str
    donor_id: int
    on: date
    amount: Money | None = None

    @property
    def name_key(self) -> str:
        """The name under which the bank showed the payer."""
        return make_name_key(self.name_read)


class _Sum(NamedTuple):
    """The last lesson of a use, and how many there are."""

    lesson: Lesson
    times: int


def make_lesson(
    clues: Clues, donor_id: int, amount: Money | None, evidence: Iterable[Mapping[str, Any]]
) -> Lesson | None:
    """Return the lesson of a decision; None where the bank does not say who pays."""
    if clues.payer_key is None:
        return None
    credit = clues.credit
    is_coded = bool(clues.numbers) or any(r["family"] == "REF" and r["points"] > 0 for r in evidence)
    words = CODED if is_coded or not credit.name else read_words(credit.text)
    return Lesson(clues.payer_key, credit.name or "", words, donor_id, credit.booked_on, amount)


def confirm_uses(lessons: Iterable[Lesson]) -> None:
    """Count what people said, once for each; a use that was ended begins anew."""
    lessons = list(lessons)
    if not lessons:
        return
    payer_ids = find_or_make_payers(lessons)
    excluded = insert_for(db.session.connection(), PayerUse).excluded
    has_ended = PayerUse.ended_on.is_not(None)
    _write_uses(
        lessons,
        payer_ids,
        {
            "hits": case((has_ended, excluded.hits), else_=PayerUse.hits + excluded.hits),
            "misses": case((has_ended, 0), else_=PayerUse.misses),
            "ended_on": None,
            **{name: excluded[name] for name in ("amount_minor", "currency", "day", "last_on")},
        },
        is_hit=True,
    )
    _touch_payers(lessons, payer_ids)


def reject_uses(lessons: Sequence[Lesson]) -> None:
    """Count what people took back; nothing of a payer of whom nothing was learned."""
    payer_ids = payer_keys.find_payer_ids({lesson.payer_key for lesson in lessons})
    lessons = [lesson for lesson in lessons if lesson.payer_key in payer_ids]
    if not lessons:
        return
    excluded = insert_for(db.session.connection(), PayerUse).excluded
    _write_uses(lessons, payer_ids, {"misses": PayerUse.misses + excluded.misses}, is_hit=False)
    _touch_payers(lessons, payer_ids)


def _write_uses(
    lessons: Sequence[Lesson],
    payer_ids: Mapping[str, int],
    changes: Mapping[str, object],
    *,
    is_hit: bool,
) -> None:
    sums: dict[Place, _Sum] = {}
    for lesson in sorted(lessons, key=lambda one: one.on):
        place = (payer_ids[lesson.payer_key], lesson.donor_id, lesson.name_key, lesson.words)
        sums[place] = _Sum(lesson, sums[place].times + 1 if place in sums else 1)
    connection = db.session.connection()
    statement = insert_for(connection, PayerUse).on_conflict_do_update(
        index_elements=_UNIQUE, set_=dict(changes)
    )
    connection.execute(
        statement, [_make_row(place, one, is_hit=is_hit) for place, one in sorted(sums.items())]
    )


def _make_row(place: Place, one: _Sum, *, is_hit: bool) -> dict[str, object]:
    amount = one.lesson.amount
    return {
        **dict(zip(_UNIQUE, place, strict=True)),
        "amount_minor": amount.minor if amount else None,
        "currency": amount.currency if amount else None,
        "day": one.lesson.on.day,
        "hits": one.times if is_hit else 0,
        "misses": 0 if is_hit else one.times,
        "last_on": one.lesson.on,
        "ended_on": None,
    }


def find_or_make_payers(lessons: Sequence[Lesson]) -> dict[str, int]:
    """Return the payers of some lessons, made where there is none; two who teach at once make one."""
    last = {lesson.payer_key: lesson for lesson in sorted(lessons, key=lambda one: one.on)}
    ids = payer_keys.find_payer_ids(last)
    missing_keys = sorted(last.keys() - ids)
    if not missing_keys:
        return ids
    for key in missing_keys:
        payer_keys.lock_payer(key)
    ids |= payer_keys.find_payer_ids(missing_keys)
    missing_keys = [key for key in missing_keys if key not in ids]
    if missing_keys:
        ids |= _make_payers([last[key] for key in missing_keys])
    return ids


def _make_payers(lessons: Sequence[Lesson]) -> dict[str, int]:
    payer_rows: list[dict[str, object]] = [
        {"name_read": one.name_read, "first_on": one.on, "last_on": one.on, "version": 0} for one in lessons
    ]
    statement = insert(Payer).returning(Payer.id, sort_by_parameter_order=True)
    ids = db.session.scalars(statement, payer_rows).all()
    payer_ids = {one.payer_key: id_ for one, id_ in zip(lessons, ids, strict=True)}
    keys = [(id_, *payer_keys.split_key(key)) for key, id_ in payer_ids.items()]
    key_rows: list[dict[str, object]] = [
        {"payer_id": id_, "kind": kind, "value": value} for id_, kind, value in keys
    ]
    db.session.execute(insert(PayerKey), key_rows)
    return payer_ids


def _touch_payers(lessons: Iterable[Lesson], payer_ids: Mapping[str, int]) -> None:
    """Let each payer be another than before, under the name and with the days of what was said of them."""
    of_payer: dict[str, list[Lesson]] = {}
    for lesson in sorted(lessons, key=lambda one: one.on):
        of_payer.setdefault(lesson.payer_key, []).append(lesson)
    rows = [
        {
            "payer": payer_ids[key],
            "name": next((one.name_read for one in reversed(some) if one.name_read), ""),
            "first_day": some[0].on,
            "last_day": some[-1].on,
        }
        for key, some in sorted(of_payer.items())
    ]
    table = Base.metadata.tables["payer"]
    first_day, last_day = bindparam("first_day", type_=Date()), bindparam("last_day", type_=Date())
    db.session.connection().execute(
        update(table)
        .where(table.c.id == bindparam("payer"))
        .values(
            version=table.c.version + 1,
            name_read=case((bindparam("name") == "", table.c.name_read), else_=bindparam("name")),
            first_on=case((table.c.first_on > first_day, first_day), else_=table.c.first_on),
            last_on=case((table.c.last_on < last_day, last_day), else_=table.c.last_on),
        ),
        rows,
    )


def keep_uses_fresh(lessons: Sequence[Lesson]) -> None:
    """Note that uses served for money that was decided without a person: an unused one would ask again.

    The day is kept to three months.
    """
    if not lessons:
        return
    last = {(lesson.payer_key, lesson.donor_id): lesson.on for lesson in lessons}
    stale_on = max(last.values()) - _STALE
    stale_ids = [
        use.id
        for key, use in payer_keys.list_uses({key for key, _ in last}, PayerUse.last_on < stale_on)
        if use.last_on is not None and use.last_on < last.get((key, use.donor_id), use.last_on) - _STALE
    ]
    for chunk in cut_query_values(stale_ids):
        db.session.execute(
            update(PayerUse)
            .where(PayerUse.id.in_(chunk))
            .values(last_on=stale_on + _STALE)
            .execution_options(synchronize_session=False)
        )
