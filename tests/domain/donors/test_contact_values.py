"""When two e-mails, phones, addresses or accounts are one, and how an address is written in a line."""

from __future__ import annotations

import pytest

from donorhub.domain.donors.contact_values import ContactKind, ContactValue, make_postal_value, make_value


@pytest.mark.parametrize(
    ("kind", "one", "other", "are_equal"),
    [
        ("email", "Anna+news@Example.org", "anna@example.org", True),
        ("email", "anna@example.org", "ana@example.org", False),
        ("email", "brak", "BRAK ", True),
        ("phone", "+48 501-222-333", "+48501222333", True),
        ("phone", "501222333", "+48501222333", False),
        ("phone", "nie ma", "Nie  ma", True),
        ("phone", "nie ma", "brak", False),
        ("account", "pl61 1090", "PL611090", True),
    ],
)
def test_equal_values_are_known(kind: ContactKind, one: str, other: str, are_equal: bool) -> None:
    texts = [ContactValue(kind, value).make_comparable() for value in (one, other)]
    assert (texts[0] == texts[1]) is are_equal


def test_address_is_one_line() -> None:
    """An address is written in one line of what is known of it, and without street and town is none."""
    whole = make_postal_value("Długa 4", "00-241", "Warszawa", "PL")
    assert whole is not None and whole.value == "Długa 4, 00-241 Warszawa, PL"
    town = make_postal_value("", "", "Łódź", "")
    assert town is not None and town.value == "Łódź"
    assert make_postal_value("", "", "", "PL") is None
    assert make_value("email", "") is None


def test_more_known_completes_an_address() -> None:
    """An address with more of it known is the same; one with another part, or with less, is not."""
    town = make_postal_value("", "", "Łódź", "PL")
    whole = make_postal_value("Leśna 1", "90-001", "Łódź", "PL")
    moved = make_postal_value("Leśna 2", "90-001", "Łódź", "PL")
    assert town is not None and whole is not None and moved is not None
    assert whole.adds_to(town)
    assert not town.adds_to(whole)
    assert not moved.adds_to(whole)
    assert not ContactValue("email", "a@x.pl").adds_to(ContactValue("email", ""))
