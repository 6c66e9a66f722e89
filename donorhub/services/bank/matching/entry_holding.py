"""An entry locked while a person decides it: its payment, what stands on it already, and the writing down.

What a person may decide, :mod:`donorhub.services.bank.matching.entries` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.bank.matching import clues as clues_of
from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.matching_facts import Proposal
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Entry, Match
from donorhub.models.states import OPEN_ENTRIES
from donorhub.services import shown
from donorhub.services.access import audit, organisation
from donorhub.services.bank.matching import (
    credits,
    decision_undo,
    matching,
    payer_keys,
    shown_entries,
    unknown_donor,
)
from donorhub.services.bank.matching import decisions as settling
from donorhub.services.bank.matching.credits import Place
from donorhub.services.bank.matching.decisions import CreditDecision
from donorhub.services.giving import closed_books, gifts


def get_entry(entry_id: int) -> Entry:
    """Return the entry; raise NotFound where there is none."""
    entry = db.session.get(Entry, entry_id)
    if entry is None:
        raise NotFound(f"there is no entry {entry_id}")
    return entry


def lock_entry(entry_id: int) -> Entry:
    """Return the entry, locked until the transaction ends."""
    entry = db.session.scalar(
        select(Entry).where(Entry.id == entry_id).with_for_update().execution_options(populate_existing=True)
    )
    if entry is None:
        raise NotFound(f"there is no entry {entry_id}")
    return entry


def get_place(entry_id: int, detail_id: int | None) -> Place:
    """Return the payment of an entry; of a batch, ``detail_id`` says which."""
    get_entry(entry_id)
    for place in credits.read_places([entry_id]):
        if place.detail_id == detail_id:
            return place
    if detail_id is None:
        raise Rejected(f"entry {entry_id} holds several payments: say which", field="/detail_id")
    raise NotFound(f"entry {entry_id} has no payment {detail_id}", field="/detail_id")


def lock_payment(entry_id: int, detail_id: int | None) -> tuple[Entry, Place, Clues, Proposal]:
    """Return the entry, locked, with what the engine says of the payment."""
    entry = lock_entry(entry_id)
    get_place(entry_id, detail_id)
    for place, clues, proposal in matching.propose_for_entries([entry_id]):
        if place.detail_id == detail_id:
            return entry, place, clues, proposal
    raise NotFound(f"entry {entry_id} has no payment {detail_id}")


def list_live_matches(entry_id: int, detail_id: int | None) -> Sequence[Match]:
    """Return the decisions on a payment that stand."""
    of_detail = Match.detail_id.is_(None) if detail_id is None else Match.detail_id == detail_id
    return db.session.scalars(
        select(Match)
        .where(Match.entry_id == entry_id, of_detail, Match.undone_at.is_(None))
        .order_by(Match.part)
    ).all()


def refuse_decided_payment(entry: Entry, matches: Sequence[Match]) -> None:
    """Raise Conflict where there is nothing to decide, or another decision of its donor stands."""
    if unknown_donor.holds_all(matches):
        return
    if matches:
        raise Conflict(f"entry {entry.id} is decided already: undo that first", code="decided")
    if entry.state == "doubtful":
        raise Conflict(f"entry {entry.id} may be known already: accept or reject it first", code="doubtful")
    if entry.state not in OPEN_ENTRIES:
        raise Conflict(
            f"entry {entry.id} is {entry.state}: there is nothing to decide",
            code="not_open",
            state=entry.state,
        )


def refuse_changed_payment(entry: Entry, place: Place, matches: Sequence[Match], digest: str | None) -> None:
    """Raise Changed where a payment, or what was decided of it, is not what was shown under this digest, be
    it of the payment or of its whole entry.
    """
    if digest is not None and digest != shown_entries.show_entry(entry).digest:
        shown.refuse_changed(digest, shown_entries.show_payment(entry, place, matches))


def decide_payment(
    entry_id: int,
    detail_id: int | None,
    is_same: Callable[[Match], bool],
    make_decision: Callable[[Place, Clues], CreditDecision],
    *,
    now: datetime,
    actor: str,
    digest: str | None = None,
) -> Entry:
    """Record what ``make_decision`` gives; change nothing when it stands already (``is_same``)."""
    entry = lock_entry(entry_id)
    place = get_place(entry_id, detail_id)
    matches = list_live_matches(entry_id, detail_id)
    if matches and all(is_same(row) for row in matches):
        return entry
    refuse_changed_payment(entry, place, matches, digest)
    refuse_decided_payment(entry, matches)
    if matches:
        closed_books.refuse_closed_days(entry.booked_on)
    prefix = organisation.get_organisation().code_prefix
    clues = clues_of.read_clues([place.credit], prefix)[0]
    return settle_entry(entry, make_decision(place, clues), now=now, actor=actor)


def settle_entry(entry: Entry, decision: CreditDecision, *, now: datetime, actor: str) -> Entry:
    """Write a person's decision down; the fee beside the payment is no gift, whatever that is."""
    decision = _take_from_unknown_donor(entry, decision, now=now, actor=actor)
    fees = _list_open_fees(entry) if entry.has_details else []
    settling.settle_matches([decision, *fees], now=now, actor=actor)
    learn_accounts([decision], now=now)
    audit.record_action(
        actor, "entry.decided", ("entry", entry.id), now=now, data={"gifts": len(decision.parts)}
    )
    db.session.refresh(entry)
    return entry


def _take_from_unknown_donor(
    entry: Entry, decision: CreditDecision, *, now: datetime, actor: str
) -> CreditDecision:
    """Take out the unknown donor's gift that a payment was so far; return the decision with its funds.

    What is closed does not hinder it: the gifts that come for it are of the same day, account and funds.
    """
    matches = list_live_matches(entry.id, decision.place.detail_id)
    if not matches:
        return decision
    gift_ids = [match.gift_id for match in matches if match.gift_id is not None]
    for gift_id in gift_ids:  # what was given back of it would count again
        if gifts.sum_deductions([gift_id])[gift_id]:
            raise Rejected(f"nothing is left of gift {gift_id}", code="nothing_left")
    funds = [one for of_gift in gifts.list_designations(gift_ids).values() for one in of_gift]
    decision_undo.take_out_matches(entry, matches, now=now, actor=actor)
    if decision.funds or not funds:
        return decision
    if len(decision.parts) == 1:
        return replace(decision, funds={0: dict(funds)})
    if len(funds) == 1:  # else nobody can tell which part is for which
        fund_id = funds[0][0]
        return replace(decision, funds={at: {fund_id: one.minor} for at, one in enumerate(decision.parts)})
    return decision


def _list_open_fees(entry: Entry) -> list[CreditDecision]:
    """Return decisions for the fees in an entry that none stands on, as after an undo."""
    places = [
        place
        for place in credits.read_places([entry.id])
        if place.credit.is_fee and not list_live_matches(entry.id, place.detail_id)
    ]
    prefix = organisation.get_organisation().code_prefix if places else ""
    all_clues = clues_of.read_clues([place.credit for place in places], prefix)
    return [matching.make_cost_decision(*pair) for pair in zip(places, all_clues, strict=True)]


def make_person_evidence(reason: str = "") -> dict[str, object]:
    """Return the evidence that a person said so."""
    return {
        "family": "TEXT",
        "points": 0,
        "key": "match.person",
        "params": {"reason": reason} if reason else {},
        "contradicts": False,
    }


def add_person_evidence(decision: CreditDecision) -> CreditDecision:
    """Return what the engine proposed as a decision that a person took."""
    return replace(decision, evidence=(*decision.evidence, make_person_evidence()))


def learn_accounts(decisions: Sequence[CreditDecision], *, now: datetime) -> None:
    """Record each account that its holder's payments are known by, where they were for one donor alone."""
    payer_keys.learn_accounts(
        (
            (decision.clues.payer_key, decision.clues.credit.name or "", decision.parts[0].donor_id)
            for decision in decisions
            if len(decision.parts) == 1 and decision.clues.payer_key
        ),
        now=now,
    )
