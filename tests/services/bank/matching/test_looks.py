"""Decisions put up for a look: drawn by the engine's own decisions, answered by people, and what follows.

Which decision is which, the tests know from the payments that they made, not from the rules they judge.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import AuditRecord, BankAccount, Donor, Entry, Gift, Match, MatchLook, MatchRule, Task
from donorhub.services.bank.files import bank_accounts
from donorhub.services.bank.matching import certain_entries, entries, looks, stopped_rules
from tests.races import run_second
from tests.services.bank.bank import BESA, Paid, assert_sound, camt, match, rows, send
from tests.services.bank.matching.matching_world import DAY, donor, import_and_match


def pay_with_code(giver: Donor, count: int, *, first: int = 0) -> list[Paid]:
    """Payments in the donor's own name, each with the donor's code."""
    return [
        Paid(DAY + timedelta(days=bool(first)), 5000 + first + n, name=giver.name, text=giver.code)
        for n in range(count)
    ]


def list_looks() -> list[MatchLook]:
    query = select(MatchLook).order_by(MatchLook.id).execution_options(populate_existing=True)
    return list(db.session.scalars(query))


def answer(look: MatchLook, now: datetime, *, is_right: bool) -> None:
    looks.answer_look(look.id, is_right=is_right, now=now, actor="user:7")
    db.session.commit()


def test_engine_names_its_rule(database: Flask, now: datetime) -> None:
    """A decision of the engine has its rule, one of a person none."""
    anna, zef = donor(), donor("Zef Hoxha", BESA)
    import_and_match(
        *pay_with_code(anna, 1),
        Paid(DAY, 900, name="Nobody Known", account="", text="?"),
        mode="auto",
    )
    assert [row.rule for row in db.session.scalars(select(Match).order_by(Match.id))] == ["code"]
    waiting = db.session.scalars(select(Entry).where(Entry.state == "suspense")).one()
    entries.accept_shares(waiting.id, [entries.Share(zef.id, waiting.amount_minor)], now=now, actor="user:7")
    db.session.commit()
    assert [row.rule for row in db.session.scalars(select(Match).order_by(Match.id))] == ["code", None]
    assert [look.rule for look in list_looks()] == ["code"]


def test_rule_nobody_looked_at_can_be_stopped(database: Flask, now: datetime) -> None:
    """A rule stands in the list as soon as it decided, once; after a look, with the account."""
    assert stopped_rules.list_figures() == []
    import_and_match(*pay_with_code(donor(), 2), mode="auto")
    (row,) = stopped_rules.list_figures()
    assert (row.rule, row.bank_account_id, row.looks.total, row.stop) == ("code", None, 0, None)
    answer(list_looks()[0], now, is_right=True)
    account_id = db.session.scalars(select(BankAccount.id)).one()
    (row,) = stopped_rules.list_figures()
    assert (row.rule, row.bank_account_id, row.looks.total) == ("code", account_id, 1)


def test_first_twenty_of_a_rule_are_put_up(database: Flask, now: datetime) -> None:
    """The first twenty are put up, and one in a hundred afterwards, beside five in a month."""
    anna = donor()
    import_and_match(*pay_with_code(anna, 15), mode="auto")
    assert len(list_looks()) == 15
    send(camt(pay_with_code(anna, 60, first=15), opening=None, name="S2"))
    match()
    assert 20 <= len(list_looks()) <= 25
    assert db.session.query(Match).count() == 75
    assert all(look.looked_at is None for look in list_looks())


def test_nothing_is_put_up_of_what_people_decide(database: Flask, now: datetime) -> None:
    anna = donor()
    import_and_match(*pay_with_code(anna, 3), mode="suggest")
    for entry in db.session.scalars(select(Entry)).all():
        entries.accept_proposal(entry.id, now=now, actor="user:7")
    db.session.commit()
    assert list_looks() == []


def test_answer_again_changes_nothing(database: Flask, now: datetime) -> None:
    import_and_match(*pay_with_code(donor(), 1), mode="auto")
    (look,) = list_looks()
    answer(look, now, is_right=True)
    before = rows()
    answer(look, now + timedelta(hours=1), is_right=True)
    assert rows() == before
    answer(look, now + timedelta(hours=2), is_right=False)
    assert [(one.is_right, one.looked_by) for one in list_looks()] == [(False, "user:7")]
    said = db.session.scalars(select(AuditRecord).where(AuditRecord.what == "look.answered")).all()
    assert len(said) == 2


def test_two_wrong_of_twenty_stop_a_rule(database: Flask, now: datetime) -> None:
    """The second wrong one stops the rule: what it is certain of waits, a person is asked, sums stay."""
    anna = donor()
    import_and_match(*pay_with_code(anna, 20), mode="auto")
    all_looks = list_looks()
    for look in all_looks[:18]:
        answer(look, now, is_right=True)
    answer(all_looks[18], now, is_right=False)
    assert db.session.scalars(select(MatchRule)).all() == []
    answer(all_looks[19], now, is_right=False)
    stop = db.session.scalars(select(MatchRule)).one()
    account = db.session.scalars(select(BankAccount)).one()
    assert (stop.rule, stop.bank_account_id, stop.reason) == ("code", account.id, "looks")
    task = db.session.scalars(select(Task).where(Task.kind == "rule_stopped")).one()
    assert (task.state, task.role, task.subject_id) == ("planned", "accountant", stop.id)
    assert db.session.query(Gift).count() == 20

    send(camt(pay_with_code(anna, 2, first=20), opening=None, name="S2"))
    match()
    assert db.session.query(Gift).count() == 20
    waiting = db.session.scalars(select(Entry).where(Entry.state == "suspense")).all()
    assert len(waiting) == 2
    assert_sound()

    before = rows()
    stopped_rules.stop_rule("code", account.id, "person", now=now, actor="user:7")
    db.session.commit()
    assert rows() == before


def test_restarted_rule_is_counted_anew(database: Flask, now: datetime) -> None:
    anna = donor()
    import_and_match(*pay_with_code(anna, 3), mode="auto")
    for look in list_looks()[:2]:
        answer(look, now, is_right=False)
    stop = db.session.scalars(select(MatchRule)).one()
    later = now + timedelta(days=1)
    stopped_rules.restart_rule(stop.id, now=later, actor="user:7")
    db.session.commit()
    assert db.session.scalars(select(Task.state).where(Task.kind == "rule_stopped")).all() == ["cancelled"]
    before = rows()
    stopped_rules.restart_rule(stop.id, now=later + timedelta(days=1), actor="user:7")
    db.session.commit()
    assert rows() == before
    answer(list_looks()[2], later + timedelta(minutes=1), is_right=False)
    assert stop.stopped_at is None
    whats = db.session.scalars(select(AuditRecord.what).where(AuditRecord.subject_type == "match_rule")).all()
    assert sorted(whats) == ["rule.restarted", "rule.stopped"]
    figures = stopped_rules.list_figures()
    assert [(row.rule, row.looks.right, row.looks.wrong) for row in figures] == [("code", 0, 1)]
    send(camt(pay_with_code(anna, 1, first=30), opening=None, name="S2"))
    match()
    assert db.session.query(Gift).count() == 4


def test_undone_decision_counts_as_wrong(database: Flask, now: datetime) -> None:
    """What a person takes back counts as looked at and wrong, put up or not, and once."""
    import_and_match(*pay_with_code(donor(), 1), mode="auto")
    db.session.delete(list_looks()[0])  # as if it had not been drawn
    db.session.commit()
    entry = db.session.scalars(select(Entry)).one()
    entries.undo_entry(entry.id, now=now, actor="user:7")
    db.session.commit()
    (look,) = list_looks()
    assert (look.is_right, look.looked_by) == (False, "user:7")
    before = rows()
    entries.undo_entry(entry.id, now=now, actor="user:7")
    db.session.commit()
    assert rows() == before


def test_gift_against_the_payers_name_stops_at_once(database: Flask, now: datetime) -> None:
    """One gift that a person calls wrong, of a donor with another name than the payer's, is enough."""
    anna = donor()
    import_and_match(*pay_with_code(anna, 2), mode="auto")
    anna.name = "Besa Krasniqi"  # the payments were made by Anna Kowalska
    db.session.commit()
    answer(list_looks()[0], now, is_right=False)
    assert [(stop.rule, stop.reason) for stop in db.session.scalars(select(MatchRule))] == [
        ("code", "wrong_donor")
    ]


def test_stopped_rule_leaves_other_accounts_alone(database: Flask, now: datetime) -> None:
    anna = donor()
    import_and_match(*pay_with_code(anna, 1), mode="auto")
    other = bank_accounts.create_account(BESA, "EUR", name="other", now=now, actor="user:7")
    db.session.commit()
    account = db.session.scalars(select(BankAccount).where(BankAccount.id != other.id)).one()
    stopped_rules.stop_rule("code", account.id, "person", now=now, actor="user:7")
    assert stopped_rules.list_stopped(account.id) == {"code"}
    assert stopped_rules.list_stopped(other.id) == set()
    stopped_rules.stop_rule("account", None, "person", now=now, actor="user:7")
    assert stopped_rules.list_stopped(other.id) == {"account"}


def test_stopped_rule_is_not_accepted_in_bulk(database: Flask, now: datetime) -> None:
    anna = donor()
    import_and_match(*pay_with_code(anna, 2), mode="suggest")
    account = db.session.scalars(select(BankAccount)).one()
    assert len(certain_entries.list_certain_payments().decisions) == 2
    stopped_rules.stop_rule("code", account.id, "person", now=now, actor="user:7")
    db.session.commit()
    assert certain_entries.list_certain_payments().decisions == ()


def test_decisions_since_the_last_right_one(database: Flask, now: datetime) -> None:
    """Of a rule those are listed that came after the last decision which a person found right."""
    anna = donor()
    import_and_match(*pay_with_code(anna, 2), mode="auto")
    answer(list_looks()[0], now, is_right=True)
    assert stopped_rules.list_unproved_decisions("code", None).rows == []
    last_match = db.session.get_one(Match, list_looks()[1].match_id)
    last_match.decided_at += timedelta(hours=1)
    db.session.commit()
    assert [row.id for row in stopped_rules.list_unproved_decisions("code", None).rows] == [
        list_looks()[1].match_id
    ]


def test_two_who_answer_at_once_are_one_answer(locks: Flask, now: datetime) -> None:
    """Of two who find the same decision wrong the second finds it said."""
    import_and_match(*pay_with_code(donor(), 1), mode="auto")
    look_id = list_looks()[0].id
    looks.answer_look(look_id, is_right=False, now=now, actor="user:7")
    second = run_second(
        locks, lambda: looks.answer_look(look_id, is_right=False, now=now, actor="user:8").looked_by
    )
    assert (second.result, second.error) == ("user:7", None)


def test_two_who_stop_a_rule_at_once(locks: Flask, now: datetime) -> None:
    """Of two whose answers stop a rule the second finds it stopped: one task, one audit record."""
    stopped_rules.stop_rule("code", None, "looks", now=now, actor="user:7")
    second = run_second(
        locks,
        lambda: (
            stopped_rules.stop_rule(
                "code", None, "looks", now=now + timedelta(seconds=1), actor="user:8"
            ).stopped_by
        ),
    )
    assert (second.result, second.error) == ("user:7", None)
    assert db.session.query(Task).filter_by(kind="rule_stopped").count() == 1
