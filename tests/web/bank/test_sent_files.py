"""Several files sent in the browser, or a ZIP: one page says what became of each and what is to be done."""

from __future__ import annotations

import io
from pathlib import Path
from zipfile import ZIP_STORED

from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.models import ImportFile
from donorhub.services.bank.files import deliveries
from donorhub.services.bank.files.deliveries import SentFile
from tests.importers.zips import damage_member, pack_files
from tests.web.bank.bank_world import OURS, PAYER, UNKNOWN_CSV, Staff, camt, words_of, work

SOUND = camt([("2026-11-19", "50.00", "KOWALSKA ANNA", PAYER, "darowizna")])
FALSE = camt([("2026-11-20", "20.00", "NOWAK JAN", PAYER, "x")], opening="150.00", closing="999.00")


def send(staff: Staff, *files: tuple[bytes, str]) -> str:
    """Choose several files and press Import; the address of the page that it leads to."""
    answer = staff.post("/bank/files", file=[(io.BytesIO(content), name) for content, name in files])
    assert answer.status_code == 302, words_of(answer.text)
    return str(answer.headers["Location"])


def test_each_sent_file_says_what_to_do(accountant: Staff) -> None:
    """One page lists the files with their states, the reason first, and what to do; it waits for them."""
    accountant.post("/bank/accounts", number=OURS, new_currency="PLN")
    zip_ = pack_files({"19.xml": SOUND, "20.xml": FALSE})
    page = send(accountant, (zip_, "may.zip"), (UNKNOWN_CSV, "other.csv"), (b"<html></html>", "page.csv"))
    waiting = accountant.get(page).text
    assert "data-waits" in waiting and "4 files are being read." in words_of(waiting)
    work()
    words = accountant.text(page)
    assert "4 files sent" in words and "being read" not in words
    assert "may.zip / 19.xml imported New entries 1 Known 0 nothing" in words
    assert "may.zip / 20.xml held New entries 0 Known 0 Open it, compare its figures with the bank's" in words
    assert "other.csv needs an answer New entries 0 Known 0 Open it and answer what it asks." in words
    assert "page.csv refused New entries 0 Known 0 Nothing of it was taken in. This is a web page" in words


def test_unkept_and_known_files_are_told(accountant: Staff) -> None:
    """What could not be unpacked is said by its name and reason; what came before is counted."""
    send(accountant, (SOUND, "19.xml"), (UNKNOWN_CSV, "other.csv"))
    packed = damage_member(pack_files({"19.xml": SOUND, "x.xml": b"damaged"}, ZIP_STORED), b"damaged")
    page = send(accountant, (packed, "may.zip"), (UNKNOWN_CSV + b"\n", "newer.csv"))
    text = accountant.text(page)
    assert "may.zip / x.xml: The file is damaged inside the archive and was not read" in text
    assert "1 of the files came before: nothing was changed by it." in text
    assert "2 files sent" in text


def test_unopened_zip_is_refused_beside_the_field(accountant: Staff) -> None:
    """A ZIP of which nothing was kept leaves the form with its reason."""
    answer = accountant.post("/bank/files", file=(io.BytesIO(pack_files({"../a": b"x"})), "may.zip"))
    assert answer.status_code == 422
    assert "may.zip: The archive names a file outside itself" in words_of(answer.text)
    assert db.session.scalar(select(func.count()).select_from(ImportFile)) == 0


def test_archive_of_before_is_opened_again(accountant: Staff) -> None:
    """A ZIP that was refused when it came in another is opened when a person lets it be read again."""
    page = send(accountant, (pack_files({"old.zip": pack_files({"19.xml": SOUND})}), "may.zip"))
    work()
    assert "An archive that lies in another one is not opened" in accountant.text(page)
    answer = accountant.post("/bank/files/1/again")
    work()
    words = accountant.text(str(answer.headers["Location"]))
    assert "may.zip / old.zip / 19.xml needs an answer" in words


def test_who_reads_the_bank_sees_sent_files(database: Flask) -> None:
    """The page is for who may read imports; a number that is no file is passed by."""
    assert Staff(database, "fundraiser").get("/bank/files/sent?file=1").status_code == 403
    assert "0 files sent" in Staff(database, "steward").text("/bank/files/sent?file=7&file=x")


def test_fee_beside_a_payment_is_named(accountant: Staff) -> None:
    """An entry of a payment service shows who paid, what they gave, and the fee as one, decided by itself."""
    table = (Path(__file__).parents[2] / "files" / "csv" / "revolut.csv").read_bytes()
    deliveries.receive_files(
        [SentFile("revolut.csv", table)], create_accounts=True, now=clock.now(), actor="user:1"
    )
    db.session.commit()
    work()
    for path in ("/bank/to-decide", "/bank/entries/1"):
        words = accountant.text(path)
        assert "Anna Kowalska · EUR 100.00" in words and "EUR 99.00" in words
        assert "Fee · EUR -1.00 Fee Not a gift DonorHub" in words
