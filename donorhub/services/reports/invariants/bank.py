"""What must hold of the bank: parts add up, statements balance, matches explain the gifts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, exists, func, select

from donorhub.models import (
    Allocation,
    Correction,
    Designation,
    Detail,
    Dispute,
    Entry,
    Gift,
    Instalment,
    Match,
    Refund,
    Statement,
)
from donorhub.models.states import COUNTED_STATEMENTS, SETTLED_ENTRIES, UNCOUNTED_STATEMENTS
from donorhub.services.reports.invariants.balances import check_balances
from donorhub.services.reports.invariants.scope import Scope, find_broken


def check_parts(scope: Scope, _now: datetime) -> list[str]:
    """Return designations, details and allocations that do not add up to what they are parts of."""
    wrong_designations = (
        select(Gift.id)
        .join(Designation)
        .where(scope.is_concerned(Gift, Designation.gift_id))
        .group_by(Gift.id)
        .having(func.sum(Designation.amount_minor) != func.max(Gift.amount_minor))
    )
    wrong_details = (
        select(Entry.id)
        .join(Detail, Detail.entry_id == Entry.id)
        .where(scope.is_concerned(Entry, Detail.entry_id))
        .group_by(Entry.id)
        .having(func.sum(Detail.amount_minor) != func.max(Entry.amount_minor))
    )
    wrong_allocations = (
        select(Gift.id)
        .join(Allocation, Allocation.gift_id == Gift.id)
        .where(scope.is_concerned(Gift, Allocation.gift_id))
        .group_by(Gift.id)
        .having(func.sum(Allocation.amount_minor) > func.max(Gift.amount_minor))
    )
    wrong_currencies = (
        select(Instalment.id)
        .join(Allocation, Allocation.instalment_id == Instalment.id)
        .join(Gift, Gift.id == Allocation.gift_id)
        .where(scope.is_concerned(Instalment, Allocation.instalment_id), Gift.currency != Instalment.currency)
    )
    return [
        *find_broken(wrong_designations, lambda id_: f"the designations of gift {id_} do not add up to it"),
        *find_broken(wrong_details, lambda id_: f"the details of entry {id_} do not add up to it"),
        *find_broken(wrong_allocations, lambda id_: f"more of gift {id_} is allocated than was given"),
        *find_broken(wrong_currencies, lambda id_: f"instalment {id_} is settled in another currency"),
    ]


def check_statements(scope: Scope, now: datetime) -> list[str]:
    """Return statements whose opening and entries do not make closing, accounts whose ledger is not what
    their balances prove, and entries of a statement that does not count.
    """
    stands = Entry.state != "taken_back"  # such a row is kept only to explain a corrected gift
    of_statement = and_(Entry.statement_id == Statement.id, stands)
    is_concerned = scope.is_concerned(Statement, Entry.statement_id)
    wrong_proofs = select(Statement.id).where(
        is_concerned,
        Statement.integrity == "proved",
        Statement.opening_minor + Statement.sum_minor != Statement.closing_minor,
    )
    sums = (
        select(Statement.id, Statement.sum_minor, func.coalesce(func.sum(Entry.amount_minor), 0))
        .outerjoin(Entry, of_statement)
        .where(
            is_concerned,
            Statement.state.in_(COUNTED_STATEMENTS),
            Statement.is_advice.is_(False),
            Statement.new_count == Statement.entries_count,
        )
        .group_by(Statement.id)
        .having(func.coalesce(func.sum(Entry.amount_minor), 0) != Statement.sum_minor)
    )
    counts = (
        select(Statement.id)
        .outerjoin(Entry, of_statement)
        .where(is_concerned)
        .group_by(Statement.id)
        .having(func.count(Entry.id) != Statement.new_count)
    )
    uncounted_ids = select(Statement.id).where(Statement.state.in_(UNCOUNTED_STATEMENTS))
    homeless_entries = select(Entry.id).where(Entry.statement_id.in_(uncounted_ids), stands)
    return [
        *find_broken(
            wrong_proofs, lambda id_: f"statement {id_} is called proved and its balances do not add up"
        ),
        *find_broken(
            sums,
            lambda id_, stated_sum, sum_: (
                f"statement {id_} says {stated_sum} and its entries say {sum_} (minor units)"
            ),
        ),
        *find_broken(counts, lambda id_: f"statement {id_} has not the number of new entries it says"),
        *check_balances(scope, now),
        *find_broken(homeless_entries, lambda id_: f"entry {id_} belongs to a statement that is not posted"),
    ]


def check_matches(scope: Scope, _now: datetime) -> list[str]:
    """Return entries that are not what they are matched to, and gifts from the bank that nothing explains."""
    is_live = Match.undone_at.is_(None)
    is_concerned = scope.is_concerned(Entry, Match.entry_id)
    sums = (
        select(Entry.id)
        .join(Match, and_(Match.entry_id == Entry.id, is_live, Match.kind == "gift"))
        .where(is_concerned, Entry.state.in_(SETTLED_ENTRIES), Entry.has_details.is_(False))
        .group_by(Entry.id)
        .having(func.sum(Match.amount_minor) != func.max(Entry.amount_minor))
    )
    entries_without_match = select(Entry.id).where(
        is_concerned,
        Entry.state.in_(SETTLED_ENTRIES),
        ~exists(select(Match.id).where(Match.entry_id == Entry.id, is_live)),
    )
    gifts_without_entry = select(Gift.id).where(
        scope.is_concerned(Gift, Match.gift_id),
        Gift.source == "bank",
        ~exists(select(Match.id).where(Match.gift_id == Gift.id, is_live)),
        ~exists(select(Correction.id).where(Correction.gift_id == Gift.id)),
        ~exists(select(Dispute.id).where(Dispute.gift_id == Gift.id)),  # taken back before it was undone
        ~exists(select(Refund.id).where(Refund.gift_id == Gift.id)),
    )
    return [
        *find_broken(sums, lambda id_: f"what entry {id_} was matched to is not its amount"),
        *find_broken(entries_without_match, lambda id_: f"entry {id_} is called matched and has no match"),
        *find_broken(
            gifts_without_entry, lambda id_: f"gift {id_} came from the bank and no entry explains it"
        ),
    ]
