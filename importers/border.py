"""Clean the texts of what was read from a bank's file, so that nothing is kept that a terminal obeys.

Controls, marks that turn the direction of writing and halves of a pair become a blank, letters are put in
NFC; the text of an entry as the file has it keeps them, written out. How many there were is told.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain
from operator import attrgetter
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from importers.codes import FormatProblem, Reason
from importers.statement import Begin, End, Entry, Part, Problem, Reading, Statement, make_problem

# C0 without tab and line ends, DEL and C1, marks of direction (UAX 9), surrogates.
_UNSAFE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_NOTHING: Final = "˙"  # what PKO BP writes for an empty text
# Their blanks stay as the bank writes them: ids are compared sign by sign, and a wide gap ends a name.
_KEPT_BLANKS: Final = frozenset(
    """
    name account bank_ref entry_ref end_to_end_id tx_id uetr instruction_id mandate_id creditor_id batch_id
    cheque_no virtual_account message_id statement_id sequence_no legal_seq page layout
    """.split()
)
_ENTRY_TEXTS: Final = attrgetter("bank_ref", "entry_ref", "bank_code", "info", "batch_id")
_STATEMENT_TEXTS: Final = attrgetter(
    "source_format",
    "currency",
    "account",
    "account_scheme",
    "message_id",
    "statement_id",
    "sequence_no",
    "legal_seq",
    "page",
    "owner",
    "bank_bic",
    "layout",
)
_DETAIL_TEXTS: Final = attrgetter(
    "remittance",
    "end_to_end_id",
    "tx_id",
    "uetr",
    "instruction_id",
    "mandate_id",
    "creditor_id",
    "batch_id",
    "cheque_no",
    "virtual_account",
    "purpose",
    "return_code",
    "return_info",
    "counterparty.name",
    "counterparty.account",
    "counterparty.bic",
    "counterparty.ultimate",
    "counterparty.address",
)


def clean_parts(parts: Iterable[Part]) -> Iterator[Part]:
    """Return the parts of a file with their texts cleaned, and last how many signs were."""
    cleaning = _Cleaning()
    for part in parts:
        yield cleaning.clean_part(part)
    yield from cleaning.list_problems()


def clean_reading(reading: Reading) -> Reading:
    """Return a file that was read whole with its texts cleaned, and last how many signs were."""
    cleaning = _Cleaning()
    statements = tuple(
        replace(
            cleaning.clean_statement(statement),
            entries=tuple(cleaning.clean_entry(entry) for entry in statement.entries),
        )
        for statement in reading.statements
    )
    problems = (*map(cleaning.clean_problem, reading.problems), *cleaning.list_problems())
    return replace(reading, statements=statements, problems=problems)


def clean_entry(entry: Entry) -> Entry:
    """Return one entry with its texts cleaned."""
    return _Cleaning().clean_entry(entry)


def clean_text(text: str) -> str:
    """Return a text in NFC with blanks for signs that are to have no effect, and single blanks."""
    return " ".join(_UNSAFE.sub(" ", unicodedata.normalize("NFC", text)).replace(_NOTHING, " ").split())


class _Cleaning:
    """Cleans the parts of one file and counts the signs."""

    def __init__(self) -> None:
        self._count = 0

    def list_problems(self) -> list[Problem]:
        if not self._count:
            return []
        reason: Reason[FormatProblem] = Reason("signs_cleaned", {"count": self._count})
        return [make_problem("warning", reason)]

    def clean_part(self, part: Part) -> Part:
        if isinstance(part, Entry):
            return self.clean_entry(part)
        if isinstance(part, Problem):
            return self.clean_problem(part)
        if isinstance(part, Begin):
            return Begin(_Cleaning().clean_statement(part.statement))  # its End tells the same: counted there
        return End(self.clean_statement(part.statement))

    def clean_statement(self, statement: Statement) -> Statement:
        """Return a statement whose own texts are clean; its entries are left to whoever has them."""
        if _is_clean("".join(filter(None, _STATEMENT_TEXTS(statement)))):
            return statement
        clean: Statement = self.clean_record(replace(statement, entries=()))
        return replace(clean, entries=statement.entries)

    def clean_problem(self, problem: Problem) -> Problem:
        texts = (problem.message, problem.where or "", *map(str, problem.params.values()))
        if _is_clean("".join(texts)):
            return problem
        params = {
            name: clean_text(value) if isinstance(value, str) else value
            for name, value in problem.params.items()
        }
        where = None if problem.where is None else clean_text(problem.where)
        return replace(problem, message=clean_text(problem.message), where=where, params=params)

    def clean_entry(self, entry: Entry) -> Entry:
        """Return an entry whose texts are clean; most are already, which one look at all of them shows."""
        text = "".join(filter(None, _ENTRY_TEXTS(entry)))
        for detail in entry.details:
            text += "".join(filter(None, _DETAIL_TEXTS(detail)))
            if detail.references or detail.extra:
                text += "".join(chain.from_iterable((*detail.references, *detail.extra)))
        if not _is_clean(text):
            entry = self.clean_record(entry)
        if _UNSAFE.search(entry.raw):
            entry = replace(entry, raw=_UNSAFE.sub(_write_out_sign, entry.raw))
        return entry

    def clean_record(self, record: Any) -> Any:
        """Return a value with all texts in it cleaned, itself where nothing is to be changed."""
        changes: dict[str, object] = {}
        for name in [name for name in record.__struct_fields__ if name != "raw"]:
            value = getattr(record, name)
            clean = self._clean_value(value, name)
            if clean is not value and clean != value:
                changes[name] = clean
        return replace(record, **changes) if changes else record

    def _clean_value(self, value: object, name: str) -> object:
        if isinstance(value, str):
            return self._clean_field(value, name)
        if isinstance(value, tuple):
            return tuple(self._clean_value(part, "") for part in value)
        return self.clean_record(value) if isinstance(value, Struct) else value

    def _clean_field(self, text: str, name: str) -> str:
        if _is_clean(text):
            return text
        text, count = _UNSAFE.subn(" ", unicodedata.normalize("NFC", text))
        self._count += count
        text = text.replace(_NOTHING, " ")
        keeps_blanks = name in _KEPT_BLANKS and not re.search(r"[\t\r\n]", text)
        return text.strip() if keeps_blanks else " ".join(text.split())


def _is_clean(text: str) -> bool:
    if not text.isprintable() or "  " in text:
        return False
    return text.isascii() or (_NOTHING not in text and unicodedata.is_normalized("NFC", text))


def _write_out_sign(sign: re.Match[str]) -> str:
    code = ord(sign[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004 - one byte
