"""Donors made of many unknown payers by one click, with the gifts that their waiting money is.

Who they are, :mod:`donorhub.services.bank.matching.unknown_payers` shows; taking it back as one is
:mod:`donorhub.services.bank.matching.payer_batch_undo`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, text

from donorhub.db import cut_query_values, db
from donorhub.domain.bank.matching.matching_facts import Part
from donorhub.domain.bank.matching.unknown_payers import UnknownPayer
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Entry, PayerBatch, PayerBatchEntry
from donorhub.models.states import DonorKind
from donorhub.money import Money
from donorhub.services import shown
from donorhub.services.access import audit
from donorhub.services.bank.matching import (
    decisions,
    entry_holding,
    gifts_by_hand,
    matching,
    payer_keys,
    unknown_payers,
)
from donorhub.services.bank.matching.credits import SOURCE
from donorhub.services.bank.matching.decisions import CreditDecision
from donorhub.services.bank.matching.unknown_payers import PlaceClues, UnknownPayers
from donorhub.services.donors import accounts, donors, new_donors
from donorhub.services.donors.donor_fields import DonorFields

MOST_CHOICES: Final = 500  # of one request: rows that are not as they were ticked beforehand


@dataclass(frozen=True, slots=True)
class PayerChoice:
    """What a person says of one payer: who of the donors it is, or who the new donor is."""

    donor_id: int | None = None
    kind: DonorKind | None = None  # None: as the name was read
    given_name: str = ""
    family_name: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """What would be done: who becomes a donor, and whose gifts the money of known ones is."""

    view: UnknownPayers
    choices: Mapping[str, PayerChoice]  # by row id

    @property
    def payers(self) -> list[UnknownPayer]:
        """The payers that were chosen, in order."""
        return [payer for payer in self.view.payers if payer.row_id in self.choices]

    @property
    def new_payers(self) -> list[UnknownPayer]:
        """Those who become donors."""
        return [payer for payer in self.payers if self.choices[payer.row_id].donor_id is None]

    @property
    def gifts_count(self) -> int:
        """How many gifts would be recorded."""
        return sum(len(payer.credits) for payer in self.payers)

    @property
    def sums(self) -> list[Money]:
        """What the gifts come to, by currency."""
        return unknown_payers.sum_payers(self.payers)


def choose_payers(
    view: UnknownPayers, *, leave: Collection[str] = (), take: Mapping[str, PayerChoice] | None = None
) -> Selection:
    """Return what would be done: those ticked beforehand without ``leave``, and ``take`` beside them.

    Ignore rows that are not in the view: where it is another by now, its digest says so.
    """
    choices = {payer.row_id: PayerChoice() for payer in view.ready if payer.row_id not in leave}
    choices |= {row_id: choice for row_id, choice in (take or {}).items() if row_id in view.by_row_id}
    return Selection(view, choices)


def make_donors(
    digest: str,
    *,
    now: datetime,
    actor: str,
    leave: Collection[str] = (),
    take: Mapping[str, PayerChoice] | None = None,
    bank_account_id: int | None = None,
) -> PayerBatch:
    """Make donors of the unknown payers that were shown under this digest, and record their gifts.

    The same digest again returns the batch that was made of it. Raise Changed with the payers of now where
    they are others; Rejected where nobody is chosen, or a name is empty.
    """
    _take_turn()
    view = unknown_payers.find_unknown_payers(bank_account_id=bank_account_id)
    batch = _find_batch(digest)
    if batch is not None and view.digest != digest:
        return batch
    shown.refuse_changed(digest, view)
    selection = choose_payers(view, leave=leave, take=take)
    if not selection.choices:
        raise Rejected("choose at least one payer", code="nobody_chosen")
    ends = _lock_entries(sorted({credit.entry_id for payer in selection.payers for credit in payer.credits}))
    all_decisions = _decide_known_payers(selection, now=now)
    all_decisions += _decide_new_payers(selection, now=now, actor=actor)
    entry_ids = {decision.place.entry_id for decision in all_decisions}
    fees = [matching.make_cost_decision(*pair) for pair in view.fees if pair[0].entry_id in entry_ids]
    decisions.settle_matches([*all_decisions, *fees], now=now, actor=actor)
    payer_keys.learn_accounts(
        {
            (one.clues.payer_key, one.clues.credit.name or "", one.parts[0].donor_id)
            for one in all_decisions
            if one.clues.payer_key
        },
        now=now,
    )
    batch = _keep_batch(
        digest, selection, {id_: ends[id_] for id_ in sorted(entry_ids)}, now=now, actor=actor
    )
    db.session.flush()  # what is not written yet would be forgotten
    db.session.expire_all()
    return batch


def _take_turn() -> None:
    """Let nobody else make donors of payers until the transaction ends; SQLite has one writer anyway."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(727280)"))


def _find_batch(digest: str) -> PayerBatch | None:
    return db.session.scalar(
        select(PayerBatch)
        .where(PayerBatch.digest == digest, PayerBatch.undone_at.is_(None))
        .order_by(PayerBatch.id.desc())
        .limit(1)
    )


def _lock_entries(entry_ids: Sequence[int]) -> dict[int, object]:
    """Return until when each entry would have waited, locked; raise Conflict where one is decided by now."""
    ends: dict[int, object] = {}
    for chunk in cut_query_values(entry_ids):
        query = select(Entry.id, Entry.decide_by).where(Entry.id.in_(chunk), Entry.state == "suspense")
        rows = db.session.execute(query.order_by(Entry.id).with_for_update())
        ends.update((id_, decide_by) for id_, decide_by in rows)
    if len(ends) < len(entry_ids):
        raise Conflict("one of the entries is decided by now: look again", code="decided")
    return ends


def _decide_new_payers(selection: Selection, *, now: datetime, actor: str) -> list[CreditDecision]:
    payers = selection.new_payers
    fields = [_make_fields(payer, selection.choices[payer.row_id]) for payer in payers]
    ids = new_donors.create_donors(fields, source=SOURCE, now=now, actor=actor)
    return [
        _make_decision(pair, donor_id)
        for payer, donor_id in zip(payers, ids, strict=True)
        for pair in selection.view.places[payer.row_id]
    ]


def _make_fields(payer: UnknownPayer, choice: PayerChoice) -> DonorFields:
    """Return the fields of a new donor: as a person wrote the name, else as it was read for certain."""
    parsed_name = payer.parsed_name
    given_name, family = choice.given_name.strip(), choice.family_name.strip()
    kind: DonorKind = choice.kind or ("organisation" if parsed_name.kind == "organisation" else "person")
    if parsed_name.kind == "joint" and choice.kind is None and not given_name:
        kind = "household"
    name = " ".join(part for part in (given_name, family) if part)
    if not name:
        given_name, family = (
            (parsed_name.given_name, parsed_name.family_name) if parsed_name.is_confident else ("", "")
        )
        name = parsed_name.name or payer.name_read
    if not name:
        raise Rejected("the bank does not tell who paid: give a name", field="/name", code="name_missing")
    if kind != "person":
        given_name = family = ""
    return {"kind": kind, "name": name, "given_name": given_name, "family_name": family}


def _make_decision(pair: PlaceClues, donor_id: int) -> CreditDecision:
    place, clues = pair
    part = Part(donor_id, place.credit.amount.minor, "one_off")
    return CreditDecision(place, clues, (part,), evidence=(entry_holding.make_person_evidence(),))


def _decide_known_payers(selection: Selection, *, now: datetime) -> list[CreditDecision]:
    """Return whose gifts the money of payers is who are donors already, with what it settles.

    Raise Conflict where such a gift is recorded by hand: that entry wants a look of its own.
    """
    known_decisions: list[CreditDecision] = []
    for payer in selection.payers:
        donor_id = selection.choices[payer.row_id].donor_id
        if donor_id is None:
            continue
        donor = donors.get_donor(donor_id)
        if payer.account is not None:
            # The engine then says what it settles.
            accounts.learn_accounts([(donor.id, payer.account)], now=now)
        pairs_by_place = {
            (pair[0].entry_id, pair[0].detail_id): pair for pair in selection.view.places[payer.row_id]
        }
        for place, clues, proposal in matching.propose_for_entries({id_ for id_, _ in pairs_by_place}):
            if (place.entry_id, place.detail_id) not in pairs_by_place:
                continue
            candidate = next((one for one in proposal.candidates if one.donor_id == donor.id), None)
            decision = (
                entry_holding.add_person_evidence(matching.make_decision(place, clues, candidate))
                if candidate is not None
                else _make_decision((place, clues), donor.id)
            )
            gifts_by_hand.refuse_equal_gifts(decision, ())
            known_decisions.append(decision)
    return known_decisions


def _keep_batch(
    digest: str, selection: Selection, ends: Mapping[int, object], *, now: datetime, actor: str
) -> PayerBatch:
    batch = PayerBatch(
        digest=digest,
        made_at=now,
        made_by=actor,
        donors_count=len(selection.new_payers),
        gifts_count=selection.gifts_count,
    )
    db.session.add(batch)
    db.session.flush()  # its entries need the id
    db.session.execute(
        insert(PayerBatchEntry),
        [{"batch_id": batch.id, "entry_id": id_, "decide_by": end} for id_, end in ends.items()],
    )
    audit.record_action(
        actor,
        "payer_batch.made",
        ("payer_batch", batch.id),
        now=now,
        data={"donors": batch.donors_count, "gifts": batch.gifts_count},
    )
    return batch


def get_batch(batch_id: int) -> PayerBatch:
    """Return the batch; raise NotFound where there is none."""
    batch = db.session.get(PayerBatch, batch_id)
    if batch is None:
        raise NotFound(f"there is no batch of payers {batch_id}")
    return batch
