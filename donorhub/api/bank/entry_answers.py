"""How a bank entry is told: itself, its payments, what was decided, and what the engine proposes."""

from __future__ import annotations

from collections.abc import Sequence

from marshmallow import fields

from donorhub.api.schemas import AnswerSchema
from donorhub.domain.bank.matching.matching_facts import Candidate, Part, Proposal
from donorhub.models import Detail, Entry, Match
from donorhub.models.states import DECIDABLE_ENTRIES
from donorhub.money import Money
from donorhub.schemas.fields import Instant
from donorhub.schemas.money import MoneySchema
from donorhub.services.bank.matching import entry_views, matching, shown_entries


class EntrySchema(AnswerSchema):
    id = fields.Integer(required=True)
    bank_account_id = fields.Integer(required=True)
    statement_id = fields.Integer(required=True)
    booked_on = fields.Date(required=True)
    value_on = fields.Date(allow_none=True)
    amount = fields.Nested(MoneySchema, metadata={"description": "Money in is positive"})
    counterparty_name = fields.String()
    counterparty_account = fields.String()
    remittance = fields.String()
    bank_ref = fields.String(allow_none=True)
    end_to_end_id = fields.String(allow_none=True)
    return_code = fields.String(allow_none=True)
    has_details = fields.Boolean(required=True)
    state = fields.String(required=True)
    decide_by = fields.Date(allow_none=True)


class DetailSchema(AnswerSchema):
    id = fields.Integer(required=True)
    amount = fields.Nested(MoneySchema)
    counterparty_name = fields.String()
    counterparty_account = fields.String()
    remittance = fields.String()


class MatchSchema(AnswerSchema):
    id = fields.Integer(required=True)
    detail_id = fields.Integer(allow_none=True)
    kind = fields.String(required=True)
    gift_id = fields.Integer(allow_none=True)
    payout_id = fields.Integer(allow_none=True)
    donor_id = fields.Integer(allow_none=True)
    amount = fields.Nested(MoneySchema)
    settles = fields.String(
        allow_none=True, metadata={"description": "What a gift settles; null of older decisions and no gifts"}
    )
    actor = fields.String(required=True)
    decided_at = Instant(required=True)
    undone_at = Instant(allow_none=True)


class ReasonSchema(AnswerSchema):
    key = fields.String(required=True, metadata={"description": "Such as `match.code`"})
    params = fields.Dict(keys=fields.String())
    contradicts = fields.Boolean(required=True)


class ProposedPartSchema(AnswerSchema):
    donor_id = fields.Integer(required=True)
    amount = fields.Nested(MoneySchema)
    settles = fields.String(required=True)
    instalment_ids = fields.List(fields.Integer(), required=True)


class CandidateSchema(AnswerSchema):
    level = fields.String(
        required=True,
        metadata={"description": "`low`, `likely`, or `sure`: what `accept-certain` would accept"},
    )
    reasons = fields.List(fields.Nested(ReasonSchema), required=True)
    parts = fields.List(fields.Nested(ProposedPartSchema), required=True)
    payout_id = fields.Integer(allow_none=True)
    gift_id = fields.Integer(allow_none=True)
    digest = fields.String(required=True, metadata={"description": "Sent with `rank`, confirms exactly this"})


class ProposalSchema(AnswerSchema):
    detail_id = fields.Integer(allow_none=True)
    kind = fields.String(required=True)
    decision = fields.String(required=True)
    candidates = fields.List(fields.Nested(CandidateSchema), required=True)
    hindrances = fields.List(fields.String(), required=True)
    is_new_first = fields.Boolean(
        required=True, metadata={"description": "Rather a new donor than any candidate"}
    )


class EntryWithProposalsSchema(EntrySchema):
    digest = fields.String(
        required=True, metadata={"description": "Sent with a decision, confirms it of exactly this"}
    )
    details = fields.List(fields.Nested(DetailSchema), required=True)
    matches = fields.List(fields.Nested(MatchSchema), required=True)
    proposals = fields.List(fields.Nested(ProposalSchema), required=True)


def make_list_answers(rows: Sequence[Entry]) -> list[dict[str, object]]:
    """Return the answers for entries in a list."""
    return [_make_entry(row) for row in rows]


def make_answer(entry: Entry) -> dict[str, object]:
    """Return the answer for one entry.

    Proposals are worked out anew, and only while something waits.
    """
    is_open = entry.state in DECIDABLE_ENTRIES
    proposals = matching.list_proposals([entry.id]).get(entry.id, []) if is_open else []
    matches = entry_views.list_matches(entry.id)
    return _make_entry(entry) | {
        "digest": shown_entries.show_entry(entry, matches).digest,
        "details": [_make_detail(row) for row in entry_views.list_details(entry.id)],
        "matches": [_make_match(row, entry.currency) for row in matches],
        "proposals": [_make_proposal(proposal, entry.currency) for proposal in proposals],
    }


def _make_entry(row: Entry) -> dict[str, object]:
    names = [name for name in EntrySchema().fields if name != "amount"]
    return {name: getattr(row, name) for name in names} | {"amount": Money(row.amount_minor, row.currency)}


def _make_detail(row: Detail) -> dict[str, object]:
    names = [name for name in DetailSchema().fields if name != "amount"]
    return {name: getattr(row, name) for name in names} | {"amount": Money(row.amount_minor, row.currency)}


def _make_match(row: Match, currency: str) -> dict[str, object]:
    names = [name for name in MatchSchema().fields if name != "amount"]
    return {name: getattr(row, name) for name in names} | {"amount": Money(row.amount_minor, currency)}


def _make_proposal(proposal: Proposal, currency: str) -> dict[str, object]:
    return {
        "detail_id": proposal.detail_id,
        "kind": proposal.kind,
        "decision": proposal.decision,
        "candidates": [_make_candidate(proposal, candidate, currency) for candidate in proposal.candidates],
        "hindrances": list(proposal.hindrances),
        "is_new_first": proposal.is_new_first,
    }


def _make_candidate(proposal: Proposal, candidate: Candidate, currency: str) -> dict[str, object]:
    return {
        "level": candidate.level,
        "reasons": [
            {"key": one.key, "params": dict(one.params), "contradicts": one.contradicts}
            for one in candidate.evidence
        ],
        "parts": make_parts(candidate.parts, currency),
        "payout_id": candidate.payout_id,
        "gift_id": candidate.gift_id,
        "digest": matching.compute_candidate_digest(proposal, candidate),
    }


def make_parts(parts: Sequence[Part], currency: str) -> list[dict[str, object]]:
    """Return the gifts that a payment would make."""
    return [
        {
            "donor_id": part.donor_id,
            "amount": Money(part.minor, currency),
            "settles": part.settles,
            "instalment_ids": [one.instalment_id for one in part.allocations],
        }
        for part in parts
    ]
