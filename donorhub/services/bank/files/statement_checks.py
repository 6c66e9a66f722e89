"""Whether a statement may go into the ledger by itself, and what a person should know of it.

It judges what was read; the readers' own checks (sums, running balances, cut files)
come as problems and are weighed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from donorhub.money import Money
from donorhub.services.bank.files.bank_accounts import Gap
from donorhub.services.bank.files.statement_drafts import Draft
from importers import iban
from importers.statement import Problem

# The file cannot be read before a person answers; every other file without statements is refused.
QUESTIONS: Final = frozenset(
    (
        "ambiguous_amounts", "ambiguous_dates", "currency_needed", "header_changed", "layout_does_not_fit",
        "layout_unfinished", "layout_unknown", "mixed_dates", "unknown_currency",
    )
)  # fmt: skip
# Nothing in the file can be believed, whatever its balances say.
UNTRUSTED: Final = frozenset(("readers_disagree",))
# Tells of one statement, whose own verdict it is; the others of the file are not touched.
OF_ONE: Final = frozenset(("balance_mismatch",))
ANCIENT: Final = date(1990, 1, 1)  # no bank of our countries gives files of earlier days
AHEAD: Final = timedelta(days=1)  # the bank's day may have begun where ours has not


def is_question(problems: Iterable[Problem]) -> bool:
    return any(problem.level == "error" and problem.code in QUESTIONS for problem in problems)


def reasons_to_hold(draft: Draft, problems: Sequence[Problem], *, today: date) -> list[str]:
    """Codes of what keeps a statement out of the ledger until a person releases it; none when it is sound.

    A row that could not be read holds a statement whose balances do not prove it complete.
    """
    if draft.header.advice:
        return []
    reasons = []
    if draft.header.integrity == "mismatch":
        reasons.append("balance_mismatch")
    errors = {problem.code for problem in problems if problem.level == "error"}
    reasons += sorted(errors & UNTRUSTED)
    if draft.header.integrity != "proved":
        reasons += sorted(errors - UNTRUSTED - OF_ONE)
    if any(day > today + AHEAD for day in draft.day_sums):
        reasons.append("future_entries")
    return reasons


def remarks(draft: Draft, told: Sequence[Problem], *, today: date) -> list[Problem]:
    """What a person should know of a statement beyond what its reader ``told``: days and account that look
    wrong, and the figures of one that does not add up."""
    found = []
    days = draft.day_sums
    if any(day > today + AHEAD for day in days):
        found.append(
            Problem(
                "error", "future_entries",
                f"Entries are dated {max(days)}, which has not come: check the order of day and month.",
            )
        )  # fmt: skip
    if any(day < ANCIENT for day in days):
        found.append(
            Problem("warning", "ancient_entries", f"Entries are dated {min(days)}: check how dates are read.")
        )
    looks_like_iban = draft.account[:2].isalpha() and draft.account[2:4].isdigit()
    if draft.account and looks_like_iban and not iban.is_iban(draft.account):
        found.append(
            Problem("warning", "account_check_digits", "The check digits of the account number are wrong.")
        )
    if draft.header.integrity == "mismatch" and not any(p.code == "balance_mismatch" for p in told):
        found.append(_mismatch(draft))
    return found


def _mismatch(draft: Draft) -> Problem:
    """The figures of a statement that does not add up, whatever its reader said."""
    header = draft.header
    if header.opening is None or header.closing is None:
        return Problem("error", "balance_mismatch", "The statement's own figures contradict each other.")
    said = header.closing.amount
    is_ = header.opening.amount + Money(draft.sum_minor, said.currency)
    return Problem(
        "error", "balance_mismatch",
        f"Opening {header.opening.amount} and entries of {Money(draft.sum_minor, said.currency)} make {is_}, "
        f"but the statement closes with {said}.",
    )  # fmt: skip


def gap_problem(gap: Gap) -> Problem:
    """A break in the chain of statements, for the file that shows it."""
    missing = Money(gap.missing_minor, gap.currency)
    return Problem(
        "warning", "gap",
        f"Between {gap.from_on} and {gap.to_on} a statement is missing: entries of {missing} are not here.",
    )  # fmt: skip
