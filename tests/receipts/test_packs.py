"""Rule packs: dated, complete in every language, and found again by version."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest

from receipts import packs
from receipts.packs import NoPack, When, get_pack
from receipts.phrases import LANGUAGES, METHODS, PHRASES
from receipts.view import list_sentences
from tests.receipts import samples

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize("country", packs.list_jurisdictions())
def test_a_pack_says_everything_in_every_language(country: str) -> None:
    pack = get_pack(country, TODAY)
    assert pack.version.startswith(f"{country}-")
    for lang in LANGUAGES:
        assert all(pack.get_title(kind, lang) for kind in ("single", "annual"))
        assert all(sentence.text[lang] for sentence in pack.sentences)
    assert all(sentence.when in get_args(When) for sentence in pack.sentences)
    assert pack.must_check


def test_packs_for_three_countries_and_none() -> None:
    """There are packs for Poland, Albania and Kosovo, and one for no country."""
    assert packs.list_jurisdictions() == ("AL", "PL", "XK", "XX")


def test_pack_is_found_by_its_version() -> None:
    """A pack is found again by the version that a receipt names, so that an old receipt can be drawn anew."""
    pack = get_pack("PL", TODAY)
    assert packs.get_pack_by_version(pack.version) is pack
    with pytest.raises(NoPack, match="PL-1999-01"):
        packs.get_pack_by_version("PL-1999-01")


def test_country_or_day_without_pack_refused() -> None:
    """A country without rules, and a day before the first rules, are refused with what there is."""
    with pytest.raises(NoPack, match="AL, PL, XK, XX"):
        get_pack("DE", TODAY)
    with pytest.raises(NoPack, match="2020-01-01"):
        get_pack("PL", date(2019, 12, 31))


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
def test_sentence_stands_only_where_it_belongs(
    changes: dict[str, object], wanted: str, unwanted: str
) -> None:
    """A sentence of the law stands on the receipts that it is for and on no others."""
    sentences = " ".join(list_sentences(samples.receipt(**changes), get_pack("PL", TODAY)))
    assert wanted in sentences
    assert unwanted not in sentences


def test_every_language_has_the_same_phrases_and_methods() -> None:
    assert {lang: PHRASES[lang].keys() for lang in LANGUAGES} == dict.fromkeys(
        LANGUAGES, PHRASES["en"].keys()
    )
    assert all(set(names) == set(LANGUAGES) for names in METHODS.values())
