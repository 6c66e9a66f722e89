"""Settings, texts: changed in three languages, previewed, sent to oneself, and what donors then get."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.gateways.mailer import Smtp
from donorhub.models import Message, Template
from tests.contents import read_contents
from tests.services.messages.test_one_thank_you import add_donor, give, minutes, work
from tests.smtp import SmtpServer, smtp_server
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import key_in

PLACE = "/settings/texts/thank_you-email"
WORDS = {
    "pl": "dziękujemy z całego serca za",
    "sq": "faleminderit nga zemra për",
    "en": "our warmest thanks for",
}
GREETINGS = {"pl": "Szanowna Pani Olu,", "sq": "Të nderuar,", "en": "Dear Ola Lis,"}


@pytest.fixture
def mail(database: Flask) -> Iterator[SmtpServer]:
    with smtp_server() as server:
        database.extensions["donorhub.mailer"] = Smtp(server.url)
        yield server
        del database.extensions["donorhub.mailer"]


def write_body(lang: str) -> str:
    return f"{{{{ salutation }}}}\n\n{WORDS[lang]} {{{{ amount }}}}.\n\n{{{{ how_to_stop }}}}"


def change(staff: Staff, lang: str, act: str = "save", **fields: object) -> object:
    key = key_in(staff.get(f"{PLACE}/{lang}").text)
    start = {
        "subject": "Thanks",
        "body": write_body(lang),
        "reason": "warmer",
        "base_version": "0",
        "key": key,
    }
    return staff.post(f"{PLACE}/{lang}", **{**start, "act": act, **fields})


def test_edited_thank_you_is_what_donors_get(database: Flask, mail: SmtpServer) -> None:
    """AC 10 of messages.md: edited in pl, sq and en in pages, previewed for a real donor, and received so,
    with the right vocative; no mail says STOP."""
    staff = Staff(database, "admin")
    people = {lang: add_donor(lang, f"{lang}@example.org") for lang in ("pl", "sq", "en")}
    for lang, donor in people.items():
        give(donor, 5000, minutes(0))
        shown = words_of(change(staff, lang, "preview", donor=donor.id).text)  # type: ignore[attr-defined]
        assert GREETINGS[lang] in shown and WORDS[lang] in shown
        assert change(staff, lang).status_code == 302  # type: ignore[attr-defined]
    let_write()
    work(minutes(3))
    letters = {letter["To"].addresses[0].username: letter for letter in mail.wait_for(3)}
    for lang in people:
        text = letters[lang].get_body(("plain",)).get_content()
        assert text.startswith(GREETINGS[lang]) and WORDS[lang] in text and "STOP" not in text
        page = letters[lang].get_body(("html",)).get_content()
        assert f'<html lang="{lang}">' in page and f">{GREETINGS[lang]}</p>" in page and WORDS[lang] in page
    assert set(db.session.scalars(select(Message.template))) == {"thank_you@own-1"}


def test_preview_shows_page_and_plain_text(database: Flask) -> None:
    """A mail is previewed as the page that it becomes and as its plain text, a letter as it is printed."""
    staff = Staff(database, "admin")
    add_donor()
    body = write_body("pl").replace("serca", "**serca**")
    page = change(staff, "pl", "preview", body=body).text  # type: ignore[attr-defined]
    assert "z całego <strong>serca</strong>" in page and "z całego **serca** za 50,00 zł" in page
    letter = staff.get("/settings/texts/personal-post/pl").text
    shown = letter[letter.index('id="sample"') :].partition("</article>")[0]
    assert "<p>Szanowna Pani Olu,</p>" in shown and "<details>" not in letter[letter.index('id="sample"') :]


def test_preview_and_refusal_save_nothing(database: Flask) -> None:
    """Neither a preview nor a text with an unknown variable changes anything; the line is named."""
    staff = Staff(database, "communications")
    add_donor()
    let_write()
    before = read_contents()
    assert "Szanowna Pani Olu," in words_of(change(staff, "pl", "preview").text)  # type: ignore[attr-defined]
    answer = change(staff, "pl", body="{{ salutation }}\n\n{{ amuont }}\n{{ how_to_stop }}")
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert "Line 3: there is no “amuont” here." in words_of(answer.text)  # type: ignore[attr-defined]
    let_write()
    assert read_contents() == before


def test_amounts_are_made_up_for_who_sees_none(database: Flask) -> None:
    """Who may not see gifts previews with a gift that is made up."""
    staff = Staff(database, "communications")
    give(add_donor(), 123_45, minutes(0))
    let_write()
    shown = words_of(change(staff, "pl", "preview").text)  # type: ignore[attr-defined]
    assert "123,45" not in shown and "50,00 zł" in shown and "made up" in shown


def test_next_and_previous_donor_of_the_language(database: Flask) -> None:
    """The preview goes on to the next donor who reads this language, and back."""
    staff = Staff(database, "admin")
    first, _other, last = (
        add_donor("pl", "a@example.org"),
        add_donor("sq", "b@example.org"),
        add_donor("pl", "c@example.org"),
    )
    last.salutation = "Droga Lisko,"
    db.session.commit()
    ids = first.id, last.id
    shown = words_of(change(staff, "pl", "next", donor=ids[0]).text)  # type: ignore[attr-defined]
    assert "Droga Lisko," in shown
    page = change(staff, "pl", "previous", donor=ids[1]).text  # type: ignore[attr-defined]
    assert f'name="donor" value="{ids[0]}"' in page and "Szanowna Pani Olu," in page


def test_send_to_me_goes_to_me_once(database: Flask, mail: SmtpServer) -> None:
    """The text goes to who asked, once for each form, and to no donor."""
    staff = Staff(database, "admin")
    add_donor()
    key = key_in(staff.get(f"{PLACE}/pl").text)
    for _ in range(2):
        change(staff, "pl", "send", key=key)
    let_write()
    work(minutes(3))
    (letter,) = mail.wait_for(1)
    assert letter["To"].addresses[0].addr_spec != "ola@example.org"
    assert "Szanowna Pani Olu," in letter.get_body(("plain",)).get_content()


def test_versions_show_their_difference_and_come_back(database: Flask) -> None:
    """Every version stands with its reason and what it changed; the shipped one is used again."""
    staff = Staff(database, "admin")
    change(staff, "en")
    page = staff.get(f"{PLACE}/en/versions").text
    assert "warmer" in page and re.search(r"<ins>.*our warmest thanks", page) and "<del>" in page
    answer = staff.post(f"{PLACE}/en/restore", version="0", base_version="1", reason="back")
    assert answer.status_code == 302
    assert staff.post(f"{PLACE}/en/restore", version="0", base_version="1", reason="late").status_code in (
        302,
        422,
    )
    let_write()
    assert [row.version for row in db.session.scalars(select(Template))] == [1, 2]


def test_language_is_left_out_in_pages(database: Flask) -> None:
    """A language left out is marked with the one that stands in."""
    staff = Staff(database, "admin")
    assert staff.post(f"{PLACE}/sq/leave-out", base_version="0", reason="nobody").status_code == 302
    assert "left out; its readers get: English" in staff.text("/settings/texts")
