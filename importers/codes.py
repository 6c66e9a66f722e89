"""What readers say of a file, as codes: each family is one type, and a sentence is made of it at the door.

A code with a point says more than the part before it, which is the problem's own code:
``unreadable_amount.two_ways`` is a problem ``unreadable_amount`` whose cause is ``two_ways``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

# What must still be said of a layout before a file can be read with it.
Gap = Literal["booked_on", "amount", "direction_words", "sense"]
# What is asked about a table: the key of the layout that answers it.
QuestionCode = Literal["columns", "date_order", "decimal", "amounts", "fees", "currency"]
# Why a column has its role, or none.
Ground = Literal[
    "name",
    "name_of_booking",
    "name_silent",
    "cells",
    "cells_of_direction",
    "cells_differ",
    "beside",
    "fees_apart",
    "taken",
    "not_booking",
    "row_number",
    "maybe_amount",
    "before",
    "proof",
    "person",
]
# Why a row of a table is no entry.
Skip = Literal[
    "blank", "header", "footer", "pending", "hold", "no_amount", "zero", "before_header", "by_choice"
]
# Why a text is no amount, or no date.
TextFault = Literal[
    "unreadable_amount.empty",
    "unreadable_amount.none",
    "unreadable_amount.two_ways",
    "unreadable_amount.other_currency",
    "unreadable_amount.too_precise",
    "unreadable_date.empty",
    "unreadable_date.none",
    "unreadable_date.other_order",
    "unreadable_date.strange_year",
]
# Why a row of a table cannot be read.
RowFault = Literal[
    TextFault,
    "row_cut",
    "row_shifted",
    "two_amounts",
    "unclear_fee",
    "unbalanced_quote",
    "unbalanced_quote.long_cell",
    "unbalanced_quote.long_line",
    "unknown_currency",
    "unknown_currency.none",
    "unreadable_direction",
]
# Why the bytes of a file are no text.
DecodeFault = Literal[
    "undecodable.zero_byte",
    "undecodable.other_encoding",
    "undecodable.damaged",
    "undecodable.unknown",
]
# Why a whole table cannot be read.
TableFault = Literal[
    DecodeFault,
    "ambiguous_amounts",
    "ambiguous_dates",
    "ambiguous_fees",
    "binary_workbook",
    "currency_needed",
    "damaged_workbook",
    "damaged_workbook.long_cell",
    "damaged_workbook.declaration",
    "damaged_workbook.outside_name",
    "damaged_workbook.packing",
    "empty",
    "header_changed",
    "header_changed.column",
    "header_changed.saved",
    "layout_does_not_fit",
    "layout_does_not_fit.columns",
    "layout_does_not_fit.rows",
    "layout_unfinished",
    "layout_unknown",
    "locked.workbook",
    "macros",
    "no_rows",
    "no_rows.nothing_like_an_entry",
    "no_records",
    "not_a_table",
    "one_column",
    "one_column.emails",
    "one_column.workbook",
    "table_too_long",
    "workbook_too_large",
    "workbook_too_large.bytes",
    "zip_bomb",
    "zip_bomb.members",
    "zip_bomb.ratio",
]
# Why one of several files that were sent, or an archive with files in it, is not taken in.
DeliveryFault = Literal[
    "archive.damaged",
    "archive.empty",
    "archive.inside",
    "archive.member",
    "archive.members",
    "archive.other",
    "archive.outside_name",
    "archive.packing",
    "archive.ratio",
    "archive.size",
    "file_too_large",
]
# What a person should know of a table that was read.
Remark = Literal[
    "balance_mismatch.chain",
    "balance_mismatch.written",
    "control_missing",
    "count_mismatch",
    "maybe_cut",
    "more_rows_failed",
    "other_sheets",
    "pending_skipped",
    "rows_left_out",
    "rows_mended",
    "unreadable_balance.fact",
    "unreadable_balance.rows",
]

# What is wrong with a statement, or with the file it stands in, whatever the format.
StatementFault = Literal[
    "account_check_digits",
    "account_currency",
    "account_missing",
    "account_unknown",
    "ancient_entries",
    "balance_gap",
    "balance_mismatch.contradiction",
    "balance_mismatch.entries",
    "balance_mismatch.figures",
    "currency_ended",
    "currency_mixed",
    "future_entries",
    "gap",
    "ledger_differs",
    "ledger_differs_open",
    "loose_rest",
    "no_control_total",
    "no_currency",
    "no_end_mark",
    "no_opening_balance",
    "page_missing",
    "statement_cut",
    "tag_in_text",
    "too_many_balances",
    "too_many_statements",
    "total_mismatch.tags",
    "unreadable_balance.tag",
    "unreadable_total",
]
# Why an entry, a row or a statement of a bank's own format cannot be read; it stands inside a sentence.
EntryFault = Literal[
    "account_before",
    "account_without_currency",
    "amount_without_digits",
    "amount_without_currency",
    "balance_records",
    "code_of_no_record",
    "date_missing",
    "date_of_no_calendar",
    "date_out_of_range",
    "date_without_form",
    "detail_without_sum",
    "direction_missing",
    "direction_unknown",
    "element_twice",
    "field_twice",
    "fields_missing",
    "group_without_day",
    "line_without_amount",
    "line_without_date",
    "line_without_mark",
    "malformed",
    "month_and_day",
    "other_currency",
    "quotes",
    "sign_and_amount",
    "six_digits",
    "too_long",
    "type_of_no_payment",
    "type_of_other_bank",
    "type_without_sign",
    "whole_grosze",
    "whole_units",
    "year_month_day",
]
# What is wrong in a bank's own format, beside what all statements may have.
FormatProblem = Literal[
    "ambiguous_dates.example",
    "balance_mismatch.account",
    "balance_mismatch.movements",
    "balance_without_sign",
    "bank_error",
    "bank_warning",
    "batch_without_amounts",
    "correction.deletes",
    "correction.group",
    "correction.replaces",
    "date_from_statement",
    "details_differ.batch",
    "details_differ.payment",
    "details_differ.sum",
    "element_twice",
    "entries_not_listed",
    "other_currency",
    "other_currency.transaction",
    "section_skipped.kind",
    "signs_cleaned",
    "test_group",
    "too_long.transaction",
    "total_mismatch.account",
    "total_mismatch.closing_record",
    "total_mismatch.file",
    "total_mismatch.group",
    "total_mismatch.number",
    "total_mismatch.sum",
    "unknown_currency.statement",
    "unknown_status",
    "unreadable.rows",
    "unreadable_amount.entry",
    "unreadable_amount.transaction",
    "unreadable_balance.kind",
    "unreadable_balance.ledger",
    "unreadable_date.entry",
    "unreadable_date.missing",
    "unreadable_date.transaction",
    "unreadable_date.value",
    "unreadable_entry.movement",
    "unreadable_entry.tag",
    "unreadable_row.line",
    "unreadable_row.orphan",
    "unreadable_row.payment",
    "unreadable_row.record",
    "unreadable_sign",
    "unreadable_statement.fault",
    "unreadable_transaction.fault",
]

Figures = Mapping[str, str | int]
Code_co = TypeVar("Code_co", bound=str, covariant=True)


@dataclass(frozen=True, slots=True)
class Reason(Generic[Code_co]):
    """Why something is as it is: a code, and the figures that its sentence names."""

    code: Code_co
    figures: Figures = field(default_factory=dict)

    @property
    def problem_code(self) -> str:
        """The code of the problem, without its cause."""
        return self.code.partition(".")[0]

    @property
    def params(self) -> Figures:
        """The figures, and the cause where the code has one."""
        cause = self.code.partition(".")[2]
        return {**self.figures, "cause": cause} if cause else self.figures
