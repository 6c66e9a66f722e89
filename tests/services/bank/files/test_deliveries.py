"""Several bank files sent at once, and those in a ZIP: each is an import of its own, none stops another."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import ImportFile
from donorhub.services.bank.files import deliveries
from donorhub.services.bank.files.deliveries import Arrival, SentFile
from tests.importers.zips import damage_member, pack_files
from tests.services.bank.bank import Paid, assert_sound, camt, ledger, money, rows, work_off

DAYS = [date(2026, 10, day) for day in (5, 6, 7)]
PAYMENTS = [Paid(day, 5000 + at, ref=f"R{at}") for at, day in enumerate(DAYS)]
MONTH = {
    f"{day}.xml": camt([paid], opening=sum(p.minor for p in PAYMENTS[:at]), name=f"S{at}")
    for at, (day, paid) in enumerate(zip(DAYS, PAYMENTS, strict=True))
}


def send(*files: SentFile, limit_mb: int = 50) -> list[Arrival]:
    """Send the files and let them be read."""
    arrivals = deliveries.receive_files(
        files, create_accounts=True, limit_mb=limit_mb, now=clock.now(), actor="user:1"
    )
    db.session.commit()
    work_off("import_file")
    return arrivals


def states() -> dict[str, str]:
    """The state of each file that is kept."""
    return {row.filename: row.state for row in db.session.scalars(select(ImportFile))}


def test_each_file_of_a_zip_is_an_import(database: Flask) -> None:
    """A month of daily statements in a ZIP: each is kept with its own digest, and its money counts once."""
    arrivals = send(SentFile("may.zip", pack_files(MONTH)))
    assert [arrival.filename for arrival in arrivals] == [f"may.zip / {name}" for name in MONTH]
    assert states() == dict.fromkeys((arrival.filename for arrival in arrivals), "done")
    digests = {hashlib.sha256(content).hexdigest() for content in MONTH.values()}
    assert set(db.session.scalars(select(ImportFile.sha256))) == digests
    assert ledger() == money(PAYMENTS)
    assert_sound()


def test_the_same_zip_again_changes_nothing(database: Flask) -> None:
    """Packed anew, under another name, or one of its files alone: what came before is told, nothing done."""
    send(SentFile("may.zip", pack_files(MONTH)))
    before = rows()
    again = send(
        SentFile("june.zip", pack_files(MONTH, zipfile.ZIP_STORED)),
        SentFile("alone.xml", MONTH[f"{DAYS[0]}.xml"]),
    )
    assert [arrival.is_read for arrival in again] == [False] * 4
    assert again[0].file is again[3].file
    assert rows() == before


def test_bad_file_stops_no_other(database: Flask) -> None:
    """A damaged member, a web page, an archive inside and an empty file are told; the rest is imported."""
    good, bad, *_ = MONTH.items()
    zip_ = pack_files(
        {
            bad[0]: bad[1],
            "page.csv": b"<html>log in</html>",
            "old.zip": pack_files(MONTH),
            "nothing.xml": b"",
        },
        zipfile.ZIP_STORED,
    )
    arrivals = send(SentFile("may.zip", damage_member(zip_, bad[1])), SentFile(*good))
    damaged = arrivals[0]
    assert damaged.file is None and damaged.problem is not None
    assert (damaged.problem.code, damaged.problem.where) == ("archive", f"may.zip / {bad[0]}")
    assert states() == {
        "may.zip / page.csv": "refused",
        "may.zip / old.zip": "refused",
        "may.zip / nothing.xml": "refused",
        good[0]: "done",
    }
    assert ledger() == money(PAYMENTS[:1])


def test_unopened_zip_stops_no_file(database: Flask) -> None:
    """A ZIP that is not opened is told with its reason, and the files beside it are imported."""
    good, *_ = MONTH.items()
    first, second = send(SentFile("bomb.zip", pack_files({"a": bytes(2_000_000)})), SentFile(*good))
    assert first.problem is not None and first.problem.params["cause"] == "ratio"
    assert second.file is not None and second.file.state == "done"


def test_all_zips_together_have_one_limit(database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two ZIPs that would be opened alone are not opened together where that is too much."""
    size = sum(map(len, MONTH.values()))
    monkeypatch.setattr(deliveries.archive, "MAX_UNPACKED", size + 10)
    arrivals = send(SentFile("a.zip", pack_files(MONTH)), SentFile("b.zip", pack_files({"x.xml": b"x" * 20})))
    problem = arrivals[-1].problem
    assert problem is not None and problem.params["cause"] == "size"
    assert ledger() == money(PAYMENTS)


def test_large_file_among_others_is_told(database: Flask) -> None:
    """A file over the limit is told beside the others, which are imported."""
    good, *_ = MONTH.items()
    large = SentFile("large.csv", b"x" * (1024 * 1024 + 1))
    first, second = send(large, SentFile(*good), limit_mb=1)
    assert first.problem is not None and first.problem.code == "file_too_large"
    assert second.is_read and states() == {good[0]: "done"}


def test_too_many_files_change_nothing(database: Flask) -> None:
    """More files than one delivery may have are refused together, those in ZIPs counted."""
    zip_ = SentFile("a.zip", pack_files({f"{n}.csv": b"%d" % n for n in range(200)}))
    with pytest.raises(Rejected) as refused:
        send(zip_, SentFile("b.csv", b"x"))
    assert refused.value.specific_code == "too_many_files"
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(ImportFile)) == 0


def test_two_deliveries_at_once_wait_for_none(locks: Flask) -> None:
    """The same files in opposite order at the same time make each file once, and neither gives up."""
    names = list(MONTH)
    orders = [names, names[::-1]]
    gate, failures = threading.Barrier(2), []

    def deliver(order: list[str]) -> None:
        with locks.app_context():
            gate.wait()
            try:
                deliveries.receive_files(
                    [SentFile(name, MONTH[name]) for name in order], now=clock.now(), actor="user:1"
                )
                db.session.commit()
            except Exception as e:
                failures.append(e)
            db.session.remove()

    threads = [threading.Thread(target=deliver, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(states()) == sorted(names)
