"""Only what people said counts as experience, and undoing forgets what was learned, not what was typed."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.models import Donor, Entry, IdentityKey, PayerUse
from donorhub.services.bank.matching import entries, matching
from donorhub.services.bank.matching.entries import Share
from donorhub.services.donors import accounts
from donorhub.services.donors.identity_keys import hash_key
from tests.services.bank.bank import ANNA, Paid, assert_sound, camt, match, open_account, send
from tests.services.bank.matching.matching_world import DAY, donor, entry_states, only_entry


def find_accounts(giver: Donor) -> list[str]:
    keys = select(IdentityKey.value_hash).where(IdentityKey.donor_id == giver.id, IdentityKey.kind == "iban")
    return list(db.session.scalars(keys))


def receive(number: int, text: str, name: str = "Anna Kowalska") -> int:
    """The id of an entry that came on a day of its own and was matched."""
    on = DAY + timedelta(days=number)
    send(camt([Paid(on, 5000 + number, name=name, text=text)], opening=None, name=f"S{number}"))
    match()
    return db.session.scalars(select(func.max(Entry.id))).one()


def accept(entry_id: int, giver: Donor) -> None:
    minor = db.session.get_one(Entry, entry_id).amount_minor
    entries.accept_shares(entry_id, [Share(giver.id, minor)], now=clock.now(), actor="user:1")
    db.session.commit()


def undo(entry_id: int) -> None:
    entries.undo_entry(entry_id, now=clock.now(), actor="user:1")
    db.session.commit()


def test_automatic_decisions_confirm_nothing(database: Flask) -> None:
    """However often the engine decided by a code, the account alone is no reason to decide."""
    anna = donor()
    open_account("auto")
    for number in range(3):
        receive(number, anna.code)
    assert entry_states() == ["matched"] * 3
    assert db.session.scalars(select(PayerUse)).all() == []
    last = receive(3, "darowizna")
    assert entry_states()[-1] == "suspense"
    evidence = [
        reason.key for one in matching.list_proposals([last])[last][0].candidates for reason in one.evidence
    ]
    assert "match.history" not in evidence and "match.learned_account" not in evidence
    assert_sound()


def test_undo_leaves_typed_account(database: Flask) -> None:
    """An account that a person typed stays when a decision on it is undone, twice as well."""
    anna = donor(iban=ANNA)
    open_account()
    entry_id = receive(0, "darowizna")
    for _ in range(2):
        accept(entry_id, anna)
        undo(entry_id)
    assert find_accounts(anna) == [hash_key("iban", ANNA)]
    assert_sound()


def test_undo_forgets_learned_account(database: Flask) -> None:
    """An account that only the undone decision taught is forgotten."""
    anna = donor()
    open_account()
    accept(receive(0, "darowizna"), anna)
    assert find_accounts(anna) == [hash_key("iban", ANNA)]
    undo(only_entry().id)
    assert find_accounts(anna) == []


def test_account_typed_later_stays(database: Flask) -> None:
    """An account that was learned and then typed is a typed one."""
    anna = donor()
    open_account()
    accept(receive(0, "darowizna"), anna)
    accounts.learn_account(anna.id, ANNA, now=clock.now())
    undo(only_entry().id)
    assert find_accounts(anna) == [hash_key("iban", ANNA)]


def test_undo_leaves_what_others_taught(database: Flask) -> None:
    """Of two decisions that taught an account, undoing one leaves it."""
    anna = donor()
    open_account()
    first, second = receive(0, "darowizna"), receive(1, "darowizna")
    accept(first, anna)
    accept(second, anna)
    undo(second)
    assert find_accounts(anna) == [hash_key("iban", ANNA)]


def test_payer_for_another_lends_no_account(database: Flask) -> None:
    """Who pays for another does not make the account the other's."""
    jan = donor("Jan Zieliński")
    open_account()
    accept(receive(0, jan.code), jan)
    assert find_accounts(jan) == []
