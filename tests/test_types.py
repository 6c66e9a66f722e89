"""A misspelt state or column fails mypy wherever it stands: planted ones are found, correct ones pass."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from donorhub.db import Base
from donorhub.models import states

ROOT = Path(__file__).resolve().parents[1]
PLANTED = """
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy import func, insert, or_, select, update

from donorhub.db import db, insert_or_ignore
from donorhub.models import Donor, Entry, EntryAlias, Gift, Instalment, RecurringGift, Task, Term
from donorhub.models.states import EntryState, TaskKind, find_word
from donorhub.services.work import tasks

NOW = datetime.now(UTC)
OPEN: Final[tuple[EntryState, ...]] = ("new", "suspense")
CLOSED: Final[tuple[EntryState, ...]] = ("matched", "not_a_gift")  # WRONG
LABELS: Final[dict[TaskKind, str]] = {"call": "Call", "thank_you": "Thank"}
BAD_LABELS: Final[dict[TaskKind, str]] = {"call": "Call", "tank_you": "Thank"}  # WRONG


def construct() -> None:
    Task(key="k", kind="call", performer="person", due_at=NOW)
    Task(key="k", kind="cal", performer="person", due_at=NOW)  # WRONG
    Task(key="k", kind="call", performer="person", dueat=NOW)  # WRONG
    Term(amount_minor="5")  # WRONG


def assign(entry: Entry, text: str) -> None:
    entry.state = "suspense"
    entry.state = "suspence"  # WRONG
    entry.state = text  # WRONG
    entry.decide_by = None
    entry.position = None  # WRONG


def compare(entry: Entry) -> bool:
    is_open = entry.state == "suspence"  # WRONG
    if entry.state in ("new", "suspense"):
        return True
    return is_open or entry.state == "matched"


def ask(text: str, since: date | None) -> None:
    word = find_word(text, OPEN)
    select(Entry).where(Entry.state == "suspense", Entry.decide_by == None, Entry.booked_on == since)
    select(Entry).where(Entry.state == "suspence")  # WRONG
    select(Entry).where(Entry.state != "suspence")  # WRONG
    select(Entry).where(or_(Entry.state == "suspence", Entry.decide_by.is_(None)))  # WRONG
    select(Entry).where(Entry.state == text)  # WRONG
    select(Entry).where(Entry.state == word)
    select(Entry.id).where(Entry.state.in_(OPEN), Entry.id.in_(select(Task.subject_id)))
    select(Entry.id).where(Entry.state.in_(("new", "suspence")))  # WRONG
    select(Entry.id).where(Entry.state.not_in(["suspence"]))  # WRONG
    select(Gift).where(Gift.received_on > date.min, Gift.method == RecurringGift.kind)


def filter_by(text: str) -> None:
    select(Task).filter_by(kind="call", subject_id=1)
    select(Task.id).filter_by(kind="call")
    select(Instalment).join(RecurringGift).filter_by(origin="provider")
    select(Task).filter_by(kind="cal")  # WRONG
    select(Task.id).filter_by(kin="call")  # WRONG
    select(Task).where(Task.id == 1).filter_by(kind=text)  # WRONG
    select(func.count()).filter_by(kind="call")  # WRONG
    select(Instalment).join(RecurringGift).filter_by(origin="provide")  # WRONG


def write(columns: dict[str, object]) -> None:
    update(Entry).where(Entry.id == 1).values(state="matched", amount_minor=Entry.amount_minor + 1)
    update(Entry).where(Entry.id == 1).values(state="macthed")  # WRONG
    update(Entry).where(Entry.id == 1).values(stat="matched")  # WRONG
    update(Entry).where(Entry.id == 1).values(**columns)  # WRONG
    insert(EntryAlias).values(kind="bank_reff")  # WRONG
    insert_or_ignore(EntryAlias, on=(EntryAlias.ref,)).values(kind="bank_ref")
    insert_or_ignore(EntryAlias, on=(EntryAlias.ref,)).values(kind="bank_reff")  # WRONG
    insert_or_ignore(EntryAlias, on=(EntryAlias.reff,)).values(kind="bank_ref")  # WRONG


def call() -> None:
    tasks.plan_task("k", kind="call", performer="person", subject=("gift", 1), due_at=NOW, now=NOW)
    tasks.plan_task("k", kind="cal", performer="person", subject=("gift", 1), due_at=NOW, now=NOW)  # WRONG
    tasks.select_tasks(state="planed")  # WRONG
    tasks.select_tasks(stat="planned")  # WRONG
"""


def test_each_planted_misspelling_fails_mypy_and_nothing_else(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text(PLANTED)
    lines = PLANTED.splitlines()
    answer = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(planted)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = {int(number) for number in re.findall(r"planted\.py:(\d+): error", answer.stdout)}
    wrong = {number for number, line in enumerate(lines, start=1) if "# WRONG" in line}
    assert [lines[number - 1] for number in sorted(wrong - found)] == []
    assert [lines[number - 1] for number in sorted(found - wrong)] == [], answer.stdout
    assert not answer.stderr


@pytest.mark.parametrize("model", sorted((m.class_ for m in Base.registry.mappers), key=lambda m: m.__name__))
def test_typed_column_has_its_check(model: type[Base]) -> None:
    """A column with a type of words has its CHECK constraint with the same words."""
    table = Base.metadata.tables[model.__tablename__]
    checks = {str(check.name): str(check.sqltext) for check in table.constraints if hasattr(check, "sqltext")}
    for name, annotation in model.__annotations__.items():
        words = words_in(annotation)
        if words and name in table.columns:  # and not worked out of another table
            listed = re.findall(r"'([^']*)'", checks[f"ck_{table.name}_{name}_is_known"])
            assert tuple(listed) == words, f"{table.name}.{name}"


def words_in(annotation: str) -> tuple[str, ...]:
    """The words of an annotation such as ``Mapped[EntryState | None]``; none when it is no type of words."""
    inner = annotation.removeprefix("Mapped[").removesuffix("]").removesuffix(" | None")
    return get_args(getattr(states, inner, None))
