"""Read a bank's report of direct debits: header, postings and a footer with their number and sum.

Banks agree on the shape (comma-separated, decimal point, the record's type first, as BILLBIZ
REPPZ02) and not on the columns, so a :class:`Columns` of the bank says where things are, or the
sums do (``columns.py``). The report is advice (see ``payment_list``); a report whose footer
does not hold is told and kept.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from msgspec.structs import replace

from donorhub.money import Money, sum_money
from importers import iban
from importers.debits.columns import Columns, find_columns
from importers.payment_list import Payment, make_advice, read_day
from importers.statement import (
    BadRows,
    Detail,
    Party,
    Problem,
    Reading,
    UnreadableEntry,
    explain_fault,
    make_refusal,
    refuse_file,
)
from importers.text import Undecodable, decode_text, parse_amount

__all__ = ["Columns", "read"]


def read(data: bytes, columns: Columns | None = None, *, currency: str = "") -> Reading:
    """Return the postings of a report as advice, checked against its footer. Raise nothing for its fault.

    Without ``columns`` only a report is read whose footer proves them, in ``currency`` (the
    account's; PLN where it is ""). A report without a footer is cut and says so; a row that
    cannot be read names its line.
    """
    try:
        text, encoding = decode_text(data)
    except Undecodable as e:
        return refuse_file(e.reason)
    if columns is not None:
        return _read_rows(text, columns, encoding)
    columns = find_columns(_split_rows(text), currency or "PLN")
    if columns is None:
        return make_refusal(
            "columns_needed",
            "This looks like a bank's report of direct debits, but its sums do not show which column is "
            "which, or do not hold: download it again, or say which columns hold what.",
        )
    reading = _read_rows(text, columns, encoding)
    message = (
        "The footer's number and sum showed which column holds the amounts; days and accounts were known "
        "by their form. Names and titles have none: they stand together in the text."
    )
    hint = Problem("warning", "columns_found", message)
    return replace(reading, problems=(*reading.problems, hint))


def _split_rows(text: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error:
        return []


def _read_rows(text: str, columns: Columns, encoding: str) -> Reading:
    payments: list[Payment] = []
    bad = BadRows()
    footers: list[tuple[int, Money]] = []
    header_account: str | None = None
    rows = csv.reader(io.StringIO(text, newline=""))
    while True:
        try:
            row = next(rows, None)
            if row is None:
                break
            if columns.types.get(row[0].strip() if row else "") == "header":
                header_account = _read_text(row, columns.header_account)
            else:
                _take_row(row, columns, payments, footers, header_account)
        except (ValueError, IndexError, csv.Error) as e:
            bad.add_row(explain_fault("unreadable_row.line", e), rows.line_num)
    if not payments and not footers:
        return make_refusal(
            "not_debit_report", "No posting was found: choose the report of this bank's direct debits."
        )
    problems = bad.list_problems() + _check_footers(payments, footers, columns)
    statements = make_advice(payments, "debit_report", columns.currency)
    return Reading(statements, tuple(problems), format="debit_report", facts={"encoding": encoding})


def _take_row(
    row: Sequence[str],
    columns: Columns,
    payments: list[Payment],
    footers: list[tuple[int, Money]],
    header_account: str | None,
) -> None:
    """Add what one row says to the payments or the footers."""
    if not any(row):
        return
    kind = columns.types.get(row[0].strip())
    if kind in ("posting", "return"):
        payments.append(_read_payment(row, kind, columns, header_account))
    elif kind == "footer":
        footers.append((int(row[columns.footer_count]), _read_amount(row[columns.footer_sum], columns)))
    else:
        raise UnreadableEntry("type_of_other_bank", type=repr(row[0].strip()[:10]))


def _read_amount(text: str, columns: Columns) -> Money:
    return parse_amount(text.strip(), columns.currency, ".")


def _read_payment(row: Sequence[str], kind: str, columns: Columns, header_account: str | None) -> Payment:
    amount = abs(_read_amount(row[columns.amount], columns))
    account = _read_text(row, columns.payer_account)
    payer = iban.complete_nrb(iban.remove_blanks(account)) if account else None
    own = header_account or _read_text(row, columns.own_account)
    return Payment(
        on=read_day(row[columns.on]),
        account=iban.complete_nrb(iban.remove_blanks(own)) if own else None,
        kind=kind,
        detail=Detail(
            position=0,
            amount=-amount if kind == "return" else amount,
            counterparty=Party(
                name=_read_text(row, columns.payer_name),
                account=payer,
                account_scheme=("iban" if iban.is_iban(payer) else "other") if payer else None,
            ),
            mandate_id=_read_text(row, columns.mandate),
            remittance=_read_remittance(row, columns),
            return_code=_read_text(row, columns.reason) if kind == "return" else None,
        ),
        raw=",".join(row),
    )


def _read_text(row: Sequence[str], column: int | None) -> str | None:
    return None if column is None else " ".join(row[column].replace("|", " ").split()) or None


def _read_remittance(row: Sequence[str], columns: Columns) -> str:
    places = columns.texts if columns.title is None else (columns.title,)
    return ", ".join(text for at in places if (text := _read_text(row, at)))


def _check_footers(
    payments: Sequence[Payment], footers: Sequence[tuple[int, Money]], columns: Columns
) -> list[Problem]:
    """Return whether number and sum are the footer's; banks write the sum with or without the returns."""
    if not footers:
        message = "The report has no footer with number and sum: it is cut. Download it again."
        return [Problem("error", "report_cut", message)]
    count = sum(number for number, _ in footers)
    amount = sum_money((sum_ for _, sum_ in footers), columns.currency)
    postings = [payment for payment in payments if payment.kind == "posting"]
    sums_that_hold = {
        (len(some), sum_money((payment.detail.amount for payment in some), columns.currency))
        for some in (payments, postings)
    }
    if (count, amount) in sums_that_hold:
        return []
    message = (
        f"The footer counts {count} payments of {amount}, the report holds {len(payments)}: "
        "one is missing or wrong. Compare them with the bank's, or ask it for the report anew."
    )
    return [Problem("error", "total_mismatch", message)]
