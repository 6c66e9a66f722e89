"""A table read, understood and planned against a small base, for the tests of the rules."""

from __future__ import annotations

from datetime import date

from donorhub.domain.moving.answers import Answers
from donorhub.domain.moving.columns import guess_columns
from donorhub.domain.moving.field_words import is_field_name
from donorhub.domain.moving.gift_keys import make_refs
from donorhub.domain.moving.ledger import Ledger
from donorhub.domain.moving.plan import group_records, judge_rows
from donorhub.domain.moving.plan_rows import Plan
from donorhub.domain.moving.record_rows import read_records
from donorhub.domain.moving.records import Record
from donorhub.domain.moving.writings import Writing, settle_writing
from importers.records import RecordTable
from importers.table.records import read_records as read_table

TODAY = date(2026, 11, 30)


def understand(data: bytes, answers: Answers) -> tuple[RecordTable, Writing]:
    """Return the table of a file and how its columns are read."""
    table = read_table(data, is_field_name)
    return table, settle_writing(table, guess_columns(table, answers), answers, home_country="PL")


def read_file(data: bytes, answers: Answers) -> list[Record]:
    """Return the rows of a file that asks nothing more."""
    table, writing = understand(data, answers)
    assert writing.questions == ()
    return list(read_records(table, writing, answers, today=TODAY))


def plan_file(data: bytes, answers: Answers, ledger: Ledger | None = None) -> Plan:
    """Return the plan of a file against a base."""
    rows, people = group_records(read_file(data, answers), answers)
    make_refs(rows)
    return judge_rows(rows, people, ledger or Ledger(), answers)
