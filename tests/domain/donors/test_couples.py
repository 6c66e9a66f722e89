"""Two people in one name are taken apart where Polish leaves one answer, and greeted by their surname."""

from __future__ import annotations

import pytest

from donorhub.domain.donors.couples import find_people, find_surname_of_both
from donorhub.domain.donors.salutation import write_greeting_of_household


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("Anna i Jan Kowalscy", ["Anna Kowalska", "Jan Kowalski"]),
        ("KOWALSCY ANNA I JAN UL. DŁUGA 3", ["Anna Kowalska", "Jan Kowalski"]),
        ("Ewa oraz Piotr Łąccy", ["Ewa Łącka", "Piotr Łącki"]),
        ("Jan i Anna Zawadzcy", ["Jan Zawadzki", "Anna Zawadzka"]),
        ("Anna i Jan Nowakowie", ["Anna Nowak", "Jan Nowak"]),
        ("Anna i Jan Kowalski", ["Anna Kowalska", "Jan Kowalski"]),
        ("Anna Nowak lub Jan Wójcik", ["Anna Nowak", "Jan Wójcik"]),
        ("Arta dhe Agim Krasniqi", ["Arta Krasniqi", "Agim Krasniqi"]),
    ],
)
def test_couple_is_taken_apart(text: str, people: list[str]) -> None:
    """Each of the two gets the surname as that one bears it."""
    assert [one.name for one in find_people(text)] == people
    assert all(one.is_confident for one in find_people(text))


@pytest.mark.parametrize(
    "text",
    [
        "Anna i Jan Dudowie",  # Duda, or Dud
        "Anna i Jan Dudkowie",  # Dudek, or Dudko
        "Anna i J. Kowalscy",
        "Anna, Ewa i Jan Kowalscy",
        "Ngozi i Jan Kowalscy",
        "Anna Kowalska",
        "Anna i Jan",
        "",
    ],
)
def test_doubtful_couple_is_left_whole(text: str) -> None:
    """Nobody is made up where the surname of one, or who the two are, is not certain."""
    assert find_people(text) == ()


@pytest.mark.parametrize(
    ("lang", "name", "greeting"),
    [
        ("pl", "Anna i Jan Kowalscy", "Szanowni Państwo Kowalscy,"),
        ("pl", "Anna i Jan Nowak", "Szanowni Państwo Nowakowie,"),
        ("pl", "Anna Nowak i Jan Wójcik", "Szanowni Państwo,"),
        ("pl", "Anna i Jan Lis", "Szanowni Państwo,"),
        ("pl", "Rodzina Kowalskich", "Szanowni Państwo,"),
        ("sq", "Arta dhe Agim Krasniqi", "Të nderuar,"),
        ("en", "Anna and Jan Kowalski", "Dear friends,"),
    ],
)
def test_household_is_greeted_as_a_couple(lang: str, name: str, greeting: str) -> None:
    assert write_greeting_of_household(lang, name) == greeting


def test_two_surnames_have_no_plural() -> None:
    assert find_surname_of_both("Anna Nowak i Jan Wójcik") is None
