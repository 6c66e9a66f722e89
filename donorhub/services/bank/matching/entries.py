"""Entries that a person decides: whose gift, which payout, a return, no gift; and taking that back.

What is certain of many entries at once, :mod:`donorhub.services.bank.matching.certain_entries` accepts.
Every decision is a match row that stays; undoing marks it and takes its gift out by a
correction. The same decision again changes nothing; another one wants the first undone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from donorhub.db import db
from donorhub.domain.bank.matching.matching_facts import Candidate, NewAllocation, Part, Proposal
from donorhub.domain.donors.names import parse_payer
from donorhub.domain.payer_text import make_payer_key
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Donor, Entry, Gift, Match, Payout
from donorhub.models.states import ARRIVING_PAYOUTS, DECIDABLE_ENTRIES, OPEN_ENTRIES
from donorhub.services import shown
from donorhub.services.access import organisation
from donorhub.services.bank.matching import (
    decision_undo,
    gifts_by_hand,
    looks,
    matching,
    payer_keys,
    shown_entries,
    unknown_donor,
)
from donorhub.services.bank.matching import entry_holding as holding
from donorhub.services.bank.matching.decisions import CreditDecision
from donorhub.services.donors import donors, duplicates, verdicts
from donorhub.services.donors.donor_fields import DonorFields
from donorhub.services.giving import closed_books
from donorhub.services.work import tasks

get_entry = holding.get_entry


@dataclass(frozen=True, slots=True)
class Share:
    """What of an entry is one donor's gift. Without ``allocations`` (minor units by instalment id) the
    engine says which instalments it settles; an empty mapping settles none."""

    donor_id: int
    minor: int
    fund_id: int | None = None
    allocations: Mapping[int, int] | None = field(default=None)


def accept_shares(
    entry_id: int,
    parts: Sequence[Share],
    *,
    now: datetime,
    actor: str,
    detail_id: int | None = None,
    equal_ids: Collection[int] | None = (),
    digest: str | None = None,
) -> Entry:
    """Record whose gift an entry is, or whose gifts; the parts must add up to it. Return the entry.

    ``equal_ids`` are equal gifts, recorded by hand, that were looked at; None where all are other money.
    Every decision takes the ``digest`` of the payment as it was shown.

    Raise Changed where that is another by now; Rejected for money that left, and when the parts do not add
    up; Conflict when it was decided otherwise before: undo that first.
    """
    entry, place, clues, proposal = holding.lock_payment(entry_id, detail_id)
    new_shares = sorted((share.donor_id, share.minor) for share in parts)
    matches = holding.list_live_matches(entry_id, detail_id)
    if matches and new_shares == sorted(
        (row.donor_id, row.amount_minor) for row in matches if row.kind == "gift"
    ):
        return entry
    holding.refuse_changed_payment(entry, place, matches, digest)
    holding.refuse_decided_payment(entry, matches)
    amount = place.credit.amount
    if amount.minor <= 0:
        raise Rejected(f"entry {entry_id} is money that left: it is no gift", code="not_a_credit")
    if sum(share.minor for share in parts) != amount.minor or any(share.minor <= 0 for share in parts):
        raise Rejected(
            f"the parts must add up to {amount}",
            code="parts_differ",
            field="/parts",
            amount=amount.as_text(),
            currency=amount.currency,
        )
    gift_parts = [_make_part(share, proposal) for share in parts]
    decision = CreditDecision(
        place,
        clues,
        tuple(part for part, _ in gift_parts),
        evidence=_find_first_evidence(gift_parts),
        funds={n: {share.fund_id: share.minor} for n, share in enumerate(parts) if share.fund_id is not None},
    )
    gifts_by_hand.refuse_equal_gifts(decision, equal_ids)
    return holding.settle_entry(entry, decision, now=now, actor=actor)


def _make_part(share: Share, proposal: Proposal) -> tuple[Part, Candidate | None]:
    """Return the gift of one donor, with the instalments that a person or the engine says it settles."""
    donor = donors.get_donor(share.donor_id)
    candidate = next((c for c in proposal.candidates if c.donor_id == donor.id), None)
    if share.allocations is not None:
        allocations = tuple(NewAllocation(id_, minor) for id_, minor in share.allocations.items())
        return Part(donor.id, share.minor, "partial" if allocations else "one_off", allocations), candidate
    proposed_part = candidate.parts[0] if candidate is not None else None
    if proposed_part is not None and proposed_part.minor == share.minor:
        return proposed_part, candidate
    return Part(donor.id, share.minor, "one_off"), candidate


def _find_first_evidence(
    gift_parts: Sequence[tuple[Part, Candidate | None]],
) -> tuple[dict[str, object], ...]:
    reasons = next((matching.make_evidence(candidate) for _, candidate in gift_parts if candidate), ())
    return (*reasons, holding.make_person_evidence())


def accept_choice(
    entry_id: int,
    choice: str,
    *,
    now: datetime,
    actor: str,
    detail_id: int | None = None,
    equal_ids: Collection[int] | None = (),
) -> Entry:
    """Take the engine's candidate that a page named by :func:`.shown_entries.write_choice`; raise Changed
    where it is none any more, or is doubted for another reason. ``equal_ids``: see :func:`accept_shares`.
    """
    entry, place, clues, proposal = holding.lock_payment(entry_id, detail_id)
    matches = holding.list_live_matches(entry_id, detail_id)
    if matches and shown_entries.is_decided_so(place, matches, choice):
        return entry
    candidate = shown_entries.find_candidate(place, proposal, choice)
    is_open = not matches or unknown_donor.holds_all(matches)
    if not is_open or candidate is None or entry.state not in DECIDABLE_ENTRIES:
        holding.refuse_changed_payment(entry, place, matches, "")
    if candidate is None:
        raise NotFound(f"entry {entry_id} has no such proposal")
    decision = matching.make_decision(place, clues, candidate)
    return _settle_proposal(entry, decision, equal_ids, now=now, actor=actor)


def accept_proposal(
    entry_id: int,
    *,
    now: datetime,
    actor: str,
    rank: int = 0,
    detail_id: int | None = None,
    digest: str | None = None,
    equal_ids: Collection[int] | None = (),
) -> Entry:
    """Take the engine's candidate of this rank, the best is 0; raise Conflict when there is none such now,
    Changed where it is not the one that was shown under ``digest``. ``equal_ids``: see :func:`accept_shares`.
    """
    entry, place, clues, proposal = holding.lock_payment(entry_id, detail_id)
    matches = holding.list_live_matches(entry_id, detail_id)
    if not 0 <= rank < len(proposal.candidates):
        if matches:
            return entry  # it was the last one, and is decided
        if digest is not None:
            holding.refuse_changed_payment(entry, place, matches, "")
        raise Conflict(f"entry {entry_id} has no such proposal any more: look again", code="proposal_gone")
    candidate = proposal.candidates[rank]
    if matches and _is_same_decision(matches, candidate):
        return entry
    is_open = entry.state in OPEN_ENTRIES if not matches else unknown_donor.holds_all(matches)
    if digest is not None and not (
        is_open and digest == matching.compute_candidate_digest(proposal, candidate)
    ):
        holding.refuse_changed_payment(entry, place, matches, "")
    holding.refuse_decided_payment(entry, matches)
    decision = matching.make_decision(place, clues, candidate)
    return _settle_proposal(entry, decision, equal_ids, now=now, actor=actor)


def _settle_proposal(
    entry: Entry,
    decision: CreditDecision,
    equal_ids: Collection[int] | None,
    *,
    now: datetime,
    actor: str,
) -> Entry:
    gifts_by_hand.refuse_equal_gifts(decision, equal_ids)
    return holding.settle_entry(entry, holding.add_person_evidence(decision), now=now, actor=actor)


def _is_same_decision(matches: Sequence[Match], candidate: Candidate) -> bool:
    if candidate.payout_id is not None or candidate.gift_id is not None:
        return (matches[0].payout_id, matches[0].gift_id) == (candidate.payout_id, candidate.gift_id)
    parts = sorted((part.donor_id, part.minor) for part in candidate.parts)
    return parts == sorted((row.donor_id, row.amount_minor) for row in matches)


def list_donor_fields(entry_id: int, detail_id: int | None = None) -> DonorFields:
    """Return what is known of the payer, for a new donor; given and family name only where they are
    certain.
    """
    name = holding.get_place(entry_id, detail_id).credit.name or ""
    payer = parse_payer(name)
    fields: DonorFields = {
        "kind": "organisation" if payer.kind == "organisation" else "person",
        "name": " ".join(part for part in (payer.given_name, payer.family_name) if part) or name,
    }
    if payer.is_confident and payer.kind == "person":
        fields["given_name"], fields["family_name"] = payer.given_name, payer.family_name
    return fields


def create_donor_from(
    entry_id: int,
    fields: DonorFields | None = None,
    *,
    now: datetime,
    actor: str,
    detail_id: int | None = None,
    known_ids: Collection[int] = (),
    alike_ids: Collection[int] | None = (),
    digest: str | None = None,
) -> Donor:
    """Add the payer as a donor and accept the whole entry as their gift. ``fields`` win over what the bank
    wrote. Accepted already: the donor it is matched to comes back. ``alike_ids`` are donors who were looked
    at and are others, None where whoever is alike is another.

    Raise Conflict where the payer's money is a donor's who is not among ``known_ids``, those that the
    person who decides was shown: somebody made that donor meanwhile.
    """
    entry = holding.get_entry(entry_id)
    matches = holding.list_live_matches(entry_id, detail_id)
    place = holding.get_place(entry_id, detail_id)
    if matches and matches[0].donor_id is not None and not unknown_donor.holds_all(matches):
        donor = donors.get_donor(matches[0].donor_id)
        if donor.name != (fields or {}).get("name", donor.name):
            holding.refuse_changed_payment(entry, place, matches, digest)
        return donor
    holding.refuse_changed_payment(entry, place, matches, digest)
    holding.refuse_decided_payment(entry, matches)
    _refuse_known_payer(find_payer_key(entry_id, detail_id), known_ids)
    donor_values = _name_payer(list_donor_fields(entry_id, detail_id), fields or {})
    if not any(donor_values.get(name) for name in ("name", "given_name", "family_name")):
        raise Rejected("the bank does not tell who paid: give a name", field="/name")
    amount = place.credit.amount
    if amount.minor <= 0:
        raise Rejected(f"entry {entry_id} is money that left: it is no gift", code="not_a_credit")
    alike = duplicates.list_alike(donor_values)
    if alike_ids is not None:
        duplicates.refuse_alike(alike, known_ids=[*alike_ids, *known_ids])
    donor = donors.create_donor(donor_values, source="bank", now=now, actor=actor)
    verdicts.record_others(donor.id, [one.id for one in alike], now=now, actor=actor)
    tasks.plan_task(
        f"new_donor:{donor.id}",
        kind="new_donor",
        performer="worker",
        subject=("donor", donor.id),
        donor_id=donor.id,
        now=now,
    )
    accept_shares(entry_id, [Share(donor.id, amount.minor)], detail_id=detail_id, now=now, actor=actor)
    return donor


def _name_payer(bank_fields: DonorFields, fields: DonorFields) -> DonorFields:
    """Return what a donor is called and where they live; of another name than the bank's the bank knows no
    parts.
    """
    if fields.get("name", bank_fields["name"]) != bank_fields["name"]:
        bank_fields = {"kind": bank_fields["kind"], "name": bank_fields["name"]}
    return {**bank_fields, **fields}


def find_payer_key(entry_id: int, detail_id: int | None = None) -> str | None:
    """Return what the payer of an entry is remembered by."""
    credit = holding.get_place(entry_id, detail_id).credit
    return make_payer_key(credit.account, credit.name)


def _refuse_known_payer(payer_key: str | None, known_ids: Collection[int]) -> None:
    if payer_key is None:
        return
    payer_keys.lock_payer(payer_key)
    for donor_id in payer_keys.list_known_donors(payer_key):
        if donor_id not in known_ids:
            code = donors.get_donor(donor_id).code
            raise Conflict(f"this payer is donor {code} already", code="payer_known", donor_code=code)


def mark_not_a_gift(
    entry_id: int,
    reason: str,
    *,
    now: datetime,
    actor: str,
    detail_id: int | None = None,
    digest: str | None = None,
) -> Entry:
    """Record that an entry is no gift, and why: a fee, a grant, our own money moved. Return the entry."""
    if not reason.strip():
        raise Rejected("say what the entry is", field="/reason")
    return holding.decide_payment(
        entry_id,
        detail_id,
        lambda row: row.kind == "not_gift",
        lambda place, clues: CreditDecision(
            place, clues, evidence=(holding.make_person_evidence(reason.strip()[:200]),)
        ),
        digest=digest,
        now=now,
        actor=actor,
    )


def join_payout(
    entry_id: int, payout_id: int, *, now: datetime, actor: str, digest: str | None = None
) -> Entry:
    """Record which payout of a provider an entry is, and return the entry.

    Raise Rejected when another entry is that payout or the sums differ.
    """
    payout = db.session.get(Payout, payout_id)
    if payout is None:
        raise NotFound(f"there is no payout {payout_id}", field="/payout_id")
    entry = holding.get_entry(entry_id)
    if payout.state not in ARRIVING_PAYOUTS:
        raise Rejected(f"payout {payout.ref} is {payout.state}: it brought no entry", code="payout_failed")
    if payout.entry_id not in (None, entry_id):
        raise Rejected(
            f"payout {payout.ref} is entry {payout.entry_id}: undo that first",
            code="payout_taken",
            entry_id=payout.entry_id,
        )
    if (payout.net_minor, payout.currency) != (entry.amount_minor, entry.currency):
        raise Rejected(f"payout {payout.ref} has another amount than entry {entry_id}", code="amount_differs")
    return holding.decide_payment(
        entry_id,
        None,
        lambda row: row.payout_id == payout_id,
        lambda place, clues: CreditDecision(
            place, clues, payout_id=payout_id, evidence=(holding.make_person_evidence(),)
        ),
        digest=digest,
        now=now,
        actor=actor,
    )


def accept_return(
    entry_id: int,
    gift_id: int,
    *,
    now: datetime,
    actor: str,
    detail_id: int | None = None,
    digest: str | None = None,
) -> Entry:
    """Record which gift an entry takes back, and return the entry."""
    gift = db.session.get(Gift, gift_id)
    if gift is None:
        raise NotFound(f"there is no gift {gift_id}", field="/gift_id")
    amount = holding.get_place(entry_id, detail_id).credit.amount
    if amount.minor >= 0 or amount.currency != gift.currency:
        raise Rejected(f"entry {entry_id} takes nothing back from gift {gift_id}", code="not_a_return")
    return holding.decide_payment(
        entry_id,
        detail_id,
        lambda row: row.kind == "return" and row.gift_id == gift_id,
        lambda place, clues: CreditDecision(
            place, clues, gift_id=gift_id, evidence=(holding.make_person_evidence(),)
        ),
        digest=digest,
        now=now,
        actor=actor,
    )


def undo_entry(entry_id: int, *, now: datetime, actor: str, digest: str | None = None) -> Entry:
    """Take back what was decided of an entry: its gifts are corrected, its payout is free, it waits again.

    Ignore one that is not decided. Raise Changed where something else was decided than what ``digest`` stands
    for, Rejected while a live receipt names a gift of it, or when its day lies in closed books.
    """
    entry = holding.lock_entry(entry_id)
    matches = decision_undo.list_live_matches(entry.id)
    if matches:
        shown.refuse_changed(digest, shown_entries.show_entry(entry))
        closed_books.refuse_closed_days(entry.booked_on)
    if decision_undo.undo_decisions(entry, now=now, actor=actor):
        entry.state, entry.decide_by = "suspense", organisation.find_deadline(now)
        looks.note_taken_back(matches, now=now, actor=actor)
    return entry
