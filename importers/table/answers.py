"""How a table is written, and what a person said of it. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from importers.sheet import Delimiter
from importers.table.words import Role
from importers.text import DateOrder

Side = Literal["in", "out", ""]  # of a word of the direction column; "" while nobody knows
Standing = Literal["booked", "waits"]  # of a word of the status column
DateWriting = DateOrder | Literal["", "ymd or dmy"]
Sign = Literal["", ",", "."]
Sense = Literal["", "signed", "inverse"]
Debits = Literal["", "positive", "negative"]
Fees = Literal["", "beside", "inside"]
FactName = Literal[
    "encoding", "delimiter", "header_line", "date_order", "decimal", "amounts", "debits", "fees", "currency"
]
_CODE_LENGTH: Final = 3  # ISO 4217


@dataclass(frozen=True, slots=True)
class Writing:
    """The facts about a table as a whole; empty text means that nobody knows."""

    encoding: str = ""
    delimiter: Delimiter = ""
    header_line: int = 0
    date_order: DateWriting = ""
    decimal: Sign = ""
    amounts: Sense = ""
    debits: Debits = ""
    fees: Fees = ""
    currency: str = ""

    def write_fact(self, name: FactName) -> str:
        """Return a fact as text."""
        return str(getattr(self, name))

    @property
    def basis(self) -> str:
        """What the columns depend on; while it stays, a person's roles stand."""
        return f"{self.encoding}|{self.delimiter}|{self.header_line}"


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person said of a table; the rest is found in it, or taken as it was the last time.

    ``roles`` count only while the table is cut as it was when they were given, by ``basis``.
    """

    encoding: str = ""
    delimiter: Delimiter = ""
    header_line: int | None = None
    date_order: DateOrder | Literal[""] = ""
    decimal: Sign = ""
    amounts: Sense = ""
    debits: Debits = ""
    fees: Fees = ""
    currency: str = ""
    basis: str = ""
    roles: Mapping[int, Role | None] = field(default_factory=dict)
    directions: Mapping[str, Side] = field(default_factory=dict)
    statuses: Mapping[str, Standing] = field(default_factory=dict)


def check_currency(text: str) -> str:
    """Return the code of a currency in capital letters, "" for another text."""
    code = text.strip().upper()
    return code if len(code) == _CODE_LENGTH and code.isascii() and code.isalpha() else ""
