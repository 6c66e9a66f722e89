"""Rows of NPSP by the thousand: two contacts, shares by percent and amount, equal names, broken rows."""

from __future__ import annotations

import csv
import io
from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.models import Campaign, Designation, Donor, Fund, Gift
from tests.services.moving.records import bring, count, show

HEADER = (
    "Contact1Imported__c",
    "Contact1_Firstname__c",
    "Contact1_Lastname__c",
    "Contact1_Personal_Email__c",
    "Contact2_Firstname__c",
    "Contact2_Lastname__c",
    "Contact2_Personal_Email__c",
    "Donation_Donor__c",
    "DonationImported__c",
    "Donation_Amount__c",
    "Donation_Date__c",
    "Donation_Stage__c",
    "Donation_Campaign_Name__c",
    "GAU_Allocation_1_GAU__c",
    "GAU_Allocation_1_Amount__c",
    "GAU_Allocation_1_Percent__c",
    "GAU_Allocation_2_GAU__c",
    "GAU_Allocation_2_Amount__c",
    "GAU_Allocation_2_Percent__c",
    "CurrencyIsoCode",
)
ANSWERS = Answers(funds={"Children": "new", "Animals": "new"}, campaigns={"Spring": "new"})


def make_rows(row_count: int) -> list[tuple[str, ...]]:
    """Four gifts of each couple; every couple has the same names, and each tenth row's shares are wrong."""
    rows = []
    for at in range(row_count):
        home = at // 4
        amount = 1001 + at % 7  # minor units: percentages leave a rest
        shares = (("", "33", "", "67"), (f"{(amount - 100) / 100:.2f}", "", "1.00", ""))[at % 2]
        first_amount, first_percent, second_amount, second_percent = shares
        is_broken = at % 10 == 9
        if is_broken:
            first_amount, first_percent, second_amount, second_percent = "1.00", "", "1.00", ""
        rows.append(
            (
                str(7_000_000 + home),
                "Ann",
                "Miller",
                f"ann{home}@example.org",
                "Bob",
                "Miller",
                f"bob{home}@example.org" if home % 2 else "",
                "Contact1",
                str(9_000_000 + at),
                f"{amount / 100:.2f}",
                f"2024-{at % 12 + 1:02}-{at % 28 + 1:02}",
                "Closed Won",
                "Broken" if is_broken else "Spring",
                "Children",
                first_amount,
                first_percent,
                "Animals",
                second_amount,
                second_percent,
                "USD",
            )
        )
    return rows


def write(rows: list[tuple[str, ...]]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerows([HEADER, *rows])
    return stream.getvalue().encode()


@pytest.mark.parametrize("row_count", [200, pytest.param(5_000, marks=pytest.mark.slow)])
def test_npsp_rows_with_second_contacts(database: Flask, row_count: int) -> None:
    """Designations add up, equal names join nobody, broken rows make nothing, and again adds nothing."""
    rows = make_rows(row_count)
    bring(write(rows), ANSWERS)
    broken_count = row_count // 10
    assert count(Gift) == row_count - broken_count
    minor = sum(1001 + at % 7 for at in range(row_count) if at % 10 != 9)
    assert db.session.scalar(select(func.sum(Gift.amount_minor))) == minor
    # Each couple is two people, none of whom is taken for one of equal name; nobody is a household.
    names = Counter(db.session.scalars(select(Donor.name)))
    assert names == {"Ann Miller": row_count // 4, "Bob Miller": row_count // 4}
    assert set(db.session.scalars(select(Donor.kind))) == {"person"}
    gifts_by_donor = db.session.execute(select(Gift.donor_id, func.count()).group_by(Gift.donor_id)).all()
    assert len(gifts_by_donor) == row_count // 4
    uneven = (
        select(Gift.id)
        .join(Designation, Designation.gift_id == Gift.id)
        .group_by(Gift.id, Gift.amount_minor)
        .having(func.sum(Designation.amount_minor) != Gift.amount_minor)
    )
    assert db.session.scalars(uneven).all() == []
    animals = db.session.scalar(
        select(func.sum(Designation.amount_minor)).join(Fund).where(Fund.name == "Animals")
    )
    good = [at for at in range(row_count) if at % 10 != 9]
    assert animals == sum(100 if at % 2 else (1001 + at % 7) * 67 // 100 for at in good)
    assert db.session.scalars(select(Campaign.name)).all() == ["Spring"]
    _, plan = show(write(rows) + b"\n", ANSWERS)
    assert not plan.can_be_written
    assert plan.figures["counts"]["known"] == row_count - broken_count


def test_a_numeric_id_of_npsp_is_text(database: Flask) -> None:
    """A number as unique id finds its donor again, whatever name comes with it, and nobody else."""
    rows = make_rows(4)
    bring(write(rows), ANSWERS)
    renamed = [(row[0], "Anna", "Miller-Smith", "", *row[4:8], f"8{row[8]}", *row[9:]) for row in rows[:1]]
    bring(write(renamed), ANSWERS)
    assert db.session.scalar(select(func.count()).select_from(Donor).where(Donor.name.like("Ann%"))) == 1
    assert count(Gift) == 5
