"""What a problem of a bank's file means and the way out, in the reader's language.

The codes are those of :mod:`importers`; a problem's figures stand in its ``params``, or in the
reader's own English sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask_babel import gettext, lazy_gettext
from flask_babel.speaklater import LazyString

from donorhub.web.words import bank_tables
from importers import sentences
from importers.codes import Figures, Reason
from importers.statement import Problem

# What is wrong with a file and the way out, by the codes of importers. The reader's own sentence, which
# holds the figures, stands below it on the page.
_FAULTS: Final[Mapping[str, LazyString]] = {
    "layout_unknown": lazy_gettext("DonorHub does not know this table yet: say once which column is which."),
    "plan_changed": lazy_gettext(
        "What this file does changed since it was shown, so nothing was stored: look at it again and confirm."
    ),
    "header_changed": lazy_gettext("The bank changed the columns: say anew which column is which."),
    "layout_does_not_fit": lazy_gettext("The saved columns do not fit this file: say which column is which."),
    "layout_unfinished": lazy_gettext("Some columns are not yet named: say which column is which."),
    "ambiguous_dates": lazy_gettext("All days are 12 or less: say whether the day or the month comes first."),
    "ambiguous_amounts": lazy_gettext("No amount shows it: say whether a comma or a point is decimal."),
    "ambiguous_fees": lazy_gettext(
        "No balance shows it: say whether a fee comes off the amount, or is off already."
    ),
    "unclear_fee": lazy_gettext(
        "A fee cannot be placed: say whether it comes off the amount, or is off already."
    ),
    "empty": lazy_gettext("The file is empty: save it again, or choose a period in which money moved."),
    "too_many_statements": lazy_gettext(
        "The file holds too many statements: export fewer accounts or a shorter period."
    ),
    "no_rows": lazy_gettext("The file has no entries: choose a period in which money moved."),
    "no_records": lazy_gettext(
        "No sheet has a row of column names above rows of people or gifts: add one to the file."
    ),
    "no_entries": lazy_gettext("The file has no entries: choose a period in which money moved."),
    "no_statement": lazy_gettext("The file holds no statement: choose another kind of export at the bank."),
    "not_a_table": lazy_gettext("The file is no bank statement that we know: choose another export."),
    "one_column": lazy_gettext("The file has one column only: export it as CSV with separate columns."),
    "undecodable": lazy_gettext("The letters of the file cannot be read: export it as UTF-8, or as XLSX."),
    "unreadable_date": lazy_gettext(
        "A date cannot be read: correct it in the file, or choose another format at the bank."
    ),
    "unreadable_amount": lazy_gettext(
        "An amount cannot be read: correct it in the file, or choose another format at the bank."
    ),
    "unreadable_balance": lazy_gettext("A balance cannot be read: the entries are not affected."),
    "unreadable_direction": lazy_gettext(
        "It is not told whether money came in or went out: say what the word means, or correct it in "
        "the file."
    ),
    "unreadable_entry": lazy_gettext(
        "An entry cannot be read: correct it in the file, or choose another format at the bank."
    ),
    "unreadable_transaction": lazy_gettext(
        "An entry cannot be read: correct it in the file, or choose another format at the bank."
    ),
    "unreadable_row": lazy_gettext(
        "A row cannot be read: correct it in the file, or choose another format at the bank."
    ),
    "unbalanced_quote": lazy_gettext(
        "A quotation mark is not closed: close it in that line, or export the table as XLSX."
    ),
    "unknown_currency": lazy_gettext("The currency is not told: choose the account's currency."),
    "currency_needed": lazy_gettext("The file tells no currency: choose it when you upload the file."),
    "account_needed": lazy_gettext("The file tells no account: choose it when you upload the file."),
    "two_amounts": lazy_gettext("A row has money out and money in at once: correct it in the file."),
    "row_cut": lazy_gettext("A row is cut off: complete it in the file, or export the table as XLSX."),
    "row_shifted": lazy_gettext(
        "A row has a cell too many or too few, as when a separator stands in a text: correct it, or "
        "export the table as XLSX."
    ),
    "balance_mismatch": lazy_gettext(
        "The balances do not add up: compare the file with the bank's. If the bank tells it so, "
        "release it with a reason."
    ),
    "balance_gap": lazy_gettext(
        "A balance does not follow from the one before: import the statement that lies between, if "
        "there is one."
    ),
    "count_mismatch": lazy_gettext(
        "The bank counts another number of entries: compare the last of them with the bank's, or "
        "export a shorter period."
    ),
    "total_mismatch": lazy_gettext(
        "The sums do not agree: compare them with the bank's. If the bank tells it so, release it "
        "with a reason."
    ),
    "control_missing": lazy_gettext(
        "The sums this bank always writes are missing: compare the last entry with the bank's, as the"
        " file may be cut off."
    ),
    "maybe_cut": lazy_gettext(
        "The last line has no end: compare the last entry with the bank's, as the file may be cut off."
    ),
    "no_end_mark": lazy_gettext(
        "The end of the statement is missing: compare the last entry with the bank's, as the file may"
        " be cut off."
    ),
    "page_missing": lazy_gettext("A page of the statement is missing: export it again."),
    "pending_skipped": lazy_gettext("Entries that are not booked yet were left out: they come again."),
    "rows_left_out": lazy_gettext("Rows that cannot be read were left out by choice: compare the sums."),
    "rows_mended": lazy_gettext("Rows that cannot be read were mended by a person: compare them."),
    "more_rows_failed": lazy_gettext(
        "More rows failed than are listed here: correct these first, or choose another format at the bank."
    ),
    "reading_given_up": lazy_gettext("Reading failed several times and was given up: let it be read again."),
    "readers_disagree": lazy_gettext(
        "Two readers of the file disagree: compare it with the bank's, and choose another format "
        "there if you can."
    ),
    "locked": lazy_gettext("The workbook has a password: save it without one."),
    "macros": lazy_gettext("The workbook holds programs: save it as a plain XLSX or as CSV."),
    "damaged": lazy_gettext("The file is damaged: export it again."),
    "damaged_workbook": lazy_gettext("The workbook is damaged: export it again."),
    "workbook_too_large": lazy_gettext("The workbook is too large: export a shorter period."),
    "zip_bomb": lazy_gettext("The workbook is packed in a way that is refused: save it as CSV."),
    "bank_error": lazy_gettext(
        "The bank wrote an error into the file: sign in there again, or choose another period or format."
    ),
    "account_missing": lazy_gettext("The file does not say whose account it is: choose one."),
    "account_unknown": lazy_gettext("The account is not known yet: add it, or choose another."),
    "account_currency": lazy_gettext("The account is in another currency: choose another account."),
    "account_check_digits": lazy_gettext("The check digits of the account number are wrong: compare it."),
    "future_entries": lazy_gettext("Entries are dated in the future: check the order of day and month."),
    "ancient_entries": lazy_gettext("Entries are dated long ago: check how the dates are read."),
    "gap": lazy_gettext("A statement is missing in between: export these days and import them."),
    "ledger_differs": lazy_gettext(
        "Other files tell other money of these days: where the bank corrected them, take the old file back."
    ),
    "ledger_differs_open": lazy_gettext(
        "The ledger has other money of these days than this file until its questions are answered."
    ),
    "mixed_dates": lazy_gettext("Dates are written in two ways: say whether the day or the month is first."),
    "no_account": lazy_gettext("The file tells no account: choose it when you upload the file."),
    "web_page": lazy_gettext(
        "This is a web page, not a statement: sign in to the bank again and save the file."
    ),
    "pdf": lazy_gettext(
        "This is a PDF, which only people can read: export camt.053, MT940, OFX or CSV at the bank."
    ),
    "file_too_large": lazy_gettext("The file is too large: export a shorter period."),
    "archive": lazy_gettext("The archive was not opened: send the bank files that lie in it."),
    "picture": lazy_gettext("This is a picture: export camt.053, MT940, OFX or CSV at the bank."),
    "document": lazy_gettext("This is a text document: export camt.053, MT940, OFX or CSV at the bank."),
    "json": lazy_gettext(
        "This is a file that programs exchange: export camt.053, MT940, OFX or CSV at the bank."
    ),
    "unknown_xml": lazy_gettext(
        "This XML file is no bank statement: export camt.053, MT940, OFX or CSV at the bank."
    ),
    "binary_workbook": lazy_gettext("This is a binary workbook: save it as XLSX or CSV."),
    "table_too_long": lazy_gettext("The file is too long: export a shorter period."),
    "binary": lazy_gettext(
        "This is no bank file that we know: export camt.053, MT940, OFX or CSV at the bank."
    ),
    "truncated": lazy_gettext("The file is cut off: export it again."),
    "statement_cut": lazy_gettext("The statement is cut off: export it again."),
    "report_cut": lazy_gettext("The report is cut off: export it again."),
    "bank_warning": lazy_gettext("The bank added a warning: read it below."),
    "columns_found": lazy_gettext("The columns were found by their sums: compare a row."),
    "columns_needed": lazy_gettext("The sums do not show which column is which: say it once."),
    "correction": lazy_gettext("The bank corrects an entry here: compare it with the bank's statement."),
    "currency_ended": lazy_gettext(
        "The file's currency is no longer in use: look at its currency and its dates before you take it."
    ),
    "currency_mixed": lazy_gettext(
        "The balances are in different currencies: export each account as a file of its own."
    ),
    "no_currency": lazy_gettext("The file does not tell the currency: choose it when you upload the file."),
    "damaged_xml": lazy_gettext("The file is damaged: download it again."),
    "mixed_content": lazy_gettext(
        "The file is built as no bank builds it: save it straight from the bank, or choose another "
        "format there."
    ),
    "nested_too_deep": lazy_gettext(
        "The file is built as no bank builds it: save it straight from the bank, or choose another "
        "format there."
    ),
    "text_too_long": lazy_gettext(
        "The file is built as no bank builds it: save it straight from the bank, or choose another "
        "format there."
    ),
    "doctype": lazy_gettext(
        "The file holds instructions that no bank writes: save it straight from the bank, or choose "
        "another format there."
    ),
    "doctype_refused": lazy_gettext(
        "The file holds instructions that no bank writes: save it straight from the bank, or choose "
        "another format there."
    ),
    "unknown_encoding": lazy_gettext(
        "The letters of the file cannot be read: export it as UTF-8, or as XLSX."
    ),
    "details_differ": lazy_gettext("The payments of an entry do not add up to it: it stays one entry."),
    "entries_not_listed": lazy_gettext(
        "The file gives sums without their entries: export a statement that lists them."
    ),
    "investments": lazy_gettext(
        "An investment account cannot be imported: choose the statement of the bank account."
    ),
    "loose_rest": lazy_gettext(
        "Text behind the end of the statement was left out: look whether it is an entry."
    ),
    "no_control_total": lazy_gettext("The file has no control total: whether it is whole cannot be told."),
    "no_opening_balance": lazy_gettext(
        "The opening balance is missing: whether entries are missing cannot be told."
    ),
    "not_debit_report": lazy_gettext("No direct debit was found: choose the bank's report of direct debits."),
    "not_mt940": lazy_gettext("The file holds no statement: choose another kind of export at the bank."),
    "not_elixir": lazy_gettext(
        "No payment was found in this Elixir file: choose the list of incoming payments at the bank."
    ),
    "other_currency": lazy_gettext(
        "An entry is in another currency than its account and was left out: compare it with the "
        "bank's, or choose another format there."
    ),
    "other_sheets": lazy_gettext(
        "Other sheets of the workbook hold entries too: save each sheet as a file of its own."
    ),
    "reversal_signs_inverted": lazy_gettext(
        "The bank writes reversals with the opposite sign: it was read so, as the balances show."
    ),
    "signs_cleaned": lazy_gettext("Signs that cannot be printed were left out of texts: nothing is missing."),
    "section_skipped": lazy_gettext("A part of the file that is no bank account was left out."),
    "tag_in_text": lazy_gettext(
        "The text of an entry holds what looks like another entry: compare it with the bank."
    ),
    "test_group": lazy_gettext("The bank marks this part as a test: it was left out."),
    "too_many_balances": lazy_gettext(
        "The statement has more balances than any bank writes: export each account as a file of its own."
    ),
    "unreadable": lazy_gettext("Too many entries cannot be read: choose another format at the bank."),
    "unreadable_statement": lazy_gettext("A statement cannot be read: choose another format at the bank."),
    "unreadable_total": lazy_gettext(
        "A control total cannot be read: compare number and sum of the entries with the bank's."
    ),
}
FAULT_CODES: Final = frozenset(_FAULTS)


def word_meaning(code: str) -> str:
    """Return what a problem means and the way out; "" for one that only the reader's sentence explains."""
    return str(_FAULTS[code]) if code in _FAULTS else ""


@dataclass(frozen=True, slots=True)
class ProblemWords:
    """A problem for a reader: what it means and the way out, then its figures, then where it stands.

    ``english`` is the reader's own sentence, where nothing says its figures in other words.
    """

    level: str
    means: str
    detail: str
    english: str
    place: str


def word_problem(problem: Problem) -> ProblemWords:
    """Return a problem in words; one of an earlier version has no figures but in its English sentence."""
    key, figures = _split_params(problem)
    has_sentence = sentences.has_sentence(key, figures)
    means = word_meaning(problem.code)
    is_more = has_sentence and (not means or "." in key or sentences.has_figures(key))
    line = problem.params.get("line")
    return ProblemWords(
        level=problem.level,
        means=means,
        detail=bank_tables.word_fault(Reason(key, figures)) if is_more else "",
        english="" if has_sentence else problem.message,
        place=problem.where or "" if line is None else str(gettext("Line %(line)s", line=line)),
    )


def _split_params(problem: Problem) -> tuple[str, Figures]:
    figures = {name: value for name, value in problem.params.items() if name != "cause"}
    key = f"{problem.code}.{problem.params['cause']}" if "cause" in problem.params else problem.code
    return key, figures
