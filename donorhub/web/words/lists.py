"""The words of our lists: what each column and filter is called, and what stands for the codes in them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from flask_babel import lazy_gettext

from donorhub.domain.access.permissions import Principal
from donorhub.domain.moving.list_columns import Column
from donorhub.models.states import Lang
from donorhub.services.moving.lists import LISTS
from donorhub.services.moving.lists.description import ListName
from donorhub.web.words import audit_words, labels

Names = Mapping[str, object]
_AMOUNT: Final = lazy_gettext("Amount")
_CURRENCY: Final = lazy_gettext("Currency")
_DONOR: Final = lazy_gettext("Donor")
_KIND: Final = lazy_gettext("Kind")
_STATE: Final = lazy_gettext("State")
_TEST: Final = lazy_gettext("Test")
_WHAT: Final = lazy_gettext("What")

TITLES: Final[Names] = {
    "donors": lazy_gettext("Donors"),
    "gifts": lazy_gettext("Gifts"),
    "recurring-gifts": lazy_gettext("Recurring gifts"),
    "late-instalments": lazy_gettext("Late instalments"),
    "receipts": lazy_gettext("Receipts"),
    "tasks": lazy_gettext("Tasks"),
    "entries": lazy_gettext("Bank entries"),
    "payouts": lazy_gettext("Payouts"),
    "messages": lazy_gettext("Messages"),
    "audit-records": lazy_gettext("Audit"),
}
COLUMNS: Final[Mapping[str, Names]] = {
    "donors": {
        "name": lazy_gettext("Name"),
        "kind": _KIND,
        "stage": lazy_gettext("Stage"),
        "code": lazy_gettext("Code"),
        "email": lazy_gettext("E-mail"),
        "city": lazy_gettext("Town"),
        "tags": lazy_gettext("Tags"),
    },
    "gifts": {
        "received_on": lazy_gettext("Received"),
        "donor": _DONOR,
        "method": lazy_gettext("Method"),
        "test": _TEST,
        "taken": lazy_gettext("Taken away"),
        "funds": lazy_gettext("Fund"),
        "amount": _AMOUNT,
        "currency": _CURRENCY,
    },
    "recurring-gifts": {
        "donor": _DONOR,
        "test": _TEST,
        "kind": _KIND,
        "rhythm": lazy_gettext("Rhythm"),
        "state": _STATE,
        "waits_for": lazy_gettext("Waits for"),
        "start_on": lazy_gettext("Since"),
        "amount": _AMOUNT,
        "currency": _CURRENCY,
    },
    "late-instalments": {
        "due_on": lazy_gettext("Due"),
        "days_late": lazy_gettext("Days late"),
        "donor": _DONOR,
        "phone": lazy_gettext("Phone"),
        "state": _STATE,
        "bank_known_to": lazy_gettext("Waits for the bank, known to"),
        "amount": _AMOUNT,
        "currency": _CURRENCY,
    },
    "receipts": {
        "number": lazy_gettext("Number"),
        "issued_on": lazy_gettext("Issued on"),
        "donor": _DONOR,
        "state": _STATE,
        "pdf": lazy_gettext("PDF"),
        "amount": _AMOUNT,
        "currency": _CURRENCY,
    },
    "tasks": {
        "kind": _WHAT,
        "title": lazy_gettext("What is to be done"),
        "donor": _DONOR,
        "amount": _AMOUNT,
        "currency": _CURRENCY,
        "due_on": lazy_gettext("Due"),
        "overdue": lazy_gettext("Overdue"),
        "done_at": lazy_gettext("Done"),
    },
    "entries": {
        "booked_on": lazy_gettext("Booked on"),
        "account": lazy_gettext("Account"),
        "payer_account": lazy_gettext("Account of the payer"),
        "decide_by": lazy_gettext("Decide by"),
        "payer": lazy_gettext("Payer"),
        "payments": lazy_gettext("Payments"),
        "remittance": lazy_gettext("Text"),
        "amount": _AMOUNT,
        "currency": _CURRENCY,
        "matched": lazy_gettext("Matched"),
        "donor": _DONOR,
        "payout": lazy_gettext("Payout"),
        "decided_by": lazy_gettext("Decided by"),
        "decided_at": lazy_gettext("Decided at"),
    },
    "payouts": {
        "provider": lazy_gettext("Provider"),
        "account": lazy_gettext("Account"),
        "ref": lazy_gettext("Reference"),
        "arrival_on": lazy_gettext("Arrival"),
        "state": _STATE,
        "descriptor": lazy_gettext("Text"),
        "amount": _AMOUNT,
        "currency": _CURRENCY,
        "entry_id": lazy_gettext("Bank entry"),
        "test": _TEST,
    },
    "messages": {
        "planned_at": lazy_gettext("Planned"),
        "to_address": lazy_gettext("To"),
        "subject": lazy_gettext("Subject"),
        "state": _STATE,
    },
    "audit-records": {
        "at": lazy_gettext("When"),
        "actor": lazy_gettext("Who"),
        "what": _WHAT,
        "details": lazy_gettext("Changes"),
        "subject": lazy_gettext("About"),
    },
}
FILTERS: Final[Names] = {
    "text": lazy_gettext("Found for"),
    "lang": lazy_gettext("Language"),
    "stage": lazy_gettext("Stage"),
    "giving": lazy_gettext("Giving"),
    "tag_id": lazy_gettext("Tag"),
    "custom": lazy_gettext("Field"),
    "received_from": lazy_gettext("Received from"),
    "received_to": lazy_gettext("Received to"),
    "donor_id": _DONOR,
    "method": lazy_gettext("Method"),
    "state": _STATE,
    "year": lazy_gettext("Year"),
    "view": lazy_gettext("Which tasks"),
    "tab": _STATE,
    "bank_account_id": lazy_gettext("Account"),
    "statement_id": lazy_gettext("Statement"),
    "provider": lazy_gettext("Provider"),
    "arrival_from": lazy_gettext("Arrival from"),
    "arrival_to": lazy_gettext("Arrival to"),
    "recorded_from": lazy_gettext("From"),
    "recorded_to": lazy_gettext("to"),
    "actor": lazy_gettext("Who"),
    "what": _WHAT,
    "subject_type": lazy_gettext("About"),
    "subject_id": lazy_gettext("Number"),
}
ABOUT: Final[Names] = {  # of the sheet on where a list is from
    "about": lazy_gettext("About this list"),
    "list": lazy_gettext("List"),
    "filter": lazy_gettext("Filter"),
    "no_filter": lazy_gettext("none: all rows"),
    "left_out": lazy_gettext("Left out"),
    "restricted": lazy_gettext("Donors whose data is only kept"),
    "made_at": lazy_gettext("As of"),
    "time_zone": lazy_gettext("Time zone"),
    "made_for": lazy_gettext("Made for"),
    "rows": lazy_gettext("Rows"),
    "known_to": lazy_gettext("Bank known to"),
    "not_known": lazy_gettext("no statement yet"),
}
_IS_TEST: Final = {"test": lazy_gettext("test")}
# Which of our words stand in a column or filter, by its list.
CODES: Final[Mapping[str, Mapping[str, Mapping[Any, object]]]] = {
    "donors": {
        "kind": labels.KINDS,
        "stage": labels.STAGES,
        "lang": labels.LANGS,
        "giving": {"not_again": lazy_gettext("Not again this year")},
    },
    "gifts": {
        "method": labels.METHODS,
        "test": _IS_TEST,
        "taken": labels.DEDUCTIONS,
        "funds": {"": lazy_gettext("Not earmarked")},
    },
    "recurring-gifts": {
        "test": _IS_TEST,
        "kind": labels.RECURRING_KINDS,
        "state": {"running": lazy_gettext("running"), **labels.RECURRING_STATES},
        "waits_for": {"mandate": lazy_gettext("waits for its mandate")},
    },
    "late-instalments": {
        "state": labels.INSTALMENT_STATES,
        "bank_known_to": {"no_statement": lazy_gettext("no statement yet")},
    },
    "receipts": {"state": labels.RECEIPT_STATES, "pdf": {"waits": lazy_gettext("PDF waits")}},
    "tasks": {
        "kind": labels.TASKS,
        "overdue": {"overdue": lazy_gettext("overdue")},
        "view": labels.TASK_VIEWS,
    },
    "entries": {
        "tab": labels.ENTRY_TABS,
        "payer": {"nobody": lazy_gettext("no name")},
        "matched": labels.MATCHED_KINDS,
    },
    "payouts": {"state": labels.PAYOUT_STATES, "test": _IS_TEST},
    "messages": {"subject": labels.MESSAGE_KINDS, "state": labels.MESSAGE_STATES},
    "audit-records": {"what": audit_words.WHAT},
}


def name_column(list_name: ListName, key: str) -> str:
    """Return what a column of a list is called."""
    return str(COLUMNS[list_name][key])


def list_heads(list_name: ListName, reader: Principal, lang: Lang) -> list[tuple[str, str]]:
    """Return the columns of a page that shows a list, each with its kind: ``num`` or nothing."""
    names = _write_columns(list_name, lang)
    return [
        (names[column.key], "num" if column.kind == "money" else "")
        for column in list_shown_columns(list_name, reader)
    ]


@cache
def _write_columns(list_name: ListName, _lang: Lang) -> Mapping[str, str]:
    """Return what the columns are called in the language of the page, which looks it up once."""
    return {key: str(name) for key, name in COLUMNS[list_name].items()}


def list_shown_columns(list_name: ListName, reader: Principal) -> list[Column]:
    """Return the columns that have a place of their own on the page of a list, for who reads it."""
    return [
        column
        for column in LISTS[list_name].columns
        if not column.beside
        and (not column.permission or reader.has_permission(column.permission))
        and reader.may_see_field(column.field)
    ]
