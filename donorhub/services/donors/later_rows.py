"""What came to a donor after another record was merged into them, and to which of the two it points.

It points to the record that was merged where it came by its account, its address, its code or its recurring
gift; what tells of neither stays where it is unless a person says otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import and_, exists, or_, select, update

from donorhub import vault
from donorhub.db import Base, cut_query_values, db
from donorhub.domain.donors.contact_values import ContactValue
from donorhub.domain.donors.identity import normalise_email
from donorhub.domain.payer_text import normalise_account
from donorhub.models import (
    Allocation,
    ContactPoint,
    Detail,
    Donor,
    DonorFile,
    Entry,
    Gift,
    Instalment,
    Interaction,
    Match,
    Membership,
    MergeDrop,
    MergeLog,
    MergeMove,
    Message,
    Receipt,
    ReceiptLine,
    RecurringGift,
    Task,
)
from donorhub.models.states import HARD_KEYS
from donorhub.services.access import organisation
from donorhub.services.donors import candidates, identity_keys
from donorhub.services.donors.identity_keys import KeyPair

Side = Literal["survivor", "loser"]
RowName = tuple[str, int]  # table and id
# What a person can judge; all else follows the gift or recurring gift that it is about.
SHOWN: Final[Mapping[str, Any]] = {
    "gift": Gift,
    "recurring_gift": RecurringGift,
    "receipt": Receipt,
    "message": Message,
    "interaction": Interaction,
    "task": Task,
    "contact_point": ContactPoint,
    "membership": Membership,
    "donor_file": DonorFile,
}


@dataclass(frozen=True, slots=True)
class LaterRow:
    """A row that came after a merge, whose it seems to be, and by what."""

    table_name: str
    row_id: int
    side: Side
    reason: str  # account, recurring_gift, code, address, gifts; empty where nothing tells
    row: Any

    @property
    def name(self) -> RowName:
        """What a form calls it."""
        return self.table_name, self.row_id


def list_later_rows(log: MergeLog) -> list[LaterRow]:
    """Return what came to the survivor since, by table and in order; nothing that a later merge brought."""
    holder_id = db.session.scalar(select(Donor.merged_into_id).where(Donor.id == log.survivor_id))
    holder_id = holder_id or log.survivor_id
    rows = {
        name: db.session.scalars(_select_later(log, model, holder_id)).all() for name, model in SHOWN.items()
    }
    judge = _Judge(log, rows)
    return [
        LaterRow(name, row.id, *judge.judge_row(name, row), row)
        for name, some in rows.items()
        for row in some
    ]


def _select_later(log: MergeLog, model: Any, holder_id: int) -> Any:
    is_moved = exists().where(
        MergeMove.table_name == model.__tablename__,
        MergeMove.row_id == model.id,
        MergeMove.merge_id >= log.id,
        # What a later merge moved on from this survivor came to this survivor all the same.
        or_(MergeMove.from_id.is_(None), MergeMove.from_id != log.survivor_id),
    )
    query = select(model).where(
        model.donor_id == holder_id, model.id > log.marks.get(model.__tablename__, 0), ~is_moved
    )
    if holder_id != log.survivor_id:
        query = query.where(
            exists().where(
                MergeMove.table_name == model.__tablename__,
                MergeMove.row_id == model.id,
                MergeMove.from_id == log.survivor_id,
            )
        )
    if model is Task:
        query = query.where(Task.performer == "person")
    return query.order_by(model.id)


class _Judge:
    """What belongs to the record that was merged, and whose a row is by it."""

    def __init__(self, log: MergeLog, rows: Mapping[str, Sequence[Any]]) -> None:
        self._log = log
        self._keys = identity_keys.list_hard_pairs([log.loser_id]) - list_folded_keys(log)
        self._code = db.session.get_one(Donor, log.loser_id).code
        gift_ids = [gift.id for gift in rows["gift"]]
        self._promised_ids = _find_promised_gifts(log, gift_ids)
        self._payers = _find_payers(gift_ids)
        self._moved_gift_ids = _list_moved(log, "gift")

    def judge_row(self, table_name: str, row: Any) -> tuple[Side, str]:
        """Return whose a row seems to be, and by what."""
        if table_name == "gift":
            return self._judge_gift(row.id)
        if table_name == "recurring_gift":
            return self._point_if(self._is_account(row.payer_iban), "account")
        if table_name == "message":
            return self._point_if(self._is_address(row.to_address), "address")
        if table_name == "receipt":
            return self._judge_receipt(row)
        return "survivor", ""

    def _point_if(self, is_losers: bool, reason: str) -> tuple[Side, str]:
        return ("loser", reason) if is_losers else ("survivor", "")

    def _judge_gift(self, gift_id: int) -> tuple[Side, str]:
        if gift_id in self._promised_ids:
            return "loser", "recurring_gift"
        for account, text in self._payers.get(gift_id, ()):
            if self._code in text:
                return "loser", "code"
            if self._is_account(account):
                return "loser", "account"
        return "survivor", ""

    def _judge_receipt(self, receipt: Receipt) -> tuple[Side, str]:
        gift_ids = set(
            db.session.scalars(select(ReceiptLine.gift_id).where(ReceiptLine.receipt_id == receipt.id))
        )
        losers = self._moved_gift_ids | {id_ for id_ in gift_ids if self._judge_gift(id_)[0] == "loser"}
        return self._point_if(bool(gift_ids) and gift_ids <= losers, "gifts")

    def _is_account(self, account: str | None) -> bool:
        number = normalise_account(account)
        return number is not None and ("iban", vault.compute_keyed_hash(number)) in self._keys

    def _is_address(self, address: str) -> bool:
        return ("email", vault.compute_keyed_hash(normalise_email(address))) in self._keys


def list_folded_keys(log: MergeLog) -> set[KeyPair]:
    """Return the e-mails, phones and accounts, as they are looked up by, that both records had when they
    were made one: they tell of neither.
    """
    query = select(MergeDrop.content).where(
        MergeDrop.merge_id == log.id, MergeDrop.table_name == "contact_point"
    )
    values = [
        ContactValue(content["kind"], content["value"])
        for content in db.session.scalars(query)
        if content["kind"] != "post"
    ]
    loser = identity_keys.name_donor(db.session.get_one(Donor, log.loser_id))
    facts = candidates.make_facts(loser, values, home_country=organisation.get_home_country())
    return {pair for pair in candidates.list_strong_keys(facts) if pair[0] in HARD_KEYS}


def _list_moved(log: MergeLog, table_name: str) -> set[int]:
    return set(
        db.session.scalars(
            select(MergeMove.row_id).where(MergeMove.merge_id == log.id, MergeMove.table_name == table_name)
        )
    )


def _find_promised_gifts(log: MergeLog, gift_ids: Collection[int]) -> set[int]:
    """Return the gifts that pay instalments of the loser's recurring gifts."""
    promise_ids = _list_moved(log, "recurring_gift")
    paying_ids: set[int] = set()
    for chunk in cut_query_values(sorted(gift_ids)):
        rows = db.session.execute(
            select(Allocation.gift_id, Instalment.recurring_gift_id)
            .join(Instalment, Instalment.id == Allocation.instalment_id)
            .where(Allocation.gift_id.in_(chunk))
        )
        paying_ids.update(gift_id for gift_id, promise_id in rows if promise_id in promise_ids)
    return paying_ids


def _find_payers(gift_ids: Collection[int]) -> dict[int, list[tuple[str | None, str]]]:
    """Return from which account gifts came, and with which text."""
    payers: dict[int, list[tuple[str | None, str]]] = {}
    for chunk in cut_query_values(sorted(gift_ids)):
        rows = db.session.execute(
            select(
                Match.gift_id,
                Entry.counterparty_account,
                Entry.remittance,
                Detail.counterparty_account,
                Detail.remittance,
            )
            .join(Entry, Entry.id == Match.entry_id)
            .outerjoin(Detail, Detail.id == Match.detail_id)
            .where(Match.gift_id.in_(chunk), Match.undone_at.is_(None))
        )
        for gift_id, entry_account, entry_text, detail_account, detail_text in rows:
            payers.setdefault(gift_id or 0, []).append(
                (detail_account or entry_account, f"{entry_text} {detail_text or ''}".upper())
            )
    return payers


def give_row(row: LaterRow, donor_id: int) -> list[RowName]:
    """Give a row that came since to a donor, with what is about it; return all that went."""
    table = Base.metadata.tables[row.table_name]
    conditions = [(table, table.c.id == row.row_id)]
    if row.table_name == "gift":
        for name in ("match", "payment"):
            of_gift = Base.metadata.tables[name]
            conditions.append((of_gift, of_gift.c.gift_id == row.row_id))
    for name in ("task", "domain_event"):
        about = Base.metadata.tables[name]
        is_about = and_(about.c.subject_type == row.table_name, about.c.subject_id == row.row_id)
        conditions.append((about, is_about))
    given_rows: list[RowName] = []
    for one, condition in conditions:
        ids = db.session.scalars(
            update(one)
            .where(condition, one.c.donor_id.is_not(None))
            .values(donor_id=donor_id)
            .returning(one.c.id)
        ).all()
        given_rows += [(one.name, id_) for id_ in ids]
    return given_rows
