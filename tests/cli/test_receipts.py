"""``donorhub receipts``: issuing, voiding, replacing, rendering and saving."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.models import Donor, Gift, Message, Receipt, ReceiptCounter, ReceiptPdf
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from tests.cli.conftest import Donorhub, Ended
from tests.receipts import reading
from tests.web.desk import rows


@pytest.fixture
def three_gifts(database: Flask, now: datetime) -> list[str]:
    """Two gifts of one donor and one of another, as ids to type."""
    organisation.get_organisation().jurisdiction = "XX"
    made = []
    for number, name in enumerate(("Ola Wiśniewska", "Ola Wiśniewska", "Besa Krasniqi")):
        known = db.session.query(Gift).first() if number == 1 else None
        donor_id = (
            known.donor_id
            if known
            else donors.create_donor({"name": name}, source="t", now=now, actor="t").id
        )
        gift, _ = gifts.record_gift(
            donor_id,
            Money(5000 + number, "PLN"),
            received_on=now.date(),
            source="t",
            source_ref=str(number),
            now=now,
            actor="t",
        )
        made.append(str(gift.id))
    db.session.commit()
    return made


def test_one_receipt_or_one_each(donorhub: Donorhub, three_gifts: list[str]) -> None:
    """Several gifts get one receipt, or one for each with the option for it."""
    ended = donorhub("receipts", "issue", "--yes", *three_gifts[:2])
    assert (ended.code, ended.lines) == (0, [["R/2026/000001", "receipt 1", "100.01 PLN"]])
    assert donorhub("receipts", "issue", "--yes", "--each", three_gifts[2]).lines[0][0] == "R/2026/000002"


def test_all_gifts_of_year_get_receipts(donorhub: Donorhub, three_gifts: list[str]) -> None:
    """All gifts of a year that have no receipt get theirs, and a second call changes nothing."""
    donorhub("receipts", "issue", "--yes", three_gifts[0], "--lang", "sq")
    assert len(donorhub("receipts", "issue", "--yes", "--all-of", "2026").lines) == 2
    assert donorhub("receipts", "issue", "--yes", "--all-of", "2026").out == ""
    numbers = [receipt.number for receipt in db.session.query(Receipt).order_by(Receipt.id)]
    assert numbers == [1, 2, 3]
    assert db.session.query(Receipt).order_by(Receipt.id).first().lang == "sq"  # type: ignore[union-attr]


def test_warning_is_said_once(donorhub: Donorhub, three_gifts: list[str]) -> None:
    """What should be looked at is said once, however many receipts it is true of."""
    for donor in db.session.query(Donor):
        donor.name = f"{donor.name} 李"
    db.session.commit()
    ended = donorhub("receipts", "issue", "--yes", "--each", *three_gifts)
    assert (ended.code, len(ended.lines)) == (0, 3)
    assert ended.err.count("warning: our font has no shape for 李 in donor.name_line") == 1


def test_void_number_stays_with_replacement(donorhub: Donorhub, three_gifts: list[str]) -> None:
    """A void number stays, and a replacement names it."""
    donorhub("receipts", "issue", "--yes", three_gifts[0])
    assert donorhub("receipts", "replace", "1", "--yes").lines == [["R/2026/000002", "receipt 2"]]
    voided = donorhub("receipts", "void", "2", "--reason", "wrong name", "--yes")
    assert voided.out == "R/2026/000002 is void\n"
    states = [
        (one.number, one.state, one.replaces_id) for one in db.session.query(Receipt).order_by(Receipt.id)
    ]
    assert states == [(1, "void", None), (2, "void", 1)]


def test_pdfs_are_made_and_saved_under_their_numbers(
    donorhub: Donorhub, three_gifts: list[str], tmp_path: Path
) -> None:
    donorhub("receipts", "issue", "--yes", three_gifts[0])
    early = donorhub("receipts", "save", tmp_path / "pdf")
    assert early.out == "" and "R-2026-000001: no PDF yet: a worker has still to make it" in early.err
    assert donorhub("receipts", "render").out == "1 of 1 tried\n"
    assert donorhub("receipts", "render").out == "0 of 0 tried\n"
    assert donorhub("receipts", "save", tmp_path / "pdf", "--year", "2025").out == ""
    donorhub("receipts", "save", tmp_path / "pdf")
    saved = (tmp_path / "pdf" / "R-2026-000001.pdf").read_bytes()
    assert saved.startswith(b"%PDF")
    assert hashlib.sha256(saved).hexdigest() == db.session.query(ReceiptPdf).one().sha256


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("issue", "99"), 1, "there is no gift 99"),
        (("issue", "1", "3"), 1, "the gifts are of several donors"),
        (("issue", "1", "--lang", "de"), 2, "'de' is not one of"),
        (("issue",), 2, "choose"),
        (("void", "1"), 2, "Missing option '--reason'"),
        (("void", "9", "--reason", "x"), 1, "there is no receipt 9"),
        (("replace", "9"), 1, "there is no receipt 9"),
        (("save",), 2, "Missing argument 'FOLDER'"),
    ],
)
def test_wrong_use_changes_nothing(
    donorhub: Donorhub, three_gifts: list[str], arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    """Wrong use is answered with a sentence and changes nothing."""
    ended = donorhub("receipts", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert sentence in ended.err and "Traceback" not in ended.err
    assert not db.session.query(Receipt).count() + db.session.query(ReceiptCounter).count()


def test_refused_gift_leaves_no_gap(donorhub: Donorhub, three_gifts: list[str]) -> None:
    """What cannot be issued is reported, and the rest is issued without a gap in the numbers."""
    donorhub("receipts", "issue", "--yes", three_gifts[0])
    ended = donorhub("receipts", "issue", "--yes", "--each", *three_gifts)
    assert ended.code == 1
    assert f"gift {three_gifts[0]} is on a receipt already" in ended.err
    assert "1 of 3 were not issued" in ended.err
    assert [line[0] for line in ended.lines] == ["R/2026/000002", "R/2026/000003"]


def test_a_reason_of_blanks_is_none(donorhub: Donorhub, three_gifts: list[str]) -> None:
    donorhub("receipts", "issue", "--yes", three_gifts[0])
    ended = donorhub("receipts", "void", "1", "--reason", " ", "--yes")
    assert ended.code == 1 and "reason: Please fill this in" in ended.err
    assert db.session.query(Receipt).one().state == "issued"


def test_receipts_are_sent_by_command(donorhub: Donorhub, three_gifts: list[str]) -> None:
    """Receipts of a year are sent once each; those without an address are named with the way out."""
    db.session.query(Donor).filter_by(id=1).one().email = "ola@example.org"
    db.session.commit()
    donorhub("receipts", "issue", "--yes", "--all-of", "2026")
    ended = donorhub("receipts", "send", "--yes", "--all-of", "2026")
    assert [line[2] for line in ended.lines] == ["planned", "planned"]
    assert ended.code == 1 and "has no e-mail address: download the receipt and print it" in ended.err
    assert donorhub("receipts", "send", "--yes", "1").lines == [
        ["R/2026/000001", "message 1", "known, planned"]
    ]
    assert donorhub("receipts", "send", "--yes", "--all-of", "2026").out == ""


def test_drafts_of_year_use_no_number(donorhub: Donorhub, three_gifts: list[str], tmp_path: Path) -> None:
    """The drafts of a whole year are looked at first, and each is issued by its digest as it was shown."""
    ended = donorhub("receipts", "preview", "--all-of", "2026", "--to", tmp_path / "drafts")
    assert (ended.code, [line[1] for line in ended.lines]) == (0, ["50.00 PLN", "50.01 PLN", "50.02 PLN"])
    for file, _total, _digest in ended.lines:
        assert "DRAFT" in reading.text(Path(file).read_bytes())
    assert not db.session.query(Receipt).count() + db.session.query(ReceiptCounter).count()
    digest = ended.lines[0][2]
    db.session.query(Donor).filter_by(id=1).one().name = "Aleksandra"
    db.session.commit()
    refused = donorhub("receipts", "issue", three_gifts[0], "--digest", digest)
    assert refused.code == 1 and "not what was shown" in refused.out
    digest = donorhub("receipts", "preview", three_gifts[0], "--to", tmp_path / "drafts").lines[0][2]
    assert donorhub("receipts", "issue", three_gifts[0], "--digest", digest).lines[0][0] == "R/2026/000001"


@pytest.mark.parametrize("command", ["issue", "preview"])
def test_gap_of_ours_is_said_once(
    donorhub: Donorhub, three_gifts: list[str], tmp_path: Path, command: str
) -> None:
    """What the organisation lacks stops the batch of a year with one sentence, and uses no number."""
    organisation.get_organisation().street = ""
    db.session.commit()
    more = ("--to", str(tmp_path)) if command == "preview" else ()
    ended = donorhub("receipts", command, "--all-of", "2026", *more)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.count("a receipt must show street and town of the organisation") == 1
    assert not db.session.query(Receipt).count() + db.session.query(ReceiptCounter).count()


@pytest.mark.parametrize("command", [("void", "1", "--reason", "wrong name"), ("replace", "1")])
def test_receipt_is_voided_only_as_shown(
    donorhub: Donorhub, three_gifts: list[str], command: tuple[str, ...]
) -> None:
    """Nothing is done without a look or with a stale digest; with the digest that it printed it is."""
    donorhub("receipts", "issue", "--yes", three_gifts[0])
    before = rows()
    shown = donorhub("receipts", *command)
    found = re.search(r"--digest ([0-9a-f]{16})", shown.out)
    assert shown.code == 1 and found and "R/2026/000001" in shown.out
    stale = donorhub("receipts", *command, "--digest", "0" * 16)
    assert stale.code == 1 and "not what was shown" in stale.out
    assert rows() == before
    assert donorhub("receipts", *command, "--digest", found.group(1)).code == 0
    after = rows()
    assert after != before
    donorhub("receipts", *command, "--digest", found.group(1))
    assert rows() == after


def find_digest(ended: Ended) -> str:
    found = re.search(r"--digest ([0-9a-f]{16})", ended.out)
    assert ended.code == 1 and found, ended.out
    return found.group(1)


@pytest.mark.parametrize("chosen", [("--all-of", "2026"), ("--each", "1", "2", "3")])
def test_receipts_of_year_are_issued_as_shown(
    donorhub: Donorhub, three_gifts: list[str], chosen: tuple[str, ...]
) -> None:
    """Many receipts are shown with their sum first; where one would be another since, none is issued."""
    shown = donorhub("receipts", "issue", *chosen)
    assert "3 receipts, 150.03 PLN" in shown.out
    digest = find_digest(shown)
    donor = db.session.query(Donor).order_by(Donor.id).first()
    assert donor is not None
    donor.name = "Aleksandra"
    db.session.commit()
    stale = donorhub("receipts", "issue", *chosen, "--digest", digest)
    assert stale.code == 1 and "Aleksandra" in stale.out and "not what was shown" in stale.out
    assert not db.session.query(Receipt).count() + db.session.query(ReceiptCounter).count()
    digest = find_digest(donorhub("receipts", "issue", *chosen))
    assert len(donorhub("receipts", "issue", *chosen, "--digest", digest).lines) == 3
    again = donorhub("receipts", "issue", *chosen, "--digest", digest)
    assert again.out == "" and db.session.query(Receipt).count() == 3


def test_receipts_of_year_are_sent_as_shown(donorhub: Donorhub, three_gifts: list[str]) -> None:
    """Which receipts go, and to whom, is shown first; to another address since, none goes."""
    donor = db.session.query(Donor).filter_by(id=1).one()
    donor.email = "ola@example.org"
    db.session.commit()
    donorhub("receipts", "issue", "--yes", "--all-of", "2026")
    shown = donorhub("receipts", "send", "--all-of", "2026")
    assert "R/2026/000001 to ola@example.org: 50.00 PLN" in shown.out
    assert "has no e-mail address: download the receipt and print it" in shown.out
    digest = find_digest(shown)
    donor.email = "aleksandra@example.org"
    db.session.commit()
    stale = donorhub("receipts", "send", "--all-of", "2026", "--digest", digest)
    assert stale.code == 1 and "not what was shown" in stale.out
    assert not db.session.query(Message).count()
    digest = find_digest(donorhub("receipts", "send", "--all-of", "2026"))
    assert len(donorhub("receipts", "send", "--all-of", "2026", "--digest", digest).lines) == 2
    assert db.session.query(Message).count() == 2
