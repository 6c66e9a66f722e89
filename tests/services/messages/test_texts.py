"""The organisation's own texts: versions that are never edited, and what is sent names its own."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.messages import wording
from donorhub.domain.messages.text_kinds import TextKind
from donorhub.errors import Conflict, Rejected
from donorhub.models import AuditRecord, Message, Template
from donorhub.models.states import Lang
from donorhub.services.messages import texts
from donorhub.services.messages.texts import NewText
from tests.conftest import NOW
from tests.contents import read_contents
from tests.services.messages.test_one_thank_you import add_donor, give, minutes, work

ACTOR = "user:1"
BODY = "{{ salutation }}\n\nour own words for {{ amount }}.\n\n{{ how_to_stop }}\n"


@pytest.fixture
def thank_you(database: Flask) -> TextKind:
    return texts.get_text_kind("thank_you-email")


def save(text_kind: TextKind, lang: Lang = "pl", *, body: str = BODY, base_version: int = 0) -> int:
    new = NewText("Thanks", body, "warmer")
    version, _ = texts.save_version(text_kind, lang, new, base_version=base_version, now=NOW, actor=ACTOR)
    db.session.commit()
    return version.version


def test_each_saving_is_a_version(thank_you: TextKind) -> None:
    """Saving makes the next version with author and reason, and the ones before stay."""
    assert save(thank_you) == 1
    assert save(thank_you, body=BODY.replace("our own", "other"), base_version=1) == 2
    versions = texts.list_versions(thank_you, "pl")
    assert [one.version for one in versions] == [2, 1, 0]
    assert "our own words" in versions[1].body and versions[1].reason == "warmer"
    assert versions[1].created_by == ACTOR
    assert versions[2].body == wording.get_shipped_text("thank_you", "pl").body
    query = select(AuditRecord.data).where(AuditRecord.what == "template.saved").order_by(AuditRecord.id)
    saved = db.session.scalars(query).all()
    assert [(row["text"], row["lang"], row["version"]) for row in saved] == [
        ("thank_you-email", "pl", 1),
        ("thank_you-email", "pl", 2),
    ]


def test_again_changes_nothing(thank_you: TextKind) -> None:
    """The same text again makes no version; the shipped one unchanged is none either."""
    save(thank_you)
    before = read_contents()
    assert save(thank_you, base_version=1) == 1
    shipped = wording.get_shipped_text("thank_you", "en")
    new = NewText(shipped.subject, shipped.body, "same")
    assert texts.save_version(thank_you, "en", new, base_version=0, now=NOW, actor=ACTOR)[1] is False
    db.session.commit()
    assert read_contents() == before


def test_second_of_two_savings_is_refused(thank_you: TextKind) -> None:
    """Who saves over a version that they have not seen is refused, and nothing changes."""
    save(thank_you)
    before = read_contents()
    with pytest.raises(Conflict) as caught:
        save(thank_you, body=BODY.replace("our own", "late"), base_version=0)
    db.session.rollback()
    assert caught.value.specific_code == "text_changed"
    assert read_contents() == before


def test_refused_text_changes_nothing(thank_you: TextKind) -> None:
    before = read_contents()
    with pytest.raises(Rejected) as caught:
        save(thank_you, body="{{ salutation }}\n{{ nothing_such }}\n{{ how_to_stop }}")
    db.session.rollback()
    assert caught.value.specific_code == "text_faulty"
    assert (
        caught.value.facts["fault"] == ("unknown_variable", "body", 2, "nothing_such")
        and caught.value.field == "/body"
    )
    assert read_contents() == before


def test_shipped_text_is_restored_as_a_version(thank_you: TextKind) -> None:
    """Restoring the shipped text is a version of its own; it is used from then on."""
    save(thank_you)
    version, is_new = texts.restore_version(
        thank_you, "pl", 0, base_version=1, reason="back", now=NOW, actor=ACTOR
    )
    assert (version.version, is_new) == (2, True)
    assert texts.get_current(thank_you, "pl").body == wording.get_shipped_text("thank_you", "pl").body


def test_what_is_sent_names_its_version(thank_you: TextKind) -> None:
    """The message names the version that it was made of, also when another is used later."""
    donor = add_donor()
    save(thank_you)
    give(donor, 5000, minutes(0))
    work(minutes(3))
    save(thank_you, body=BODY.replace("our own", "other"), base_version=1)
    message = db.session.scalars(select(Message)).one()
    assert message.template == "thank_you@own-1"
    assert "Szanowna Pani Olu,\n\nour own words for 50,00 zł." in message.body


def test_left_out_language_is_stood_in_for(thank_you: TextKind) -> None:
    """A language that is left out is written in the one that stands in, whole, and the message says so."""
    texts.leave_out(thank_you, "pl", base_version=0, reason="nobody writes it", now=NOW, actor=ACTOR)
    db.session.commit()
    give(add_donor(), 5000, minutes(0))
    work(minutes(3))
    message = db.session.scalars(select(Message)).one()
    assert message.lang == "en"
    assert "Dear Ola Lis," in message.body and "PLN 50.00" in message.body
    assert "zł" not in message.body and "Państw" not in message.body
    state = next(one for one in texts.list_states(thank_you) if one.lang == "pl")
    assert state.stands_in == "en"


def test_one_language_stays(thank_you: TextKind) -> None:
    """The last language cannot be left out."""
    for lang in ("pl", "sq"):
        texts.leave_out(thank_you, lang, base_version=0, reason="x", now=NOW, actor=ACTOR)
    with pytest.raises(Rejected, match="one language must stay"):
        texts.leave_out(thank_you, "en", base_version=0, reason="x", now=NOW, actor=ACTOR)


def test_language_that_fell_behind_is_marked(thank_you: TextKind) -> None:
    """A text that is older than that of another language is marked."""
    save(thank_you, "pl")
    states = {one.lang: one for one in texts.list_states(thank_you)}
    assert states["sq"].newer == ["pl"] and states["pl"].newer == []


def test_letter_and_mail_have_their_own_versions(thank_you: TextKind) -> None:
    """The thank-you by letter is another text than the one by mail."""
    save(thank_you)
    letter = texts.get_text_kind("thank_you-post")
    assert texts.get_current(letter, "pl").version == 0
    assert db.session.scalars(select(Template.channel)).all() == ["email"]
