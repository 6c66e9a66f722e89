"""Rule packs: dated, complete in every language, and found again by version."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest

from receipts import packs
from receipts.packs import NoPack, When, pack
from receipts.phrases import LANGUAGES, METHODS, PHRASES
from receipts.view import list_sentences
from tests.receipts import samples

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize("country", packs.jurisdictions())
def test_a_pack_says_everything_in_every_language(country: str) -> None:
    held = pack(country, TODAY)
    assert held.version.startswith(f"{country}-")
    for lang in LANGUAGES:
        assert all(held.title(kind, lang) for kind in ("single", "annual"))
        assert all(sentence.text[lang] for sentence in held.sentences)
    assert all(sentence.when in get_args(When) for sentence in held.sentences)
    assert held.must_check


def test_there_are_packs_for_poland_albania_kosovo_and_no_country() -> None:
    assert packs.jurisdictions() == ("AL", "PL", "XK", "XX")


def test_a_pack_is_found_again_by_the_version_a_receipt_names() -> None:
    held = pack("PL", TODAY)
    assert packs.by_version(held.version) is held
    with pytest.raises(NoPack, match="PL-1999-01"):
        packs.by_version("PL-1999-01")


def test_a_country_without_rules_and_a_day_before_them_are_refused() -> None:
    with pytest.raises(NoPack, match="AL, PL, XK, XX"):
        pack("DE", TODAY)
    with pytest.raises(NoPack, match="2020-01-01"):
        pack("PL", date(2019, 12, 31))


@pytest.mark.parametrize(
    ("changes", "wanted", "unwanted"),
    [
        ({}, "6% dochodu", "gotówką"),
        ({"lines": (samples.replace(samples.GIFT, method="cash"),)}, "gotówką", "10% dochodu"),
        ({"donor": samples.replace(samples.JAN, is_company=True)}, "10% dochodu", "6% dochodu"),
        ({"lines": (samples.replace(samples.GIFT, method="in_kind"),)}, "rzeczową", "gotówką"),
        (
            {"organisation": samples.replace(samples.FOUNDATION, signatory_name="")},
            "nie wymaga podpisu",
            "rzeczową",
        ),
    ],
)
def test_a_sentence_is_said_on_the_receipts_it_is_for(
    changes: dict[str, object], wanted: str, unwanted: str
) -> None:
    said = " ".join(list_sentences(samples.receipt(**changes), pack("PL", TODAY)))
    assert wanted in said
    assert unwanted not in said


def test_every_language_has_the_same_phrases_and_methods() -> None:
    assert {lang: PHRASES[lang].keys() for lang in LANGUAGES} == dict.fromkeys(
        LANGUAGES, PHRASES["en"].keys()
    )
    assert all(set(names) == set(LANGUAGES) for names in METHODS.values())
