"""CODA: every thing at its place, sums and numbers checked, nothing lost when one is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

import importers
from donorhub.money import Money
from importers.statement import Reading
from tests.importers.bank_writers import OWN_ACCOUNT, Plain, iban
from tests.importers.coda_writer import close_file, head, movement, place, write_coda

DONOR = iban("BE", "539007547034")
GIFT = Plain(date(2026, 9, 30), 5_000, "EUR", "Anna Peeters", DONOR, "Gift DH-1001-7, with thanks", "B1")
FEE = replace(GIFT, minor=-150, ref="B2", remittance="Fee", name="")
GOOD = write_coda([GIFT, FEE])


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]


def test_statement_has_account_balances_and_proof() -> None:
    """A statement has its account, its balances and a proof that they agree."""
    reading = importers.read(GOOD)
    (statement,) = reading.statements
    assert (reading.format, reading.problems) == ("coda", ())
    assert (statement.account, statement.account_scheme, statement.currency) == (OWN_ACCOUNT, "iban", "EUR")
    assert (statement.owner, statement.sequence_no, statement.integrity) == (
        "FONDATION EXEMPLE",
        "001",
        "proved",
    )
    assert statement.opening and statement.opening.amount == Money(100_000, "EUR")
    assert statement.closing and statement.closing.on == date(2026, 9, 30)


def test_a_movement_is_an_entry_with_its_payment() -> None:
    gift, fee = importers.read(GOOD).statements[0].entries
    (detail,) = gift.details
    assert (gift.booked_on, gift.value_on, gift.amount, gift.bank_ref) == (
        date(2026, 9, 30),
        date(2026, 9, 30),
        Money(5_000, "EUR"),
        "B1",
    )
    party = detail.counterparty
    assert (party.name, party.account, party.account_scheme, party.bic) == (
        "Anna Peeters",
        DONOR,
        "iban",
        "KREDBEBB",
    )
    assert (detail.remittance, detail.end_to_end_id) == (GIFT.remittance, "EB1")
    assert fee.amount == Money(-150, "EUR") and gift.bank_code == "00150000"


def test_long_text_uses_next_record() -> None:
    """A long text goes on in the next record and is read whole."""
    text = "word " * 18 + "end"
    (entry,) = importers.read(write_coda([replace(GIFT, remittance=text)])).statements[0].entries
    assert entry.details[0].remittance == text


def test_ogm_reference_is_kept() -> None:
    """A Belgian OGM reference is kept as such, and the remittance shows it as people write it."""
    records = head() + movement(1, replace(GIFT, remittance="101012345678921"), structured=True)
    (entry,) = importers.read(close_file(records, [GIFT])).statements[0].entries
    assert entry.details[0].references == (("OGM", "012345678921"),)
    assert entry.details[0].remittance == "+++012/3456/78921+++"


def test_a_direct_debit_has_its_mandate_and_creditor() -> None:
    text = (
        "127"
        + "300926"
        + "1"
        + "1"
        + "0"
        + "BE68ZZZ0123456789".ljust(35)
        + "MND-42".ljust(35)
        + "September gift"
    )
    records = head() + movement(1, replace(GIFT, remittance=text), structured=True)
    detail = importers.read(close_file(records, [GIFT])).statements[0].entries[0].details[0]
    assert (detail.creditor_id, detail.mandate_id) == ("BE68ZZZ0123456789", "MND-42")
    assert detail.remittance == "September gift"


def test_a_return_has_its_reason() -> None:
    records = head() + movement(1, FEE)
    records[-2] = records[-2][:113] + "AC04" + records[-2][117:]
    (entry,) = importers.read(close_file(records, [FEE])).statements[0].entries
    assert entry.details[0].return_code == "AC04"


def batch(*parts: int) -> bytes:
    whole = replace(GIFT, minor=5_000)
    records = head() + movement(1, whole)
    for at, minor in enumerate(parts, 1):
        records += movement(1, replace(GIFT, minor=minor, name=f"Donor {at}"), detail=at)
    return close_file(records, [whole])


def test_payments_of_sum_are_details() -> None:
    """The payments of a sum are its details and no entries of their own, so nothing is counted twice."""
    (statement,) = importers.read(batch(3_000, 2_000)).statements
    (entry,) = statement.entries
    assert [(d.amount.minor, d.counterparty.name) for d in entry.details] == [
        (3_000, "Donor 1"),
        (2_000, "Donor 2"),
    ]
    assert statement.integrity == "proved"


def test_unbalanced_payments_leave_the_sum() -> None:
    """Payments that do not add up leave the sum alone, with a warning."""
    reading = importers.read(batch(3_000, 1_000))
    assert reading.statements[0].entries[0].details == () and codes(reading) == ["details_differ"]


def test_information_records_are_kept_with_their_entry() -> None:
    told = place((1, "31"), (3, "00010000"), (11, "B1"), (41, "urgent transfer"))
    (entry,) = importers.read(close_file([*head(), *movement(1, GIFT), told], [GIFT])).statements[0].entries
    assert entry.info == "urgent transfer"


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda lines: [line for line in lines if "B2" not in line], ["total_mismatch", "balance_mismatch"]),
        (lambda lines: [*lines[:-1], lines[-1][:16] + "000099" + lines[-1][22:]], ["total_mismatch"]),
        (lambda lines: [*lines[:4], "2X" + lines[4][2:], *lines[5:]], ["unreadable_row"]),
        (
            lambda lines: [line.replace("300926", "310226") if line[:2] == "21" else line for line in lines],
            ["unreadable_entry", "unreadable_entry", "total_mismatch", "balance_mismatch"],
        ),
        (lambda lines: lines[:-1], ["truncated"]),
        (lambda lines: [*lines[:-2], lines[-1]], ["unreadable_statement"]),
    ],
)
def test_wrong_sums_are_reported(change: object, wanted: list[str]) -> None:
    """Sums and balances that do not agree are reported."""
    lines = GOOD.decode("cp1252").split("\r\n")[:-1]
    assert callable(change)
    reading = importers.read("\r\n".join([*change(lines), ""]).encode("cp1252"))
    assert codes(reading) == wanted
    assert all(statement.integrity == "mismatch" for statement in reading.statements)


def test_numbers_restarting_are_other_movements() -> None:
    """Numbers that begin anew after 9999 are other movements."""
    records = head()
    for number in (9_999, 10_000, 9_999):
        records += movement(number, GIFT)
    (statement,) = importers.read(close_file(records, [GIFT] * 3)).statements
    assert len(statement.entries) == 3 and statement.integrity == "proved"


def test_detail_without_sum_is_reported() -> None:
    """A detail whose sum is missing is reported."""
    reading = importers.read(close_file([*head(), *movement(1, GIFT), *movement(2, GIFT, detail=1)], [GIFT]))
    assert codes(reading) == ["unreadable_entry"] and len(reading.statements[0].entries) == 1


def test_two_statements_of_a_file_stay_two() -> None:
    assert [len(s.entries) for s in importers.read(GOOD + GOOD).statements] == [2, 2]
