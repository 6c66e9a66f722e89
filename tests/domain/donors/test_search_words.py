"""The words by which donors are searched, and typos of one letter."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorhub.domain.donors.search_words import (
    DonorFacts,
    is_one_typo_apart,
    list_stumps,
    list_visible_words,
    read_phone,
    sort_alike,
    write_document,
)

WORDS = st.text("abcłżç", min_size=1, max_size=9)


def test_document_holds_each_word_once_with_its_field() -> None:
    """Names, towns, numbers from both ends: each with the letter of its field, each once."""
    facts = DonorFacts(
        code="DH-1001-7",
        names=("Anna Łoś-Wójcik", "Anna", ""),
        emails=("anna@example.org",),
        phones=("+48 501 234 567",),
        accounts=("PL61 1090",),
        towns=("Łódź", "Łódź"),
        postcodes=("90-001",),
    )
    assert write_document(facts).split() == [
        *("nanna", "nlos", "nwojcik", "tlodz", "eanna", "eannaexampleorg", "z90001", "cdh10017", "c1001"),
        *("p48501234567", "p501234567", "q76543210584", "a611090", "b090116"),
    ]
    visible = list_visible_words(write_document(facts), hidden={"phone", "email", "account"})
    assert visible == ["anna", "los", "wojcik", "lodz", "90001", "dh10017", "1001"]


@pytest.mark.parametrize(
    ("phone", "whole", "own"),
    [
        ("+48 501 234 567", "48501234567", "501234567"),
        ("0048501234567", "48501234567", "501234567"),
        ("+383 44 123 456", "38344123456", "44123456"),
        ("+355 069 12", "35506912", "6912"),
        ("069 12", "06912", "6912"),
        ("", "", ""),
    ],
)
def test_phone_is_read_with_and_without_country(phone: str, whole: str, own: str) -> None:
    """A phone number is known with the code of its country and without."""
    assert read_phone(phone) == (whole, own)


@pytest.mark.parametrize(
    ("one", "other", "is_apart"),
    [
        ("wojick", "wojcik", True),
        ("gegzolka", "gzegzolka", True),
        ("anna", "ana", True),
        ("anna", "anno", True),
        ("anna", "anna", False),
        ("anna", "nana", True),
        ("abcd", "abdcx", False),
        ("abcd", "badc", False),
        ("abcde", "bcdex", False),  # they share a stump, and are two typos apart
        ("", "a", True),
    ],
)
def test_one_typo_is_one_letter(one: str, other: str, is_apart: bool) -> None:
    """One letter left out, put in, put for another, or two that changed places; nothing more."""
    assert is_one_typo_apart(one, other) is is_apart
    assert is_one_typo_apart(other, one) is is_apart


@given(word=WORDS, place=st.integers(0, 8), letter=st.sampled_from("abxł"))
def test_words_one_typo_apart_share_a_stump(word: str, place: int, letter: str) -> None:
    """Whatever single slip a word suffers, it and the slip have a stump in common."""
    at = place % len(word)
    swapped = word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
    for slip in (word[:at] + word[at + 1 :], word[:at] + letter + word[at:], swapped):
        if slip != word:
            assert is_one_typo_apart(word, slip)
            assert set(list_stumps(word)) & set(list_stumps(slip))


def test_likeliest_word_comes_first() -> None:
    """Of the words within one typo those with the same beginning and length come first."""
    alike = sort_alike("wojick", ["wojcik", "wojicka", "bojick", "zupelnie"])
    assert alike == ["wojcik", "wojicka", "bojick"]
    assert all(one <= other for one, other in pairwise(list_stumps("wojcik")))
