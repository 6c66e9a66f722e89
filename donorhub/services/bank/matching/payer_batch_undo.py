"""Taking back what was made of many payers by one click: gifts, matches, what was learned, and the donors.

Donors on whom something hangs by now are left whole and named; all the others are as unknown as before, and
their entries wait as they had waited.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, NamedTuple

from sqlalchemy import bindparam, insert, select, update

from donorhub.db import Base, cut_query_values, db
from donorhub.errors import Rejected
from donorhub.models import (
    Correction,
    Dispute,
    Donor,
    Entry,
    Gift,
    Match,
    MessageSubject,
    PayerBatch,
    PayerBatchEntry,
    Refund,
    Task,
)
from donorhub.models.states import OPEN_TASKS
from donorhub.money import Money, sum_by_currency
from donorhub.services import shown
from donorhub.services.access import audit, organisation
from donorhub.services.bank.matching import decision_undo, payer_batches
from donorhub.services.bank.matching import entry_holding as holding
from donorhub.services.bank.matching.credits import SOURCE
from donorhub.services.donors import donors, removal
from donorhub.services.donors.removal import ObstacleKind
from donorhub.services.giving import closed_books, gifts, rollups
from donorhub.services.work import events

ReasonKind = Literal[ObstacleKind, "closed_books", "refund", "thanked"]
_CORRECTIONS: Final = Base.metadata.tables["correction"]
_MATCHES: Final = Base.metadata.tables["match"]
_ENTRIES: Final = Base.metadata.tables["entry"]
_WHY: Final = "the bank entry was decided otherwise"


class Obstacle(NamedTuple):
    """Why the gifts of one donor stay: what hangs on them or on the donor."""

    donor_id: int
    name: str
    kind: ReasonKind
    row_id: int


class _Row(NamedTuple):
    """One gift of the batch that still counts."""

    match_id: int
    entry_id: int
    gift_id: int
    donor_id: int
    minor: int
    currency: str
    received_on: date
    is_new: bool  # the batch made its donor


@dataclass(frozen=True)
class BatchUndo:
    """What taking a batch back would do now, and what stands in the way."""

    batch: PayerBatch
    rows: tuple[_Row, ...]  # which would be taken back
    obstacles: tuple[Obstacle, ...]

    @property
    def digest(self) -> str:
        """The digest of all that."""
        return shown.compute_digest(
            [self.batch.id, [row.match_id for row in self.rows], [list(one) for one in self.obstacles]]
        )

    @property
    def donors_count(self) -> int:
        """How many donors would be taken away."""
        return len({row.donor_id for row in self.rows if row.is_new})

    @property
    def sums(self) -> list[Money]:
        """What the gifts come to that would be taken out."""
        return sum_by_currency((row.minor, row.currency) for row in self.rows)


def show_undo(batch_id: int) -> BatchUndo:
    """Return what taking the batch back would do now; nothing is done."""
    batch = payer_batches.get_batch(batch_id)
    rows = _list_rows(batch)
    obstacles = sorted({*_list_gift_obstacles(rows), *_list_donor_obstacles(rows)})
    busy_ids = {one.donor_id for one in obstacles}
    return BatchUndo(batch, tuple(row for row in rows if row.donor_id not in busy_ids), tuple(obstacles))


def _list_rows(batch: PayerBatch) -> list[_Row]:
    rows = db.session.execute(
        select(
            Match.id,
            Match.entry_id,
            Gift.id,
            Gift.donor_id,
            Gift.amount_minor,
            Gift.currency,
            Gift.received_on,
            Donor.created_at,
            Donor.source,
        )
        .select_from(PayerBatchEntry)
        .join(Match, Match.entry_id == PayerBatchEntry.entry_id)
        .join(Gift, Gift.id == Match.gift_id)
        .join(Donor, Donor.id == Gift.donor_id)
        .where(
            PayerBatchEntry.batch_id == batch.id,
            Match.kind == "gift",
            Match.decided_at == batch.made_at,
            Match.undone_at.is_(None),
        )
        .order_by(Match.id)
    )
    return [
        _Row(
            match_id,
            entry_id,
            gift_id,
            donor_id,
            minor,
            currency,
            received_on,
            is_new=created_at == batch.made_at and source == SOURCE,
        )
        for match_id, entry_id, gift_id, donor_id, minor, currency, received_on, created_at, source in rows
    ]


def _list_gift_obstacles(rows: Sequence[_Row]) -> Iterable[Obstacle]:
    """Yield what hangs on gifts: receipts, money given or taken back, thanks that left, closed books."""
    by_gift = {row.gift_id: row for row in rows}
    until = closed_books.find_last_closed_day()
    names = donors.find_names({row.donor_id for row in rows})
    for row in rows:
        if until is not None and row.received_on <= until:
            yield Obstacle(row.donor_id, names[row.donor_id], "closed_books", row.gift_id)
    for chunk in cut_query_values(sorted(by_gift)):
        thanked_ids = select(MessageSubject.subject_id).where(
            MessageSubject.subject_type == "gift", MessageSubject.subject_id.in_(chunk)
        )
        kinds: dict[ReasonKind, Iterable[int]] = {
            "receipt": gifts.find_live_receipt_ids(chunk),
            "thanked": db.session.scalars(thanked_ids).all(),
            "refund": [
                *db.session.scalars(select(Refund.gift_id).where(Refund.gift_id.in_(chunk))),
                *db.session.scalars(select(Dispute.gift_id).where(Dispute.gift_id.in_(chunk))),
                *db.session.scalars(select(Correction.gift_id).where(Correction.gift_id.in_(chunk))),
            ],
        }
        for kind, gift_ids in kinds.items():
            for gift_id in gift_ids:
                donor_id = by_gift[gift_id].donor_id
                yield Obstacle(donor_id, names[donor_id], kind, gift_id)


def _list_donor_obstacles(rows: Sequence[_Row]) -> Iterable[Obstacle]:
    """Yield what else hangs on the donors whom the batch made; its own gifts do not."""
    new_ids = {row.donor_id for row in rows if row.is_new}
    for one in removal.list_obstacles(new_ids, but_gift_ids={row.gift_id for row in rows}):
        yield Obstacle(*one)


def undo_batch(batch_id: int, digest: str, *, now: datetime, actor: str) -> PayerBatch:
    """Take back what was shown under this digest and return the batch; ignore one that is undone already.

    Raise Changed where it would do something else by now; Rejected where everything stands in the way.
    """
    batch = payer_batches.get_batch(batch_id)
    if batch.undone_at is not None:
        return batch
    _lock_entries(batch_id)
    db.session.expire(batch)  # another may have undone it while we waited
    batch = payer_batches.get_batch(batch_id)
    if batch.undone_at is not None:
        return batch
    view = show_undo(batch_id)
    shown.refuse_changed(digest, view)
    if not view.rows:
        raise Rejected("something hangs on each of these donors", code="nothing_to_undo")
    new_rows = [row for row in view.rows if row.is_new]
    _take_out_gifts(new_rows, now=now, actor=actor)
    for entry_id in sorted({row.entry_id for row in view.rows if not row.is_new}):
        decision_undo.undo_decisions(holding.lock_entry(entry_id), now=now, actor=actor)
    db.session.flush()  # what hangs on the donors is asked of the database
    removal.remove_donors({row.donor_id for row in new_rows}, reason="undone", now=now, actor=actor)
    _let_wait_again(batch_id, sorted({row.entry_id for row in view.rows}), now=now, actor=actor)
    batch = payer_batches.get_batch(batch_id)
    if not view.obstacles:
        batch.undone_at, batch.undone_by = now, actor
    audit.record_action(
        actor,
        "payer_batch.undone",
        ("payer_batch", batch_id),
        now=now,
        data={"donors": view.donors_count, "gifts": len(view.rows), "left": len(view.obstacles)},
    )
    return batch


def _lock_entries(batch_id: int) -> None:
    """Hold the entries of a batch, in order, until the transaction ends."""
    own_entries = select(PayerBatchEntry.entry_id).where(PayerBatchEntry.batch_id == batch_id)
    query = select(Entry.id).where(Entry.id.in_(own_entries)).order_by(Entry.id)
    db.session.execute(query.with_for_update()).all()


def _take_out_gifts(rows: Sequence[_Row], *, now: datetime, actor: str) -> None:
    """Correct gifts of new donors, of which all is left and that settle nothing."""
    if not rows:
        return
    rollups.mark_gifts([row.gift_id for row in rows])
    connection = db.session.connection()
    connection.execute(
        insert(_CORRECTIONS),
        [
            {
                "gift_id": row.gift_id,
                "amount_minor": row.minor,
                "currency": row.currency,
                "reason": _WHY,
                "recorded_at": now,
                "actor": actor,
                "source": SOURCE,
                "source_ref": f"match:{row.match_id}",
            }
            for row in rows
        ],
    )
    for chunk in cut_query_values([f"thank_you:gift:{row.gift_id}" for row in rows]):
        db.session.execute(
            update(Task)
            .where(Task.key.in_(chunk), Task.state.in_(OPEN_TASKS))
            .values(state="cancelled", done_at=now, done_by=actor, outcome="corrected")
            .execution_options(synchronize_session=False)
        )
    events.record_events(
        "gift.corrected", {row.gift_id: row.donor_id for row in rows}, subject_type="gift", now=now
    )
    audit.write_records(
        audit.make_record(actor, "gift.corrected", ("gift", row.gift_id), now=now, data={"minor": row.minor})
        for row in rows
    )
    connection.execute(
        update(_MATCHES)
        .where(_MATCHES.c.id == bindparam("match"))
        .values(undone_at=bindparam("now"), undone_by=bindparam("who")),
        [{"match": row.match_id, "now": now, "who": actor} for row in rows],
    )


def _let_wait_again(batch_id: int, entry_ids: Sequence[int], *, now: datetime, actor: str) -> None:
    """Let entries wait until the day they had, or anew where it has passed; the fees beside their payments
    are open again, too.
    """
    today, deadline = organisation.get_day(now), organisation.find_deadline(now)
    made_at = payer_batches.get_batch(batch_id).made_at
    for chunk in cut_query_values(entry_ids):
        db.session.execute(
            update(Match)
            .where(Match.entry_id.in_(chunk), Match.kind == "not_gift", Match.undone_at.is_(None))
            .where(Match.decided_at == made_at)
            .values(undone_at=now, undone_by=actor)
            .execution_options(synchronize_session=False)
        )
    ends = db.session.execute(
        select(PayerBatchEntry.entry_id, PayerBatchEntry.decide_by).where(
            PayerBatchEntry.batch_id == batch_id
        )
    )
    wanted_ids = set(entry_ids)
    db.session.connection().execute(
        update(_ENTRIES)
        .where(_ENTRIES.c.id == bindparam("entry"))
        .values(state="suspense", decide_by=bindparam("day")),
        [
            {"entry": id_, "day": day if day is None or day >= today else deadline}
            for id_, day in ends
            if id_ in wanted_ids
        ],
    )
    db.session.expire_all()
