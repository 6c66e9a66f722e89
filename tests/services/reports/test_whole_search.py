"""One search over donors, receipts, gifts and entries, and what each reader may find of it."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import text

from donorhub import clock
from donorhub.db import db
from donorhub.domain.access.permissions import PERMISSIONS, ROLE_PERMISSIONS, Principal
from donorhub.models import Donor
from donorhub.money import Money
from donorhub.services.access import users
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.receipts import receipts
from donorhub.services.reports import whole_search
from donorhub.services.reports.whole_search import Answers
from tests.services.bank import bank

ACTOR = "system:0"
ALL = Principal("user", 1, "Ola", PERMISSIONS)


def find(words: str, reader: Principal = ALL) -> Answers:
    return whole_search.find_everything(words, reader)


def give(donor_id: int, minor: int, day: int, currency: str = "PLN") -> int:
    gift, _ = gifts.record_gift(
        donor_id,
        Money(minor, currency),
        received_on=date(2026, 11, day),
        source="manual",
        source_ref=f"{donor_id}-{minor}-{day}",
        now=clock.now(),
        actor=ACTOR,
    )
    return gift.id


@pytest.fixture(autouse=True)
def world(database: Flask) -> None:
    for name in ("Anna Wójcik", "Jan Gżegżółka"):
        donors.create_donor(
            {"name": name, "street": "Krótka 1", "postcode": "00-001", "city": "Łódź", "country": "PL"},
            source="form",
            now=clock.now(),
            actor=ACTOR,
        )
    gift_id = give(1, 12345, 3)
    for minor, day in ((12000, 4), (12000, 6), (11900, 5), (13200, 7), (13201, 8)):
        give(2, minor, day)
    receipts.issue_receipt([gift_id], today=date(2026, 11, 22), now=clock.now(), actor=ACTOR)
    bank.open_account()
    day = date(2026, 11, 10)
    payments = [bank.Paid(day, 9900, "ŁUKASZ ŻÓŁW", ""), bank.Paid(day, -4455, "Bank Przykładowy", "")]
    bank.send(bank.camt(payments, closing=5445))
    db.session.commit()


def test_amount_finds_gifts_and_entries() -> None:
    """An amount finds the gifts of it, whatever the way it is written, and entries in and out."""
    assert [row.donor_name for row in find("123,45").gifts] == ["Anna Wójcik"]
    assert [row.donor_name for row in find("123.45 zł").gifts] == ["Anna Wójcik"]
    assert [row.received_on.day for row in find("120").gifts if row.amount_minor == 12000] == [6, 4]
    assert [row.counterparty_name for row in find("99,00").entries] == ["ŁUKASZ ŻÓŁW"]
    assert [row.counterparty_name for row in find("44,55").entries] == ["Bank Przykładowy"]
    assert find("123,46").count == 0


def test_about_an_amount_finds_what_is_near() -> None:
    """About 120 finds what lies a tenth to either side, the nearest first, and nothing beyond."""
    minor = [row.amount_minor for row in find("około 120").gifts]
    assert minor == [12000, 12000, 11900, 12345, 13200]


def test_numbers_find_receipt_and_gift() -> None:
    """The number of a receipt finds it, whole or short; that of a gift finds the gift first."""
    for words in ("R/2026/00001", "r 2026-1", "2026/1", "1", "00001"):
        assert [row.number for row in find(words).receipts] == [1], words
    assert not find("R/2025/00001").receipts
    assert [row.id for row in find("gift 2").gifts] == [2]


def test_payer_finds_entries_without_letters() -> None:
    """The payer's name finds entries, without diacritics and in any order; what was erased does not."""
    for words in ("lukasz", "zolw luk", "Łukasz"):
        assert [row.counterparty_name for row in find(words).entries] == ["ŁUKASZ ŻÓŁW"], words
    assert not find("lukasz nowak").entries
    db.session.execute(text("UPDATE entry SET counterparty_name = '' WHERE amount_minor = 9900"))
    assert not find("lukasz").entries
    db.session.execute(text("UPDATE entry SET counterparty_name = 'Ewa Łoś' WHERE amount_minor = 9900"))
    assert [row.counterparty_name for row in find("los").entries] == ["Ewa Łoś"]


def test_reader_without_gifts_finds_no_money() -> None:
    """Who may not see gifts finds neither amounts nor receipts, nor a donor's last gift."""
    reader = Principal("user", 1, "Ola", PERMISSIONS - {"gifts:read", "imports:read"})
    for words in ("123,45", "about 120", "1", "R/2026/00001", "gift 2"):
        answers = find(words, reader)
        assert not answers.receipts and not answers.gifts and not answers.entries, words
    assert [hit.last_gift_on for hit in find("wojcik", reader).donors] == [None]


@pytest.mark.parametrize("role", sorted(ROLE_PERMISSIONS))
def test_each_role_finds_what_its_pages_show(role: str) -> None:
    """A role finds receipts, gifts and entries only where it may open their pages."""
    reader = Principal("user", 1, "Ola", ROLE_PERMISSIONS[role])
    gift_roles = {"admin", "steward", "fundraiser", "accountant", "auditor"}
    entry_roles = {"admin", "steward", "accountant", "auditor"}
    assert bool(find("123,45", reader).gifts) is (role in gift_roles)
    assert bool(find("R/2026/00001", reader).receipts) is (role in gift_roles)
    assert bool(find("99,00", reader).entries) is (role in entry_roles)


def test_own_list_hides_others_money() -> None:
    """Who has an own list finds the gifts and receipts of its donors, and no entry."""
    user = users.create_user(
        "c@example.org",
        name="C",
        password="correct horse battery",
        roles=["caller"],
        now=clock.now(),
        actor=ACTOR,
    )
    db.session.get_one(Donor, 2).owner_id = user.id
    db.session.commit()
    reader = Principal("user", user.id, "C", PERMISSIONS, row_scope="own")
    assert {row.donor_id for row in find("about 120", reader).gifts} == {2}
    for words in ("123,45", "R/2026/00001", "gift 1", "99,00", "lukasz", "wojcik"):
        assert find(words, reader).count == 0, words


def test_eight_answers_of_all_kinds() -> None:
    """Of many answers eight are left while one types, of each kind at least two."""
    answers = Answers(*([object()] * 20 for _kind in range(4)))  # type: ignore[arg-type]
    cut = answers.cut_to(8)
    assert [len(kind) for kind in (cut.donors, cut.receipts, cut.gifts, cut.entries)] == [2, 2, 2, 2]
    only_donors = Answers(donors=[object()] * 20).cut_to(8)  # type: ignore[list-item]
    assert len(only_donors.donors) == 8
    mixed = Answers(donors=[object()] * 20, gifts=[object()]).cut_to(8)  # type: ignore[list-item]
    assert (len(mixed.donors), len(mixed.gifts), mixed.count) == (7, 1, 8)


def test_entries_written_together_are_found_once() -> None:
    """Entries of a file are found, each once; again changes nothing."""
    day = date(2026, 11, 12)
    more = [bank.Paid(day, 100 + number, f"Zorza {number}") for number in range(3)]
    bank.send(bank.camt(more, opening=5445, closing=5748), "b.xml")
    bank.send(bank.camt(more, opening=5445, closing=5748), "b.xml")
    assert [row.counterparty_name for row in find("zorza").entries] == ["Zorza 2", "Zorza 1", "Zorza 0"]
