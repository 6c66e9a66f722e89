"""One pass over a table with a layout: settle what the layout leaves open, read the rows, sum up.

Files and bytes, and which layout fits, are for ``importers.tabular``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from importers.sheet import DELIMITERS, Row, Sheet, Unsheetable
from importers.statement import Entry, Integrity, Problem, Reading, Statement
from importers.table.checks import control_totals, statement_of
from importers.table.entries import EntryReader, Fault, Group, Reason, header_names
from importers.table.layout import Layout
from importers.table.placing import Facts, Places, changed_header, header_at, places_of
from importers.table.words import Role
from importers.table.workbook import WorkbookSheet
from importers.text import DATE_ORDERS, DateOrder, date_orders, decimal_signs

AnySheet = Sheet | WorkbookSheet
Watch = Callable[[Row, Entry | Reason | Fault], None]

_AMOUNTS: Final[tuple[Role, ...]] = ("amount", "debit", "credit", "balance")
_CONTROLS: Final = ("closing", "count", "total_in", "total_out")
_MOST_PROBLEMS: Final = 1000
_CODE_LENGTH: Final = 3


@dataclass(slots=True)
class Pass:
    """A sheet opened with a layout, ready to be read once."""

    sheet: AnySheet
    layout: Layout
    source_format: str
    reader: EntryReader
    start: int  # the line before the first row of entries
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)


def opened(sheet: AnySheet, layout: Layout, *, currency: str = "", source_format: str = "csv") -> Pass:
    """Find the header, the facts above it and what the layout leaves open. Raises Unsheetable."""
    gaps = layout.gaps()
    if gaps:
        raise Unsheetable("layout_unfinished", " ".join(gaps))
    sheet, head, header = _with_header(sheet, layout)
    start = header.line if header else max(layout.first_row - 1, 0)
    widths = Counter(len(row.cells) for row in head if row.line > start and row.cells)
    places = places_of(layout, header, max(widths, key=lambda width: (widths[width], width), default=0))
    facts = Facts(layout.found)
    for number, row in enumerate(head, 1):
        if row.line <= start:
            facts.look(number, row.cells)
    order, decimal = _settled(sheet, layout, places, start)
    reader = EntryReader(
        layout,
        places,
        facts,
        order,
        decimal,
        _currency(facts, layout, currency),
        sheet.epoch,
        header_names(header),
    )
    return Pass(sheet, layout, source_format, reader, start)


def _with_header(sheet: AnySheet, layout: Layout) -> tuple[AnySheet, list[Row], Row | None]:
    """The sheet cut so that the header is found: at the layout's sign, at the guessed one, at any."""
    sheet = sheet.separated_by(layout.delimiter, layout.quote)
    head = sheet.head()
    header = header_at(head, layout) if layout.header else None
    if header or not layout.header:
        return sheet, head, header
    for sign in () if layout.delimiter else DELIMITERS:
        other = sheet.separated_by(sign, layout.quote)
        if found := header_at(rows := other.head(), layout):
            return other, rows, found
    raise _other_header(head, layout)


def _other_header(head: Sequence[Row], layout: Layout) -> Unsheetable:
    change = changed_header(head, layout)
    if change:
        return Unsheetable(
            "header_changed",
            f"The columns are not those of the layout {layout.name!r} any more. {change} "
            "Nothing was imported: tell DonorHub anew which column is which.",
        )
    return Unsheetable(
        "layout_does_not_fit",
        f"The file has no header of the layout {layout.name!r}: choose another layout, "
        "or say which column is which.",
    )


def _settled(sheet: AnySheet, layout: Layout, places: Places, start: int) -> tuple[DateOrder, str]:
    order, decimal = layout.date_order, layout.decimal
    if order not in DATE_ORDERS:
        order = _only_order(list(sheet.texts(places.roles["booked_on"][:1], start)), order)
    if decimal:
        return order, decimal
    columns = [at for role in _AMOUNTS for at in places.roles.get(role, ())]
    signs = _decimals(list(sheet.texts(columns, start)))
    if len(signs) > 1:
        raise Unsheetable(
            "ambiguous_amounts", "No amount shows it: say whether a comma or a point is the decimal sign."
        )
    return order, next(iter(signs), ".")


def _only_order(texts: Sequence[str], allowed: str) -> DateOrder:
    if not texts:
        return "ymd"  # the typed dates of a workbook
    fitting = _orders(texts)
    orders = [order for order in DATE_ORDERS if order in fitting and (not allowed or order in allowed)]
    if len(orders) > 1:
        raise Unsheetable(
            "ambiguous_dates",
            "All days are 12 or less: say whether the day or the month comes first in a date.",
        )
    return orders[0] if orders else "ymd"


def _orders(texts: Sequence[str]) -> set[DateOrder]:
    """The orders that fit every cell which is a date in any order; sums and footers tell nothing."""
    return date_orders(text for text in texts if date_orders((text,)))


def _decimals(texts: Sequence[str]) -> set[str]:
    signed = [text for text in texts if ("," in text or "." in text) and decimal_signs((text,))]
    return decimal_signs(signed) if signed else {"."}


def _currency(facts: Facts, layout: Layout, currency: str) -> str:
    told = facts.texts.get("currency", "").strip().upper()
    is_code = len(told) == _CODE_LENGTH and told.isascii() and told.isalpha()
    return told if is_code else layout.currency or currency


def run(job: Pass, watch: Watch | None = None) -> Reading:
    """Read all rows. Every row of the file is counted: as an entry, as skipped for a reason, or as failed."""
    rows = 0
    for row in job.sheet.rows(job.reader.order, job.reader.decimal):
        rows += 1
        outcome = _read(job, row)
        if watch:
            watch(row, outcome)
    job.counts["rows"] = rows
    return _summed_up(job)


def _read(job: Pass, row: Row) -> Entry | Reason | Fault:
    counts = job.counts
    if row.line <= job.start:
        above: Reason = "header" if row.line == job.reader.places.header_line else "before_header"
        counts[f"skipped.{above}"] += 1
        return above
    try:
        outcome = job.reader.read(row)
    except Fault as fault:
        counts["failed"] += 1
        if counts["failed"] <= _MOST_PROBLEMS:
            job.problems.append(Problem("error", fault.code, _sentence(str(fault)), f"line {row.line}"))
        return fault
    counts["entries" if isinstance(outcome, Entry) else f"skipped.{outcome}"] += 1
    return outcome


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _summed_up(job: Pass) -> Reading:
    if not job.counts["entries"]:
        empty = _without_entries(job)
        if isinstance(empty, Problem):
            return Reading(problems=(empty, *job.problems), facts=_facts(job, ""))
    statements: list[Statement] = []
    order = ""
    for key, group in _groups(job.reader).items():
        statement, order, problems = statement_of(
            group, key, job.reader.facts.texts, decimal=job.reader.decimal, source_format=job.source_format
        )
        statement = replace(statement, layout=job.layout.name)
        statements.append(statement)
        job.problems += problems
    others = sum(job.counts[f"skipped.{reason}"] for reason in ("pending", "zero", "no_amount"))
    total, problems = control_totals(job.reader.facts.texts, statements, job.reader.decimal, others=others)
    job.problems += problems + _remarks(job, order)
    is_whole = _is_whole(job, order) and not job.counts["failed"]
    statements = [_completed(statement, total, is_whole=is_whole) for statement in statements]
    return Reading(
        statements=tuple(statements),
        problems=tuple(job.problems),
        format=job.source_format,
        profile=job.layout.name,
        facts=_facts(job, order),
    )


def _completed(statement: Statement, total: Integrity, *, is_whole: bool) -> Statement:
    """The verdict with the control totals: balances that follow each other do not show the end is there."""
    if total == "mismatch" or statement.integrity == "mismatch":
        return replace(statement, integrity="mismatch")
    if total == "proved" or (statement.integrity == "proved" and is_whole):
        return replace(statement, integrity="proved")
    return replace(statement, integrity="unverifiable")


def _missing_controls(job: Pass) -> list[str]:
    """The sums and counts that this bank always writes and this file does not have."""
    told = job.reader.facts.texts
    return [found.fact for found in job.layout.found if found.fact in _CONTROLS and found.fact not in told]


def _is_whole(job: Pass, order: str) -> bool:
    """Whether the end of the file is there: its last line has an end, or sums reach to it.

    A closing balance does so where the last row is the newest, or together with the opening.
    """
    told = job.reader.facts.texts
    if _missing_controls(job):
        return False
    if any(control in told for control in _CONTROLS if control != "closing"):
        return True
    ends_newest = order == "oldest_first" and job.counts["entries"] > 1  # a single row has no order
    return ("closing" in told and ("opening" in told or ends_newest)) or not job.sheet.cut_off()


def _without_entries(job: Pass) -> Problem | None:
    """Why a table without entries is refused; None for a quiet month whose balances prove it."""
    if job.problems and {problem.code for problem in job.problems} == {"unknown_currency"}:
        return Problem(
            "error",
            "currency_needed",
            "Nothing in the file tells its currency: choose the currency of the account.",
        )
    if job.counts["failed"]:
        return Problem(
            "error",
            "layout_does_not_fit",
            f"None of the {job.counts['failed']} rows could be read with the layout {job.layout.name!r}: "
            "choose another layout, or say which column is which.",
        )
    facts = job.reader.facts.texts
    if job.reader.currency and facts.get("opening") and facts.get("opening") == facts.get("closing"):
        job.reader.groups[None, job.reader.currency] = Group()
        return None
    return Problem("error", "no_rows", "The file has no entries: choose a period in which money moved.")


def _groups(reader: EntryReader) -> dict[tuple[str | None, str], Group]:
    """The groups; rows that name no own account go to the only one that is named, or to the file's."""
    own = reader.facts.own_account(reader.facts.texts.get("account", ""))
    if len(reader.facts.accounts) > 1:
        own = None
    groups: dict[tuple[str | None, str], Group] = {}
    for (account, currency), group in reader.groups.items():
        named = {a for a, c in reader.groups if a and c == currency}
        key = (account or own or (named.pop() if len(named) == 1 else None), currency)
        groups[key] = _joined(groups[key], group) if key in groups else group
    return groups


def _joined(one: Group, other: Group) -> Group:
    pairs = sorted(
        zip(one.lines + other.lines, one.entries + other.entries, strict=True), key=lambda pair: pair[0]
    )
    return Group(
        entries=[replace(entry, position=at) for at, (_, entry) in enumerate(pairs)],
        lines=[line for line, _ in pairs],
    )


def _remarks(job: Pass, order: str) -> list[Problem]:
    remarks = []
    pending, unread = job.counts["skipped.pending"], job.reader.unread_balances
    if pending:
        remarks.append(
            _remark("pending_skipped", f"{pending} rows are not booked yet: they come again when they are.")
        )
    if unread:
        remarks.append(
            _remark("unreadable_balance", f"{unread} rows have a balance that is no amount: it was left out.")
        )
    if others := job.sheet.others:
        message = (
            f"Only the sheet {job.sheet.facts()['sheet'][:60]!r} was read, and {len(others)} more hold "
            f"entries ({', '.join(others)[:200]}): save each as a file of its own and import it."
        )
        remarks.append(Problem("error", "other_sheets", message))
    if job.counts["failed"] > _MOST_PROBLEMS:
        more = job.counts["failed"] - _MOST_PROBLEMS
        remarks.append(Problem("error", "more_rows_failed", f"{more} more rows failed."))
    missing = _missing_controls(job)
    if missing:
        remarks.append(
            _remark(
                "control_missing",
                f"This bank writes {', '.join(missing)} around the rows, and the file has none: "
                "it may have been cut off. Export it again.",
            )
        )
    elif not _is_whole(job, order):
        remarks.append(
            _remark(
                "maybe_cut",
                "The last line has no end: the file may have been cut off. "
                "Compare its last row with the bank's.",
            )
        )
    return remarks


def _remark(code: str, message: str) -> Problem:
    return Problem("warning", code, message)


def _facts(job: Pass, order: str) -> dict[str, str]:
    facts = job.sheet.facts()
    if order:
        facts["order"] = order
    facts["date_order"], facts["decimal"] = job.reader.order, job.reader.decimal
    facts["header_line"] = str(job.reader.places.header_line)
    facts.update((name, str(count)) for name, count in sorted(job.counts.items()))
    facts.setdefault("entries", "0")
    facts.setdefault("failed", "0")
    return facts
