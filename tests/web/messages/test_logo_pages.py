"""Settings, logo: sent by a form, shown, on letters and in e-mails, taken away; by administrators only."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from pypdf import PdfReader

from donorhub.db import db
from donorhub.gateways.mailer import Smtp
from donorhub.models import Logo
from donorhub.services.access import logo
from donorhub.services.messages import letters
from donorhub.services.moving.whole import contents
from receipts import render_letters
from tests.conftest import NOW
from tests.contents import read_contents
from tests.pictures import make_picture, open_picture
from tests.services.messages.test_letters import write
from tests.services.messages.test_one_thank_you import add_donor, give, minutes, work
from tests.smtp import SmtpServer, smtp_server
from tests.web import desk
from tests.web.bank.bank_world import Staff, let_write

PLACE = "/settings/logo"


@pytest.fixture
def mail(database: Flask) -> Iterator[SmtpServer]:
    with smtp_server() as server:
        database.extensions["donorhub.mailer"] = Smtp(server.url)
        yield server
        del database.extensions["donorhub.mailer"]


def send(staff: Staff, content: bytes, name: str = "logo.png") -> int:
    return staff.post(PLACE, file=(io.BytesIO(content), name)).status_code


def test_logo_is_sent_shown_and_taken_away(database: Flask) -> None:
    """The picture is drawn anew and shown; sent or taken away twice changes nothing the second time."""
    staff = Staff(database, "admin")
    assert "/picture" not in staff.get(PLACE).text and staff.get(f"{PLACE}/picture").status_code == 404
    assert send(staff, make_picture("JPEG"), "logo.svg") == 302
    picture = staff.get(f"{PLACE}/picture")
    assert picture.content_type == "image/png" and open_picture(picture.get_data()).size == (660, 220)
    assert f'src="{PLACE}/picture?v=' in staff.get(PLACE).text
    let_write()
    before = read_contents()
    assert send(staff, make_picture("JPEG")) == 302
    assert "This is the logo already." in staff.get(PLACE).text
    assert read_contents() == before
    assert send(staff, make_picture(size=(200, 200))) == 302
    assert db.session.scalars(db.select(Logo.width)).all() == [200]
    for _ in range(2):
        assert staff.post(f"{PLACE}/remove").status_code == 302
        after = read_contents()
    assert read_contents() == after and db.session.get(Logo, 1) is None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "A logo is a PNG or JPEG picture"),
        (b"", "Please choose a file"),
        (make_picture(size=(4000, 2100)), "at most 8 million pixels"),
    ],
)
def test_refused_picture_changes_nothing(database: Flask, content: bytes, sentence: str) -> None:
    """What is no logo is refused in words, and the one that is kept stays."""
    staff = Staff(database, "admin")
    send(staff, make_picture())
    let_write()
    before = read_contents()
    answer = staff.post(PLACE, file=(io.BytesIO(content), "logo.png"))
    assert answer.status_code == 422 and sentence in answer.text
    let_write()
    assert read_contents() == before


def test_logo_is_on_letters(database: Flask) -> None:
    """A letter bears the logo as it is now, drawn within the head; the sample shows the same."""
    staff = Staff(database, "admin")
    letter = write(desk.add_donor(email="anna@example.org"), "one")
    bare = render_letters(letters.make_letters([letter]))
    assert _list_pictures(bare) == []
    logo.keep_logo(make_picture(), now=NOW, actor="user:1")
    db.session.commit()
    (picture,) = _list_pictures(render_letters(letters.make_letters([letter])))
    assert picture == (660, 220)
    sample = staff.get(f"{PLACE}/letter.pdf")
    assert sample.content_type == "application/pdf" and _list_pictures(sample.get_data()) == [picture]
    logo.keep_logo(make_picture(size=(300, 300)), now=NOW, actor="user:1")
    assert _list_pictures(render_letters(letters.make_letters([letter]))) == [(240, 240)]


def _list_pictures(pdf: bytes) -> list[tuple[int, int]]:
    return [image.image.size for page in PdfReader(io.BytesIO(pdf)).pages for image in page.images]


def test_logo_comes_with_each_mail(database: Flask, mail: SmtpServer) -> None:
    """The page of a mail shows the picture that comes with it, and asks nobody for one."""
    logo.keep_logo(make_picture(), now=NOW, actor="user:1")
    give(add_donor(), 5000, minutes(0))
    work(minutes(3))
    (letter,) = mail.wait_for(1)
    page = letter.get_body(("html",)).get_content()
    (source,) = re.findall(r'src="cid:([^"]+)" width="240" height="80"', page)
    (picture,) = [part for part in letter.walk() if part.get_content_type() == "image/png"]
    assert picture["Content-ID"] == f"<{source}>" and picture.get_content() == logo.get_logo().content
    assert list(letter.iter_attachments()) == []
    assert not re.search(r"src=\"(?!cid:)", page)


def test_logo_moves_with_everything() -> None:
    """The archive of everything holds the logo as it is: nothing in it is keyed."""
    assert "logo" in {table.name for table in contents.list_tables()}
    assert contents.list_columns(Logo.__table__) == list(Logo.__table__.columns)
