"""Taking back what a file of donors and gifts brought: gifts by a correction each, donors with nothing else.

What stands in the way is listed by name, and stays; noes that the file brought stay in any case.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Final, Literal

from sqlalchemy import bindparam, select, update

from donorhub.db import Base, cut_query_values, db
from donorhub.errors import Conflict
from donorhub.models import Correction, Donor, Gift, ImportFile, Match, RecordRow
from donorhub.money import Money
from donorhub.services import shown
from donorhub.services.access import audit
from donorhub.services.donors import removal
from donorhub.services.giving import closed_books, gifts, soft_credits
from donorhub.services.moving import gift_values, record_consents, record_files
from donorhub.services.moving.record_ties import MadeTies, find_standing, remove_ties

_GIFTS: Final = Base.metadata.tables[Gift.__tablename__]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stays because something hangs on it: a gift on a receipt or in closed books, a donor with more."""

    kind: Literal["receipt", "closed_books", "entry", "donor"]
    donor_id: int
    name: str
    reason: str = ""  # of a donor: what hangs on them
    row_id: int | None = None  # the receipt, the bank entry, or what hangs on the donor
    gift_id: int | None = None
    amount: Money | None = None
    received_on: date | None = None


@dataclass(frozen=True, slots=True)
class TakingBack:
    """What taking a file back would do now: the gifts and donors that go, what stays, the digest of all."""

    digest: str
    gift_ids: tuple[int, ...]
    donor_ids: tuple[int, ...]
    obstacles: tuple[Obstacle, ...]


def show_taking_back(import_file_id: int) -> TakingBack:
    """Return what taking a file back would do now; nothing is done."""
    file = record_files.get_file(import_file_id)
    made_gifts = _read_made_gifts(file.id)
    obstacles = _list_gift_obstacles(made_gifts)
    staying_ids = {one.gift_id for one in obstacles}
    gift_ids = tuple(gift.id for gift, _ in made_gifts if gift.id not in staying_ids)
    giver_ids = db.session.scalars(
        select(RecordRow.donor_id)
        .join(Donor, Donor.id == RecordRow.donor_id)
        .where(RecordRow.import_file_id == file.id, RecordRow.made_donor, Donor.removed_at.is_(None))
    ).all()
    donor_ids = {id_ for id_ in giver_ids if id_ is not None} | _list_made_companions(file)
    made_ids = {"soft_credit": _list_made(file, "made_credits"), **_list_made_ties(file)}
    donor_obstacles = _list_donor_obstacles(donor_ids, gift_ids, made_ids)
    obstacles += donor_obstacles
    going_ids = tuple(sorted(donor_ids - {one.donor_id for one in donor_obstacles}))
    obstacle_texts = [repr(asdict(one)) for one in obstacles]
    plain = [file.id, file.generation, file.state, gift_ids, going_ids, obstacle_texts]
    return TakingBack(shown.compute_digest(plain), gift_ids, going_ids, tuple(obstacles))


def _list_made_companions(file: ImportFile) -> set[int]:
    """Return the donors made who stand beside the giver of a row and are still there."""
    ids = _list_made(file, "made_companions")
    staying_ids: set[int] = set()
    for chunk in cut_query_values(ids):
        query = select(Donor.id).where(Donor.id.in_(chunk), Donor.removed_at.is_(None))
        staying_ids.update(db.session.scalars(query))
    return staying_ids


def _list_made(file: ImportFile, name: str) -> list[int]:
    return [id_ for summary in file.summaries or () for id_ in summary.get(name, ())]


def _list_made_ties(file: ImportFile) -> MadeTies:
    """Return the ids of the memberships and contact people that a file made and that stand."""
    made_ties: MadeTies = {}
    for summary in file.summaries or ():
        for kind, ids in summary.get("made_ties", {}).items():
            made_ties.setdefault(kind, []).extend(ids)
    return find_standing(made_ties, made_at=file.finished_at)


def _read_made_gifts(import_file_id: int) -> list[tuple[Gift, str]]:
    """Return the gifts that a file made and that were not taken out, each with its donor's name."""
    rows = db.session.execute(
        select(Gift, Donor.name)
        .join(RecordRow, RecordRow.gift_id == Gift.id)
        .join(Donor, Donor.id == Gift.donor_id)
        .where(RecordRow.import_file_id == import_file_id, RecordRow.made_gift)
        .where(Gift.id.not_in(select(Correction.gift_id)))
        .order_by(Gift.id)
    )
    return [(gift, name) for gift, name in rows]


def _list_gift_obstacles(made_gifts: Collection[tuple[Gift, str]]) -> list[Obstacle]:
    closed_until = closed_books.find_last_closed_day()
    receipts: dict[int, int] = {}
    entry_ids: dict[int, int] = {}
    for ids in cut_query_values([gift.id for gift, _ in made_gifts]):
        receipts |= gifts.find_live_receipt_ids(ids)
        entry_ids |= _find_entries(ids)
    obstacles = []
    for gift, name in made_gifts:
        kind: Literal["receipt", "closed_books", "entry"] | None = None
        if gift.id in receipts:
            kind = "receipt"
        elif closed_until is not None and gift.received_on <= closed_until:
            kind = "closed_books"
        elif gift.id in entry_ids:
            kind = "entry"
        if kind is not None:
            obstacles.append(
                Obstacle(
                    kind,
                    gift.donor_id,
                    name,
                    row_id=receipts.get(gift.id) or entry_ids.get(gift.id),
                    gift_id=gift.id,
                    amount=gift.amount,
                    received_on=gift.received_on,
                )
            )
    return obstacles


def _find_entries(gift_ids: Sequence[int]) -> dict[int, int]:
    """Return the bank entries that were found to be some of these gifts."""
    query = select(Match.gift_id, Match.entry_id).where(
        Match.gift_id.in_(gift_ids), Match.kind == "gift", Match.undone_at.is_(None)
    )
    return {gift_id: entry_id for gift_id, entry_id in db.session.execute(query) if gift_id is not None}


def _list_donor_obstacles(
    donor_ids: Iterable[int], gift_ids: Collection[int], made_ids: Mapping[str, Collection[int]]
) -> list[Obstacle]:
    """Return the donors on whom more hangs than the gifts and what else the file made, each once."""
    going_ids = {kind: set(ids) for kind, ids in made_ids.items()}
    obstacles: dict[int, Obstacle] = {}
    for one in removal.list_obstacles(donor_ids, but_gift_ids=gift_ids):
        if one.row_id in going_ids.get(one.kind, ()):
            continue
        obstacles.setdefault(one.donor_id, Obstacle("donor", one.donor_id, one.name, one.kind, one.row_id))
    return list(obstacles.values())


def take_back_file(import_file_id: int, digest: str, *, now: datetime, actor: str) -> ImportFile:
    """Take back what a file brought, but for what stands in the way, as it was shown under this digest.

    A second call changes nothing. Raise Changed with what it would do now where that is another, Conflict for
    a file that was not written.
    """
    file = record_files.lock_file(import_file_id)
    if file.state == "taken_back":
        return file
    if file.state != "done":
        raise Conflict(f"file {file.id} is {file.state}: nothing of it was brought", code="nothing_brought")
    view = show_taking_back(file.id)
    shown.refuse_changed(digest, view)
    for gift_id in view.gift_ids:
        gifts.correct_gift(
            gift_id,
            reason=f"import {file.id} taken back",
            source=f"undo:import:{file.id}",
            source_ref=str(gift_id),
            now=now,
            actor=actor,
        )
    db.session.flush()  # donors are asked whether something hangs on them
    _free_keys(view.gift_ids)
    source = f"undo:import:{file.id}"
    record_consents.end_consents(
        _list_made(file, "made_consents"), but_donor_ids=view.donor_ids, source=source, now=now, actor=actor
    )
    record_consents.keep_noes(view.donor_ids, source=source, now=now, actor=actor)
    soft_credits.take_away_credits(_list_made(file, "made_credits"))
    for summary in file.summaries or ():
        gift_values.empty_values(summary.get("filled_values", ()))
    remove_ties(_list_made_ties(file), view.donor_ids)
    removal.remove_donors(view.donor_ids, reason="import_taken_back", now=now, actor=actor)
    file = record_files.lock_file(import_file_id)  # removing donors forgets what was read
    file.state, file.finished_at = "taken_back", now
    audit.record_action(
        actor,
        "import_file.taken_back",
        ("import_file", file.id),
        now=now,
        data={"gifts": len(view.gift_ids), "donors": len(view.donor_ids), "staying": len(view.obstacles)},
    )
    return file


def _free_keys(gift_ids: Collection[int]) -> None:
    """Free the keys of gifts that were taken out, so that the same file may be brought again."""
    if gift_ids:
        db.session.connection().execute(
            update(_GIFTS)
            .where(_GIFTS.c.id == bindparam("of_id"))
            .values(source_ref=_GIFTS.c.source_ref + bindparam("mark")),
            [{"of_id": id_, "mark": f" #{id_}"} for id_ in gift_ids],
        )
