"""The sentences of what is wrong in the formats of banks that are no tables: OFX, QIF, camt and others.

A sentence may name a ``fault``, which is a code itself: why a row, an entry or a statement cannot be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def N_(text: str) -> str:  # noqa: N802  the name by which the collector of messages knows it
    """Return a text that is to be translated at the door."""
    return text


FAULTS: Final[Mapping[str, str]] = {
    "account_before": N_("no account can be read before it"),
    "account_without_currency": N_("its account names no currency"),
    "amount_without_digits": N_("%(text)s is no amount: digits with at most one point are"),
    "amount_without_currency": N_("%(text)s is no currency: three capital letters are, such as PLN"),
    "balance_records": N_("it has no record of the old (1) or of the new balance (8)"),
    "code_of_no_record": N_("its code is none of BAI2"),
    "date_missing": N_("it has no date"),
    "date_of_no_calendar": N_("%(text)s is no day of the calendar"),
    "date_out_of_range": N_("%(text)s is not in the years %(first)s to %(last)s"),
    "date_without_form": N_("%(text)s is no date: 2026-09-30 is"),
    "detail_without_sum": N_("it is a detail of a sum that is not there"),
    "direction_missing": N_("the entry does not say whether it is credit or debit"),
    "direction_unknown": N_("the entry says %(text)s whether it is credit or debit"),
    "element_twice": N_("the entry has its %(element)s twice"),
    "field_twice": N_("the field %(field)s stands twice with different values"),
    "fields_missing": N_("it has %(count)s fields, and %(least)s are needed up to the title"),
    "group_without_day": N_("its group does not say of which day it is"),
    "line_without_amount": N_(
        "its amount is not written as digits, a comma and decimals, followed by a type code"
    ),
    "line_without_date": N_("it does not begin with a date of six digits"),
    "line_without_mark": N_("no mark C, D, RC or RD follows its date"),
    "malformed": N_("it is not written as the format wants it"),
    "month_and_day": N_("%(text)s is no month and day"),
    "other_currency": N_("its amount is in %(currency)s, the account in %(other)s"),
    "quotes": N_("its quotes do not match"),
    "sign_and_amount": N_("%(text)s is no sign and amount"),
    "six_digits": N_("%(text)s is no date of six digits"),
    "too_long": N_("it has %(count)s characters, and banks write some hundred"),
    "type_of_no_payment": N_("its type is %(type)s, and only 110 and 210 are known"),
    "type_of_other_bank": N_("its type %(type)s is not among the bank's"),
    "type_without_sign": N_("its type %(type)s is neither money in nor money out"),
    "whole_grosze": N_("its amount is not a whole number of grosze"),
    "whole_units": N_("%(text)s is no amount in whole minor units"),
    "year_month_day": N_("%(text)s is no date: year, month and day are needed"),
}
_TRANSACTION: Final = N_("A transaction was not read: %(fault)s.")
_ENTRY: Final = N_("An entry was not read: %(fault)s. Correct it, or enter its payment by hand.")
FORMAT_PROBLEMS: Final[Mapping[str, str]] = {
    "ambiguous_dates.example": N_(
        "The date %(example)s can be read in more than one way: say whether day or month comes first."
    ),
    "balance_mismatch.account": N_(
        "Opening balance and entries do not make the closing balance. Compare it with the bank's;"
        " if the bank tells it so, release it."
    ),
    "balance_mismatch.movements": N_(
        "Old balance and movements do not make the new balance. Compare it with the bank's; if "
        "the bank tells it so, release it."
    ),
    "balance_without_sign": N_(
        "The %(balance)s balance does not say whether it is credit or debit: credit is assumed."
    ),
    "bank_error": N_("The bank answered with error %(number)s (%(text)s): download the statement again."),
    "bank_warning": N_("The bank added a warning %(number)s: %(text)s"),
    "batch_without_amounts": N_("A batch lists payments without amounts: it stays one entry."),
    "correction.deletes": N_("Transaction %(ref)s deletes the earlier one %(earlier)s: look at both."),
    "correction.group": N_("The bank sends this group to delete or correct an earlier one: compare both."),
    "correction.replaces": N_("Transaction %(ref)s replaces the earlier one %(earlier)s: look at both."),
    "date_from_statement": N_("The entry has no date; its statement covers %(only_on)s alone."),
    "details_differ.batch": N_("The payments of a batch do not add up to it: it stays one entry."),
    "details_differ.payment": N_("The payment says %(own_amount)s, its entry %(amount)s: the entry holds."),
    "details_differ.sum": N_("The payments of a sum do not add up to it: it stays one entry."),
    "element_twice": _ENTRY,
    "entries_not_listed": N_("The bank gives only sums of this account: it has no entries to import."),
    "other_currency": N_("The entry is in %(currency)s, its account in %(other)s."),
    "other_currency.transaction": _TRANSACTION,
    "section_skipped.kind": N_(
        "%(count)s records of section %(section)s hold no bank transactions and were passed over."
    ),
    "signs_cleaned": N_(
        "%(count)s signs that cannot be printed or that turn the direction of writing were left out of texts."
    ),
    "test_group": N_("The bank marks this group as a test: it was left out."),
    "too_long.transaction": _TRANSACTION,
    "total_mismatch.account": N_(
        "The account's amounts or records are not those of its control total. Compare it with the"
        " bank's; if the bank tells it so, release it."
    ),
    "total_mismatch.closing_record": N_(
        "Number or sums of the movements are not those of the closing record 9. Compare it with "
        "the bank's; if the bank tells it so, release it."
    ),
    "total_mismatch.file": N_(
        "The sums or numbers of the file are not those of its control total. Compare it with the "
        "bank's; if the bank tells it so, release it."
    ),
    "total_mismatch.group": N_(
        "The sums or numbers of the group are not those of its control total. Compare it with the"
        " bank's; if the bank tells it so, release it."
    ),
    "total_mismatch.number": N_(
        "The number of %(entries)s is not what TxsSummry says. Compare it with the bank's; if the"
        " bank tells it so, release it."
    ),
    "total_mismatch.sum": N_(
        "The sum of %(entries)s is not what TxsSummry says. Compare it with the bank's; if the "
        "bank tells it so, release it."
    ),
    "unknown_currency.statement": N_(
        "The statement names no currency (%(text)s is none). Ask the bank for a statement of a bank or card "
        "account in OFX, camt.053 or MT940."
    ),
    "unknown_status": N_("The entry's status is %(text)s, so it is not counted."),
    "unreadable.rows": N_("More than %(most)s transactions cannot be read: %(fault)s."),
    "unreadable_amount.entry": N_(
        "An entry was not read: its amount cannot be read: %(fault)s. "
        "Correct it, or enter its payment by hand."
    ),
    "unreadable_amount.transaction": _TRANSACTION,
    "unreadable_balance.kind": N_("The %(balance)s balance cannot be read: %(fault)s."),
    "unreadable_balance.ledger": N_("The balance cannot be read: %(fault)s."),
    "unreadable_date.entry": N_(
        "An entry was not read: its date cannot be read: %(fault)s. Correct it, or enter its payment by hand."
    ),
    "unreadable_date.missing": N_(
        "An entry was not read: it has neither a booking date nor a value date. "
        "Correct it, or enter its payment by hand."
    ),
    "unreadable_date.transaction": _TRANSACTION,
    "unreadable_date.value": N_("Its value date was left out: %(fault)s."),
    "unreadable_entry.movement": N_("This movement is no entry: %(fault)s."),
    "unreadable_entry.tag": N_(
        "This :61: line is no entry: %(fault)s. Correct it, or enter its payment by hand."
    ),
    "unreadable_row.line": N_("This line cannot be read: %(fault)s."),
    "unreadable_row.orphan": N_(
        "This record is of no kind that CODA has, or goes on with a movement that is not there."
    ),
    "unreadable_row.payment": N_("This line is no payment: %(fault)s."),
    "unreadable_row.record": N_("Record %(record)s cannot be read: %(fault)s."),
    "unreadable_sign": _ENTRY,
    "unreadable_statement.fault": N_("A statement was not read: %(fault)s."),
    "unreadable_transaction.fault": _TRANSACTION,
}
DELIVERIES: Final[Mapping[str, str]] = {
    "archive.damaged": N_("The archive is damaged: fetch it again, or send the files in it."),
    "archive.empty": N_("No file lies in the archive: send the files themselves."),
    "archive.inside": N_(
        "An archive that lies in another one is not opened: take it out and send it by itself."
    ),
    "archive.member": N_(
        "The file is damaged inside the archive and was not read; the others were. Send it by itself."
    ),
    "archive.members": N_("The archive holds more than %(most)s files: send them in several archives."),
    "archive.other": N_(
        "Of archives only ZIP is opened: unpack this one and send the files in it, all at once or as a ZIP."
    ),
    "archive.outside_name": N_(
        "The archive names a file outside itself, which no program for packing does: send the files in it."
    ),
    "archive.packing": N_("The archive is packed in an unusual way: send the files in it, or a plain ZIP."),
    "archive.ratio": N_("The archive unpacks to a hundred times its size: send the files in it."),
    "archive.size": N_(
        "The archives unpack to more than %(most)s MB together: send them in parts, or the files in them."
    ),
    "file_too_large": N_("The file is larger than %(most)s MB: export a shorter period."),
}
SIDES: Final[Mapping[str, str]] = {
    "all": N_("all entries"),
    "credits": N_("credit entries"),
    "debits": N_("debit entries"),
}
