"""Whether a statement may go into the ledger by itself, and what a person should know of it.

It judges what was read; the readers' own checks (sums, running balances, cut files)
come as problems and are weighed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from donorhub.money import Money, find_last_day
from donorhub.services.bank.files.bank_accounts import Gap
from donorhub.services.bank.files.statement_drafts import Draft
from importers import iban
from importers.codes import Reason, StatementFault
from importers.statement import Problem, make_problem

# The file cannot be read before a person answers; every other file without statements is refused.
QUESTIONS: Final = frozenset(
    (
        "ambiguous_amounts",
        "ambiguous_dates",
        "ambiguous_fees",
        "currency_needed",
        "header_changed",
        "layout_does_not_fit",
        "layout_unfinished",
        "layout_unknown",
        "mixed_dates",
        "unknown_currency",
    )
)
# Nothing in the file can be believed, whatever its balances say.
UNTRUSTED_CODES: Final = frozenset(("readers_disagree",))
# Tells of one statement, whose own verdict it is; the others of the file are not touched.
OF_ONE: Final = frozenset(("balance_mismatch",))
ANCIENT: Final = date(1990, 1, 1)  # no bank of our countries gives files of earlier days
AHEAD: Final = timedelta(days=1)  # the bank's day may have begun where ours has not


def is_question(problems: Iterable[Problem]) -> bool:
    """Return whether a problem is a question that only a person can answer."""
    return any(problem.level == "error" and problem.code in QUESTIONS for problem in problems)


def list_hold_reasons(draft: Draft, problems: Sequence[Problem], *, today: date) -> list[str]:
    """Return codes of what keeps a statement out of the ledger until a person releases it; none when it is
    sound.

    A row that could not be read holds a statement whose balances do not prove it complete.
    """
    if draft.header.advice:
        return []
    reasons = []
    if draft.header.integrity == "mismatch":
        reasons.append("balance_mismatch")
    errors = {problem.code for problem in problems if problem.level == "error"}
    reasons += sorted(errors & UNTRUSTED_CODES)
    if draft.header.integrity != "proved":
        reasons += sorted(errors - UNTRUSTED_CODES - OF_ONE)
    if any(day > today + AHEAD for day in draft.day_sums):
        reasons.append("future_entries")
    if _has_ended_currency(draft):
        reasons.append("currency_ended")
    return reasons


def list_remarks(draft: Draft, reader_problems: Sequence[Problem], *, today: date) -> list[Problem]:
    """Return what a person should know of a statement beyond what its reader remarked.

    That is days and an account that look wrong, and the figures of one that does not add up.
    """
    remarks = []
    days = draft.day_sums
    if any(day > today + AHEAD for day in days):
        remarks.append(make_problem("error", Reason("future_entries", {"last_on": max(days).isoformat()})))
    if any(day < ANCIENT for day in days):
        remarks.append(
            make_problem("warning", Reason("ancient_entries", {"first_on": min(days).isoformat()}))
        )
    if _has_ended_currency(draft):
        reason: Reason[StatementFault] = Reason(
            "currency_ended",
            {"currency": draft.header.currency, "last_on": str(find_last_day(draft.header.currency))},
        )
        remarks.append(make_problem("error", reason))
    looks_like_iban = draft.account[:2].isalpha() and draft.account[2:4].isdigit()
    if draft.account and looks_like_iban and not iban.is_iban(draft.account):
        remarks.append(make_problem("warning", Reason("account_check_digits")))
    if draft.header.integrity == "mismatch" and not any(
        p.code == "balance_mismatch" for p in reader_problems
    ):
        remarks.append(_make_mismatch_problem(draft))
    return remarks


def _has_ended_currency(draft: Draft) -> bool:
    """Return whether entries are dated after the last day of their currency."""
    last_day = find_last_day(draft.header.currency)
    return last_day is not None and any(day > last_day for day in draft.day_sums)


def _make_mismatch_problem(draft: Draft) -> Problem:
    """Return the figures of a statement that does not add up, whatever its reader remarked."""
    header = draft.header
    if header.opening is None or header.closing is None:
        return make_problem("error", Reason("balance_mismatch.contradiction"))
    opening, closing = header.opening.amount, header.closing.amount
    entries_sum = Money(draft.sum_minor, closing.currency)
    figures: Reason[StatementFault] = Reason(
        "balance_mismatch.figures",
        {
            "opening": str(opening),
            "entries_sum": str(entries_sum),
            "reckoned": str(opening + entries_sum),
            "closing": str(closing),
        },
    )
    return make_problem("error", figures)


def make_gap_problem(gap: Gap) -> Problem:
    """Return a break in the chain of statements as a problem of the file that shows it."""
    missing = Money(gap.missing_minor, gap.currency)
    reason: Reason[StatementFault] = Reason(
        "gap", {"from_on": str(gap.from_on), "to_on": str(gap.to_on), "missing": str(missing)}
    )
    return make_problem("warning", reason)
