"""``donorhub erase`` shows what goes and stays, does it once it is confirmed, and overwrites the bytes."""

from __future__ import annotations

from flask import Flask

from donorhub.db import db
from donorhub.models import Erasure
from tests.cli.conftest import Donorhub
from tests.contents import read_contents
from tests.web.desk import add_donor, add_gift


def test_shown_then_erased_then_nothing(database: Flask, donorhub: Donorhub) -> None:
    """Without a word it only shows; by its digest it is done; again nothing is done."""
    donor = add_donor(email="anna@example.org")
    donor_id = donor.id
    add_gift(donor, thank=False)
    before = read_contents()
    shown = donorhub("erase", str(donor_id))
    assert shown.code == 1 and "1 gifts stay without a name" in shown.out
    assert "bank entries that nobody has decided yet keep who paid" in shown.out
    assert read_contents() == before
    digest = shown.out.partition("--digest ")[2].split()[0]
    done = donorhub("erase", str(donor_id), "--digest", digest)
    assert (done.code, done.out.splitlines()[-1]) == (0, "overwritten"), done.err
    assert db.session.query(Erasure).one().bytes_erased_at is not None
    db.session.rollback()
    again = donorhub("erase", str(donor_id), "--yes")
    assert again.code == 0 and "was erased before" in again.out
