"""Voiding and replacing receipts: the old one stays and says so."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.errors import Conflict, Rejected
from donorhub.models import Donor
from donorhub.services.giving import gifts
from donorhub.services.receipts import receipts
from donorhub.services.receipts.receipt_stamps import get_current_document, get_issued_document
from tests.api.conftest import dump
from tests.services.receipts.test_receipts import give, issue, refund


def test_void_receipt_frees_its_gifts(donor: Donor, now: datetime) -> None:
    """A void receipt keeps its number and lines and frees its gifts; voiding again changes nothing."""
    gift_id = give(donor.id, now)
    old = issue([gift_id], now)
    old_id, payload = old.id, dict(old.payload)
    later = now + timedelta(days=1)
    receipts.void_receipt(old_id, reason="wrong name", now=later, actor="u")
    db.session.commit()
    voided = receipts.get_receipt(old_id)
    assert (voided.state, voided.void_reason, voided.voided_by, voided.voided_at) == (
        "void",
        "wrong name",
        "u",
        later,
    )
    assert voided.payload == payload and [line.gift_id for line in voided.lines] == [gift_id]
    assert gifts.find_live_receipt_id(gift_id) is None
    before = dump()
    receipts.void_receipt(old_id, reason="again", now=later + timedelta(days=1), actor="v")
    db.session.commit()
    assert dump() == before
    assert receipts.format_number_of(issue([gift_id], later)) == "R/2026/000002"


def test_a_receipt_is_not_voided_without_a_reason(donor: Donor, now: datetime) -> None:
    receipt = issue([give(donor.id, now)], now)
    before = dump()
    with pytest.raises(Rejected):
        receipts.void_receipt(receipt.id, reason=" ", now=now, actor="t")
    db.session.rollback()
    assert dump() == before


def test_replacement_names_the_old_receipt(donor: Donor, now: datetime) -> None:
    """A replacement names the old receipt, and a void one is not replaced."""
    old = issue([give(donor.id, now)], now)
    new = receipts.replace_receipt(old.id, today=now.date(), now=now, actor="t", lang="en")
    db.session.commit()
    assert (new.replaces_id, new.payload["replaces"], new.lang) == (old.id, "R/2026/000001", "en")
    before = dump()
    with pytest.raises(Conflict, match="R/2026/000001 is void already"):
        receipts.replace_receipt(old.id, today=now.date(), now=now, actor="t")
    db.session.rollback()
    assert dump() == before


def test_replacement_omits_refunded_gift(donor: Donor, now: datetime) -> None:
    """A replacement leaves out a gift that was refunded, and one with nothing left is refused."""
    first, second = give(donor.id, now, "1", 1000), give(donor.id, now, "2", 2000)
    old_id = issue([first, second], now).id
    refund(second, 2000, now)
    new = receipts.replace_receipt(old_id, today=now.date(), now=now, actor="t")
    db.session.commit()
    assert [(line.gift_id, line.amount_minor) for line in new.lines] == [(first, 1000)]
    assert (new.kind, new.total_minor, new.replaces_id) == ("single", 1000, old_id)
    assert gifts.find_live_receipt_id(second) is None
    refund(first, 1000, now)
    before = dump()
    with pytest.raises(Rejected, match=f"nothing is left of gift {first}"):
        receipts.replace_receipt(new.id, today=now.date(), now=now, actor="t")
    db.session.rollback()
    assert dump() == before


@pytest.mark.parametrize("order", [("issued", "void"), ("void", "issued")])
def test_stamped_pdf_always_counts(donor: Donor, now: datetime, order: tuple[str, str]) -> None:
    """Of a void receipt the stamped PDF counts, whichever worker was faster."""
    receipt = issue([give(donor.id, now)], now)
    assert receipts.find_pdf(receipt) is None
    receipts.void_receipt(receipt.id, reason="wrong name", now=now, actor="t")
    for mark in order:
        receipts.keep_pdf(receipt, mark, mark.encode(), f"sha of {mark}")
    db.session.commit()
    found = receipts.find_pdf(receipts.get_receipt(receipt.id))
    assert found is not None and found.content == b"void"


def test_void_receipt_waits_for_stamp(donor: Donor, now: datetime) -> None:
    """A void receipt is not handed out without its stamp."""
    receipt = issue([give(donor.id, now)], now)
    receipts.keep_pdf(receipt, "issued", b"valid", "sha")
    assert receipts.find_pdf(receipt) is not None
    receipts.void_receipt(receipt.id, reason="wrong name", now=now, actor="t")
    assert receipts.find_pdf(receipt) is None


def test_a_reason_that_cannot_be_printed_voids_nothing(donor: Donor, now: datetime) -> None:
    receipt = issue([give(donor.id, now)], now)
    before = dump()
    for reason in ("wrong \u202ename\u202c", "x" * 501):
        with pytest.raises(Rejected) as refusal:
            receipts.void_receipt(receipt.id, reason=reason, now=now, actor="t")
        db.session.rollback()
        assert (refusal.value.specific_code, refusal.value.field) == ("reason_unprintable", "/reason")
    assert dump() == before


def test_void_day_is_organisations_own(donor: Donor, now: datetime) -> None:
    """A void receipt has the day of the organisation's time zone."""
    receipt = issue([give(donor.id, now)], now)
    half_past_midnight = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)  # 1 January in Warsaw
    receipts.void_receipt(receipt.id, reason="wrong name", now=half_past_midnight, actor="t")
    printed = get_current_document(receipt)
    assert (printed.state, printed.voided_on, printed.void_reason) == (
        "void",
        date(2027, 1, 1),
        "wrong name",
    )


def test_replaced_receipt_names_successor(donor: Donor, now: datetime) -> None:
    """A replaced receipt names its successor, without a word in another language."""
    old = issue([give(donor.id, now)], now)
    new = receipts.replace_receipt(old.id, today=now.date(), now=now, actor="t")
    db.session.commit()
    printed = get_current_document(old)
    assert (printed.replaced_by, printed.void_reason) == (receipts.format_number_of(new), "")
    assert get_current_document(new).state == get_issued_document(old).state == "issued"


def test_first_voiding_reason_stays(donor: Donor, database: Flask, now: datetime) -> None:
    """Of two who void one receipt at once the first reason stays."""
    receipt_id = issue([give(donor.id, now)], now).id
    receipts.get_receipt(receipt_id)  # this one has seen it issued before the other voids it

    def void_elsewhere() -> None:
        with database.app_context():
            receipts.void_receipt(receipt_id, reason="first", now=now, actor="u")
            db.session.commit()

    if database.extensions["donorhub.settings"].uses_sqlite:
        db.session.rollback()  # there only one transaction at a time may mean to write
    other = threading.Thread(target=void_elsewhere)
    other.start()
    other.join()
    receipts.void_receipt(receipt_id, reason="second", now=now, actor="v")
    db.session.commit()
    voided = receipts.get_receipt(receipt_id)
    assert (voided.void_reason, voided.voided_by) == ("first", "u")
