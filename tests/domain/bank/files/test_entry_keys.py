"""Fingerprints: equal for the same entry, different for other money."""

from __future__ import annotations

from datetime import date

import pytest

from donorhub.domain.bank.files.entry_keys import (
    drop_all_refs,
    drop_refs,
    find_shared_refs,
    get_content,
    has_id,
    key_entries,
    list_refs,
    make_fingerprint,
)
from donorhub.money import Money
from importers.statement import Detail, Entry, Party

DAY = date(2026, 3, 2)


def entry(
    minor: int = 5000,
    name: str | None = "Jan Kowalski",
    text: str = "Darowizna",
    *,
    day: date = DAY,
    ref: str | None = None,
    account: str | None = "PL61109010140000071219812874",
    currency: str = "PLN",
) -> Entry:
    money = Money(minor, currency)
    detail = Detail(0, money, counterparty=Party(name, account), remittance=text)
    return Entry(0, day, money, bank_ref=ref, details=(detail,))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("JAN KOWALSKI", "darowizna"),
        ("Jan  Kowalski", " Darowizna "),
        ("Jan Kowalski", "Darowizna˙"),
        ("Jan Kowalski", "Darowizna"),
    ],
)
def test_blanks_and_case_make_no_other_entry(name: str, text: str) -> None:
    """Another spelling of blanks and case gives the same fingerprint, so one payment is not booked twice."""
    assert make_fingerprint("A", entry(name=name, text=text)) == make_fingerprint("A", entry())


def test_polish_account_matches_without_its_country() -> None:
    """A Polish account with and without its PL is the same account, since banks write both."""
    short = entry(account="61 1090 1014 0000 0712 1981 2874")
    assert make_fingerprint("A", short) == make_fingerprint("A", entry())


@pytest.mark.parametrize(
    "other",
    [
        entry(minor=5001),
        entry(minor=-5000),
        entry(name="Anna Kowalska"),
        entry(text="Darowizna maj"),
        entry(day=date(2026, 3, 3)),
        entry(account=None),
        entry(currency="EUR"),
        entry(ref="X1"),
    ],
)
def test_whatever_differs_makes_another_fingerprint(other: Entry) -> None:
    assert make_fingerprint("A", other) != make_fingerprint("A", entry())
    assert make_fingerprint("B", entry()) != make_fingerprint("A", entry())


def test_moved_text_is_another_entry() -> None:
    """Text that moves from one field to the next makes another entry: fields cannot run into each other."""
    assert make_fingerprint("A", entry(name="Jan", text="x|y")) != make_fingerprint(
        "A", entry(name="Jan|x", text="y")
    )


@pytest.mark.parametrize("ref", ["NONREF", "NotProvided", "0", "-1", "", "  "])
def test_ids_that_mean_none_are_no_ids(ref: str) -> None:
    assert list_refs(entry(ref=ref)) == ()
    assert make_fingerprint("A", entry(ref=ref)) == make_fingerprint("A", entry())


def test_id_is_last_and_may_be_missing() -> None:
    """The bank's id is the last part of a fingerprint and can be left out, so that the content can be
    compared alone."""
    with_id, without = (
        make_fingerprint("A", entry(ref="X1")),
        drop_all_refs(key_entries("A", [entry(ref="X1")])[0]).fingerprint,
    )
    assert has_id(with_id) and not has_id(without)
    assert get_content(with_id) == get_content(without) == get_content(make_fingerprint("A", entry(ref="X2")))
    assert with_id.startswith("v1.") and len(with_id) <= 64


def test_fingerprint_stays_as_stored() -> None:
    """The fingerprint made today is the one stored before. Rows in databases hold it: a change here needs a
    new version and a migration."""
    assert (
        make_fingerprint("PL1", entry(ref="X1"))
        == "v1.887f850dafc5b1268fadef85ea4ca3be.41189eeb4572592920f67922"
    )


def test_details_of_a_batch_all_count() -> None:
    def batch(second: str) -> Entry:
        halves = (
            Detail(0, Money(2000, "PLN"), remittance="a"),
            Detail(1, Money(3000, "PLN"), remittance=second),
        )
        return Entry(0, DAY, Money(5000, "PLN"), details=halves)

    assert make_fingerprint("A", batch("b")) != make_fingerprint("A", batch("c"))


def test_id_on_two_amounts_is_reused() -> None:
    """An id that stands on two amounts or two days is reused by the bank and identifies nothing."""
    entries = key_entries("A", [entry(ref="X"), entry(ref="X"), entry(ref="Y"), entry(minor=100, ref="Y")])
    assert find_shared_refs(entries) == {"Y"}
    assert drop_refs(entries[0], {"Y"}) == entries[0]
    assert drop_refs(entries[2], {"Y"}) == drop_all_refs(entries[2])
