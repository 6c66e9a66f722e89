"""Letters as services write them: each step once, and written down in the audit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub.db import db
from donorhub.errors import Conflict, Rejected
from donorhub.models import Donor, Message, Task
from donorhub.services.access import organisation
from donorhub.services.donors import interactions
from donorhub.services.messages import letter_runs, letters, thanks_by_hand, writing
from donorhub.services.messages.writing import Wish
from donorhub.services.paging import Page
from donorhub.services.reports import timeline
from donorhub.services.work import tasks
from tests.conftest import NOW
from tests.services.access.test_audit_words import ME, expect, read_words
from tests.services.messages.test_one_thank_you import give, minutes
from tests.web.desk import add_donor

WISH = Wish("post", "personal", "transactional", "Wieści", "Nowy dach jest gotowy.")


def write(donor: Donor, key: str) -> Message:
    digest = writing.draft_message(donor, WISH, author="Ola", now=NOW).digest
    message, _ = writing.write_to_donor(
        donor, WISH, digest=digest, key=key, author="Ola", now=NOW, actor=ME, domain="example.org"
    )
    return message


def read_all(_after: str | None, _limit: int) -> Page[Donor]:
    return Page(list(db.session.scalars(select(Donor).order_by(Donor.id))))


def test_each_step_of_a_letter_is_audited(database: Flask) -> None:
    """Writing, posting and discarding a letter, and thanking on the phone, have their words, once each."""
    donor = add_donor(email="anna@example.org")
    gift_id = give(donor, 5000, minutes(0))
    words = read_words()
    first = write(donor, "one")
    words = expect(words, "message.written")
    for _ in range(2):
        letters.mark_as_posted([first], now=NOW, actor=ME)
    words = expect(words, "interaction.recorded", "message.posted")
    second = write(donor, "two")
    words = expect(words, "message.written")
    for _ in range(2):
        letters.discard_letter(second, now=NOW, actor=ME)
    words = expect(words, "message.discarded")
    with pytest.raises(Conflict):
        letters.mark_as_posted([second], now=NOW, actor=ME)
    thanks_by_hand.note_call(donor, [gift_id], "Thanks", now=NOW, actor=ME)
    expect(words, "interaction.recorded", "gift.thanked_by_hand")


def test_no_letter_without_our_name(database: Flask) -> None:
    """Nobody writes a letter before somebody said who we are; an e-mail is no paper."""
    donor = add_donor(email="anna@example.org")
    organisation.get_organisation().legal_name = organisation.DEFAULT_NAME
    with pytest.raises(Rejected) as refusal:
        writing.draft_message(donor, WISH, author="Ola", now=NOW)
    assert refusal.value.specific_code == "organisation_unnamed"
    assert writing.draft_message(donor, replace(WISH, channel="email"), author="Ola", now=NOW).held is None


def test_each_step_of_a_run_is_audited(database: Flask) -> None:
    """Letters and labels for many have their words, and posting a run closes its task."""
    add_donor()
    add_donor("Ewa Lis", street="", postcode="", city="")
    words = read_words()
    audience = letter_runs.read_audience(read_all, "transactional", now=NOW)
    assert [(one.name, one.reason) for one in audience.left_out] == [("Ewa Lis", "no_address")]
    letter_runs.record_labels(audience, audience.digest, now=NOW, actor=ME)
    words = expect(words, "labels.printed")
    runs = [
        letter_runs.plan_letters(
            audience,
            WISH,
            digest=audience.compute_digest_of(WISH),
            key="k",
            author="Ola",
            now=NOW,
            actor=ME,
            title="Post them",
        )
        for _ in range(2)
    ]
    assert [is_new for _task, is_new in runs] == [True, False] and runs[0][0].id == runs[1][0].id
    words = expect(words, "task.letters_written")
    work = tasks.find_task(f"write_letters:{runs[0][0].id}")
    assert work is not None and not letter_runs.write_part(work, now=NOW, domain="example.org")
    counts = [letter_runs.mark_run_as_posted(runs[0][0].id, now=NOW, actor=ME) for _ in range(2)]
    assert counts == [1, 0]
    expect(words, "interaction.recorded", "message.posted", "task.done")


def plan(count: int) -> Task:
    """Plan letters to so many new donors; return the worker's task."""
    for n in range(count):
        add_donor(f"Anna Osoba{n}")
    audience = letter_runs.read_audience(read_all, "transactional", now=NOW)
    digest = audience.compute_digest_of(WISH)
    run, _ = letter_runs.plan_letters(
        audience, WISH, digest=digest, key="k", author="Ola", now=NOW, actor=ME, title="Post them"
    )
    work = tasks.find_task(f"write_letters:{run.id}")
    assert work is not None
    return work


def count_letters() -> int:
    return db.session.scalar(select(func.count()).select_from(Message).where(Message.channel == "post")) or 0


def test_killed_run_writes_each_letter_once(database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written before the kill stays, what was not committed is written then, and nothing twice."""
    monkeypatch.setattr(letter_runs, "PART", 2)
    work_id = plan(5).id
    db.session.commit()

    def write_part() -> bool:
        return letter_runs.write_part(tasks.get_task(work_id), now=NOW, domain="example.org")

    assert write_part()
    db.session.commit()
    assert write_part() and count_letters() == 4
    db.session.rollback()  # the kill
    assert count_letters() == 2
    assert [write_part(), write_part(), write_part()] == [True, False, False]
    db.session.commit()
    assert count_letters() == 5
    assert tasks.get_task(work_id).facts == {"total": 5, "left_out": []}


def test_posted_letter_happened_with_the_donor_once(database: Flask) -> None:
    """Posted, a letter is a contact on the timeline, once; said not to be posted after all, it is none."""
    donor = add_donor(email="anna@example.org")
    letter = write(donor, "one")
    assert read_contacts(donor) == []
    for _ in range(2):
        letters.mark_as_posted([letter], now=NOW, actor=ME)
        assert read_contacts(donor) == [("interaction", "Wieści")]
    last = interactions.find_last_contact(donor.id)
    assert last is not None and (last.kind, last.message_id) == ("letter", letter.id)
    in_tab = timeline.read_timeline(donor.id, part="messages").rows
    assert [event.kind for event in in_tab] == ["message"]
    assert [letters.discard_letter(letter, now=NOW, actor=ME) for _ in range(2)] == [True, False]
    assert interactions.find_last_contact(donor.id) is None
    assert [event.kind for event in timeline.read_timeline(donor.id).rows if event.kind != "donor"] == [
        "message"
    ]
    with pytest.raises(Conflict):
        letters.mark_as_posted([letter], now=NOW, actor=ME)


def read_contacts(donor: Donor) -> list[tuple[str, str]]:
    """Return what the timeline shows as having happened, and the messages that are done."""
    return [
        (event.kind, event.facts.get("text", ""))
        for event in timeline.read_timeline(donor.id).rows
        if event.kind == "interaction" or (event.kind == "message" and event.facts["state"] == "sent")
    ]
