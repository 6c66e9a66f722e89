"""The rows of a copy of one's data as a reader takes them: named, with amounts, days and words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Final

from flask_babel import gettext

from donorhub.money import Money
from donorhub.services.moving.subject_access import Row, SubjectCopy
from donorhub.web.showing import show_day, show_moment, show_money
from donorhub.web.words import consent_words, labels
from donorhub.web.words.column_words import COLUMN_NAMES, VALUE_NAMES, name_column

_SOURCES: Final[Mapping[str, object]] = {
    **consent_words.CONSENT_SOURCES,
    **{str(name): word for name, word in labels.SUPPRESSION_SOURCES.items()},
    **labels.SOURCES,
}
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T[\d:.]+Z", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_OWN_FILE: Final = ("donor_file", "content")  # which the page carries to be saved
_OWNERS: Final = {
    "gift_id": "gift",
    "recurring_gift_id": "recurring_gift",
    "receipt_id": "receipt",
    "entry_id": "entry",
}


def write_sources(sources: Iterable[str]) -> str:
    """Return where several things came from, each origin once."""
    return ", ".join(dict.fromkeys(write_source(source) for source in sources))


def write_source(source: str) -> str:
    """Return where something came from in words of people."""
    kind, _, name = source.partition(":")
    word = _SOURCES.get(kind)
    return f"{word}: {name}" if word and name else str(word or source)


def find_currencies(copy: SubjectCopy) -> dict[tuple[str, object], str]:
    """Return the currency of each row of a copy that has one, for amounts that hang on such a row."""
    tables = [table for tables in copy.sections.values() for table in tables]
    return {
        (table.name, row.get("id")): str(row["currency"])
        for table in tables
        for row in table.rows
        if row.get("currency")
    }


def write_row(
    table: str, row: Row, currencies: Mapping[tuple[str, object], str]
) -> Iterator[tuple[str, str]]:
    """Give what a row says to a reader: name and value of each column that has words of people.

    What only our programs read of it stands in the copy for programs.
    """
    owners = (currencies.get((owner, row.get(name))) for name, owner in _OWNERS.items())
    currency = str(row.get("currency") or next(filter(None, owners), ""))
    for name, value in row.items():
        if (table, name) == _OWN_FILE:
            continue
        if name in COLUMN_NAMES and not name.endswith("_id") and name not in ("currency", "version"):
            yield name_column(name), _write_value(table, name, value, currency)


def _write_value(table: str, name: str, value: object, currency: str) -> str:
    if name.endswith("_minor") and type(value) is int and currency:
        return show_money(Money(value, currency))
    if isinstance(value, bool):
        return str(gettext("yes") if value else gettext("no"))
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return write_source(value) if name == "source" else _write_text(table, name, value)


def _write_text(table: str, name: str, text: str) -> str:
    if _INSTANT.fullmatch(text):
        return show_moment(datetime.fromisoformat(text))
    if _DAY.fullmatch(text):
        return show_day(date.fromisoformat(text))
    return str(VALUE_NAMES.get((table, name), {}).get(text, text))
