"""AC 7 of messages.md and "Consent" of moving-in.md: a no survives the move, and a yes must be proved."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.models import Consent, Donor, Suppression
from donorhub.models.states import CHANNELS, MARKETING
from donorhub.services.access import organisation
from donorhub.services.donors import donors
from donorhub.services.messages import consents, gate, suppressions
from donorhub.services.messages.consents import NewConsent
from donorhub.services.moving import record_undo
from tests.services.moving.records import ME, bring, show

PEOPLE = Answers(kind="people", date_order="dmy")
HEADER = "Imię i nazwisko;E-mail;Zgoda;Data zgody;Źródło zgody;Nie kontaktować;Data sprzeciwu"


def write(*rows: str) -> bytes:
    return "\n".join((HEADER, *rows)).encode()


def read_rows() -> list[tuple[str, str, str, str]]:
    query = select(Donor.name, Consent.state, Consent.purpose, Consent.channel)
    rows = db.session.execute(query.join(Donor, Donor.id == Consent.donor_id).order_by(Consent.id))
    return [(name, state, purpose, channel) for name, state, purpose, channel in rows]


def find_donor(name: str) -> Donor:
    return db.session.scalars(select(Donor).filter_by(name=name, removed_at=None)).one()


def find_hold(name: str, category: str = "bulletin") -> str | None:
    return gate.find_hold(find_donor(name), category, at=clock.now())  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [50, pytest.param(5000, marks=pytest.mark.slow)])
def test_yes_without_date_is_none(database: Flask, count: int) -> None:
    """AC 7: thousands of addresses with "yes" and no date give no consent at all."""
    rows = [f"Anna Lis {chr(97 + at % 26)}{at};d{at}@example.org;TAK;;;;" for at in range(count)]
    bring(write(*rows), PEOPLE)
    states = db.session.execute(select(Consent.state, func.count()).group_by(Consent.state)).all()
    assert [tuple(row) for row in states] == [("unknown", count)]
    for donor in db.session.scalars(select(Donor).limit(20)):
        for category in MARKETING:
            assert gate.find_hold(donor, category, at=clock.now()) == "no_consent"


@pytest.mark.parametrize("count", [30, pytest.param(300, marks=pytest.mark.slow)])
def test_opted_out_people_are_unreachable(database: Flask, count: int) -> None:
    """AC 7: of a file that names opted-out people nobody is reachable: half are here, half come with it."""
    for at in range(0, count, 2):
        donors.create_donor(
            {
                "name": f"Jan Kot {at}",
                "email": f"d{at}@example.org",
                "phone": "501222333",
                "country": "PL",
                "street": "Długa 1",
            },
            source="form",
            now=clock.now(),
            actor=ME,
        )
    db.session.commit()
    bring(write(*(f"Jan Kot {at};d{at}@example.org;;;;TAK;" for at in range(count))), PEOPLE)
    people = db.session.scalars(select(Donor)).all()
    assert len(people) == count
    for donor in people:
        for channel in CHANNELS:
            for category in ("dunning", "thanks", *MARKETING):
                assert gate.find_hold(donor, category, channel, at=clock.now()) == "no_contact"


def test_yes_with_proof_is_kept(database: Flask) -> None:
    """A yes with day and source is a consent to the bulletin by e-mail, from that day on, and to no more."""
    file = bring(
        write(
            "Anna Lis;anna@example.org;TAK;12.03.2024;formularz na stronie;;",
            "Jan Lis;jan@example.org;TAK;13.03.2024;;;",
            "Ewa Lis;ewa@example.org;TAK;;formularz;;",
            f"Ola Lis;ola@example.org;TAK;{clock.now() + timedelta(days=40):%d.%m.%Y};formularz;;",
        ),
        PEOPLE,
    )
    assert read_rows() == [
        ("Anna Lis", "given", "bulletin", "email"),
        ("Jan Lis", "unknown", "bulletin", "email"),
        ("Ewa Lis", "unknown", "bulletin", "email"),
        ("Ola Lis", "unknown", "bulletin", "email"),
    ]
    row = db.session.scalars(select(Consent).where(Consent.state == "given")).one()
    assert organisation.get_day(row.at) == date(2024, 3, 12)
    assert (row.source[:7], row.reason) == ("import:", "plik.xlsx: formularz na stronie")
    assert [find_hold(name) for name in ("Anna Lis", "Jan Lis")] == [None, "no_consent"]
    assert find_hold("Anna Lis", "appeal") == "no_consent"
    figures = file.summaries[0]["figures"]
    assert (figures["consents"], figures["unproved"]) == (1, 3)


def test_second_file_says_nothing_new(database: Flask) -> None:
    """The same people with the same words once more are no news, whatever else stands in the file."""
    rows = (
        "Anna Lis;anna@example.org;TAK;12.03.2024;formularz;;",
        "Jan Lis;jan@example.org;;;;TAK;14.03.2024",
        "Ewa Lis;ewa@example.org;TAK;;;;",
    )
    bring(write(*rows), PEOPLE)
    before = read_rows()
    assert [row[1] for row in before] == ["given", "opt_out", "unknown"]
    _, plan = show(write(*rows, ""), PEOPLE)
    assert {row.reason for row in plan.plan.rows} == {"nothing_new"}
    assert read_rows() == before


def test_event_time_wins(database: Flask) -> None:
    """Row 15: a no that is older than a later yes does not overwrite it; a newer one does."""
    now = clock.now()
    for name in ("Anna Lis", "Jan Lis", "Ewa Lis"):
        email = f"{name.split(maxsplit=1)[0].lower()}@example.org"
        donor = donors.create_donor({"name": name, "email": email}, source="form", now=now, actor=ME)
        yes = NewConsent("given", "form", date(2024, 6, 1), "bulletin", "email")
        consents.record_consent(donor, yes, now=now, actor=ME)
    db.session.commit()
    bring(
        write(
            "Anna Lis;anna@example.org;;;;TAK;12.03.2024",
            "Jan Lis;jan@example.org;;;;TAK;12.09.2024",
            "Ewa Lis;ewa@example.org;;;;TAK;",
        ),
        PEOPLE,
    )
    assert [find_hold(name) for name in ("Anna Lis", "Jan Lis", "Ewa Lis")] == [
        None,
        "no_contact",
        "no_contact",
    ]
    assert find_hold("Anna Lis", "appeal") == "no_contact"  # what was never agreed to


def test_no_file_opts_anybody_in(database: Flask, now: datetime) -> None:
    """A yes with proof, newer than a no, a withdrawal or a no of the same row, opts nobody in again."""
    for name, state in (("Anna Lis", "opt_out"), ("Jan Lis", "withdrawn")):
        email = f"{name.split(maxsplit=1)[0].lower()}@example.org"
        donor = donors.create_donor({"name": name, "email": email}, source="form", now=now, actor=ME)
        no = NewConsent(state, "letter", date(2024, 1, 1), "bulletin", "email")  # type: ignore[arg-type]
        consents.record_consent(donor, no, now=now, actor=ME)
    db.session.commit()
    rows = [
        "Anna Lis;anna@example.org;TAK;01.06.2024;formularz;;",
        "Jan Lis;jan@example.org;TAK;01.06.2024;formularz;;",
        "Ewa Lis;ewa@example.org;TAK;01.06.2024;formularz;TAK;01.03.2024",
    ]
    bring(write(*rows), PEOPLE)
    _, plan = show(write(*rows, ""), PEOPLE)
    assert not plan.can_be_written
    assert [find_hold(name) for name in ("Anna Lis", "Jan Lis", "Ewa Lis")] == [
        "opted_out",
        "opted_out",
        "no_contact",
    ]
    assert "given" not in [row[1] for row in read_rows()]
    assert len(read_rows()) == 4


def test_noes_of_several_rows_are_one(database: Flask) -> None:
    """Who stands in two rows with a no in each gets nothing by either; the newest day of the two counts."""
    text = "Name;Email;Do not email;Do not call;Unsubscribed on\n"
    text += "Anna Lis;anna@example.org;x;;2024-03-01 10:20:30\nAnna Lis;anna@example.org;;x;2024-05-02\n"
    bring(text.encode(), PEOPLE)
    rows = db.session.execute(select(Consent.channel, Consent.at).order_by(Consent.id)).all()
    assert [(channel, organisation.get_day(at)) for channel, at in rows] == [
        ("email", date(2024, 5, 2)),
        ("phone", date(2024, 5, 2)),
    ]


def test_taking_back_leaves_every_no(database: Flask) -> None:
    """Undo ends the consents that a file gave, and takes no no back, of those who stay or go."""
    now = clock.now()
    for name in ("Anna", "Jan"):
        fields: donors.DonorFields = {"name": f"{name} Lis", "email": f"{name.lower()}@example.org"}
        donors.create_donor(fields, source="form", now=now - timedelta(days=1), actor=ME)
    db.session.commit()
    file = bring(
        write(
            "Anna Lis;anna@example.org;TAK;12.03.2024;formularz;;",
            "Jan Lis;jan@example.org;;;;TAK;12.03.2024",
            "Ewa Lis;ewa@example.org;TAK;12.03.2024;formularz;;",
            "Ola Lis;ola@example.org;;;;TAK;12.03.2024",
        ),
        PEOPLE,
    )
    view = record_undo.show_taking_back(file.id)
    assert len(view.donor_ids) == 2
    record_undo.take_back_file(file.id, view.digest, now=clock.now(), actor=ME)
    db.session.commit()
    assert [find_hold(name) for name in ("Anna Lis", "Jan Lis")] == ["opted_out", "no_contact"]
    assert ("Anna Lis", "withdrawn", "bulletin", "email") in read_rows()
    assert db.session.scalars(select(Suppression.scope)).all() == ["all_but_legal"]
    assert suppressions.is_suppressed("ola@example.org") and not suppressions.is_suppressed("ewa@example.org")
    bring(write("Ola Lis;ola@example.org;;;;;", "Ewa Lis;ewa@example.org;;;;;"), PEOPLE)
    assert [find_hold(name, "thanks") for name in ("Ola Lis", "Ewa Lis")] == ["suppressed", None]
