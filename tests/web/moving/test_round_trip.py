"""Our own lists are read in again without loss, in each language and as programs get them."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.models import Donor, Gift
from donorhub.models.states import GIFT_METHODS, DonorKind
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.moving import record_deliveries, record_plans
from donorhub.services.moving.record_plans import RecordPlan
from tests.web.bank.bank_world import Staff, let_write
from tests.web.desk import add_donor, add_gift

FORMS = ["pl", "sq", "en"]


@pytest.fixture
def base(database: Flask) -> Flask:
    """Donors of each kind, two of one name, a gift by each method, one taken out, in two currencies."""
    anna = add_donor("Anna Kowalska", email="anna@example.org", city="Łódź")
    add_donor("Anna Kowalska", city="Gdańsk")
    kinds: tuple[DonorKind, ...] = ("organisation", "household")
    for kind in kinds:
        donors.create_donor(
            {"name": f"Some {kind}", "kind": kind}, source="form", now=clock.now(), actor="user:1"
        )
    for number, method in enumerate(GIFT_METHODS):
        add_gift(anna, f"{10 + number}.50", date(2026, 3, number + 1), f"g{number}", method=method)
    add_gift(anna, "99.00", date(2026, 4, 2), "test", is_test=True)
    gone = add_gift(anna, "99.00", date(2026, 4, 1), "gone")
    gifts.correct_gift(gone.id, reason="x", source="form", source_ref="x", now=clock.now(), actor="user:1")
    db.session.commit()
    return database


def download(app: Flask, lang: str, name: str, form: str) -> bytes:
    """A list as its page gives it in a language."""
    staff = Staff(app, "admin", lang=lang)
    return staff.get(f"/{name}/download?form={form}").data


def plan(data: bytes, name: str) -> RecordPlan:
    """What bringing a list would do."""
    let_write()
    (table,) = record_deliveries.open_tables(data, name)
    return record_plans.make_plan(table.table, Answers(), now=clock.now())


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("lang", FORMS)
def test_the_list_of_donors_comes_back(base: Flask, lang: str, form: str) -> None:
    """Each row is the donor that it was written from, also one of two of a name, and nothing is new."""
    result = plan(download(base, lang, "donors", form), f"donors.{form}")
    assert (result.answers.preset, result.questions) == ("our-donors", ())
    rows = db.session.scalars(select(Donor).order_by(Donor.id)).all()
    people = [donor.group.person for donor in result.plan.donors]
    assert sorted((one.name, one.kind, one.email, one.city, one.code) for one in people) == sorted(
        (row.name, row.kind, row.email, row.city, row.code) for row in rows
    )
    assert {donor.group.person.code: donor.donor_id for donor in result.plan.donors} == {
        row.code: row.id for row in rows
    }
    assert result.figures["counts"] == {"made": 0, "joined": 0, "known": 4, "held": 0, "left_out": 0}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("lang", FORMS)
def test_the_list_of_gifts_comes_back(base: Flask, lang: str, form: str) -> None:
    """Day, amount, currency and method of each gift are as they were; what was taken out is none."""
    result = plan(download(base, lang, "gifts", form), f"gifts.{form}")
    assert (result.answers.preset, result.questions) == ("our-gifts", ())
    records = [row.record for row in result.plan.rows]
    assert sorted(
        (one.gift.received_on, one.gift.amount.minor, one.gift.amount.currency, one.gift.method)
        for one in records
        if one.gift
    ) == sorted(
        (row.received_on, row.amount_minor, row.currency, row.method)
        for row in db.session.scalars(select(Gift).where(Gift.amount_minor != 9900))
    )
    assert [one.fault for one in records if one.gift is None] == ["not_received", "taken_back"]


def test_a_code_of_another_installation_joins_nobody(base: Flask) -> None:
    """A code that is somebody else's here is not taken for them."""
    text = download(base, "en", "donors", "csv").decode("utf-8-sig").replace("Anna Kowalska", "Ida Zięba")
    result = plan(text.encode(), "donors.csv")
    ids = [donor.donor_id for donor in result.plan.donors if donor.group.person.name == "Ida Zięba"]
    assert ids == [None, None]
