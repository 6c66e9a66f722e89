"""The sentence of each code of ``importers.codes`` in English, as API, log and command line say it.

Pages put the same sentences through their catalogues: ``write_*`` take what translates. A
sentence names the figures of its code in slots; nothing here decides anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from importers.codes import Figures, Gap, Ground, QuestionCode, Reason, Skip
from importers.format_sentences import DELIVERIES, FAULTS, FORMAT_PROBLEMS, N_, SIDES

Translate = Callable[[str], str]
Localise = Callable[[str, str], str]  # of the name of a figure and its value: a day, an amount


def keep_english(text: str) -> str:
    """Translate nothing."""
    return text


def keep_figure(_name: str, value: str) -> str:
    """Return a figure as it is."""
    return value


GAPS: Final[Mapping[Gap, str]] = {
    "booked_on": N_("Say which column holds the booking date."),
    "amount": N_("Say which column holds the amount, or which hold money out and money in."),
    "direction_words": N_("Say which words of the direction column mean money in and money out."),
    "sense": N_("Say whether a positive amount is money in or money out."),
}
# For programs; pages ask with an example out of the file.
QUESTIONS: Final[Mapping[QuestionCode, str]] = {
    "columns": "Say which column is which.",
    "date_order": "All days are 12 or less: which comes first in a date?",
    "decimal": "Which sign begins the decimals?",
    "amounts": "No balance proves it: is a positive amount money in (signed) or money out (inverse)?",
    "fees": "No balance proves it: does the fee come off the amount (beside), or is it off already (inside)?",
    "currency": "The table has no currency column: which is the account's?",
}
GROUNDS: Final[Mapping[Ground, str]] = {
    "name": N_("told by its name"),
    "name_of_booking": N_("its name is that of the booking date"),
    "name_silent": N_("its name tells nothing"),
    "cells": N_("told by its cells"),
    "cells_of_direction": N_("its cells tell money in from money out"),
    "cells_differ": N_("by its name: %(role)s; by its cells: %(kind)s"),
    "beside": N_("it stands beside the entry's own: %(role)s"),
    "fees_apart": N_("its fees stand in rows of their own"),
    "taken": N_("another column has it already: %(role)s"),
    "not_booking": N_("another column is rather the booking date"),
    "row_number": N_("it numbers the rows"),
    "maybe_amount": N_("it could be the amount"),
    "before": N_("as the last time"),
    "proof": N_("its amounts follow each other"),
    "person": N_("you said"),
}
SKIPS: Final[Mapping[Skip, str]] = {
    "blank": N_("The row is empty."),
    "header": N_("The row holds the column names."),
    "footer": N_("The row is a text or a sum of the bank's, not an entry."),
    "pending": N_("The entry is not booked yet: it comes again when it is."),
    "hold": N_("The row only blocks money, or lets it go again: nothing came or went."),
    "no_amount": N_("The row has no amount."),
    "zero": N_("The amount is zero: it changes nothing."),
    "before_header": N_("The row stands above the table."),
    "by_choice": N_("The row stays out: a person said so."),
}
_DAMAGED_WORKBOOK: Final = N_("The spreadsheet is damaged: export it again.")
_ROWS: Final[Mapping[str, str]] = {
    "row_cut": N_("The row has %(cells)s cells, the header %(names)s: something is missing."),
    "row_shifted": N_("The row has %(cells)s cells, the header %(names)s: a separator stands in a text."),
    "two_amounts": N_("The row has both money out (%(debit)s) and money in (%(credit)s)."),
    "unclear_fee": N_(
        "The row has a fee of %(text)s: say whether it comes off the amount, or is off already."
    ),
    "unbalanced_quote": N_("A quotation mark %(quote)s is opened and not closed."),
    "unbalanced_quote.long_cell": N_(
        "A cell is longer than %(most)s signs: is a quotation mark %(quote)s not closed?"
    ),
    "unbalanced_quote.long_line": N_("The line has more than %(most)s signs, and a bank's has some hundred."),
    "unknown_currency": N_("%(text)s is no currency."),
    "unknown_currency.none": N_("Nothing tells the currency."),
    "unreadable_amount.empty": N_("The amount is empty."),
    "unreadable_amount.none": N_("%(text)s is no amount."),
    "unreadable_amount.other_currency": N_("%(text)s is not in %(currency)s."),
    "unreadable_amount.too_precise": N_(
        "%(text)s has more decimals than %(currency)s, which has %(places)s."
    ),
    "unreadable_amount.two_ways": N_(
        "%(text)s can mean thousands or decimals: say which sign is the decimal sign."
    ),
    "unreadable_date.empty": N_("The date is empty."),
    "unreadable_date.none": N_("%(text)s is no date."),
    "unreadable_date.other_order": N_("%(text)s is no date in the order %(order)s."),
    "unreadable_date.strange_year": N_("%(text)s is in the year %(year)s: that is a slip of the pen."),
    "unreadable_direction": N_("%(text)s with %(amount)s is neither money in nor money out."),
}
_TABLES: Final[Mapping[str, str]] = {
    "ambiguous_amounts": N_("No amount shows it: say whether a comma or a point is the decimal sign."),
    "ambiguous_dates": N_("All days are 12 or less: say whether the day or the month comes first in a date."),
    "ambiguous_fees": N_(
        "No balance shows it: say whether a fee comes off the amount in its row, or is off it already."
    ),
    "balance_mismatch.chain": N_(
        "The running balance does not follow from the row before in %(count)s rows: "
        "a row is missing or was changed. Export the file again without filters."
    ),
    "balance_mismatch.written": N_("The file says %(fact)s %(written)s, but its rows give %(reckoned)s."),
    "binary_workbook": N_("The spreadsheet is a binary .xlsb: save it as .xlsx or CSV."),
    "control_missing": N_(
        "This bank writes around the rows: %(facts)s. The file has none of it: it may have been cut off. "
        "Export it again."
    ),
    "count_mismatch": N_("The file says it has %(count)s entries; %(entries)s were read."),
    "currency_needed": N_("Nothing in the file tells its currency: choose the currency of the account."),
    "damaged_workbook": _DAMAGED_WORKBOOK,
    "damaged_workbook.long_cell": N_(
        "A cell of the spreadsheet is longer than any of a bank: it is no export."
    ),
    "damaged_workbook.declaration": N_("The spreadsheet declares a document type, which no export does."),
    "damaged_workbook.outside_name": N_("The spreadsheet names a file outside itself: export it again."),
    "damaged_workbook.packing": N_("The spreadsheet is packed in an unusual way: save it again."),
    "empty": N_("The file is empty: export it again."),
    "header_changed": N_(
        "The columns are not those of the layout %(layout)s any more. In line %(line)s missing: %(gone)s; "
        "new: %(new)s. Nothing was imported: tell DonorHub anew which column is which."
    ),
    "header_changed.column": N_("The column %(column)s is not there any more."),
    "header_changed.saved": N_(
        "The columns of %(layout)s changed. Gone: %(gone)s. New: %(new)s. Say again which column is which."
    ),
    "layout_does_not_fit": N_(
        "The file has no header of the layout %(layout)s: choose another layout, "
        "or say which column is which."
    ),
    "layout_does_not_fit.columns": N_("The table has %(columns)s columns, the layout needs more."),
    "layout_does_not_fit.rows": N_(
        "None of the %(count)s rows could be read with the layout %(layout)s: "
        "choose another layout, or say which column is which."
    ),
    "layout_unfinished": "%(gaps)s",
    "layout_unknown": N_(
        "DonorHub does not know this table yet. Tell it once which column is which, "
        "and it will read every file with these columns."
    ),
    "locked.workbook": N_("The spreadsheet has a password: save it without one."),
    "macros": N_("The spreadsheet holds macros: save it as .xlsx or CSV without them."),
    "maybe_cut": N_(
        "The last line has no end: the file may have been cut off. Compare its last row with the bank's."
    ),
    "more_rows_failed": N_("%(count)s more rows failed."),
    "no_rows": N_("The file has no entries: choose a period in which money moved."),
    "no_rows.nothing_like_an_entry": N_("No row of the file has both a date and an amount."),
    "no_records": N_(
        "No sheet has a row of column names above rows of people or gifts: add one to the file."
    ),
    "not_a_table": N_(
        "The file is no table (it looks like %(format)s): export the statement as CSV or XLSX."
    ),
    "one_column": N_("The file has one column only: export it as CSV with separate columns."),
    "one_column.emails": N_(
        "The file holds e-mail addresses and nothing beside them: put a second column with the names of these"
        " people, and a first row that says what stands in each column."
    ),
    "one_column.workbook": N_("No visible sheet of the spreadsheet holds a table."),
    "other_sheets": N_(
        "Only the sheet %(sheet)s was read, and %(count)s more hold entries (%(others)s): "
        "save each as a file of its own and import it."
    ),
    "pending_skipped": N_("%(count)s rows are not booked yet: they come again when they are."),
    "rows_left_out": N_("%(count)s rows that cannot be read stay out, as a person said: lines %(lines)s."),
    "rows_mended": N_("%(count)s rows are read as a person wrote them: lines %(lines)s."),
    "table_too_long": N_("The file has more than %(most)s lines: export a shorter period."),
    "undecodable.damaged": N_(
        "The file is UTF-8 but damaged at byte %(position)s: it was cut or edited; export it again."
    ),
    "undecodable.other_encoding": N_(
        "The file says it is %(encoding)s, but the bytes at position %(position)s are not; export it again."
    ),
    "undecodable.unknown": N_("No encoding that we know reads this file."),
    "undecodable.zero_byte": N_(
        "The file is no text: it has a zero byte at position %(position)s; export it again."
    ),
    "unreadable_balance.fact": N_("The file writes %(text)s as %(fact)s: it is no amount."),
    "unreadable_balance.rows": N_("%(count)s rows have a balance that is no amount: it was left out."),
    "workbook_too_large": N_("The sheet has %(rows)s rows and %(columns)s columns: export a shorter period."),
    "workbook_too_large.bytes": N_("The spreadsheet is larger than %(most)s MB: export a shorter period."),
    "zip_bomb": N_("The spreadsheet unpacks to more than %(most)s MB: export a shorter period."),
    "zip_bomb.members": N_("The spreadsheet holds more than %(most)s files: it is no export of a bank."),
    "zip_bomb.ratio": N_("The spreadsheet unpacks to a hundred times its size: it is no export."),
}
_STATEMENTS: Final[Mapping[str, str]] = {
    "account_check_digits": "The check digits of the account number are wrong.",
    "account_currency": N_(
        "The statement is in %(currency)s, but account %(account)s is in %(other)s: choose another account."
    ),
    "account_missing": "The file does not say whose account it is: choose one.",
    "account_unknown": N_(
        "Account %(account)s in %(currency)s is not known: add it or choose one, then import again."
    ),
    "ancient_entries": N_("Entries are dated %(first_on)s: check how dates are read."),
    "balance_gap": (
        "It does not open with what the statement before it closed with: one between them may be missing."
    ),
    "balance_mismatch.contradiction": N_("The statement's own figures contradict each other."),
    "balance_mismatch.entries": N_(
        "Opening balance and entries differ from the closing balance by %(missing)s: "
        "an entry is missing or wrong. Compare it with the bank's; if the bank tells it so, release it."
    ),
    "balance_mismatch.figures": N_(
        "Opening %(opening)s and entries of %(entries_sum)s make %(reckoned)s, "
        "but the statement closes with %(closing)s."
    ),
    "currency_ended": N_(
        "%(currency)s ended on %(last_on)s, and entries are of later days: choose the account's currency, or "
        "take the file after looking at its dates."
    ),
    "currency_mixed": (
        "The opening and the closing balance are in different currencies. Export the statement again."
    ),
    "future_entries": N_(
        "Entries are dated %(last_on)s, which has not come: check the order of day and month."
    ),
    "gap": N_(
        "Between %(from_on)s and %(to_on)s a statement is missing: entries of %(missing)s are not here."
    ),
    "ledger_differs": N_(
        "On %(days)s all files together differ by %(missing)s from this one: see which of them is right."
    ),
    "ledger_differs_open": N_(
        "On %(days)s the ledger differs by %(missing)s from this file: its questions wait for an answer."
    ),
    "loose_rest": (
        "Behind the last statement stands something that is none: the file may be cut. "
        "Export the statement again."
    ),
    "no_control_total": "The report has no control total :90C: or :90D: for its entries: it may be cut.",
    "no_currency": "No balance tells the currency of these entries.",
    "no_end_mark": (
        "The last statement has no end mark (a line with -), as others have: the file may be cut."
    ),
    "no_opening_balance": (
        "The statement has no opening balance, so its entries cannot be checked against its sums."
    ),
    "page_missing": (
        "The last statement closes with an interim balance (:62M:): its next page is not in this file."
    ),
    "statement_cut": (
        "The statement has no closing balance: the file is cut, or a piece of one. "
        "Export the statement again."
    ),
    "tag_in_text": "A payer's text has a line that begins with :61:. It was read as text, not as an entry.",
    "too_many_balances": N_("The statement has more than %(most)s balances: two files may stand in one."),
    "too_many_statements": N_(
        "The file holds more than %(most)s statements: export fewer accounts or a shorter period."
    ),
    "total_mismatch.tags": N_(
        "The number or sum of entries is not that of the control total %(tags)s. Compare it with "
        "the bank's; if the bank tells it so, release it."
    ),
    "unreadable_balance.tag": N_(
        "The balance %(tag)s cannot be read: C or D, a date, a currency and an amount are needed."
    ),
    "unreadable_total": N_("The control total %(tag)s cannot be read."),
}
PROBLEMS: Final[Mapping[str, str]] = {**_ROWS, **_TABLES, **DELIVERIES, **_STATEMENTS, **FORMAT_PROBLEMS}
_FAULTS: Final[Mapping[str, str]] = {**PROBLEMS, **FAULTS}
ROLES: Final[Mapping[str, str]] = {
    "booked_on": N_("Booking date"),
    "value_on": N_("Value date"),
    "amount": N_("Amount"),
    "credit": N_("Money in"),
    "debit": N_("Money out"),
    "direction": N_("In or out (a word)"),
    "fee": N_("Fee"),
    "currency": N_("Currency"),
    "balance": N_("Balance after it"),
    "name": N_("Name"),
    "account": N_("Account of the other side"),
    "address": N_("Address"),
    "name_from": N_("Name of the payer"),
    "account_from": N_("Account of the payer"),
    "name_to": N_("Name of the payee"),
    "account_to": N_("Account of the payee"),
    "bic": N_("BIC"),
    "own_account": N_("Our own account"),
    "remittance": N_("Text of the transfer"),
    "bank_ref": N_("Bank's reference"),
    "end_to_end_id": N_("End-to-end id"),
    "mandate_id": N_("Mandate"),
    "virtual_account": N_("Virtual account"),
    "bank_code": N_("Kind of entry"),
    "status": N_("Status: booked or not"),
    "info": N_("Other text to keep"),
    "keyed": N_("Several texts, each behind its key"),
}
KINDS: Final[Mapping[str, str]] = {
    "date": N_("dates"),
    "amount": N_("amounts"),
    "account": N_("account numbers"),
    "currency": N_("currencies"),
    "text": N_("text"),
    "empty": N_("nothing"),
}
FACTS: Final[Mapping[str, str]] = {
    "account": N_("account"),
    "currency": N_("currency"),
    "owner": N_("owner"),
    "opening": N_("opening balance"),
    "closing": N_("closing balance"),
    "count": N_("number of entries"),
    "total_in": N_("sum of money in"),
    "total_out": N_("sum of money out"),
}
ORDERS: Final[Mapping[str, str]] = {
    "ymd": N_("year-month-day"),
    "dmy": N_("day-month-year"),
    "mdy": N_("month-day-year"),
}
# Figures that are codes themselves, and what separates several of them.
_WORDS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "role": ("", ROLES),
    "kind": ("", KINDS),
    "order": ("", ORDERS),
    "fact": ("", FACTS),
    "facts": (", ", FACTS),
    "entries": ("", SIDES),
    "gaps": (" ", {str(gap): text for gap, text in GAPS.items()}),
}
_FAULT: Final = "fault"  # a figure that is a code, whose own figures stand beside it
_SLOT: Final = re.compile(r"%\((\w+)\)s")


def write_sentence(
    pattern: str, figures: Figures, translate: Translate = keep_english, localise: Localise = keep_figure
) -> str:
    """Return the sentence with its figures: those that are codes in words, an empty one as a dash."""
    texts = {name: _write_figure(name, value, translate, localise) for name, value in figures.items()}
    if _FAULT in figures:
        texts[_FAULT] = _make_fragment(translate(_FAULTS[str(figures[_FAULT])]) % texts)
    return translate(pattern) % texts


def write_question(code: QuestionCode, gap: Gap | None) -> str:
    """Return what is asked of a program, or of who works with one."""
    return GAPS[gap] if gap else QUESTIONS[code]


def write_problem(
    reason: Reason[str], translate: Translate = keep_english, localise: Localise = keep_figure
) -> str:
    """Return the sentence of a fault of a file, of a statement or of a row."""
    return write_sentence(PROBLEMS[reason.code], reason.figures, translate, localise)


def write_fragment(reason: Reason[str]) -> str:
    """Return the sentence to stand inside another one: with a small letter and without its end."""
    return _make_fragment(write_sentence(_FAULTS[reason.code], reason.figures))


def _make_fragment(sentence: str) -> str:
    return f"{sentence[:1].lower()}{sentence[1:].removesuffix('.')}"


def has_sentence(code: str, figures: Figures) -> bool:
    """Return whether a problem has a sentence and all its figures, as a newer or older file's may not."""
    if code not in PROBLEMS or not set(_SLOT.findall(PROBLEMS[code])) <= figures.keys():
        return False
    fault = str(figures.get(_FAULT, ""))
    return not fault or (fault in _FAULTS and set(_SLOT.findall(_FAULTS[fault])) <= figures.keys())


def has_figures(code: str) -> bool:
    """Return whether the sentence of a problem names any figures."""
    return bool(_SLOT.search(PROBLEMS[code]))


def _write_figure(name: str, value: str | int, translate: Translate, localise: Localise) -> str:
    if isinstance(value, int):
        return str(value)
    if name not in _WORDS:
        return localise(name, value) or "–"
    separator, words = _WORDS[name]
    codes = value.split() if separator else [value]
    return separator.join(translate(words[code]) if code in words else code for code in codes)
