"""Addresses as each country writes them on an envelope."""

from __future__ import annotations

import pytest

from donorhub.domain.donors.postal_address import write_lines

# After the Universal Postal Union's addressing sheets of each country.
EXPECTED = [
    ("PL", "ul. Lipowa 3", "90-001", "Łódź", ("ul. Lipowa 3", "90-001 Łódź")),
    ("DE", "Lindenstr. 3", "10969", "Berlin", ("Lindenstr. 3", "10969 Berlin", "NIEMCY")),
    ("AL", "Rruga e Kavajës 5", "1001", "Tiranë", ("Rruga e Kavajës 5", "1001 Tiranë", "ALBANIA")),
    ("XK", "Rr. Nënë Tereza 1", "10000", "Prishtinë", ("Rr. Nënë Tereza 1", "10000 Prishtinë", "KOSOWO")),
    ("GB", "10 High St", "SW1A 1AA", "London", ("10 High St", "LONDON", "SW1A 1AA", "WIELKA BRYTANIA")),
    ("US", "5 Main St", "10001", "New York NY", ("5 Main St", "NEW YORK NY 10001", "STANY ZJEDNOCZONE")),
    ("HU", "Fő utca 1", "1011", "Budapest", ("Budapest", "Fő utca 1", "1011", "WĘGRY")),
    ("", "Lipowa 3", "90-001", "Łódź", ("Lipowa 3", "90-001 Łódź")),
]


@pytest.mark.parametrize(("country", "street", "postcode", "town", "lines"), EXPECTED)
def test_each_country_orders_its_lines(
    country: str, street: str, postcode: str, town: str, lines: tuple[str, ...]
) -> None:
    written = write_lines(
        "Ola Lis", street=street, postcode=postcode, town=town, country=country, home="PL", lang="pl"
    )
    assert written == ("Ola Lis", *lines)


@pytest.mark.parametrize(
    ("street", "postcode", "town"), [("", "", "Łódź"), ("Lipowa 3", "90-001", ""), ("", "", "")]
)
def test_address_without_its_parts_is_none(street: str, postcode: str, town: str) -> None:
    assert (
        write_lines("Ola", street=street, postcode=postcode, town=town, country="PL", home="PL", lang="pl")
        == ()
    )


def test_street_of_two_lines_stays_two() -> None:
    written = write_lines(
        "Ola",
        street="Firma Lis\nLipowa 3",
        postcode="90-001",
        town="Łódź",
        country="PL",
        home="PL",
        lang="pl",
    )
    assert written == ("Ola", "Firma Lis", "Lipowa 3", "90-001 Łódź")
