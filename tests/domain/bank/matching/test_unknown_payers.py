"""Which unknown payers may become donors at one click, and why a person must look at the others first."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from donorhub.domain.bank.matching.matching_facts import Credit
from donorhub.domain.bank.matching.unknown_payers import (
    UnknownPayer,
    choose_name,
    judge_payer,
    list_name_keys,
)
from donorhub.domain.bank.matching.words_against import WORDS_AGAINST, split_words_against
from donorhub.domain.donors.names import parse_payer
from donorhub.money import Money

ACCOUNT = "PL27114020040000300201355387"
DAY = date(2026, 10, 5)


def credit(number: int, name: str = "KOWALSKA ANNA", text: str = "darowizna", minor: int = 5000) -> Credit:
    on = DAY + timedelta(days=number)
    return Credit(number, None, Money(minor, "PLN"), on, name, ACCOUNT, text)


def judge(*credits: Credit, key: str = f"iban:{ACCOUNT}", donor_ids: tuple[int, ...] = ()) -> UnknownPayer:
    words = split_words_against(WORDS_AGAINST)
    return judge_payer(key, credits, donor_ids, words_against=words, cap={"PLN": 100_000})


# Written by hand: what the bank wrote, how often it came and with what text; what a person is told.
TABLE = [
    ("KOWALSKA ANNA UL. LIPOWA 3", ["darowizna"], []),
    ("Nowak Jan", ["przelew", "przelew"], []),
    ("Krasniqi Agim", ["dhurim"], []),
    ("NOWAK JAN", ["wpłata na cele statutowe"], []),
    ("NOWAK JAN", ["przelew"], ["once_without_words"]),
    ("NOWAK JAN", [""], ["once_without_words"]),
    ("NOWAK JAN", ["darowizna", "FV 12/2026"], ["words_against"]),
    ("ANTON JEREMI", ["darowizna"], ["two_given_names"]),
    ("GERLACH GAJA", ["darowizna"], ["no_given_name"]),
    ("KOWALSKI", ["darowizna"], ["one_word"]),
    ("J. NOWAK", ["darowizna"], ["initial"]),
    ("ANNA NOWAK WARSZAWA", ["darowizna"], ["too_many_words"]),
    ("ANNA I JAN KOWALSCY", ["darowizna"], ["two_people"]),
    ("BUDEX SP. Z O.O.", ["darowizna"], ["organisation"]),
    ("FUNDACJA PIES", ["darowizna"], ["organisation"]),
    ("DRUGI URZĄD SKARBOWY W ŁODZI", ["1,5%"], ["tax_office", "once_without_words"]),
    ("PAYU S.A.", ["wypłata darowizn"], ["provider"]),
    ("Zrzutka.pl sp. z o.o.", ["darowizny", "darowizny"], ["provider"]),
]


@pytest.mark.parametrize(("name", "texts", "doubts"), TABLE)
def test_payer_is_ready_or_says_why_not(name: str, texts: list[str], doubts: list[str]) -> None:
    """Only whose name is certain, and who gave before or says so, is ready; else all reasons are told."""
    payer = judge(*(credit(n, name, text) for n, text in enumerate(texts)))
    assert (list(payer.doubts), payer.is_ready) == (doubts, not doubts)


def test_account_and_base_must_be_clear() -> None:
    """Without an account, with several names on it, or with a donor who may be it, a person looks first."""
    assert judge(credit(1), key="name:anna kowalska").doubts == ("no_account",)
    assert judge(credit(1), donor_ids=(7,)).doubts == ("may_be_known",)
    assert judge(credit(1), credit(2), credit(3, "NOWAK EWA")).doubts == ("several_names",)
    assert judge(credit(1), credit(2, "ANNA KOWALSKA UL. DŁUGA 1")).doubts == ()
    assert judge(credit(1, minor=100_001)).doubts == ("over_cap",)
    assert judge(credit(1, minor=100_000)).doubts == ()


def test_payer_is_told_by_their_money() -> None:
    """The name is the one that came most often, the example the last text, the credits in order."""
    payer = judge(credit(3, text=""), credit(1, "A. KOWALSKA"), credit(2, text="pomoc"))
    assert (payer.name_read, payer.example) == ("KOWALSKA ANNA", "pomoc")
    assert [one.entry_id for one in payer.credits] == [1, 2, 3]
    assert payer.account == ACCOUNT and ACCOUNT not in payer.row_id
    assert choose_name([]) == ""


def test_keys_hold_the_name_and_those_like_it() -> None:
    keys = list_name_keys(parse_payer("KOWALSKA KASIA UL. LIPOWA 3"), "KOWALSKA KASIA UL. LIPOWA 3")
    assert keys[0] == "kasia kowalska" and "katarzyna kowalska" in keys
    assert list_name_keys(parse_payer("Fundacja Pies"), "Fundacja Pies") == ("fundacja pies",)
