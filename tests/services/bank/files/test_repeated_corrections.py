"""Several corrections by the bank: of one payer, of one entry, over a border, and told by several formats."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Entry, EntryQuestion
from donorhub.models.states import QuestionAnswer
from donorhub.services.bank.files import bank_accounts
from donorhub.services.bank.matching import entry_answers
from tests.services.bank.bank import (
    BESA,
    CSV_LAYOUT,
    Paid,
    assert_sound,
    camt,
    csv,
    ledger,
    money,
    open_account,
    send,
)
from tests.services.bank.files.test_corrections import DAY, find_faults, kinds, say, total, undo

DAYS = [DAY + timedelta(days=n) for n in range(8)]
REST = [Paid(DAYS[0], 700, text="a"), Paid(DAYS[7], 900, text="b")]


def tell(payments: Sequence[Paid], name: str, opening: int = 100000) -> bytes:
    """A statement of all eight days."""
    every = sorted([REST[0], *payments, REST[1]], key=lambda paid: paid.on)
    return camt(every, opening=opening, name=name, period=(DAYS[0], DAYS[7]))


def list_twins() -> list[tuple[str, str, str]]:
    """The open questions, with the words of the entry and of the row that it may be."""
    questions = db.session.scalars(select(EntryQuestion).where(EntryQuestion.state == "open")).all()
    texts = []
    for question in questions:
        entry, twin = (db.session.get_one(Entry, id_) for id_ in (question.entry_id, question.twin_id))
        texts.append((question.kind, entry.remittance, twin.remittance))
    return sorted(texts)


def test_two_moves_of_one_payer_keep_their_words(database: Flask) -> None:
    """Where one payer's entry moves to the day that another of theirs leaves, each is asked about the row
    with its own words, and neither counts before the answer."""
    before = [Paid(DAYS[2], 5000, text="skladka"), Paid(DAYS[3], 5000, text="dhurim")]
    after = [Paid(DAYS[3], 5000, text="skladka"), Paid(DAYS[4], 5000, text="dhurim")]
    send(tell(before, "S1"))
    send(tell(after, "S2"), "b.xml")
    assert list_twins() == [("other_day", "dhurim", "dhurim"), ("other_day", "skladka", "skladka")]
    assert total() == 11600


def test_move_onto_a_corrected_entry_is_two_questions(database: Flask) -> None:
    """Where an entry moves to the day of another of its payer whose sum is corrected, nothing counts twice:
    one is asked about its day and one about its sum."""
    before = [Paid(DAYS[2], 5000), Paid(DAYS[4], 5000)]
    send(tell(before, "S1"))
    file = send(tell([Paid(DAYS[2], 5000), Paid(DAYS[2], 5700)], "S2"), "b.xml")
    assert (kinds(), file.new_count - file.doubtful_count) == (["amount_changed", "other_day"], 0)
    assert total() == 11600


def test_changed_day_and_sum_are_one_question(database: Flask, now: datetime) -> None:
    """An entry that the bank gives another day and another sum at once is one question about that entry."""
    send(tell([Paid(DAYS[2], 5000)], "S1"))
    send(tell([Paid(DAYS[4], 5300)], "S2"), "b.xml")
    assert (kinds(), total()) == (["amount_changed"], 6600)
    say("corrected", now)
    assert (kinds(), total()) == ([], 6900)
    assert_sound()


def test_new_money_is_not_the_moved_entry(database: Flask) -> None:
    """Of two entries that may be one that moved, it is the one on a day that the ledger had whole; the other,
    of a day that no file told, is new."""
    send(camt([Paid(DAYS[1], 100), Paid(DAYS[3], 5000), Paid(DAYS[7], 900)], opening=None))
    moved = [Paid(DAYS[0] - timedelta(days=1), 50), Paid(DAYS[0], 5000), Paid(DAYS[1], 100)]
    after = camt([*moved, Paid(DAYS[6], 5000), Paid(DAYS[7], 900)], opening=None, name="S2")
    send(after, "b.xml")
    (question,) = db.session.scalars(select(EntryQuestion)).all()
    assert (question.kind, db.session.get_one(Entry, question.entry_id).booked_on) == ("other_day", DAYS[6])


def test_entry_moved_over_a_border_is_asked(database: Flask, now: datetime) -> None:
    """An entry that the bank moves from the last day of one statement to the first of the next is asked about
    where their balances miss just that sum, and counts once; where they fit, it is other money."""
    first = [Paid(DAYS[0], 700), Paid(DAYS[1], 5000)]
    send(camt(first, opening=0, name="S1"))
    second = [Paid(DAYS[2], 5000), Paid(DAYS[3], 900)]
    send(camt(second, opening=700, name="S2"), "b.xml")
    assert (kinds(), total()) == (["other_day"], 6600)
    say("known", now)
    assert (kinds(), total()) == ([], 6600)
    assert find_faults(now) == []


def test_equal_payments_of_statements_that_fit_are_two(database: Flask) -> None:
    """The same payer, sum and words on both sides of a border are two payments where the balances fit."""
    send(camt([Paid(DAYS[0], 700), Paid(DAYS[1], 5000)], opening=0, name="S1"))
    send(camt([Paid(DAYS[2], 5000), Paid(DAYS[3], 900)], opening=5700, name="S2"), "b.xml")
    assert (kinds(), total()) == ([], 11600)


@pytest.mark.parametrize("newest_first", [False, True])
def test_entry_corrected_twice_counts_once(database: Flask, now: datetime, newest_first: bool) -> None:
    """An entry that the bank corrects again before anybody answered is two questions about the entry that
    counts; in whatever order they are answered the newest sum counts alone, and undoing brings back the
    others."""
    for n, minor in enumerate((5000, 5100, 5200)):
        send(tell([Paid(DAYS[2], minor)], f"S{n}"), f"{n}.xml")
    questions = db.session.scalars(select(EntryQuestion).order_by(EntryQuestion.id)).all()
    assert [(one.kind, one.twin_id) for one in questions] == [("amount_changed", questions[0].twin_id)] * 2
    assert total() == 6600
    ids = [one.id for one in questions]
    if newest_first:
        ids.reverse()
    for id_ in ids:
        entry_answers.answer_question(id_, "corrected", now=now, actor="user:1")
        db.session.commit()
    assert (kinds(), total()) == ([], 6800)
    assert_sound()
    for id_ in reversed(ids):
        undo(id_, now)
    assert (len(kinds()), total()) == (2, 6600)


def test_older_sum_in_another_format_asks_nothing(database: Flask, now: datetime) -> None:
    """What the bank told before an answered correction is known when a late file of any format tells it."""
    ours = open_account()
    send(tell([Paid(DAYS[2], 5000)], "S1"))
    send(tell([Paid(DAYS[2], 5200)], "S2"), "b.xml")
    say("corrected", now)
    old = csv([REST[0], Paid(DAYS[2], 5000), REST[1]])
    file = send(old, "late.csv", layout=CSV_LAYOUT, bank_account_id=ours.id)
    assert (file.new_count, kinds(), total()) == (0, [], 6800)


def test_moved_entry_is_known_in_both_formats(database: Flask, now: datetime) -> None:
    """An entry that one format told on another day is not asked about again when the format that it came from
    tells that day, and a sum corrected there is a question about it."""
    ours = open_account()
    send(
        csv([REST[0], Paid(DAYS[2], 5000), REST[1]]), layout=CSV_LAYOUT, bank_account_id=ours.id, name="a.csv"
    )
    send(tell([Paid(DAYS[3], 5000)], "S1"), "b.xml")
    say("known", now)
    again = csv([REST[0], Paid(DAYS[3], 5000), REST[1]])
    file = send(again, "c.csv", layout=CSV_LAYOUT, bank_account_id=ours.id)
    assert (file.new_count, kinds(), total()) == (0, [], 6600)
    send(tell([Paid(DAYS[3], 5600)], "S2"), "d.xml")
    assert (kinds(), total()) == (["amount_changed"], 6600)


def test_balances_that_fit_hide_no_overlap(database: Flask) -> None:
    """Where the bank's correction makes two statements with a common day seem to follow each other, an entry
    that both have is asked about and does not count twice."""
    week, fee = [Paid(DAYS[0], 700), Paid(DAYS[1], 5000)], Paid(DAYS[3], -600, text="fee")
    send(camt(week, opening=0, name="S1", period=(DAYS[0], DAYS[2])))
    send(camt([fee, Paid(DAYS[5], 900)], opening=5700, name="S2"), "b.xml")
    corrected = [week[0], Paid(DAYS[1], 5600), fee]
    file = send(camt(corrected, opening=0, name="S3"), "c.xml")
    assert file.new_count == file.doubtful_count
    assert (kinds(), total()) == (["amount_changed", "unsure_order"], 6000)


@pytest.mark.parametrize(("answer", "count"), [("withdrawn", 1), ("stays", 1)])
def test_row_missing_among_many_is_asked_without_balances(
    database: Flask, now: datetime, answer: QuestionAnswer, count: int
) -> None:
    """A file without balances that tells all but one entry of its days asks about that one, once; one that
    tells a part of them asks nothing."""
    ours = open_account()
    every = [Paid(DAYS[n // 3], 1000 + n, text=f"dar {n}") for n in range(24)]
    send(csv(every), "a.csv", layout=CSV_LAYOUT, bank_account_id=ours.id)
    send(csv(every[::2]), "chosen.csv", layout=CSV_LAYOUT, bank_account_id=ours.id)
    assert kinds() == []
    left = [paid for paid in every if paid.minor != 1010]
    send(csv(left), "b.csv", layout=CSV_LAYOUT, bank_account_id=ours.id)
    assert kinds() == ["no_longer_told"] * count
    say(answer, now)
    assert ledger() == money(left if answer == "withdrawn" else every)
    send(csv(left) + b"\r\n", "c.csv", layout=CSV_LAYOUT, bank_account_id=ours.id)
    assert kinds() == []


def test_entry_withdrawn_between_formats_is_asked(database: Flask) -> None:
    """An entry that one format told and another, proved and whole over these days, does not, is asked about;
    within days of its ends it may be dated outside it, and is not."""
    ours = open_account()
    days = [DAY + timedelta(days=n) for n in range(20)]
    every = [Paid(day, 1000 + n, text=f"dar {n}") for n, day in enumerate(days)]
    send(csv(every), "a.csv", layout=CSV_LAYOUT, bank_account_id=ours.id)
    assert bank_accounts.list_accounts()[0].id == ours.id
    left = [paid for n, paid in enumerate(every) if n not in (3, 10)]
    send(camt(left, opening=0), "b.xml")
    (question,) = db.session.scalars(select(EntryQuestion)).all()
    assert (question.kind, db.session.get_one(Entry, question.entry_id).amount_minor) == (
        "no_longer_told",
        1010,
    )


def test_other_answer_asks_about_gone_row(database: Flask, now: datetime) -> None:
    """When a person says that an entry is other money than the row that it seemed to be, the next file that
    does not tell that row asks about it."""
    send(tell([Paid(DAYS[2], 5000)], "S1"))
    send(tell([Paid(DAYS[4], 5000)], "S2"), "b.xml")
    say("other_money", now)
    send(tell([Paid(DAYS[4], 5000)], "S3"), "c.xml")
    assert (kinds(), total()) == (["no_longer_told"], 11600)
    say("withdrawn", now)
    assert total() == 6600


def test_explanation_takes_the_place_of_the_missing_row(database: Flask) -> None:
    """A row that was asked about since the bank tells it no longer is asked about once when a later file says
    what became of it."""
    send(tell([Paid(DAYS[4], 5000)], "S1"))
    other = Paid(DAYS[5], 300, name="Jan Nowak", account=BESA)
    short = camt([REST[0], other], opening=100000, name="S2")
    send(short, "b.xml")
    assert kinds() == ["no_longer_told"]
    send(tell([other, Paid(DAYS[6], 5000)], "S3"), "c.xml")
    assert kinds() == ["other_day"]


def test_verify_allows_corrections_before_a_chain(database: Flask, now: datetime) -> None:
    """What the bank corrected of earlier days moves the balances of later statements: verify holds when a
    person confirmed it, and not before."""
    first = [Paid(DAYS[0], 5000), Paid(DAYS[1], 100)]
    send(camt(first, opening=0, name="S1"))
    send(camt([Paid(DAYS[4], 700), Paid(DAYS[5], 800)], opening=9000, name="S2"), "b.xml")
    send(camt([Paid(DAYS[5], 800), Paid(DAYS[6], 900)], opening=9900, name="S3"), "c.xml")
    say("known", now)
    assert len(find_faults(now)) == 1
    send(camt([Paid(DAYS[0], 5200), first[1]], opening=0, name="S1"), "d.xml")
    assert kinds() == ["amount_changed"]
    say("corrected", now)
    assert find_faults(now) == []


def test_shift_that_an_id_explains_asks_once(database: Flask) -> None:
    """Where balances miss the sum of an entry that its id shows to be moved over a border, an equal entry of
    another payer is new money, though one like it stands before the border too."""
    jan = Paid(DAYS[0], 5000, name="Jan Nowak", account=BESA, ref="R7")
    send(camt([jan, Paid(DAYS[2], 5000, ref="R1")], opening=0, name="S1"))
    again = Paid(DAYS[4], 5000, name="Jan Nowak", account=BESA, ref="R8")
    after = [Paid(DAYS[3], 5000, ref="R1"), again, Paid(DAYS[6], 900)]
    file = send(camt(after, opening=5000, name="S2"), "b.xml")
    assert (kinds(), file.new_count - file.doubtful_count) == (["other_day"], 2)
    assert total() == 15900


def test_changed_day_and_sum_ask_without_balances(database: Flask, now: datetime) -> None:
    """An entry that the bank gives another day and another sum is one question where no balance proves that
    the ledger had the new day whole, but had other entries of it."""
    send(camt([REST[0], Paid(DAYS[2], 5000)], opening=0, name="S1"))
    other = Paid(DAYS[3], 300, name="Jan Nowak", account=BESA)
    send(camt([other, REST[1]], opening=6000, name="S2"), "b.xml")
    file = send(tell([Paid(DAYS[3], 5300), other], "S3", opening=0), "c.xml")
    assert (kinds(), file.new_count - file.doubtful_count) == (["amount_changed"], 0)
    assert total() == 6900
    say("corrected", now)
    assert (kinds(), total()) == ([], 7200)
