"""A folder copied while its server runs: the copy, with all keys set, lets nothing leave until it is adopted.

The real processes, over SMTP; a restart of the original, and of a copy that was adopted, lets things leave.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.load.installation import PATIENCE_S, Installation
from tests.smtp import SmtpServer, smtp_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
GIVE = """
from donorhub import clock
from donorhub.db import db
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
now = clock.now()
fields = {{"name": "Anna", "email": "{name}@example.org"}}
donor = donors.create_donor(fields, source="form", now=now, actor="t")
of_gift = {{"received_on": now.date(), "source": "test", "source_ref": "{name}"}}
gifts.record_gift(donor.id, Money(5000, "PLN"), now=now, actor="t", **of_gift)
db.session.commit()
"""


@pytest.fixture
def mail(stores: str) -> Iterator[SmtpServer]:
    if stores != "sqlite":
        pytest.skip("the copy of a folder is a copy of SQLite's file")
    with smtp_server() as server:
        yield server


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def list_readers(mail: SmtpServer) -> set[str]:
    return {str(message["To"]) for message in mail.messages}


def copy_folder(original: Path, copy: Path) -> None:
    """A whole copy of a base in use, as a backup takes it, with the keys beside it."""
    copy.mkdir()
    for name in ("field_key", "secret_key"):
        shutil.copy(original / name, copy / name)
    source, target = (sqlite3.connect(folder / "donorhub.sqlite3") for folder in (original, copy))
    source.backup(target)
    source.close()
    target.close()


def test_copied_folder_is_held_until_adopted(mail: SmtpServer, tmp_path: Path) -> None:
    original = Installation(tmp_path / "home", {}, DONORHUB_SMTP_URL=mail.url)
    copy = None
    try:
        original.run("db", "upgrade")
        server = original.serve()
        original.script(GIVE.format(name="first"))
        wait_for(lambda: len(mail.messages) == 1)
        copy_folder(original.home, tmp_path / "copy")
        original.kill(server)

        copy = Installation(tmp_path / "copy", {}, DONORHUB_SMTP_URL=mail.url)
        copied_server = copy.serve()
        assert "nothing leaves this installation" in copy.log()
        copy.script(GIVE.format(name="second"))
        wait_for(lambda: copy.one("SELECT count(*) FROM message") == 2)
        time.sleep(1)
        doctor = copy.run("doctor", code=1)
        assert "the database lies in another folder than before" in doctor.stdout
        assert len(mail.messages) == 1

        copy.run("adopt", "--yes")
        wait_for(lambda: len(mail.messages) == 2)
        copy.kill(copied_server)
        copy.serve()  # a restart
        copy.script(GIVE.format(name="third"))
        original.serve()  # of the original, too
        original.script(GIVE.format(name="fourth"))
        wait_for(lambda: len(mail.messages) == 4)
        assert list_readers(mail) == {
            f"Anna <{n}@example.org>" for n in ("first", "second", "third", "fourth")
        }
    finally:
        original.stop_all()
        if copy:
            copy.stop_all()
