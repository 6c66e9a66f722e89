"""The audit for people: a sentence for each word, each change from what to what, in three languages."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete

from donorhub import clock
from donorhub.db import db
from donorhub.models import Appeal, AuditValue, Campaign, Donor, Fund
from donorhub.money import Money
from donorhub.services.access import audit, organisation, users
from donorhub.services.donors import donors
from donorhub.services.giving import funds, gift_changes
from donorhub.web.words import audit_words
from tests.services.access import test_audit_words
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import add_donor, add_gift, add_recurring


@pytest.fixture
def staff(database: Flask) -> Staff:
    return Staff(database, "auditor")


def change_donor(donor: Donor, **fields: Any) -> None:
    let_write()
    donors.change_donor(donor, fields, now=clock.now(), actor="user:1")  # type: ignore[arg-type]
    db.session.commit()


def record(
    what: str, subject: tuple[str, int], *, at: datetime, actor: str = "system:0", **data: Any
) -> None:
    let_write()
    audit.record_action(actor, what, subject, now=at, data=data)
    db.session.commit()


def test_every_word_has_a_sentence() -> None:
    """Whatever the audit can say has a sentence for people: put it into web/words/audit_words.py."""
    words, patterns = test_audit_words.list_words()
    assert sorted(words - audit_words.WHAT.keys()) == []
    assert [one for one in patterns if not any(re.fullmatch(one, word) for word in audit_words.WHAT)] == []


def test_every_subject_and_field_has_a_name(database: Flask, now: datetime) -> None:
    """Whatever can be changed by a person has a name for people."""
    changeable = {
        *organisation.FIELDS,
        *donors.DonorFields.__annotations__,
        *gift_changes.GiftChanges.__annotations__,
    }
    changeable -= {"fund_ids"}  # told as funds
    assert sorted(changeable - audit_words.FIELDS.keys()) == []
    assert {word.partition(".")[0] for word in audit_words.WHAT} - audit_words.SUBJECTS.keys() == {
        "access",  # of a user
        "address",  # of a suppression
        "backup",  # of this installation
        "custom_option",  # of a custom field
        "dispute",  # of a gift
        "endpoint",
        "entries",  # of a statement
        "export",
        "field",  # of the organisation
        "first_step",  # of the organisation
        "household",  # of a donor
        "import_row",  # of a bank file
        "look",  # of a decision
        "mail",  # of a message
        "mandate",  # of a recurring gift
        "payer_use",  # of a donor
        "refund",
        "return",
        "retention",  # of the organisation
        "rule",  # of matching
        "upgrade",
    }


def test_page_tells_who_changed_what(staff: Staff) -> None:
    """The page tells who changed which field of whom from what to what, with names and words."""
    donor = add_donor("Anna Kowalska")
    change_donor(donor, city="Berat", lang="sq", do_not_contact=True)
    let_write()
    dogs = funds.create_purpose(Fund, {"code": "dogs", "name": "Dogs"}, now=clock.now(), actor="t")
    winter = funds.create_purpose(Campaign, {"code": "w", "name": "Winter"}, now=clock.now(), actor="t")
    letter = funds.create_purpose(Appeal, {"code": "l", "name": "Letter"}, now=clock.now(), actor="t")
    db.session.commit()
    gift = add_gift(donor)
    gift_changes.change_gift(
        gift.id,
        {"fund_ids": {dogs.id: 5000}, "campaign_id": winter.id, "appeal_id": letter.id, "note": "2026-13-45"},
        now=clock.now(),
        actor="cli:marta",
    )
    funds.change_purpose(winter, {"goal_minor": 100000, "currency": "PLN"}, now=clock.now(), actor="token:9")
    organisation.change_organisation({"closed_until": date(2026, 10, 31)}, now=clock.now(), actor="system:0")
    db.session.commit()
    text = staff.text("/audit")
    for said in (
        "Town: Łódź → Berat",
        "Language: Polski → Shqip",
        "What a donor said of being written to",
        "Donor Anna Kowalska",
        "Fund: Not earmarked → Dogs",
        "Campaign: – → Winter",
        "Appeal: – → Letter",
        "Note: – → 2026-13-45",
        "Command line: marta",
        "Goal: – → PLN 1,000.00",
        "API token: 9",
        "Books closed up to: – → 31 Oct 2026",
        "DonorHub itself",
        "Gift recorded PLN 50.00",
    ):
        assert said in text, said


def test_erased_values_are_not_shown(staff: Staff) -> None:
    """What was erased of a donor stands nowhere on the page: neither what a field held nor the name."""
    donor = add_donor("Anna Kowalska", email="anna@example.org")
    change_donor(donor, email="new@example.org")
    assert "anna@example.org → new@example.org" in staff.text("/audit")
    let_write()
    db.session.execute(delete(AuditValue).where(AuditValue.donor_id == donor.id))
    donor.name = donor.email = ""
    db.session.commit()
    text = staff.text("/audit")
    assert "E-mail: what it held is not kept" in text
    assert "example.org" not in text and "Anna" not in text and f"Donor {donor.id}" in text


def test_filters_find_who_what_whom_and_when(staff: Staff, now: datetime) -> None:
    """Person, word, subject and days each leave only what fits, and pages go on where one ended."""
    for day in range(1, 61):
        at = now - timedelta(days=day)
        record("task.done", ("task", day), at=at, actor="user:1" if day % 2 else "cli:marta")
    record("gift.thanks_asked", ("gift", 3), at=now)

    def find(query: str) -> list[str]:
        page = staff.get(f"/audit?{query}").text
        table = page[page.index("<tbody>") :] if "<tbody>" in page else ""
        return re.findall(r"Task (\d+)|Gift (\d+)", words_of(table))

    assert len(find("actor=cli:marta")) == 30
    assert find("what=gift.thanks_asked") == [("", "3")]
    assert find("subject_type=task&subject_id=7") == [("7", "")]
    assert [task for task, _ in find("first=2026-11-18&last=2026-11-20")] == ["2", "3", "4"]
    assert find("first=2027-01-01") == []
    page = staff.get("/audit?what=task.done").text
    following = re.search(r'href="(/audit\?[^"]*after=[^"]+)" rel="next"', page)
    assert following
    after = words_of(staff.get(following.group(1).replace("&amp;", "&")).text)
    assert "Task 50" in words_of(page[page.index("<tbody>") :]) or "Task 50" in after
    assert "Who" in after and staff.get("/audit?first=x").status_code == 422
    assert staff.get("/audit?first=2026-11-01&after=nonsense").status_code == 422


@pytest.mark.parametrize(
    ("lang", "sentence", "field"),
    [("pl", "Zmieniono darczyńcę", "Miejscowość"), ("sq", "Donatori u ndryshua", "Vendi")],
)
def test_audit_speaks_the_readers_language(database: Flask, lang: str, sentence: str, field: str) -> None:
    """Sentences, fields and values are in the reader's language."""
    change_donor(add_donor(), city="Berat")
    text = Staff(database, "admin", lang=lang).text("/audit")
    assert sentence in text and f"{field}: Łódź → Berat" in text
    assert "donor.changed" not in text


def test_old_records_are_shown_whole(staff: Staff) -> None:
    """Records of before, roles and promises, are told like the rest."""
    let_write()
    user = users.create_user(
        "a@example.org", name="Ola", password="a long password", roles=["caller"], now=clock.now(), actor="t"
    )
    users.set_roles(user.id, ["auditor"], now=clock.now(), actor="t")
    db.session.commit()
    record("donor.changed", ("donor", 1), at=clock.now(), fields=["city"])
    add_recurring(add_donor())
    text = staff.text("/audit")
    assert "Roles: Caller (own list only) → Auditor (reads all, changes nothing)" in text
    assert "User Ola" in text and "Town: what it held is not kept" in text
    assert f"{Money(3000, 'PLN').currency} 30.00" in text


def test_only_admin_and_auditor_see_the_audit(database: Flask) -> None:
    """Whoever may not read the audit is refused its page and is not offered it."""
    for role, status in (("admin", 200), ("auditor", 200), ("fundraiser", 403), ("accountant", 403)):
        someone = Staff(database, role)
        assert someone.get("/audit").status_code == status
        assert ('href="/audit"' in someone.get("/settings").text) == (status == 200)
