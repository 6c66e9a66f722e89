"""What each day brought, kept in ``day_total`` in the transaction of each change of a gift, refund, dispute
or correction, so that no page adds up a year.

Nobody who changes one of them has to think of it: the rows that a session writes tell which gifts are
touched. What those brought is read before the first of their changes and again before the commit, and the
difference is added. So what a savepoint takes back is in neither, and who commits later adds to what was
there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, event, func, literal, select, union_all
from sqlalchemy.orm import PassiveFlag, Session, SessionTransaction
from sqlalchemy.orm.attributes import get_history

from donorhub.db import cut_chunks, db, insert_for, sum_minor
from donorhub.models import Correction, DayTotal, Dispute, Gift, Refund
from donorhub.models.states import COUNTED_REFUNDS

_MARKS: Final = "rollups"  # in the session: what touched gifts brought before this transaction, by id
_AT_ONCE: Final = 500
_OF_GIFT: Final = ("received_on", "method", "currency", "amount_minor", "is_test")
_OF_LOSS: Final = ("gift_id", "state", "amount_minor", "refunded_on", "opened_on")


class Key(NamedTuple):
    """What a total is of."""

    day: date
    method: str
    currency: str


class Total(NamedTuple):
    """Minor units that came and that were given back or lost, and the number of gifts."""

    gross_minor: int = 0
    refunded_minor: int = 0
    gift_count: int = 0


Totals = Mapping[Key, Total]


def mark_new_gifts(gift_ids: Iterable[int]) -> None:
    """Have gifts that were written past the session added when the transaction commits."""
    marks = _get_marks(db.session())
    for id_ in gift_ids:
        marks.setdefault(id_, {})


def mark_gifts(gift_ids: Collection[int]) -> None:
    """Have what is about to be taken from gifts past the session follow when the transaction commits."""
    _read_before(db.session(), set(gift_ids))


def apply_deltas(deltas: Totals) -> None:
    """Add to the totals of days; the only writer of ``day_total``."""
    rows = [{**key._asdict(), **delta._asdict()} for key, delta in sorted(deltas.items()) if delta != Total()]
    if not rows:
        return
    connection = db.session.connection()
    statement = insert_for(connection, DayTotal)
    new_row, kept_row = statement.excluded, DayTotal.__table__.c
    statement = statement.on_conflict_do_update(
        index_elements=list(Key._fields),
        set_={name: kept_row[name] + new_row[name] for name in Total._fields},
    )
    connection.execute(statement, rows)


def compute_totals(days: Collection[date] | None = None) -> Totals:
    """Return the totals of some days, or of all, added up from the gifts. It changes nothing."""
    parts = _select_parts(*_make_day_conditions(days)).subquery()
    sums = (sum_minor(parts.c.gross_minor), sum_minor(parts.c.refunded_minor), func.sum(parts.c.gift_count))
    keys = (parts.c.day, parts.c.method, parts.c.currency)
    return _collect_totals(db.session.execute(select(*keys, *sums).group_by(*keys)))


def read_totals(days: Collection[date] | None = None) -> Totals:
    """Return the totals that are kept of some days, or of all."""
    query = select(*(getattr(DayTotal, name) for name in (*Key._fields, *Total._fields)))
    return _collect_totals(db.session.execute(query if days is None else query.where(DayTotal.day.in_(days))))


def _collect_totals(rows: Iterable[Any]) -> Totals:
    totals = {Key(*row[:3]): Total(*(int(value) for value in row[3:])) for row in rows}
    return {key: total for key, total in totals.items() if total != Total()}


def _make_day_conditions(days: Collection[date] | None) -> tuple[ColumnElement[bool], ...]:
    dated = (Gift.received_on, Refund.refunded_on, Dispute.opened_on, Gift.received_on)
    return tuple(literal(True) if days is None else column.in_(days) for column in dated)


def _select_parts(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Return a query for what gifts, refunds, disputes and corrections add, each under a condition."""
    of_gift, of_refund, of_dispute, of_correction = conditions
    nothing: ColumnElement[int] = literal(0)
    parts = union_all(
        _select_part(Gift.received_on, Gift.amount_minor, nothing, literal(1)).where(of_gift),
        _select_part(Refund.refunded_on, nothing, Refund.amount_minor, nothing)
        .join(Refund, Refund.gift_id == Gift.id)
        .where(Refund.state.in_(COUNTED_REFUNDS), of_refund),
        _select_part(Dispute.opened_on, nothing, Dispute.amount_minor, nothing)
        .join(Dispute, Dispute.gift_id == Gift.id)
        .where(Dispute.state == "lost", of_dispute),
        _select_part(Gift.received_on, -Correction.amount_minor, nothing, nothing)
        .join(Correction, Correction.gift_id == Gift.id)
        .where(of_correction),
    ).subquery("part")
    return select(parts)


def _select_part(day: Any, gross: Any, refunded: Any, count: Any) -> Select[Any]:
    return (
        select(
            Gift.id.label("gift_id"),
            day.label("day"),
            Gift.method,
            Gift.currency,
            gross.label("gross_minor"),
            refunded.label("refunded_minor"),
            count.label("gift_count"),
        )
        .select_from(Gift)
        .where(Gift.is_test.is_(False))
    )


# ---------------------------------------------------------------- what a transaction changes


def _get_marks(session: Session) -> dict[int, Totals]:
    marks: dict[int, Totals] = session.info.setdefault(_MARKS, {})
    return marks


@event.listens_for(db.session, "before_flush")
def _note_touched_gifts(session: Session, _context: object, _instances: object) -> None:
    """Read what gifts brought before the first change of them, or of what takes from them."""
    ids = {id_ for row in (*session.dirty, *session.deleted) for id_ in _list_touched(row, session)}
    ids.update(
        row.gift_id for row in session.new if isinstance(row, Refund | Dispute | Correction) and row.gift_id
    )
    _read_before(session, ids)


def _read_before(session: Session, gift_ids: set[int]) -> None:
    marks: dict[int, Totals] = session.info.setdefault(_MARKS, {})
    if new_ids := gift_ids - marks.keys():
        marks.update(_read_gifts(session, new_ids, is_locking=True))


@event.listens_for(db.session, "after_flush")
def _note_new_gifts(session: Session, _context: object) -> None:
    for row in session.new:
        if isinstance(row, Gift):
            _get_marks(session).setdefault(row.id, {})


def _list_touched(row: object, session: Session) -> Iterator[int]:
    """Yield the gifts of which a changed row may add something else."""
    if isinstance(row, Gift):
        if row in session.deleted or any(_find_changes(row, name) for name in _OF_GIFT):
            yield row.id
    elif isinstance(row, Refund | Dispute | Correction) and (
        row in session.deleted or any(_find_changes(row, name) for name in _OF_LOSS if hasattr(row, name))
    ):
        yield row.gift_id
        yield from _find_changes(row, "gift_id")


def _find_changes(row: object, name: str) -> list[Any]:
    """Return what a column of a row holds and held, where that is not the same."""
    history = get_history(row, name, PassiveFlag.PASSIVE_NO_INITIALIZE)
    return [value for value in history.sum() if value is not None] if history.has_changes() else []


def _read_gifts(session: Session, gift_ids: Collection[int], *, is_locking: bool) -> Mapping[int, Totals]:
    """Return what each of these gifts adds to which totals; others who change them wait if asked."""
    connection = session.connection()
    totals: dict[int, dict[Key, Total]] = {id_: {} for id_ in gift_ids}
    for ids in cut_chunks(sorted(gift_ids), _AT_ONCE):
        if is_locking and connection.dialect.name == "postgresql":
            query = select(Gift.id).where(Gift.id.in_(ids)).order_by(Gift.id)
            connection.execute(query.with_for_update(key_share=True)).all()
        for row in connection.execute(_select_parts(*(Gift.id.in_(ids),) * 4)):
            _add_total(totals[row[0]], Key(*row[1:4]), Total(*row[4:]))
    return totals


def _add_total(totals: dict[Key, Total], key: Key, more: Total, factor: int = 1) -> None:
    kept = totals.get(key, Total())
    totals[key] = Total(*(one + factor * other for one, other in zip(kept, more, strict=True)))


@event.listens_for(db.session, "before_commit")
def _follow_marks(session: Session) -> None:
    if session.in_nested_transaction():
        return
    session.flush()  # what is written only now counts too
    before = session.info.pop(_MARKS, None)
    if not before:
        return
    deltas: defaultdict[Key, Total] = defaultdict(Total)
    for totals, factor in ((_read_gifts(session, before, is_locking=False), 1), (before, -1)):
        for of_gift in totals.values():
            for key, total in of_gift.items():
                _add_total(deltas, key, total, factor)
    apply_deltas(deltas)


@event.listens_for(db.session, "after_soft_rollback")
def _forget_marks(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:  # a savepoint's leaves what came before it
        session.info.pop(_MARKS, None)
