"""A bank's table as the mapping wizard has it: columns, the facts in force, what is open. Plain values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from importers.sheet import Row
from importers.statement import Problem
from importers.table.layout import Layout
from importers.table.proof import Question
from importers.table.words import Role


@dataclass(frozen=True, slots=True)
class ColumnView:
    """One column, its role in force, and what told it: name, cells, before or proof; "" for a person."""

    position: int
    header: str
    role: Role | None
    reason: str
    samples: tuple[str, ...]


@dataclass(slots=True)
class Look:
    """A table under the choices in force. ``layout`` is whole when ``open_questions`` is empty."""

    facts: dict[str, str] = field(default_factory=dict)  # in force
    found: dict[str, str] = field(default_factory=dict)  # what the file itself tells
    columns: list[ColumnView] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)  # of the direction column: "in", "out" or ""
    states: dict[str, str] = field(default_factory=dict)  # words of the status column: "booked" or "waits"
    questions: list[Question] = field(default_factory=list)
    head: list[Row] = field(default_factory=list)
    layout: Layout | None = None
    account: str = ""  # that the file names, outside its rows
    is_workbook: bool = False
    is_proved: bool = False
    problems: list[Problem] = field(default_factory=list)

    @property
    def basis(self) -> str:
        """What the columns depend on; while it stays, a person's roles stand."""
        return "|".join(self.facts.get(name, "") for name in ("encoding", "delimiter", "header_line"))


def body_of(seen: Look, header: Row | None) -> list[Row]:
    """The rows below the header that are as wide as most."""
    start = header.line if header else 0
    rows = [row for row in seen.head if row.line > start and len(row.cells) > 1]
    if not rows:
        return []
    width = Counter(len(row.cells) for row in rows).most_common(1)[0][0]
    return [row for row in rows if len(row.cells) >= width]
