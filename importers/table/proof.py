"""Settle what a draft layout leaves open, as far as the file itself proves it, and ask the rest.

A running balance that adds up under one reading only proves that reading: its decimal sign,
its sense of plus and minus, the order of its days. Nothing else is taken for a proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final, Literal

from importers.codes import Gap, QuestionCode
from importers.sheet import UnreadableTable
from importers.statement import Entry
from importers.table.amounts import has_fees
from importers.table.checks import Chain, build_chain
from importers.table.layout import Layout
from importers.table.reading import AnySheet, open_pass, read_rows
from importers.table.words import Role
from importers.text import DATE_ORDERS, DateOrder, find_date_orders, find_decimal_signs

Sign = Literal[",", "."]
Sense = Literal["signed", "inverse"]
Places = Sequence[tuple[int, Role | None]]  # of each column of the draft
Fees = Literal["", "beside", "inside"]

_SIGNS: Final[tuple[Sign, ...]] = (",", ".")
_ANY_CURRENCY: Final = "EUR"  # whichever it is: only to see whether the sums hold


@dataclass(frozen=True, slots=True)
class Question:
    """What must be asked: ``code`` names the layout's key, ``choices`` are its possible values.

    Of a question about columns ``gap`` says what they leave open, and ``choices`` which columns could be it.
    """

    code: QuestionCode
    choices: tuple[str, ...] = ()
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """A layout with all that is certain, what must be asked, and whether balances proved anything."""

    layout: Layout
    questions: tuple[Question, ...] = ()
    is_proved: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """A way of reading under which the balances add up, and the date orders in which the days run on."""

    decimal: Sign
    sense: Sense
    fees: Fees
    orders: tuple[DateOrder, ...]


def settle_layout(sheet: AnySheet, draft: Layout, places: Places, first: int) -> Settlement:
    """Return a draft settled with what the file proves; ``first`` is the line of the first entry.

    Raise UnreadableTable where the layout does not fit the sheet.
    """
    dates = [text for text in _find_texts(sheet, places, first, ("booked_on",)) if find_date_orders((text,))]
    orders = (
        [order for order in DATE_ORDERS if order in find_date_orders(dates)] if dates else [DATE_ORDERS[0]]
    )
    signs = _find_signs(_find_texts(sheet, places, first, ("amount", "debit", "credit", "fee", "balance")))
    senses: list[Sense] = ["signed"] if draft.amounts else ["signed", "inverse"]
    has_some_fees = has_fees(_find_texts(sheet, places, first, ("fee",)))
    ways: list[Fees] = ["beside", "inside"] if has_some_fees and not draft.fees else [draft.fees]
    proofs = _find_proofs(sheet, draft, list(product(signs, senses, ways)), orders)
    if proofs:
        ways = [way for way in ways if any(way == proof.fees for proof in proofs)]
        signs = [sign for sign in signs if any(sign == proof.decimal for proof in proofs)]
        senses = [sense for sense in senses if any(sense == proof.sense for proof in proofs)]
        orders = [order for order in orders if order in proofs[0].orders]
    layout = replace(
        draft,
        date_order=orders[0] if len(orders) == 1 else "",
        decimal=signs[0] if len(signs) == 1 else "",
        amounts=senses[0] if len(senses) == 1 else "",
        fees=ways[0] if len(ways) == 1 else "",
    )
    questions = _find_questions(layout, orders, signs)
    if len(ways) > 1:
        questions = (*questions, Question("fees", tuple(ways)))
    return Settlement(layout, questions, bool(proofs))


def _find_texts(sheet: AnySheet, places: Places, first: int, roles: Sequence[Role]) -> list[str]:
    return list(sheet.iter_texts([at for at, role in places if role in roles], first - 1))


def _find_signs(texts: Sequence[str]) -> list[Sign]:
    telling = [text for text in texts if ("," in text or "." in text) and find_decimal_signs((text,))]
    fitting = find_decimal_signs(telling)
    return [sign for sign in _SIGNS if sign in fitting] if telling else ["."]


def _find_proofs(
    sheet: AnySheet, draft: Layout, readings: Sequence[tuple[Sign, Sense, Fees]], orders: Sequence[DateOrder]
) -> list[Proof]:
    """Return the ways of reading under which every balance follows from the one before."""
    proofs = []
    for decimal, sense, fees in readings:
        layout = replace(draft, decimal=decimal, amounts=sense, fees=fees)
        entries = {order: _read_entries(sheet, replace(layout, date_order=order)) for order in orders}
        chain = build_chain(entries[orders[0]]) if orders else None
        if chain and chain.links and not chain.breaks and chain.links + 1 == len(entries[orders[0]]):
            running = tuple(order for order in orders if _is_running(entries[order], chain))
            proofs.append(Proof(decimal, sense, fees, running or tuple(orders)))
    return proofs


def _is_running(entries: Sequence[Entry], chain: Chain) -> bool:
    """Return whether the days never go back along the chain of balances."""
    days = [entry.booked_on for entry in entries]
    return chain.order == "mixed" or days == sorted(days, reverse=chain.order == "newest_first")


def _read_entries(sheet: AnySheet, layout: Layout) -> Sequence[Entry]:
    if layout.find_gaps() or not layout.has_role("balance"):
        return ()
    try:
        statements = read_rows(open_pass(sheet, layout, currency=_ANY_CURRENCY)).statements
    except UnreadableTable:
        return ()
    return statements[0].entries if len(statements) == 1 else ()


def _find_questions(layout: Layout, orders: Sequence[str], signs: Sequence[str]) -> tuple[Question, ...]:
    questions = [Question("columns", gap=gap) for gap in layout.find_gaps() if gap != "sense"]
    if not layout.date_order:
        questions.append(Question("date_order", tuple(orders) or DATE_ORDERS))
    if not layout.decimal:
        questions.append(Question("decimal", tuple(signs) or _SIGNS))
    if not layout.amounts:
        questions.append(Question("amounts", ("signed", "inverse")))
    if not layout.has_role("currency"):
        questions.append(Question("currency"))
    return tuple(questions)
