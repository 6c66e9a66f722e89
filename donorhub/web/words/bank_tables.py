"""What the reading of a table says in codes, as sentences in the reader's language.

The English of each stands in :mod:`importers.sentences`; the catalogues translate it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final, TypeAlias

from flask_babel import format_date, get_locale, gettext, lazy_gettext
from flask_babel.speaklater import LazyString

from donorhub.models.states import LANGS
from donorhub.money import Money
from importers import sentences
from importers.codes import Gap, Ground, Reason, Skip
from importers.table.answers import FactName
from importers.table.words import Role
from receipts import figures

# Figures of sentences that are amounts; those that end in _on are days.
_AMOUNTS: Final = frozenset(
    "amount closing credit debit entries_sum missing opening own_amount reckoned written".split()
)
Word: TypeAlias = str | LazyString
Choices = Mapping[str, Word]

ROLE_GROUPS: Final[Sequence[tuple[Word, tuple[Role, ...]]]] = (
    (lazy_gettext("When"), ("booked_on", "value_on")),
    (lazy_gettext("How much"), ("amount", "credit", "debit", "direction", "fee", "currency", "balance")),
    (
        lazy_gettext("Who"),
        (
            "name",
            "account",
            "address",
            "name_from",
            "account_from",
            "name_to",
            "account_to",
            "bic",
            "own_account",
        ),
    ),
    (
        lazy_gettext("What for"),
        (
            "remittance",
            "bank_ref",
            "end_to_end_id",
            "mandate_id",
            "virtual_account",
            "bank_code",
            "status",
            "info",
        ),
    ),
)
FACT_STATES: Final[Choices] = {
    "found": lazy_gettext("found"),
    "said": lazy_gettext("you said"),
    "before": lazy_gettext("as the last time"),
    "open": lazy_gettext("in each file"),
}
FACT_LOOKS: Final = {"found": "ok", "said": "info", "before": "info", "open": "warn"}
ROW_STATES: Final[Choices] = {
    "new": lazy_gettext("new"),
    "known": lazy_gettext("known already"),
    "doubtful": lazy_gettext("doubtful"),
    "failed": lazy_gettext("fails"),
    "skipped": lazy_gettext("skipped"),
}
ROW_LOOKS: Final = {"new": "ok", "known": "info", "doubtful": "warn", "failed": "no"}
SIDES: Final[Choices] = {"in": lazy_gettext("money in"), "out": lazy_gettext("money out")}
_ENCODINGS: Final[Choices] = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 (BOM)",
    "utf-16": "UTF-16",
    "cp1250": "Windows-1250",
    "iso8859-2": "ISO 8859-2",
    "cp852": "DOS 852",
    "cp1252": "Windows-1252",
}
_DELIMITERS: Final[Choices] = {
    ";": lazy_gettext("; semicolon"),
    ",": lazy_gettext(", comma"),
    "\t": lazy_gettext("tab"),
    "|": lazy_gettext("| bar"),
}
DATE_ORDERS: Final[Choices] = {
    "ymd": lazy_gettext("2026-12-31, year first"),
    "dmy": lazy_gettext("31.12.2026, day first"),
    "mdy": lazy_gettext("12/31/2026, month first"),
}
DECIMAL_SIGNS: Final[Choices] = {",": "1 234,56", ".": "1,234.56"}
_SENSES: Final[Choices] = {
    "signed": lazy_gettext("plus is money in"),
    "inverse": lazy_gettext("plus is money out"),
}
_DEBITS: Final[Choices] = {
    "positive": lazy_gettext("money out without a minus"),
    "negative": lazy_gettext("money out with a minus"),
}
_FEES: Final[Choices] = {
    "beside": lazy_gettext("come off the amount"),
    "inside": lazy_gettext("are off the amount already"),
}
FACT_LABELS: Final[Mapping[FactName, Word]] = {
    "encoding": lazy_gettext("Letters"),
    "delimiter": lazy_gettext("Separator"),
    "header_line": lazy_gettext("Column names"),
    "date_order": lazy_gettext("Dates"),
    "decimal": lazy_gettext("Amounts"),
    "amounts": lazy_gettext("Plus and minus"),
    "debits": lazy_gettext("Money out"),
    "fees": lazy_gettext("Fees"),
    "currency": lazy_gettext("Currency"),
}
FACT_CHOICES: Final[Mapping[str, Choices]] = {
    "encoding": _ENCODINGS,
    "delimiter": _DELIMITERS,
    "date_order": DATE_ORDERS,
    "decimal": DECIMAL_SIGNS,
    "amounts": _SENSES,
    "debits": _DEBITS,
    "fees": _FEES,
}


def _translate_text(text: str) -> str:
    return str(gettext(text))


def word_gap(gap: Gap) -> str:
    """Return what must still be said about the columns of a table."""
    return _translate_text(sentences.GAPS[gap])


def word_ground(reason: Reason[Ground]) -> str:
    """Return why a column has its role, or none."""
    return sentences.write_sentence(sentences.GROUNDS[reason.code], reason.figures, _translate_text)


def word_skip(skip: Skip) -> str:
    """Return why a row is no entry."""
    return _translate_text(sentences.SKIPS[skip])


def word_fault(reason: Reason[str]) -> str:
    """Return why a row, statement or file cannot be read, with days and amounts as the reader writes them."""
    return sentences.write_problem(reason, _translate_text, _localise_figure)


def _localise_figure(name: str, value: str) -> str:
    if name.endswith("_on"):
        return str(format_date(date.fromisoformat(value), "medium"))
    if name == "days":
        return ", ".join(
            _localise_figure("_on", day) if day[0].isdigit() else day for day in value.split(", ")
        )
    if name not in _AMOUNTS:
        return value
    number, _, currency = value.partition(" ")
    lang = next((lang for lang in LANGS if lang == str(get_locale())), LANGS[0])
    return figures.write_amount(Money.parse(number, currency), lang)


def word_roles(groups: Iterable[tuple[Word, Iterable[Role]]]) -> dict[str, dict[str, str]]:
    """Return what a column may hold, by groups, in the order in which it is offered."""
    return {
        str(group): {role: _translate_text(sentences.ROLES[role]) for role in roles}
        for group, roles in groups
    }
