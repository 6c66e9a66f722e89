"""Corrections by the bank that come late, on border days, to another day, or with another id."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import AuditRecord
from donorhub.services.bank.files import bank_accounts, imports
from donorhub.services.bank.matching import entry_answers
from tests.importers.bank_writers import Plain
from tests.importers.samples import WRITE
from tests.services.bank.bank import BESA, CSV_LAYOUT, Paid, assert_sound, camt, csv, open_account, send
from tests.services.bank.files.test_corrections import DAY, NEW, OLD, ask, kinds, say, total, undo


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


def test_correction_taken_back_is_one_question(database: Flask, now: datetime) -> None:
    """Where the file says that the bank wrote it after the correction, what the bank told before that is a
    change like any other; a person may still call it older, which is not asked again."""
    send(camt(OLD, opening=100000, written_at="2026-10-06T06:00:00"))
    send(camt(NEW, opening=100000, written_at="2026-10-07T06:00:00"), "b.xml")
    say("corrected", now)
    assert total() == 15000
    late = camt(OLD, opening=100000, written_at="2026-10-06T18:00:00")
    assert (send(late, "late.xml").new_count, kinds(), total()) == (0, [], 15000)
    send(camt(OLD, opening=100000, written_at="2026-10-08T06:00:00"), "back.xml")
    assert (kinds(), total()) == (["amount_changed"], 15000)
    question_id = say("corrected", now).id
    assert (kinds(), total()) == ([], 16000)
    assert_sound()
    send(late + b" ", "later.xml")
    send(camt(OLD, opening=100000, written_at="2026-10-09T06:00:00"), "again.xml")
    assert (kinds(), total()) == ([], 16000)
    undo(question_id, now)
    assert (kinds(), total()) == (["amount_changed"], 15000)
    say("outdated", now)
    file = send(camt(OLD, opening=100000, written_at="2026-10-10T06:00:00"), "outdated.xml")
    assert (file.new_count, kinds(), total()) == (0, [], 15000)


def test_number_shows_a_correction_taken_back(database: Flask, now: datetime) -> None:
    """The number of a statement says as well that it is newer, where no time does and no id helps."""
    mt940 = WRITE["mt940 labelled"]
    plain = [Plain(one.on, one.minor, "PLN", one.name, one.account, one.text, "") for one in OLD]
    changed = [replace(plain[0], minor=10000), plain[1]]
    for number, entries in ((1, plain), (2, changed), (3, plain)):
        data = mt940([replace(one, ref="NONREF") for one in entries])
        send(data.replace(b":28C:00001/00001", f":28C:{number:05d}/00001".encode()), f"{number}.sta")
        assert kinds() == (["amount_changed"] if number > 1 else [])
        if number > 1:
            say("corrected", now)
    assert total() == 16000


def test_changed_words_then_sum_are_one_question(database: Flask) -> None:
    """On a border day that nothing proves whole, an entry without an id whose words the bank changed, and
    then its sum, is one question about that entry, and does not count twice before the answer."""
    ours = open_account()
    told = [Paid(DAY, 2000, text="dhurim"), Paid(DAY + timedelta(days=2), 900)]
    for n, (minor, text) in enumerate(((2000, "dhurim"), (2000, "dhurim poprawione"))):
        send(
            csv([replace(told[0], minor=minor, text=text), told[1]]),
            f"{n}.csv",
            layout=CSV_LAYOUT,
            bank_account_id=ours.id,
        )
    entry_answers.answer_question(ask().id, "known", now=clock.now(), actor="user:1")
    db.session.commit()
    data = csv([replace(told[0], minor=2700, text="dhurim poprawione"), told[1]])
    file = send(data, "c.csv", layout=CSV_LAYOUT, bank_account_id=ours.id)
    assert (kinds(), file.new_count - file.doubtful_count, total()) == (["amount_changed"], 0, 2900)


MARCH = [DAY + timedelta(days=n) for n in range(14)]
OTHERS = [Paid(on, 700 + n, name="Besa", account=BESA, text=f"t{n}") for n, on in enumerate(MARCH)]


def tell_days(first: int, last: int, *more: Paid, name: str) -> bytes:
    """A statement of these days: a payment of others on each of them, and the ones given."""
    days = MARCH[first : last + 1]
    payments = sorted(
        [*(one for one in OTHERS if one.on in days), *(one for one in more if one.on in days)],
        key=lambda paid: paid.on,
    )
    before = sum(one.minor for one in OTHERS if one.on < days[0])
    return camt(payments, opening=100000 + before, name=name, period=(days[0], days[-1]))


@pytest.mark.parametrize(
    ("first", "moves", "asked", "added"),
    [
        pytest.param(0, [9], [], 0, id="moved"),
        pytest.param(3, [9], ["other_day"], 0, id="earlier-days-unseen"),
        pytest.param(0, [9, 10], ["other_day"], 5000, id="two-alike"),
    ],
)
def test_day_moved_in_two_steps_asks_once(
    database: Flask, now: datetime, first: int, moves: list[int], asked: list[str], added: int
) -> None:
    """One file no longer tells an entry, a person says that it stays, and a later file tells it on another
    day: that is no second question, where neither file leaves another day for it; else a person decides."""
    send(tell_days(0, 13, Paid(MARCH[7], 5000), name="S1"))
    before = total()
    send(tell_days(first, 8, name="S2"), "b.xml")
    assert kinds() == ["no_longer_told"]
    say("stays", now)
    after = tell_days(6, 13, *(Paid(MARCH[n], 5000) for n in moves), name="S3")
    for filename in ("c.xml", "again.xml"):
        send(after + filename.encode().join((b"<!--", b"-->")), filename)
        assert (kinds(), total()) == (asked, before + added)


def test_payment_that_stays_is_not_a_new_one(database: Flask, now: datetime) -> None:
    """One that a person said stays, and a second like it that comes later on another day: both count once
    both are told."""
    stays, newer = Paid(MARCH[7], 5000), Paid(MARCH[9], 5000)
    send(tell_days(0, 13, stays, name="S1"))
    before = total()
    send(tell_days(0, 8, name="S2"), "b.xml")
    say("stays", now)
    send(tell_days(6, 13, newer, name="S3"), "c.xml")
    send(tell_days(6, 13, stays, newer, name="S4"), "d.xml")
    assert (kinds(), total()) == ([], before + 5000)
