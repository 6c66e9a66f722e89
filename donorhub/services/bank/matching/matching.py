"""Matching in bulk: what is certain is settled, the rest waits in suspense for a person.

The engine is :mod:`donorhub.domain.bank.matching.matching`; here its facts are fetched, its answers
written. Proposals for a page are worked out of what is known now: none is stored.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, cast

from sqlalchemy import Table, bindparam, func, select, update

from donorhub.db import db
from donorhub.domain.bank.matching import clues as clues_of
from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.matching import propose_matches
from donorhub.domain.bank.matching.matching_facts import Candidate, Kind, Policy, Proposal
from donorhub.models import BankAccount, Entry
from donorhub.services import shown
from donorhub.services.access import organisation
from donorhub.services.bank import coverage
from donorhub.services.bank.files import bank_accounts
from donorhub.services.bank.files.statements import get_statement
from donorhub.services.bank.matching import credits, decisions, gifts_by_hand, match_facts, shown_entries
from donorhub.services.bank.matching.credits import Place
from donorhub.services.bank.matching.decisions import CreditDecision

CHUNK: Final = 500  # entries in one transaction


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """What one chunk brought; ``last_id`` is None behind the last one that was free.

    ``left_count`` entries were locked by another transaction meanwhile: they are to be looked at again
    later.
    """

    last_id: int | None
    settled_count: int = 0
    waiting_count: int = 0
    left_count: int = 0
    by_kind: Mapping[str, int] = field(default_factory=dict)


def match_next_entries(statement_id: int, after_id: int, *, now: datetime, actor: str) -> ChunkResult:
    """Match the next entries of a statement that nobody looked at yet; a second call finds none."""
    statement = get_statement(statement_id)
    places = credits.read_entries(
        (Entry.statement_id == statement_id) & (Entry.id > after_id) & (Entry.state == "new"),
        limit=CHUNK,
        lock=True,
    )
    if not places:
        left_count = _count_unseen(statement_id)
        if not left_count:
            statement.matching_done_at = now
            coverage.note_coverage_of_account(statement.bank_account_id, now=now)
        return ChunkResult(None, left_count=left_count)
    account = bank_accounts.get_account(statement.bank_account_id)
    pairs = _propose_for_places(places, match_facts.make_policy(account))
    certain_decisions = [
        _make_certain_decision(place, clues, proposal)
        for place, clues, proposal in pairs
        if proposal.decision == "auto"
    ]
    _suspend_entries({place.entry_id for place, _, one in pairs if one.decision != "auto"}, now=now)
    decisions.settle_matches(certain_decisions, now=now, actor=actor)
    return ChunkResult(places[-1].entry_id, len(certain_decisions), len(pairs) - len(certain_decisions))


def _count_unseen(statement_id: int) -> int:
    waiting = select(func.count()).where(Entry.statement_id == statement_id, Entry.state == "new")
    return db.session.scalar(waiting) or 0


def _propose_for_places(places: Sequence[Place], policy: Policy) -> list[tuple[Place, Clues, Proposal]]:
    items = clues_of.read_clues([place.credit for place in places], policy.prefix)
    answers = propose_matches(items, match_facts.fetch_facts(items, policy), policy)
    proposals = list(zip(places, items, answers, strict=True))
    return gifts_by_hand.ask_about_equal_gifts(proposals, policy)


def _make_certain_decision(place: Place, clues: Clues, proposal: Proposal) -> CreditDecision:
    if not proposal.candidates:
        return replace(_make_no_gift(place, clues, proposal.kind), rule=proposal.rule)
    return replace(make_decision(place, clues, proposal.candidates[0]), rule=proposal.rule)


def make_cost_decision(place: Place, clues: Clues) -> CreditDecision:
    """Return the decision that a credit is what the bank took."""
    return _make_no_gift(place, clues, "cost")


def _make_no_gift(place: Place, clues: Clues, kind: Kind) -> CreditDecision:
    reason = {"family": "TEXT", "points": 0, "key": f"match.{kind}", "params": {}}
    return CreditDecision(place, clues, evidence=(reason,))


def make_decision(place: Place, clues: Clues, candidate: Candidate) -> CreditDecision:
    """Return the decision for a candidate of the engine."""
    return CreditDecision(
        place,
        clues,
        parts=candidate.parts,
        payout_id=candidate.payout_id,
        gift_id=candidate.gift_id,
        evidence=make_evidence(candidate),
    )


def describe_candidate(what: Candidate | CreditDecision) -> list[object]:
    """Return what a payment would become as plain values: gifts and what they settle, a payout, a return."""
    parts = [
        [part.donor_id, part.minor, part.settles, part.slot_id, sorted(map(list, part.allocations))]
        for part in what.parts
    ]
    return [parts, what.payout_id, what.gift_id]


def compute_candidate_digest(proposal: Proposal, candidate: Candidate) -> str:
    """Return the digest of what a candidate would make of its payment, and of what speaks against it."""
    against = shown_entries.list_against(candidate.evidence)
    return shown.compute_digest(
        [proposal.entry_id, proposal.detail_id, *describe_candidate(candidate), against]
    )


def make_evidence(candidate: Candidate) -> tuple[dict[str, object], ...]:
    """Return a candidate's reasons as a match row keeps them."""
    return tuple(
        {
            "family": reason.family,
            "points": reason.points,
            "key": reason.key,
            "params": dict(reason.params),
            "contradicts": reason.contradicts,
        }
        for reason in candidate.evidence
    )


def _suspend_entries(entry_ids: Collection[int], *, now: datetime) -> None:
    """Let entries wait for a person: the days count from now, however old the money is."""
    if entry_ids:
        table = cast(Table, Entry.__table__)
        db.session.connection().execute(
            update(table)
            .where(table.c.id == bindparam("entry"))
            .values(state="suspense", decide_by=organisation.find_deadline(now)),
            [{"entry": id_} for id_ in sorted(entry_ids)],
        )


def list_proposals(entry_ids: Iterable[int]) -> dict[int, list[Proposal]]:
    """Return what the engine would say now of each payment of these entries, whatever the account's mode."""
    proposals: dict[int, list[Proposal]] = {}
    for _, _, proposal in propose_for_entries(entry_ids):
        proposals.setdefault(proposal.entry_id, []).append(proposal)
    return proposals


def propose_for_entries(entry_ids: Iterable[int]) -> list[tuple[Place, Clues, Proposal]]:
    """Return the proposals with the credits they are for; entries of one account are weighed together."""
    by_account: dict[int, list[int]] = {}
    wanted_ids = list(entry_ids)
    for id_, account_id in db.session.execute(
        select(Entry.id, Entry.bank_account_id).where(Entry.id.in_(wanted_ids))
    ):
        by_account.setdefault(account_id, []).append(id_)
    proposals: list[tuple[Place, Clues, Proposal]] = []
    for account_id, ids in by_account.items():
        places = credits.read_places(sorted(ids))
        policy = _make_asking_policy(bank_accounts.get_account(account_id))
        proposals += _propose_for_places(places, policy)
    return proposals


def _make_asking_policy(account: BankAccount) -> Policy:
    """Return the policy for a person who asks: with mode off nothing would be proposed at all."""
    policy = match_facts.make_policy(account)
    return policy if policy.mode != "off" else replace(policy, mode="suggest")
