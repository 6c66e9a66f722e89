"""A donor's yes and no on pages, without a script."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Consent, Task
from donorhub.services.work import tasks
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import add_donor
from tests.web.donors.test_relations import find_action

NO = {"no_source": "phone", "no_said_on": "2026-11-20", "no_reason": "called us"}


def read_rows() -> Sequence[Consent]:
    db.session.rollback()
    return db.session.scalars(select(Consent).order_by(Consent.id)).all()


def test_no_contact_is_one_form(database: Flask) -> None:
    """A caller records it on the donor's page; twice changes nothing, and the page says it."""
    donor = add_donor(email="anna@example.org")
    staff = Staff(database, "communications")
    page = f"/donors/{donor.id}"
    wrong = staff.post(f"{page}/no-contact", **{**NO, "no_said_on": "soon"})
    assert wrong.status_code == 422 and read_rows() == []
    for _ in range(2):
        assert staff.post(f"{page}/no-contact", **NO).status_code == 302
    assert [(row.state, row.purpose, row.channel, row.reason) for row in read_rows()] == [
        ("opt_out", "all", "any", "called us")
    ]
    shown = staff.text(page)
    assert "Thanks by e-mail not allowed the donor wants no contact" in shown
    assert "said no Everything, by every channel 20 Nov 2026, by phone" in shown
    assert "no-contact" not in staff.get(page).text


def test_page_says_why_not(database: Flask) -> None:
    """For each channel and category there is a line with its reason, its rule and since when."""
    donor = add_donor(email="anna@example.org", country="PL")
    staff = Staff(database, "fundraiser")
    page = f"/donors/{donor.id}/consents"
    shown = staff.text(page)
    assert "Bulletin not allowed there is no consent" in shown
    assert "needs consent · art. 398 Prawa komunikacji elektronicznej" in shown
    assert "last checked on 30 Nov 2026" in shown and "not checked at its source yet" in shown
    assert "Thanks not allowed there is no address or number" in shown  # by phone
    said = {
        "state": "given",
        "purpose": "bulletin",
        "channel": "email",
        "source": "form",
        "said_on": "2026-11-01",
    }
    for _ in range(2):
        assert staff.post(page, **said, reason="", expires_on="").status_code == 302
    assert "Bulletin allowed" in staff.text(page)
    no = {**said, "state": "opt_out", "purpose": "all", "said_on": "2026-11-05", "reason": "letter 12"}
    assert staff.post(page, **no, expires_on="").status_code == 302
    shown = staff.text(page)
    assert "Bulletin not allowed the donor said no to it, since 5 Nov 2026" in shown
    again = staff.post(page, **{**said, "said_on": "2026-11-10"}, reason="", expires_on="")
    assert again.status_code == 422 and "Take the no back first" in words_of(again.text)
    assert len(read_rows()) == 2


def test_no_is_taken_back_with_a_reason(database: Flask) -> None:
    """Without a reason nothing is taken back; with one it is, and both rows stand on the page."""
    donor = add_donor(email="anna@example.org", do_not_contact=True)
    staff = Staff(database, "fundraiser")
    page = f"/donors/{donor.id}/consents"
    action = find_action(staff.get(page).text, "/consents/[0-9]+/lift")
    assert staff.post(action, reason="").status_code == 422
    assert staff.post(action, reason="it was her sister").status_code == 302
    shown = staff.text(page)
    assert "the no was taken back" in shown and "it was her sister" in shown and "said no" in shown
    assert "Thanks by e-mail allowed" in staff.text(f"/donors/{donor.id}")
    assert "/lift" not in staff.get(page).text


def test_form_of_a_donor_takes_nothing_back(database: Flask) -> None:
    """Saving a donor who wants no contact keeps the no, and "asks for nothing" is saved with the rest."""
    donor = add_donor(email="anna@example.org", do_not_contact=True)
    staff = Staff(database, "fundraiser")
    page = f"/donors/{donor.id}/edit"
    form = {
        "version": str(donor.version),
        "name": "Anna Nowak",
        "given_name": "Anna",
        "family_name": "Nowak",
        "kind": "person",
        "email": "anna@example.org",
        "do_not_contact": "1",
        "do_not_solicit": "1",
    }
    assert 'type="hidden" name="do_not_contact" value="1"' in staff.get(page).text
    assert staff.post(page, **form).status_code == 302
    db.session.expire_all()
    assert (donor.name, donor.do_not_contact, donor.do_not_solicit) == ("Anna Nowak", True, True)
    assert "does not want to be asked for money" in staff.text(f"/donors/{donor.id}")
    wrong = staff.post(page, **{**form, "version": str(donor.version), "do_not_contact": ""})
    assert wrong.status_code == 422
    db.session.expire_all()
    assert donor.do_not_contact


def test_timeline_tells_what_was_said(database: Flask) -> None:
    """What a donor said stands in the timeline, and has a part of its own."""
    donor = add_donor(do_not_contact=True)
    staff = Staff(database, "fundraiser")
    shown = staff.text(f"/donors/{donor.id}?show=consents")
    assert "Said no : Everything, by every channel" in shown and "Donor added" not in shown


def test_task_says_whether_they_may_be_called(database: Flask) -> None:
    """The page of a call says why the donor must not be called."""
    donor = add_donor(phone="+48 501 222 333")
    let_write()
    tasks.plan_task(
        "call:1", kind="call", subject=("donor", donor.id), donor_id=donor.id, now=donor.created_at
    )
    db.session.commit()
    task = db.session.scalars(select(Task).filter_by(key="call:1")).one()
    staff = Staff(database, "fundraiser")
    page = f"/tasks/{task.id}"
    assert "By phone not allowed there is no consent" in staff.text(page)
    staff.post(f"/donors/{donor.id}/no-contact", **NO)
    assert "By phone not allowed the donor wants no contact, since 20 Nov 2026" in staff.text(page)
    assert "By e-mail" not in staff.text(page)  # there is no address


def test_wordings_and_rules_have_a_page(database: Flask) -> None:
    """An administrator keeps a wording, once; who reads donors sees the rules, and when they were checked."""
    staff = Staff(database, "admin")
    page = "/messages/consent-texts"
    said = {"kind": "consent", "lang": "pl", "valid_from": "2026-11-01", "body": "Zgadzam się."}
    assert staff.post(page, **{**said, "body": ""}).status_code == 422
    for _ in range(2):
        assert staff.post(page, **said).status_code == 302
    shown = Staff(database, "caller").text(page)
    assert shown.count("Zgadzam się.") == 1 and "New wording" not in shown
    for name in ("Poland", "Germany", "Kosovo", "Albania", "Every other country"):
        assert name in shown
    assert shown.count("last checked on") == 1


def test_preference_is_shown(database: Flask) -> None:
    """What a donor likes to get is kept and shown."""
    donor = add_donor()
    staff = Staff(database, "fundraiser")
    page = f"/donors/{donor.id}"
    wish = {"topic": "news", "wish_channel": "email", "frequency": "monthly", "format": "any"}
    assert staff.post(f"{page}/preferences", **{**wish, "frequency": "hourly"}).status_code == 422
    for _ in range(2):
        assert staff.post(f"{page}/preferences", **wish).status_code == 302
    assert "Regular news, by e-mail: at most once a month, in any form" in staff.text(f"{page}/consents")
