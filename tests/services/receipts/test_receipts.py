"""Receipts: numbers without a gap whoever asks at once, one live receipt a gift, nothing ever edited."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

import receipts as printed
from donorhub.db import db
from donorhub.errors import NotFound, Rejected
from donorhub.models import Dispute, Donor, Gift, Receipt, ReceiptCounter, ReceiptLine, Refund, Task
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.donors import donors
from donorhub.services.giving import gift_changes, gifts
from donorhub.services.receipts import receipts
from donorhub.services.receipts.receipt_payload import compute_digest, freeze_document, thaw_document
from donorhub.services.reports import invariants
from tests.api.conftest import dump


def give(
    donor_id: int, now: datetime, ref: str = "1", minor: int = 5000, currency: str = "PLN", **more: Any
) -> int:
    gift, _ = gifts.record_gift(
        donor_id,
        Money(minor, currency),
        received_on=date(2026, 11, 20),
        source="test",
        source_ref=ref,
        now=now,
        actor="t",
        **more,
    )
    db.session.commit()
    return gift.id


def issue(gift_ids: list[int], now: datetime, today: date | None = None) -> Receipt:
    receipt = receipts.issue_receipt(gift_ids, today=today or now.date(), now=now, actor="t")
    db.session.commit()
    return receipt


def test_receipt_freezes_what_is_printed(donor: Donor, now: datetime) -> None:
    """A receipt freezes what is printed, and plans its PDF."""
    receipt = issue([give(donor.id, now)], now)
    assert receipts.format_number_of(receipt) == "R/2026/000001"
    assert (receipt.kind, receipt.total_minor, receipt.lang) == ("single", 5000, "pl")
    frozen = dict(receipt.payload)
    assert compute_digest(frozen) == receipt.payload_sha256
    donors.change_donor(donors.get_donor(donor.id), {"name": "Another"}, now=now, actor="t")
    db.session.commit()
    assert receipts.get_receipt(receipt.id).payload["donor"]["name_line"] == "Łucja Żółć"
    keys = db.session.scalars(select(Task.key).where(Task.kind == "render_receipt")).all()
    assert keys == [f"render_receipt:{receipt.id}:issued"]


def test_gifts_stand_by_date(donor: Donor, now: datetime) -> None:
    """Several gifts stand on one receipt by their dates, each once."""
    first, second = give(donor.id, now, "1", 1000), give(donor.id, now, "2", 2000)
    receipt = issue([second, first, second], now)
    assert [(line.gift_id, line.amount_minor) for line in receipt.lines] == [(first, 1000), (second, 2000)]
    assert (receipt.kind, receipt.total_minor) == ("annual", 3000)


def test_refunded_gift_receipts_the_rest(donor: Donor, now: datetime) -> None:
    """Of a gift that was partly refunded the rest is receipted."""
    gift_id = give(donor.id, now)
    db.session.add(
        Refund(
            gift_id=gift_id,
            amount_minor=1500,
            currency="PLN",
            state="succeeded",
            refunded_on=now.date(),
            recorded_at=now,
            source="s",
            source_ref="1",
        )
    )
    assert issue([gift_id], now).total_minor == 3500


def expect_refusal(gift_ids: list[int], now: datetime, match: str) -> None:
    before = dump()
    with pytest.raises((Rejected, NotFound), match=match):
        receipts.issue_receipt(gift_ids, today=now.date(), now=now, actor="t")
    db.session.rollback()
    assert dump() == before


def test_refused_receipt_takes_no_number(donor: Donor, now: datetime) -> None:
    """What must not be receipted is refused with every reason, and takes no number."""
    other = donors.create_donor({"name": "Jan"}, source="test", now=now, actor="t")
    db.session.commit()
    test, euro = give(donor.id, now, "t", is_test=True), give(donor.id, now, "e", currency="EUR")
    foreign, good = give(other.id, now, "f"), give(donor.id, now, "g")
    disputed, gone = give(donor.id, now, "d"), give(donor.id, now, "x")
    db.session.add(
        Dispute(
            gift_id=disputed,
            amount_minor=5000,
            currency="PLN",
            state="open",
            opened_on=now.date(),
            recorded_at=now,
            source="s",
            source_ref="1",
        )
    )
    gifts.correct_gift(gone, reason="x", source_ref="c", now=now, actor="t")
    db.session.commit()
    expect_refusal([test], now, f"gift {test} is a test")
    expect_refusal([good, euro], now, "several currencies")
    expect_refusal([good, foreign], now, "several donors")
    expect_refusal([disputed, test], now, f"gift {disputed} is disputed; gift {test} is a test")
    expect_refusal([gone], now, f"nothing is left of gift {gone}")
    expect_refusal([], now, "at least one gift")
    expect_refusal([good, 999], now, "no gift 999")
    issue([good], now)
    expect_refusal([good], now, f"gift {good} is on a receipt already")
    assert db.session.scalar(select(ReceiptCounter.last)) == 1


def test_nameless_organisation_issues_no_receipt(donor: Donor, now: datetime) -> None:
    """Before anybody said who we are, no receipt takes a number, and the reason is the missing name."""
    gift_id = give(donor.id, now)
    organisation.get_organisation().legal_name = "Our organisation"
    db.session.commit()
    before = dump()
    with pytest.raises(Rejected) as refusal:
        receipts.issue_receipt([gift_id], today=now.date(), now=now, actor="t")
    db.session.rollback()
    assert refusal.value.facts["problems"] == ["organisation_name_missing"]
    assert dump() == before
    organisation.get_organisation().legal_name = "Fundacja"
    assert receipts.issue_receipt([gift_id], today=now.date(), now=now, actor="t").number == 1


def test_unprintable_receipt_takes_no_number(donor: Donor, now: datetime) -> None:
    """A receipt that could not be printed takes no number."""
    gift_id = give(donor.id, now)
    donors.get_donor(donor.id).name = "An\u0378na"
    db.session.commit()
    before = dump()
    with pytest.raises(Rejected) as refusal:
        receipts.issue_receipt([gift_id], today=now.date(), now=now, actor="t")
    db.session.rollback()
    assert refusal.value.specific_code == "receipt_incomplete"
    assert refusal.value.facts["problems"] == ["text_unprintable"]
    assert dump() == before


def refund(gift_id: int, minor: int, now: datetime) -> None:
    db.session.add(
        Refund(
            gift_id=gift_id,
            amount_minor=minor,
            currency="PLN",
            state="succeeded",
            refunded_on=now.date(),
            recorded_at=now,
            source="s",
            source_ref=str(gift_id),
        )
    )
    db.session.commit()


def test_refusal_returns_number_and_dates_grow(donor: Donor, now: datetime) -> None:
    """A refusal gives the number back, and a clock that was set back dates no receipt before another."""
    first = issue([give(donor.id, now, "1")], now)
    receipts.issue_receipt([give(donor.id, now, "2")], today=now.date(), now=now, actor="t")
    db.session.rollback()
    second = issue([give(donor.id, now, "3")], now, today=now.date() - timedelta(days=3))
    assert (first.number, second.number) == (1, 2)
    assert second.issued_on == first.issued_on


def test_each_year_counts_from_one(donor: Donor, now: datetime) -> None:
    old = issue([give(donor.id, now, "1")], now)
    new = issue([give(donor.id, now, "2")], now, today=date(2027, 1, 2))
    assert [receipts.format_number_of(one) for one in (old, new)] == ["R/2026/000001", "R/2027/000001"]


def issue_all(app: Flask, gift_ids: list[int], now: datetime, failed: list[Exception]) -> None:
    for gift_id in gift_ids:
        with app.app_context():
            try:
                issue([gift_id], now)
            except Exception as e:
                db.session.rollback()
                failed.append(e)


@pytest.mark.slow
def test_eight_threads_take_numbers_without_gap_or_double(
    donor: Donor, database: Flask, now: datetime
) -> None:
    gift_ids = [give(donor.id, now, str(n)) for n in range(80)]
    failed: list[Exception] = []
    db.session.rollback()
    threads = [
        threading.Thread(target=issue_all, args=(database, gift_ids[n::8], now, failed)) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(db.session.scalars(select(Receipt.number))) == list(range(1, 81))
    assert {name: found for name, found in invariants.check_all(now=now).items() if found} == {}


def test_eight_racers_make_one_receipt(donor: Donor, database: Flask, now: datetime) -> None:
    """Of eight who receipt one gift at once exactly one does."""
    gift_id = give(donor.id, now)
    failed: list[Exception] = []
    db.session.rollback()
    threads = [threading.Thread(target=issue_all, args=(database, [gift_id], now, failed)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failed) == 7
    assert db.session.scalars(select(Receipt.number)).all() == [1]
    assert db.session.scalar(select(func.count()).select_from(ReceiptLine)) == 1
    assert db.session.scalar(select(ReceiptCounter.last)) == 1


ISSUING = """
import sys
from datetime import datetime
from donorhub.app import create_app
from donorhub.db import db
from donorhub.services.receipts import receipts

now = datetime.fromisoformat(sys.argv[1])
with create_app().app_context():
    for gift_id in map(int, sys.argv[2:]):
        receipts.issue_receipt([gift_id], today=now.date(), now=now, actor="t")
        db.session.commit()
"""


@pytest.mark.slow
def test_two_processes_take_numbers_without_gap_or_double(
    donor: Donor, database: Flask, servers: dict[str, str], home: Path, now: datetime
) -> None:
    if database.extensions["donorhub.settings"].uses_sqlite:
        pytest.skip("on SQLite one process serves")
    gift_ids = [str(give(donor.id, now, str(n))) for n in range(60)]
    db.session.rollback()
    environ = {**os.environ, **servers, "DONORHUB_MODE": "test", "DONORHUB_HOME": str(home)}
    processes = [
        subprocess.Popen([sys.executable, "-c", ISSUING, now.isoformat(), *gift_ids[n::2]], env=environ)
        for n in range(2)
    ]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert sorted(db.session.scalars(select(Receipt.number))) == list(range(1, 61))


def test_database_refuses_second_live_receipt(donor: Donor, now: datetime) -> None:
    """The database itself refuses a gift on two live receipts."""
    from sqlalchemy.exc import IntegrityError

    gift_id = give(donor.id, now)
    receipt = issue([gift_id], now)
    db.session.add(ReceiptLine(receipt_id=receipt.id, position=1, gift_id=gift_id, amount_minor=1))
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()
    assert db.session.scalar(select(func.count(Gift.id))) == 1


@pytest.mark.parametrize(
    ("country", "name", "number"), [("AL", "NIPT", "K12345678L"), ("XK", "NUI", "810123456")]
)
def test_company_receipt_has_tax_number(
    donor: Donor, now: datetime, country: str, name: str, number: str
) -> None:
    """A company gets its receipt with its tax number, and what was issued stays."""
    organisation.change_organisation(
        {"jurisdiction": country, "country": country, "ids": {name: number}, "signatory_name": "Arta K."},
        now=now,
        actor="t",
    )
    change = {"kind": "organisation", "name": "Puna sh.p.k.", "country": country, "lang": "sq"}
    donors.change_donor(donor, change, now=now, actor="t")
    gift_id = give(donor.id, now)
    with pytest.raises(Rejected, match=f"the donor's {name}"):
        issue([gift_id], now)
    db.session.rollback()
    donors.change_donor(donors.get_donor(donor.id), {"tax_number": number}, now=now, actor="t")
    receipt = issue([gift_id], now)
    assert receipt.payload["donor"]["ids"] == {name: number}
    donors.change_donor(donors.get_donor(donor.id), {"tax_number": ""}, now=now, actor="t")
    db.session.commit()
    kept = receipts.get_receipt(receipt.id)
    assert kept.payload["donor"]["ids"] == {name: number}
    assert compute_digest(dict(kept.payload)) == kept.payload_sha256


def test_old_receipt_has_no_tax_number(donor: Donor, now: datetime) -> None:
    """A receipt from before donors had tax numbers is read as it was."""
    receipt = issue([give(donor.id, now)], now)
    assert receipt.payload["donor"]["ids"] == {}
    donors.change_donor(donors.get_donor(donor.id), {"tax_number": "5252810770"}, now=now, actor="t")
    db.session.commit()
    assert thaw_document(receipts.get_receipt(receipt.id).payload).donor.ids == {}


def test_receipt_speaks_as_the_country_does(donor: Donor, now: datetime) -> None:
    """Who named no language gets the receipt in that of their country; who named one, in that."""
    donors.change_donor(donor, {"lang": None, "country": "XK"}, now=now, actor="t")
    assert issue([give(donor.id, now, "1")], now).lang == "sq"
    donors.change_donor(donors.get_donor(donor.id), {"lang": "en"}, now=now, actor="t")
    assert issue([give(donor.id, now, "2")], now).lang == "en"


def test_gift_in_kind_says_what_was_given(donor: Donor, now: datetime) -> None:
    """No receipt is issued for a gift in kind before somebody says what was given; then it is printed, and
    stays while the receipt names it."""
    gift_id = give(donor.id, now, "1", method="in_kind")
    before = dump()
    with pytest.raises(Rejected) as refusal:
        receipts.issue_receipt([gift_id], today=now.date(), now=now, actor="t")
    db.session.rollback()
    assert refusal.value.facts["problems"] == ["goods_missing"]
    assert dump() == before
    gift_changes.change_gift(gift_id, {"goods": "12 krzeseł, używanych"}, now=now, actor="user:1")
    receipt = issue([gift_id], now)
    assert receipt.payload["lines"][0]["goods"] == "12 krzeseł, używanych"
    document = thaw_document(receipts.get_receipt(receipt.id).payload)
    assert document.lines[0].goods == "12 krzeseł, używanych"
    page = printed.render_html(document)
    assert "12 krzeseł, używanych" in page and "przyjęła darowiznę rzeczową" in page
    with pytest.raises(Rejected, match="told what was given"):
        gift_changes.change_gift(gift_id, {"goods": "13"}, now=now, actor="user:1")
    gift_changes.change_gift(gift_id, {"note": "from the cellar"}, now=now, actor="user:1")
    receipts.void_receipt(receipt.id, reason="12 were 13", now=now, actor="user:1")
    assert gift_changes.change_gift(gift_id, {"goods": "13 krzeseł"}, now=now, actor="user:1")


def test_money_of_before_has_its_old_digest(donor: Donor, now: datetime) -> None:
    """What is frozen of a gift of money is what was frozen before there were goods, byte for byte."""
    receipt = issue([give(donor.id, now, "1", goods="said of money by mistake")], now)
    (line,) = receipt.payload["lines"]
    assert line.keys() == {"received_on", "amount", "method", "purpose", "reference"}
    assert compute_digest(freeze_document(thaw_document(receipt.payload))) == receipt.payload_sha256
