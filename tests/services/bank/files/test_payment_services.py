"""Statements of payment services in the ledger: the account moves by the net sum, the gift is gross."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import BankAccount, Entry, Gift, ImportFile, Match
from donorhub.services.bank.files import bank_accounts, imports
from donorhub.services.bank.matching import entries
from donorhub.services.donors import donors
from tests.services.bank.bank import assert_sound, work_off

SAMPLES = Path(__file__).parents[3] / "files" / "csv"


def take_in(name: str, *, account_id: int | None = None, more: bytes = b"") -> ImportFile:
    """Import a sample and let it be matched."""
    file, _ = imports.receive_file(
        (SAMPLES / name).read_bytes() + more,
        name,
        bank_account_id=account_id,
        create_accounts=True,
        now=clock.now(),
        actor="user:1",
    )
    db.session.commit()
    work_off("import_file", "match_statement")
    return file


def find_entry(minor: int) -> Entry:
    return db.session.scalars(select(Entry).where(Entry.amount_minor == minor)).one()


def list_kinds(entry: Entry) -> list[tuple[str, int]]:
    """The decisions that stand on an entry, with their sums."""
    rows = db.session.execute(
        select(Match.kind, Match.amount_minor)
        .where(Match.entry_id == entry.id, Match.undone_at.is_(None))
        .order_by(Match.kind)
    )
    return [(kind, minor) for kind, minor in rows]


def test_each_product_and_currency_is_an_account(database: Flask) -> None:
    """A file of several currencies and products makes an account for each, and their sums are the file's."""
    file = take_in("revolut.csv")
    assert (file.state, file.new_count, file.profile) == ("done", 7, "revolut")
    accounts = db.session.execute(select(BankAccount.number, BankAccount.currency)).all()
    assert Counter(map(tuple, accounts)) == Counter(
        [("REVOLUTCURRENT", "EUR"), ("REVOLUTSAVINGS", "EUR"), ("REVOLUTCURRENT", "PLN")]
    )
    sums = {
        number + currency: sum(
            db.session.scalars(
                select(Entry.amount_minor)
                .join(BankAccount)
                .where(BankAccount.number == number, BankAccount.currency == currency)
            )
        )
        for number, currency in accounts
    }
    assert sums == {"REVOLUTCURRENTEUR": 9420, "REVOLUTSAVINGSEUR": 5010, "REVOLUTCURRENTPLN": 7500}
    assert_sound()


def test_fee_is_settled_and_gift_is_gross(database: Flask, now: datetime) -> None:
    """The fee is no gift by itself; the payer gave 100.00, and undoing and deciding anew ends alike."""
    take_in("revolut.csv")
    entry = find_entry(9900)
    assert (entry.state, list_kinds(entry)) == ("suspense", [("not_gift", -100)])
    assert (entry.remittance, entry.has_details) == ("Payment from Anna Kowalska", True)
    donor = donors.create_donor({"name": "Anna Kowalska"}, source="manual", now=now, actor="user:1")
    place = next(p for p in entries.holding.credits.read_places([entry.id]) if not p.credit.is_fee)
    for _ in range(2):
        share = entries.Share(donor.id, 10000)
        entries.accept_shares(entry.id, [share], detail_id=place.detail_id, now=now, actor="user:1")
        db.session.commit()
        assert (entry.state, list_kinds(entry)) == ("matched", [("gift", 10000), ("not_gift", -100)])
        gifts = db.session.scalars(select(Gift.amount_minor).where(Gift.donor_id == donor.id)).all()
        assert gifts[-1] == 10000
        assert_sound()
        entries.undo_entry(entry.id, now=now, actor="user:1")
        db.session.commit()
        assert (entry.state, list_kinds(entry)) == ("suspense", [])


def test_fee_that_comes_back_is_no_gift(database: Flask) -> None:
    """Where PayPal gives a fee back with a refund, nobody is asked whose gift that is."""
    take_in("paypal-en.csv", more=b"\n")
    refund = find_entry(-5820)
    assert ("not_gift", 180) in list_kinds(refund)


def test_longer_export_adds_only_what_is_new(database: Flask) -> None:
    """The same days in another export count once, with their fees; a payment with another fee is asked."""
    take_in("revolut.csv")
    longer = (
        b"TRANSFER,Savings,2026-10-01 15:00:00,2026-10-01 15:00:01,Deposit,1.00,0.00,EUR,COMPLETED,251.10\n"
    )
    file = take_in("revolut.csv", more=longer)
    assert (file.state, file.new_count, file.known_count) == ("done", 1, 7)
    assert_sound()


def test_chosen_account_goes_before_the_service_name(database: Flask) -> None:
    """A second profile of the same service goes where a person says, though the first one is known."""
    take_in("wise.csv")
    other = bank_accounts.create_account("WISE-CLUB", "EUR", now=clock.now(), actor="user:1")
    db.session.commit()
    file = take_in("wise.csv", account_id=other.id, more=b"\n")
    assert (file.state, file.new_count) == ("done", 4)
    assert set(db.session.scalars(select(Entry.bank_account_id))) == {1, other.id}
