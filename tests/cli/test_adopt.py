"""``donorhub adopt`` and what else a command line says of a copy."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import AuditRecord
from donorhub.services.access import instance
from tests.cli.conftest import Donorhub
from tests.contents import read_contents
from tests.copies import copied


def test_what_is_not_held_is_not_adopted(donorhub: Donorhub) -> None:
    before = read_contents()
    ended = donorhub("adopt", "--yes")
    assert (ended.code, ended.out) == (0, "this installation is not held\n") and read_contents() == before


def test_without_a_terminal_the_reasons_are_shown(donorhub: Donorhub) -> None:
    """Nothing is done until somebody says so; what was shown is confirmed by its digest."""
    with copied():
        before = read_contents()
        ended = donorhub("adopt")
        assert ended.code == 1 and read_contents() == before
        assert "the database lies in another folder than before" in ended.out
        assert "nothing was done: --digest" in ended.out
        digest = ended.out.partition("--digest ")[2].split()[0]
        assert donorhub("adopt", "--digest", "f" * 16).code == 1 and read_contents() == before
        assert donorhub("adopt", "--digest", digest).code == 0
        assert not instance.is_held()


def test_adopting_twice_is_once_in_the_audit(donorhub: Donorhub, now: datetime) -> None:
    with copied():
        assert donorhub("adopt", "--yes").code == 0
        assert "not held" in donorhub("adopt", "--yes").out
        (record,) = db.session.scalars(select(AuditRecord)).all()
        assert record.what == "instance.adopted" and record.actor.startswith("cli:")
