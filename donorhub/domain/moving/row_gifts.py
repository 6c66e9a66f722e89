"""The gift of a row: money without amount, currency or day holds it, and what never came is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from donorhub.domain.moving.cells import UnreadableCell, read_amount, read_currency, read_digits, split_amount
from donorhub.domain.moving.day_cells import read_day
from donorhub.domain.moving.period_cells import is_cross
from donorhub.domain.moving.records import CreditDraft, GiftDraft, RowFault
from donorhub.domain.moving.row_cells import HeldRow, RowCells, read_plain
from donorhub.domain.moving.salesforce import lengthen_id
from donorhub.domain.moving.value_words import Outcome, read_method, read_outcome
from donorhub.money import Money, find_last_day
from importers.records import Cell

_OUTCOME_FAULTS: Final[Mapping[Outcome, RowFault]] = {
    "not_received": "not_received",
    "taken_back": "taken_back",
    "soft_credit": "soft_credit",
    "unclear": "unclear_status",
}
_WHOLE: Final = Decimal(100)
Share = tuple[str, Money | None, Decimal | None]  # a fund, its amount, its percentage


def read_gift(cells: RowCells, *, today: date) -> GiftDraft | None:
    """Return the gift of a row, None for a row without any; raise HeldRow where it cannot be read."""
    if not cells.has_column("amount") or not cells.is_filled("amount", "received_on"):
        return None
    if not cells.is_filled("amount") and cells.is_filled("spent"):
        raise HeldRow("money_out", "spent")
    _refuse_outcome(cells.read_each("status", read_outcome, "received"))
    currency = cells.read_or_hold("currency", read_currency, "")
    amount = cells.read_or_hold("amount", lambda cell: _read_amount(cells, cell, currency), None)
    received_on = cells.read_or_hold("received_on", lambda cell: read_day(cell, cells.dates), None)
    if amount is None:
        raise HeldRow("no_amount", "amount")
    if received_on is None:
        raise HeldRow("no_date", "received_on")
    span = cells.find_span()
    if span is not None and span[0] <= today:
        received_on = min(received_on, today)  # the last day of a month that is not over
    if received_on > today:
        raise HeldRow("future_date", "received_on")
    last_day = find_last_day(amount.currency)
    if last_day is not None and received_on > last_day:
        raise HeldRow("currency_ended", "currency")
    return GiftDraft(
        amount,
        received_on,
        ref=lengthen_id(cells.read("gift_id", read_digits, "")),
        title=" ".join(text for text in cells.read_all("title", read_plain) if text),
        method=cells.read("method", read_method, "other"),
        funds=_read_funds(cells, amount),
        campaign=cells.read("campaign", read_plain, ""),
        receipt_no=cells.read("receipt_no", read_digits, ""),
        span=span,
        custom=cells.read_custom("gift"),
    )


def read_credit(cells: RowCells) -> CreditDraft | None:
    """Return for which gift of another a row recognises somebody, None where it does not tell."""
    ref = lengthen_id(cells.read("credit_for", read_digits, "") or cells.read("gift_id", read_digits, ""))
    currency = cells.read("currency", read_currency, "")
    amount = read_credit_amount(cells) or cells.read(
        "amount", lambda cell: _read_amount(cells, cell, currency), None
    )
    return CreditDraft(amount, ref) if ref and amount is not None else None


def read_credit_amount(cells: RowCells) -> Money | None:
    """Return the part of a gift for which somebody is recognised; None where the row names none."""
    currency = cells.read("currency", read_currency, "")
    return cells.read("credit_amount", lambda cell: _read_amount(cells, cell, currency), None)


def find_amount(cells: RowCells) -> Money | None:
    """Return the amount that a row writes, where it is held for another cell."""
    try:
        return cells.read_or_hold("amount", lambda cell: read_amount(cell, cells.writing.amounts), None)
    except HeldRow:
        return None


def _read_amount(cells: RowCells, cell: Cell, currency: str) -> Money | None:
    if cells.span is not None and is_cross(cell):
        raise UnreadableCell("cross")
    return read_amount(cell, cells.writing.amounts, currency)


def _refuse_outcome(outcomes: Sequence[Outcome]) -> None:
    """Raise HeldRow where any status says that the money is no gift; of several the surest word counts."""
    for outcome, fault in _OUTCOME_FAULTS.items():
        if outcome in outcomes:
            raise HeldRow(fault, "status")


def _read_funds(cells: RowCells, amount: Money) -> tuple[tuple[str, int], ...]:
    """Return the funds of a gift with their shares; raise HeldRow where these do not add up to it."""
    names = cells.read_each("fund", read_plain, "")
    if not any(names):
        return ()
    amounts = cells.read_each("fund_amount", lambda cell: _read_amount(cells, cell, amount.currency), None)
    percents = cells.read_each("fund_percent", lambda cell: _read_percent(cells, cell), None)
    shares: list[Share] = [
        (name, amounts[at] if at < len(amounts) else None, percents[at] if at < len(percents) else None)
        for at, name in enumerate(names)
        if name
    ]
    return share_out(shares, amount)


def _read_percent(cells: RowCells, cell: Cell) -> Decimal | None:
    number, _ = split_amount(
        cell.rstrip("% ") if isinstance(cell, str) else cell, cells.writing.amounts.decimal
    )
    percent = Decimal(number)
    if not 0 < percent <= _WHOLE:
        raise UnreadableCell("unreadable_amount")
    return percent


def share_out(shares: Sequence[Share], amount: Money) -> tuple[tuple[str, int], ...]:
    """Return each fund with its share of a gift; percentages are cut down, and the first gets the rest of it.

    A fund that says nothing of its share takes what the others leave. Raise HeldRow where the shares do
    not add up to the gift.
    """
    exact = [
        Decimal(part.minor)
        if part is not None
        else percent
        if percent is None
        else amount.minor * percent / _WHOLE
        for _, part, percent in shares
    ]
    open_places = [at for at, share in enumerate(exact) if share is None]
    missing = amount.minor - sum(share for share in exact if share is not None)
    if len(open_places) > 1 or bool(missing) != bool(open_places):
        raise HeldRow("fund_shares", "fund")
    minors = [int(share if share is not None else missing) for share in exact]
    percent_places = [at for at, share in enumerate(exact) if share is not None and share % 1] or [0]
    minors[percent_places[0]] += amount.minor - sum(minors)
    if any(minor <= 0 for minor in minors):
        raise HeldRow("fund_shares", "fund")
    sums: dict[str, int] = {}
    for (name, _, _), minor in zip(shares, minors, strict=True):
        sums[name] = sums.get(name, 0) + minor
    return tuple(sums.items())
