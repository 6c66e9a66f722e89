"""What must always hold, checked against the raw rows: money first, then documents, work and audit.

Each check returns sentences on what is broken, none when it holds. Checks only read, and count in the
database. Every ten minutes they look at what came since all held, and at what that or the audit names; now
and then, and by ``donorhub verify --thorough``, at everything.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from donorhub.services.reports.invariants.bank import check_matches, check_parts, check_statements
from donorhub.services.reports.invariants.donors import check_contacts
from donorhub.services.reports.invariants.payment_losses import check_payment_losses
from donorhub.services.reports.invariants.providers import (
    check_inbox,
    check_kept_events,
    check_payments,
    check_payouts,
)
from donorhub.services.reports.invariants.receipts import check_numbers, check_papers
from donorhub.services.reports.invariants.scope import SENTENCE_LIMIT, Scope
from donorhub.services.reports.invariants.searching import check_documents
from donorhub.services.reports.invariants.totals import check_day_totals
from donorhub.services.reports.invariants.work import (
    check_audit,
    check_audited_gifts,
    check_sendings,
    check_thank_yous,
)

__all__ = ["CHECKS", "SENTENCE_LIMIT", "Scope", "check_all", "check_scope"]

CHECKS: Final[dict[str, Callable[[Scope, datetime], list[str]]]] = {
    "every answered provider event is kept as it came": check_kept_events,
    "the inbox is worked off": check_inbox,
    "one gift a payment": check_payments,
    "what providers gave or took back is taken out": check_payment_losses,
    "parts add up": check_parts,
    "opening and entries make closing": check_statements,
    "matches explain the gifts from the bank": check_matches,
    "items make the payout": check_payouts,
    "receipt numbers run from 1 without a gap": check_numbers,
    "receipts are as issued, one live for a gift": check_papers,
    "what is shown of a donor is their preferred contact": check_contacts,
    "donors are searched by what stands in their rows": check_documents,
    "one thank-you a gift": check_thank_yous,
    "no sending hangs": check_sendings,
    "every gift is audited": check_audited_gifts,
    "the totals of days are what the gifts add up to": check_day_totals,
    "the audit chain is unbroken": check_audit,
}


def check_all(*, now: datetime) -> dict[str, list[str]]:
    """Return every invariant by name with what breaks it in all rows; an empty list where it holds."""
    return check_scope(Scope({}), now=now)


def check_scope(scope: Scope, *, now: datetime) -> dict[str, list[str]]:
    """Return every invariant by name with what breaks it in the rows of a scope; an empty list where it
    holds.
    """
    return {name: check(scope, now) for name, check in CHECKS.items()}
