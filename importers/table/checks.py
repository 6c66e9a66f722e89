"""Do the rows add up? Running balances, opening and closing, counts and sums of the footer.

It judges entries that were read; it changes none and drops none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from msgspec.structs import replace

from donorhub.money import Money, sum_money
from importers.codes import Reason, Remark
from importers.statement import SERVICE, Balance, Entry, Integrity, Problem, Statement, make_problem
from importers.table.entries import Group
from importers.table.placing import parse_account
from importers.text import Unreadable, parse_amount

Order = Literal["oldest_first", "newest_first", "mixed"]
_TWO: Final = 2  # balances, without which there is no chain


@dataclass(frozen=True, slots=True)
class Chain:
    """What the running balances tell: the order of the rows, and where they do not follow each other."""

    order: Order
    opening: Money | None
    closing: Money | None
    links: int
    breaks: tuple[int, ...]  # indexes of entries whose balance does not follow


def build_chain(entries: Sequence[Entry]) -> Chain:
    """Try both orders of the rows, then none: balances before and after must pair up but for two ends."""
    bookings = [  # with the rows that only block money: the balance knows them
        (at, entry.balance_after.minor, entry.amount.minor)
        for at, entry in enumerate(entries)
        if entry.balance_after and entry.status != "pending"
    ]
    if not bookings:
        return Chain(_find_order_of_dates(entries), None, None, 0, ())
    currency = entries[0].amount.currency
    up = [at for (_, before, _), (at, after, amount) in pairwise(bookings) if before + amount != after]
    down = [at for (at, after, amount), (_, before, _) in pairwise(bookings) if before + amount != after]
    order: Order = "oldest_first" if len(up) < len(down) else "newest_first"
    if len(up) == len(down):
        order = _find_order_of_dates(entries)
    breaks = up if order == "oldest_first" else down
    links = len(bookings) - 1
    if breaks:
        ends = _find_ends(bookings)
        if ends:
            return Chain("mixed", Money(ends[0], currency), Money(ends[1], currency), links, ())
    first, last = (bookings[0], bookings[-1]) if order == "oldest_first" else (bookings[-1], bookings[0])
    return Chain(order, Money(first[1] - first[2], currency), Money(last[1], currency), links, tuple(breaks))


def _find_order_of_dates(entries: Sequence[Entry]) -> Order:
    is_rising = not entries or entries[0].booked_on <= entries[-1].booked_on
    return "oldest_first" if is_rising else "newest_first"


def _find_ends(bookings: Sequence[tuple[int, int, int]]) -> tuple[int, int] | None:
    """Return opening and closing of rows in any order, when all other balances pair up."""
    after = Counter(balance for _, balance, _ in bookings)
    before = Counter(balance - amount for _, balance, amount in bookings)
    opening, closing = list((before - after).elements()), list((after - before).elements())
    return (opening[0], closing[0]) if len(opening) == len(closing) == 1 else None


def build_statement(
    group: Group, key: tuple[str | None, str], facts: Mapping[str, str], *, decimal: str, source_format: str
) -> tuple[Statement, Order, list[Problem]]:
    """Return an account's statement with its balances, the order of its rows, and what does not add up."""
    account, currency = key
    chain = build_chain(group.entries)
    problems: list[Problem] = []
    balances = {
        fact: _parse_fact(facts, fact, currency, decimal, problems) for fact in ("opening", "closing")
    }
    days = [entry.booked_on for entry in group.entries]
    period = (min(days), max(days)) if days else (None, None)
    # A single balance gives the opening by subtraction: it would prove itself. While money is blocked, the
    # balance is not what the account holds.
    is_blocked = any(e.status == "info" for e in group.entries) and _sum_blocked(group, currency).minor != 0
    opening = balances["opening"] or (chain.opening if chain.links and not is_blocked else None)
    closing = balances["closing"] or (None if is_blocked else chain.closing)
    statement = Statement(
        source_format=source_format,
        currency=currency,
        account=account,
        account_scheme=parse_account(account or "")[1] or (SERVICE if account else None),
        owner=facts.get("owner"),
        period=period,
        opening=Balance("opening", opening, period[0]) if opening else None,
        closing=Balance("closing", closing, period[1]) if closing else None,
        entries=tuple(group.entries),
    )
    integrity = _check_sums(group, chain, balances, statement, problems)
    return replace(statement, integrity=integrity), chain.order, problems


def _sum_blocked(group: Group, currency: str) -> Money:
    """Return what rows that only block money have blocked, less what they let go again."""
    return sum_money((entry.amount for entry in group.entries if entry.status == "info"), currency)


def _parse_fact(
    facts: Mapping[str, str], fact: str, currency: str, decimal: str, problems: list[Problem]
) -> Money | None:
    amount = facts.get(fact)
    if amount is None:
        return None
    try:
        return parse_amount(amount, currency, decimal)
    except Unreadable as e:
        problems.append(_make_remark("unreadable_balance.fact", fact=fact, text=e.reason.figures["text"]))
        return None


def _check_sums(
    group: Group,
    chain: Chain,
    balances: Mapping[str, Money | None],
    statement: Statement,
    problems: list[Problem],
) -> Integrity:
    proofs: list[bool] = []
    if chain.links:
        proofs.append(not chain.breaks)
    if chain.breaks:
        line = group.lines[chain.breaks[0]]
        problems.append(_make_remark("balance_mismatch.chain", line=line, count=len(chain.breaks)))
    for end, row_sum in (("opening", chain.opening), ("closing", chain.closing)):
        amount = balances[end]
        if amount and row_sum:
            proofs.append(amount == row_sum)
            if amount != row_sum:
                problems.append(_report_difference(end, amount, row_sum))
    opening, closing = balances["opening"], balances["closing"]
    if opening and closing:
        bookings = sum_money((e.amount for e in group.entries if e.status == "booked"), statement.currency)
        proofs.append(opening + bookings == closing)
        if not proofs[-1]:
            problems.append(_report_difference("closing", closing, opening + bookings))
    if not proofs:
        return "unverifiable"
    return "proved" if all(proofs) else "mismatch"


def _report_difference(fact: str, amount: Money, row_sum: Money) -> Problem:
    return _make_remark("balance_mismatch.written", fact=fact, written=str(amount), reckoned=str(row_sum))


def _make_remark(code: Remark, *, line: int | None = None, **figures: str | int) -> Problem:
    return make_problem("warning", Reason(code, figures), line)


def check_totals(
    facts: Mapping[str, str], statements: Sequence[Statement], decimal: str, *, others: int = 0
) -> tuple[Integrity, list[Problem]]:
    """Compare the count and the sums that the bank wrote around the rows with the rows.

    ``others`` are rows, such as pending ones, that a bank may have counted or not.
    """
    problems: list[Problem] = []
    entries = [e for statement in statements for e in statement.entries if e.status != "info"]
    count = facts.get("count", "")
    if count.isascii() and count.isdigit() and not 0 <= int(count) - len(entries) <= others:
        problems.append(_make_remark("count_mismatch", count=count, entries=len(entries)))
    proofs = []
    for fact, sign in (("total_in", 1), ("total_out", -1)):
        if len(statements) != 1 or fact not in facts:
            continue
        currency = statements[0].currency
        amount = _parse_fact(facts, fact, currency, decimal, problems)
        row_sum = sum_money((e.amount for e in entries if e.amount.minor * sign > 0), currency)
        if amount is None:
            continue
        proofs.append(abs(amount) == abs(row_sum))
        if not proofs[-1]:
            problems.append(_report_difference(fact, amount, row_sum))
    if any(problem.code != "unreadable_balance" for problem in problems):
        return "mismatch", problems
    return ("proved" if len(proofs) == _TWO else "unverifiable"), problems
