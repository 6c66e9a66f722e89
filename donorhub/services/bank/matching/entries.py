"""Entries that a person decides: whose gift, which payout, a return, no gift; and taking that back.

What is certain of many entries at once, :mod:`donorhub.services.bank.matching.certain_entries` accepts.
Every decision is a match row that stays; undoing marks it and takes its gift out by a
correction. The same decision again changes nothing; another one wants the first undone.

Functions (all with keyword ``now`` and ``actor``)::

    get_entry(entry_id) -> Entry
    accept(entry_id, parts, *, detail_id=None) -> Entry            # parts: Shares that add up to the amount
    accept_proposal(entry_id, *, rank=0, detail_id=None) -> Entry  # a candidate of the engine, 0 is the best
    new_donor_from(entry_id, fields=None, *, detail_id=None) -> Donor  # makes the donor and accepts
    donor_fields(entry_id, detail_id=None) -> dict               # what a form for that donor begins with
    not_a_gift(entry_id, reason, *, detail_id=None) -> Entry
    join_payout(entry_id, payout_id) -> Entry
    accept_return(entry_id, gift_id, *, detail_id=None) -> Entry
    accept_doubtful(entry_id) / reject_doubtful(entry_id) -> Entry
    undo(entry_id) -> Entry
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from donorhub.db import db
from donorhub.domain.bank.matching.matching_facts import Allocated, Candidate, Part, Proposal
from donorhub.domain.donors.names import parse_payer
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Donor, Entry, Gift, Match, Payout
from donorhub.models.states import ARRIVING_PAYOUTS, GONE_ENTRIES
from donorhub.services.access import audit, organisation
from donorhub.services.bank.matching import decision_undo, matching
from donorhub.services.bank.matching import entry_holding as holding
from donorhub.services.bank.matching.decisions import Decided
from donorhub.services.donors import donors
from donorhub.services.giving import closed_books
from donorhub.services.work import tasks

get_entry = holding.get_entry
SUSPENSE: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Share:
    """What of an entry is one donor's gift. Without ``allocations`` (minor units by instalment id) the
    engine says which instalments it settles; an empty mapping settles none."""

    donor_id: int
    minor: int
    fund_id: int | None = None
    allocations: Mapping[int, int] | None = field(default=None)


def accept(
    entry_id: int, parts: Sequence[Share], *, now: datetime, actor: str, detail_id: int | None = None
) -> Entry:
    """Say whose gift an entry is, or whose gifts; the parts must add up to it.

    Rejected for money that left, and when the parts do not add up; Conflict when it was
    decided otherwise before: undo that first.
    """
    entry, place, clues, proposal = holding.held(entry_id, detail_id)
    wanted = sorted((share.donor_id, share.minor) for share in parts)
    known = holding.live(entry_id, detail_id)
    if known and wanted == sorted((row.donor_id, row.amount_minor) for row in known if row.kind == "gift"):
        return entry
    holding.refuse_decided(entry, known)
    amount = place.credit.amount
    if amount.minor <= 0:
        raise Rejected(f"entry {entry_id} is money that left: it is no gift", code="not_a_credit")
    if sum(share.minor for share in parts) != amount.minor or any(share.minor <= 0 for share in parts):
        raise Rejected(
            f"the parts must add up to {amount}", code="parts_differ", field="/parts",
            amount=amount.as_text(), currency=amount.currency,
        )  # fmt: skip
    found = [_part(share, proposal) for share in parts]
    decided = Decided(
        place, clues, tuple(part for part, _ in found), evidence=_first_evidence(found),
        funds={n: {share.fund_id: share.minor} for n, share in enumerate(parts) if share.fund_id is not None},
    )  # fmt: skip
    return holding.settle(entry, decided, now=now, actor=actor)


def _part(share: Share, proposal: Proposal) -> tuple[Part, Candidate | None]:
    """The gift of one donor, with the instalments that a person or the engine says it settles."""
    donor = donors.get_donor(share.donor_id)
    candidate = next((c for c in proposal.candidates if c.donor_id == donor.id), None)
    if share.allocations is not None:
        told = tuple(Allocated(id_, minor) for id_, minor in share.allocations.items())
        return Part(donor.id, share.minor, "partial" if told else "one_off", told), candidate
    proposed = candidate.parts[0] if candidate is not None else None
    if proposed is not None and proposed.minor == share.minor:
        return proposed, candidate
    return Part(donor.id, share.minor, "one_off"), candidate


def _first_evidence(found: Sequence[tuple[Part, Candidate | None]]) -> tuple[dict[str, object], ...]:
    reasons = next((matching.as_evidence(candidate) for _, candidate in found if candidate), ())
    return (*reasons, holding.by_person())


def accept_proposal(
    entry_id: int, *, now: datetime, actor: str, rank: int = 0, detail_id: int | None = None
) -> Entry:
    """Take the engine's candidate of this rank, the best is 0. Conflict when there is none such now."""
    entry, place, clues, proposal = holding.held(entry_id, detail_id)
    known = holding.live(entry_id, detail_id)
    if not 0 <= rank < len(proposal.candidates):
        if known:
            return entry  # it was the last one, and is decided
        raise Conflict(f"entry {entry_id} has no such proposal any more: look again", code="proposal_gone")
    candidate = proposal.candidates[rank]
    if known and _says_the_same(known, candidate):
        return entry
    holding.refuse_decided(entry, known)
    decided = matching.chosen(place, clues, candidate)
    return holding.settle(entry, holding.with_person(decided), now=now, actor=actor)


def _says_the_same(known: Sequence[Match], candidate: Candidate) -> bool:
    if candidate.payout_id is not None or candidate.gift_id is not None:
        return (known[0].payout_id, known[0].gift_id) == (candidate.payout_id, candidate.gift_id)
    parts = sorted((part.donor_id, part.minor) for part in candidate.parts)
    return parts == sorted((row.donor_id, row.amount_minor) for row in known)


def donor_fields(entry_id: int, detail_id: int | None = None) -> dict[str, object]:
    """What is known of the payer, for a new donor. Given and family name only where they are certain."""
    name = holding.place_of(entry_id, detail_id).credit.name or ""
    parsed = parse_payer(name)
    fields: dict[str, object] = {
        "kind": "organisation" if parsed.kind == "organisation" else "person",
        "name": " ".join(part for part in (parsed.given_name, parsed.family_name) if part) or name,
        "lang": organisation.get_organisation().lang,
    }
    if parsed.is_confident and parsed.kind == "person":
        fields |= {"given_name": parsed.given_name, "family_name": parsed.family_name}
    return fields


def new_donor_from(
    entry_id: int,
    fields: Mapping[str, Any] | None = None,
    *,
    now: datetime,
    actor: str,
    detail_id: int | None = None,
) -> Donor:
    """Add the payer as a donor and accept the whole entry as their gift. ``fields`` win over what the bank
    wrote. Accepted already: the donor it is matched to comes back."""
    entry = holding.get_entry(entry_id)
    known = holding.live(entry_id, detail_id)
    if known and known[0].donor_id is not None:
        return donors.get_donor(known[0].donor_id)
    holding.refuse_decided(entry, known)
    told = donor_fields(entry_id, detail_id) | dict(fields or {})
    if not told["name"]:
        raise Rejected("the bank does not tell who paid: give a name", field="/name")
    amount = holding.place_of(entry_id, detail_id).credit.amount
    if amount.minor <= 0:
        raise Rejected(f"entry {entry_id} is money that left: it is no gift", code="not_a_credit")
    donor = donors.create_donor(told, source="bank", now=now, actor=actor)
    tasks.plan(
        f"new_donor:{donor.id}", kind="new_donor", performer="worker", subject=("donor", donor.id),
        donor_id=donor.id, due_at=now, now=now,
    )  # fmt: skip
    accept(entry_id, [Share(donor.id, amount.minor)], detail_id=detail_id, now=now, actor=actor)
    return donor


def not_a_gift(
    entry_id: int, reason: str, *, now: datetime, actor: str, detail_id: int | None = None
) -> Entry:
    """Say that an entry is no gift, and why: a fee, a grant, our own money moved."""
    if not reason.strip():
        raise Rejected("say what the entry is", field="/reason")
    return holding.decide(
        entry_id, detail_id, lambda row: row.kind == "not_gift",
        lambda place, clues: Decided(place, clues, evidence=(holding.by_person(reason.strip()[:200]),)),
        now=now, actor=actor,
    )  # fmt: skip


def join_payout(entry_id: int, payout_id: int, *, now: datetime, actor: str) -> Entry:
    """Say which payout of a provider an entry is. Rejected when another entry is it or the sums differ."""
    payout = db.session.get(Payout, payout_id)
    if payout is None:
        raise NotFound(f"there is no payout {payout_id}", field="/payout_id")
    entry = holding.get_entry(entry_id)
    if payout.state not in ARRIVING_PAYOUTS:
        raise Rejected(f"payout {payout.ref} is {payout.state}: it brought no entry", code="payout_failed")
    if payout.entry_id not in (None, entry_id):
        raise Rejected(
            f"payout {payout.ref} is entry {payout.entry_id}: undo that first",
            code="payout_taken", entry_id=payout.entry_id,
        )  # fmt: skip
    if (payout.net_minor, payout.currency) != (entry.amount_minor, entry.currency):
        raise Rejected(f"payout {payout.ref} has another amount than entry {entry_id}", code="amount_differs")
    return holding.decide(
        entry_id, None, lambda row: row.payout_id == payout_id,
        lambda place, clues: Decided(place, clues, payout_id=payout_id, evidence=(holding.by_person(),)),
        now=now, actor=actor,
    )  # fmt: skip


def accept_return(
    entry_id: int, gift_id: int, *, now: datetime, actor: str, detail_id: int | None = None
) -> Entry:
    """Say which gift an entry takes back."""
    gift = db.session.get(Gift, gift_id)
    if gift is None:
        raise NotFound(f"there is no gift {gift_id}", field="/gift_id")
    amount = holding.place_of(entry_id, detail_id).credit.amount
    if amount.minor >= 0 or amount.currency != gift.currency:
        raise Rejected(f"entry {entry_id} takes nothing back from gift {gift_id}", code="not_a_return")
    return holding.decide(
        entry_id, detail_id, lambda row: row.kind == "return" and row.gift_id == gift_id,
        lambda place, clues: Decided(place, clues, gift_id=gift_id, evidence=(holding.by_person(),)),
        now=now, actor=actor,
    )  # fmt: skip


def accept_doubtful(entry_id: int, *, now: datetime, actor: str) -> Entry:
    """The entry is other money than the one it looks like: it counts, and is matched next."""
    entry = holding.locked(entry_id)
    if entry.state in GONE_ENTRIES:
        raise Conflict(
            f"entry {entry_id} is {entry.state}: nobody doubts it", code="not_doubtful", state=entry.state
        )
    if entry.state != "doubtful":
        return entry
    entry.state = "new"
    audit.record(actor, "entry.accepted", ("entry", entry.id), now=now)
    tasks.plan(
        f"match_statement:{entry.statement_id}:e{entry.id}", kind="match_statement", performer="worker",
        subject=("statement", entry.statement_id), due_at=now, now=now,
    )  # fmt: skip
    return entry


def reject_doubtful(entry_id: int, *, now: datetime, actor: str) -> Entry:
    """The entry is one that the ledger has already: the row stays for the record and counts no more."""
    entry = holding.locked(entry_id)
    if entry.state == "duplicate":
        return entry
    if entry.state != "doubtful":
        raise Conflict(
            f"entry {entry_id} is {entry.state}: nobody doubts it", code="not_doubtful", state=entry.state
        )
    entry.state, entry.occurrence = "duplicate", -entry.id
    audit.record(actor, "entry.rejected", ("entry", entry.id), now=now)
    return entry


def undo(entry_id: int, *, now: datetime, actor: str) -> Entry:
    """Take back what was decided of an entry: its gifts are corrected, its payout is free, it waits again.

    Rejected while a live receipt names a gift of it, or when its day lies in closed books. Not
    decided: nothing changes.
    """
    entry = holding.locked(entry_id)
    if decision_undo.live_matches(entry.id):
        closed_books.refuse(entry.booked_on)
    if decision_undo.undo(entry, now=now, actor=actor):
        entry.state, entry.decide_by = "suspense", organisation.get_day(now) + SUSPENSE
    return entry
