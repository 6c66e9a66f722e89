"""Corrections by the bank that come late, on border days, to another day, or with another id."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import AuditRecord
from donorhub.services.bank.files import bank_accounts, imports
from tests.services.bank.bank import BESA, CSV_LAYOUT, Paid, assert_sound, camt, csv, open_account, send
from tests.services.bank.files.test_corrections import DAY, NEW, OLD, kinds, say, total, undo


def test_older_file_is_no_correction(database: Flask, now: datetime) -> None:
    """A file that comes late and tells what the bank corrected since is one question; when a person says that
    it is older, the newer sum stays, verify holds, and the same again asks nothing."""
    send(camt(NEW, opening=100000))
    file = send(camt(OLD, opening=100000), "late.xml")
    assert (kinds(), total()) == (["amount_changed"], 15000)
    question_id = say("outdated", now).id
    assert (total(), imports.get_file(file.id).problems) == (15000, [])
    assert (
        db.session.scalars(select(AuditRecord.what).order_by(AuditRecord.id.desc()).limit(1)).one()
        == "entry.outdated"
    )
    assert_sound()
    send(camt(OLD, opening=100000) + b" ", "again.xml")
    assert (kinds(), total()) == ([], 15000)
    assert_sound()
    undo(question_id, now)
    assert (kinds(), total()) == (["amount_changed"], 15000)
    say("corrected", now)
    assert total() == 16000


def test_late_file_repeats_no_answered_correction(database: Flask, now: datetime) -> None:
    """What the bank told before a correction is known when an old file tells it after the answer."""
    send(camt(OLD, opening=100000))
    send(camt(NEW, opening=100000), "b.xml")
    say("corrected", now)
    late = send(camt(OLD, opening=None, period=(DAY, DAY + timedelta(days=1)), name="W"), "late.xml")
    assert (late.new_count, kinds(), total()) == (0, [], 15000)


def test_moved_entry_without_id_is_one_question(database: Flask, now: datetime) -> None:
    """An entry without an id that the bank moves to another day is one question, counts nothing before the
    answer, and is neither missed on its old day nor new in the next file, of another format too."""
    days = [DAY + timedelta(days=n) for n in range(4)]
    told = [Paid(days[0], 700), Paid(days[1], 5000, name="Jan Nowak", account=BESA), Paid(days[3], 900)]
    moved = [told[0], Paid(days[2], 5000, name="Jan Nowak", account=BESA), told[2]]
    send(camt(told, opening=0))
    send(camt(moved, opening=0, name="S2"), "b.xml")
    assert (kinds(), total()) == (["other_day"], 6600)
    send(camt(moved, opening=0, name="S3"), "c.xml")
    assert (kinds(), total()) == (["other_day"], 6600)
    say("known", now)
    send(camt(moved, opening=0, name="S4"), "d.xml")
    ours = bank_accounts.list_accounts()[0]
    send(csv(moved), "e.csv", layout=CSV_LAYOUT, bank_account_id=ours.id)
    assert (kinds(), total()) == ([], 6600)


def test_changed_sum_on_a_border_day_is_asked(database: Flask) -> None:
    """On a first or last day that nothing proves whole, the same payer with the same words and another sum is
    one question, and the other entries of that day are not asked about."""
    first = [Paid(DAY, 11000), Paid(DAY, 5000, name="Jan Nowak", account=BESA)]
    second = [Paid(DAY, 10000), first[1]]
    ours = open_account()
    send(csv(first), "a.csv", layout=CSV_LAYOUT, bank_account_id=ours.id)
    send(csv(second), "b.csv", layout=CSV_LAYOUT, bank_account_id=ours.id)
    assert (kinds(), total()) == (["amount_changed"], 16000)


@pytest.mark.parametrize("count", [1, 4])
def test_renumbered_border_day_asks_only_of_one(database: Flask, count: int) -> None:
    """A border day that agrees in everything but the ids asks nothing, where more than one entry says so; one
    alone may be an honest twin."""
    day = [Paid(DAY, 5000 + n, text=f"dar {n}") for n in range(count)]
    send(
        camt([Paid(one.on, one.minor, text=one.text, ref=f"A{n}") for n, one in enumerate(day)], opening=None)
    )
    after = Paid(DAY + timedelta(days=2), 900, ref="B9")
    again = [Paid(one.on, one.minor, text=one.text, ref=f"B{n}") for n, one in enumerate(day)]
    file = send(camt([*again, after], opening=None, name="S2"), "b.xml")
    assert kinds() == (["other_bank_ref"] if count == 1 else [])
    assert total() == sum(one.minor for one in day) + 900
    assert file.new_count - file.doubtful_count == 1


def test_changed_id_among_stable_ones_is_asked(database: Flask) -> None:
    """Where the other ids stay, one entry with another id on a border day is a question, not new money."""
    first = [Paid(DAY, 11000, ref="R1"), Paid(DAY, 5000, name="Jan Nowak", account=BESA, ref="R2")]
    second = [first[0], Paid(DAY, 5000, name="Jan Nowak", account=BESA, ref="C2")]
    send(camt(first, opening=None))
    send(camt(second, opening=None, name="S2"), "b.xml")
    assert (kinds(), total()) == (["other_bank_ref"], 16000)
