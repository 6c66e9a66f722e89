"""One pass over a table with a layout: settle what the layout leaves open, read the rows, sum up.

Files and bytes, and which layout fits, are for ``importers.tabular``.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from importers.codes import Reason, Remark, RowFault, Skip, TableFault
from importers.sheet import DELIMITERS, Row, Sheet, UnreadableTable
from importers.statement import Entry, Integrity, Level, Problem, Reading, Statement, make_problem
from importers.table.amounts import UnreadableRow, has_fees
from importers.table.checks import build_statement, check_totals
from importers.table.entries import EntryReader, Group, fold_header
from importers.table.layout import Layout
from importers.table.placing import Facts, Places, find_header, find_other_header, find_places
from importers.table.row_changes import RowChanges
from importers.table.words import Role
from importers.table.workbook import WorkbookSheet
from importers.text import DATE_ORDERS, DateOrder, find_date_orders, find_decimal_signs

AnySheet = Sheet | WorkbookSheet
Outcome = Entry | Skip | Reason[RowFault]  # of a row: an entry, none for a reason, or why it is unreadable
Watch = Callable[[Row, Outcome], None]

_AMOUNTS: Final[tuple[Role, ...]] = ("amount", "debit", "credit", "fee", "balance")
_CONTROLS: Final = ("closing", "count", "total_in", "total_out")
_MOST_PROBLEMS: Final = 1000
_CODE_LENGTH: Final = 3
_MOST_LINES: Final = 50  # that are named
_PERHAPS_COUNTED: Final[tuple[Skip, ...]] = ("pending", "hold", "zero", "no_amount", "by_choice")


@dataclass(slots=True)
class Pass:
    """A sheet open_pass with a layout, ready to be read once."""

    sheet: AnySheet
    layout: Layout
    source_format: str
    reader: EntryReader
    start: int  # the line before the first row of entries
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    changes: RowChanges = field(default_factory=dict)
    changed_lines: dict[str, list[int]] = field(default_factory=lambda: {"mended": [], "left_out": []})


def open_pass(
    sheet: AnySheet,
    layout: Layout,
    *,
    currency: str = "",
    source_format: str = "csv",
    changes: RowChanges | None = None,
) -> Pass:
    """Find the header, the facts above it and what the layout leaves open; raise UnreadableTable."""
    gaps = layout.find_gaps()
    if gaps:
        raise UnreadableTable("layout_unfinished", gaps=" ".join(gaps))
    sheet, head, header = _cut_at_header(sheet, layout)
    start = header.line if header else max(layout.first_row - 1, 0)
    widths = Counter(len(row.cells) for row in head if row.line > start and row.cells)
    places = find_places(layout, header, max(widths, key=lambda width: (widths[width], width), default=0))
    facts = Facts(layout.found)
    for number, row in enumerate(head, 1):
        if row.line <= start:
            facts.take_row(number, row.cells)
    order, decimal = _settle_writing(sheet, layout, places, start)
    if not layout.fees and has_fees(sheet.iter_texts(places.roles.get("fee", ()), start)):
        raise UnreadableTable("ambiguous_fees")
    reader = EntryReader(
        layout,
        places,
        facts,
        order,
        decimal,
        _choose_currency(facts, layout, currency),
        sheet.epoch,
        fold_header(header),
    )
    return Pass(sheet, layout, source_format, reader, start, changes=changes or {})


def _cut_at_header(sheet: AnySheet, layout: Layout) -> tuple[AnySheet, list[Row], Row | None]:
    """Return the sheet cut so that the header is found: at the layout's sign, at the guessed one, at any."""
    sheet = sheet.change_delimiter(layout.delimiter, layout.quote)
    head = sheet.read_head()
    header = find_header(head, layout) if layout.header else None
    if header or not layout.header:
        return sheet, head, header
    for sign in () if layout.delimiter else DELIMITERS:
        other = sheet.change_delimiter(sign, layout.quote)
        if header := find_header(rows := other.read_head(), layout):
            return other, rows, header
    raise _refuse_header(head, layout)


def _refuse_header(head: Sequence[Row], layout: Layout) -> UnreadableTable:
    name, other = repr(layout.name), find_other_header(head, layout)
    if other is None:
        return UnreadableTable("layout_does_not_fit", layout=name)
    return UnreadableTable(
        "header_changed", layout=name, line=other.line, gone=other.missing_names, new=other.new_names
    )


def _settle_writing(sheet: AnySheet, layout: Layout, places: Places, start: int) -> tuple[DateOrder, str]:
    order, decimal = layout.date_order, layout.decimal
    if order not in DATE_ORDERS:
        order = _choose_order(list(sheet.iter_texts(places.roles["booked_on"][:1], start)), order)
    if decimal:
        return order, decimal
    columns = [at for role in _AMOUNTS for at in places.roles.get(role, ())]
    signs = _find_signs(list(sheet.iter_texts(columns, start)))
    if len(signs) > 1:
        raise UnreadableTable("ambiguous_amounts")
    return order, next(iter(signs), ".")


def _choose_order(texts: Sequence[str], among: str) -> DateOrder:
    if not texts:
        return "ymd"  # the typed dates of a workbook
    fitting = _find_orders(texts)
    orders = [order for order in DATE_ORDERS if order in fitting and (not among or order in among)]
    if len(orders) > 1:
        raise UnreadableTable("ambiguous_dates")
    return orders[0] if orders else "ymd"


def _find_orders(texts: Sequence[str]) -> set[DateOrder]:
    """Return the orders that fit every cell which is a date in any order; sums and footers tell nothing."""
    return find_date_orders(text for text in texts if find_date_orders((text,)))


def _find_signs(texts: Sequence[str]) -> set[str]:
    numbers = [text for text in texts if ("," in text or "." in text) and find_decimal_signs((text,))]
    return find_decimal_signs(numbers) if numbers else {"."}


def _choose_currency(facts: Facts, layout: Layout, currency: str) -> str:
    code = facts.texts.get("currency", "").strip().upper()
    is_code = len(code) == _CODE_LENGTH and code.isascii() and code.isalpha()
    return code if is_code else layout.currency or currency


def read_rows(job: Pass, watch_row: Watch | None = None) -> Reading:
    """Return the reading of all rows.

    Every row of the file is counted: as an entry, as skipped for a reason, or as failed.
    """
    rows = 0
    for row in job.sheet.iter_rows(job.reader.order, job.reader.decimal):
        rows += 1
        outcome = _read_row(job, row)
        if watch_row:
            watch_row(row, outcome)
    job.counts["rows"] = rows
    return _sum_up(job)


def _read_row(job: Pass, row: Row) -> Outcome:
    counts = job.counts
    if row.line <= job.start:
        above: Skip = "header" if row.line == job.reader.places.header_line else "before_header"
        counts[f"skipped.{above}"] += 1
        return above
    try:
        outcome = _read_as_said(job, row)
    except UnreadableRow as fault:
        counts["failed"] += 1
        if counts["failed"] <= _MOST_PROBLEMS:
            job.problems.append(make_problem("error", fault.reason, row.line))
        return fault.reason
    counts["entries" if isinstance(outcome, Entry) else f"skipped.{outcome}"] += 1
    return outcome


def _read_as_said(job: Pass, row: Row) -> Entry | Skip:
    """Return what a row is as it is written; where that cannot be read, as a person said."""
    try:
        return job.reader.read_row(row)
    except UnreadableRow:
        change = job.changes.get(row.line)
        if change is None:
            raise
        if change.is_left_out:
            job.changed_lines["left_out"].append(row.line)
            return "by_choice"
        outcome = job.reader.read_row(change.change_row(row))
        job.changed_lines["mended"].append(row.line)
        return outcome


def _sum_up(job: Pass) -> Reading:
    if not job.counts["entries"]:
        empty = _explain_emptiness(job)
        if empty is not None:
            return Reading(
                problems=(make_problem("error", empty), *job.problems), facts=_collect_facts(job, "")
            )
    statements: list[Statement] = []
    order = ""
    for key, group in _name_groups(job.reader).items():
        statement, order, problems = build_statement(
            group, key, job.reader.facts.texts, decimal=job.reader.decimal, source_format=job.source_format
        )
        statement = replace(statement, layout=job.layout.name)
        statements.append(statement)
        job.problems += problems
    others = sum(job.counts[f"skipped.{reason}"] for reason in _PERHAPS_COUNTED)
    total, problems = check_totals(job.reader.facts.texts, statements, job.reader.decimal, others=others)
    job.problems += problems + _find_remarks(job, order)
    is_whole = _is_whole(job, order) and not job.counts["failed"]
    statements = [_complete_verdict(statement, total, is_whole=is_whole) for statement in statements]
    return Reading(
        statements=tuple(statements),
        problems=tuple(job.problems),
        format=job.source_format,
        profile=job.layout.name,
        facts=_collect_facts(job, order),
    )


def _complete_verdict(statement: Statement, total: Integrity, *, is_whole: bool) -> Statement:
    """Return the statement judged with the control totals: balances alone do not show that the end is
    there.
    """
    if total == "mismatch" or statement.integrity == "mismatch":
        return replace(statement, integrity="mismatch")
    if total == "proved" or (statement.integrity == "proved" and is_whole):
        return replace(statement, integrity="proved")
    return replace(statement, integrity="unverifiable")


def _find_missing_controls(job: Pass) -> list[str]:
    """Return the sums and counts that this bank always writes and this file does not have."""
    texts = job.reader.facts.texts
    return [place.fact for place in job.layout.found if place.fact in _CONTROLS and place.fact not in texts]


def _is_whole(job: Pass, order: str) -> bool:
    """Return whether the end of the file is there: its last line has an end, or sums reach to it.

    A closing balance does so where the last row is the newest, or together with the opening.
    """
    texts = job.reader.facts.texts
    if _find_missing_controls(job):
        return False
    if any(control in texts for control in _CONTROLS if control != "closing"):
        return True
    ends_newest = order == "oldest_first" and job.counts["entries"] > 1  # a single row has no order
    return ("closing" in texts and ("opening" in texts or ends_newest)) or not job.sheet.is_cut_off()


def _explain_emptiness(job: Pass) -> Reason[TableFault] | None:
    """Return why a table without entries is refused; None for a quiet month whose balances prove it."""
    if job.problems and {problem.code for problem in job.problems} == {"unknown_currency"}:
        return Reason("currency_needed")
    if job.counts["failed"]:
        return Reason(
            "layout_does_not_fit.rows", {"count": job.counts["failed"], "layout": repr(job.layout.name)}
        )
    facts = job.reader.facts.texts
    if job.reader.currency and facts.get("opening") and facts.get("opening") == facts.get("closing"):
        job.reader.groups[None, job.reader.currency] = Group()
        return None
    return Reason("no_rows")


def _name_groups(reader: EntryReader) -> dict[tuple[str | None, str], Group]:
    """Return the groups; rows that name no own account go to the only one that is named, or to the file's."""
    own = reader.facts.find_own_account(reader.facts.texts.get("account", ""))
    if len(reader.facts.accounts) > 1:
        own = None
    groups: dict[tuple[str | None, str], Group] = {}
    for (account, currency), group in reader.groups.items():
        own_accounts = {a for a, c in reader.groups if a and c == currency}
        only = own_accounts.pop() if len(own_accounts) == 1 else reader.layout.account or None
        key = (account or own or only, currency)
        groups[key] = _join_groups(groups[key], group) if key in groups else group
    return groups


def _join_groups(one: Group, other: Group) -> Group:
    pairs = sorted(
        zip(one.lines + other.lines, one.entries + other.entries, strict=True), key=lambda pair: pair[0]
    )
    return Group(
        entries=[replace(entry, position=at) for at, (_, entry) in enumerate(pairs)],
        lines=array("L", (line for line, _ in pairs)),
    )


def _find_remarks(job: Pass, order: str) -> list[Problem]:
    remarks = []
    pending, unread, failures = (
        job.counts["skipped.pending"],
        job.reader.unread_balances,
        job.counts["failed"],
    )
    if pending:
        remarks.append(_make_remark("warning", "pending_skipped", count=pending))
    if unread:
        remarks.append(_make_remark("warning", "unreadable_balance.rows", count=unread))
    mended_lines, lines_left_out = job.changed_lines["mended"], job.changed_lines["left_out"]
    if mended_lines:
        lines = _name_lines(mended_lines)
        remarks.append(_make_remark("warning", "rows_mended", count=len(mended_lines), lines=lines))
    if lines_left_out:
        lines = _name_lines(lines_left_out)
        remarks.append(_make_remark("warning", "rows_left_out", count=len(lines_left_out), lines=lines))
    if others := job.sheet.others:
        sheet = repr(job.sheet.list_facts()["sheet"][:60])
        names = ", ".join(others)[:200]
        remarks.append(_make_remark("error", "other_sheets", sheet=sheet, count=len(others), others=names))
    if failures > _MOST_PROBLEMS:
        remarks.append(_make_remark("error", "more_rows_failed", count=failures - _MOST_PROBLEMS))
    missing = _find_missing_controls(job)
    if missing:
        remarks.append(_make_remark("warning", "control_missing", facts=" ".join(missing)))
    elif not _is_whole(job, order):
        remarks.append(_make_remark("warning", "maybe_cut"))
    return remarks


def _name_lines(lines: Sequence[int]) -> str:
    return ", ".join(map(str, lines[:_MOST_LINES])) + (" …" if len(lines) > _MOST_LINES else "")


def _make_remark(level: Level, code: Remark, **figures: str | int) -> Problem:
    return make_problem(level, Reason(code, figures))


def _collect_facts(job: Pass, order: str) -> dict[str, str]:
    facts = job.sheet.list_facts()
    if order:
        facts["order"] = order
    facts["date_order"], facts["decimal"] = job.reader.order, job.reader.decimal
    facts["header_line"] = str(job.reader.places.header_line)
    facts.update((name, str(count)) for name, count in sorted(job.counts.items()))
    facts.setdefault("entries", "0")
    facts.setdefault("failed", "0")
    return facts
