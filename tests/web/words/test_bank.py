"""Every reason, hindrance and fault is a sentence in three languages."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest
from flask import Flask
from flask_babel import force_locale

import importers
from donorhub.domain.bank.matching.evidence import PRIORS
from donorhub.domain.bank.matching.matching_facts import EvidenceKey, Hindrance, Kind, Level, WeighedKey
from donorhub.web.words import bank, bank_problems
from importers.codes import DeliveryFault, Reason, Remark, RowFault, StatementFault, TableFault

ROOT = Path(__file__).resolve().parents[3]
PARAMS: dict[str, str | int] = {
    "number": 1001,
    "word": "faktura",
    "ref": "R7",
    "ending": "1234",
    "namesakes": 2,
    "likeness": 91,
    "email": "a@b.example",
    "times": 3,
    "wants": "EUR",
    "count": 2,
    "days": -2,
    "amount": "PLN 1.00",
    "arrival_on": "2026-11-20",
    "provider": "stripe",
}


def test_every_key_of_the_engine_has_its_sentence() -> None:
    assert set(get_args(WeighedKey)) == set(PRIORS)
    of_before = {"match.amount_partial", "match.amount_over"}  # stands in decisions of earlier versions
    assert set(get_args(EvidenceKey)) | of_before == bank.REASON_KEYS
    no_gifts = {f"match.{kind}" for kind in get_args(Kind) if kind in ("cost", "outgoing", "transfer")}
    assert no_gifts <= bank.REASON_KEYS
    assert set(get_args(Level)) == set(bank.LEVELS)


def test_every_hindrance_of_the_engine_has_its_sentence() -> None:
    assert set(get_args(Hindrance)) == bank.HINDRANCE_KEYS


@pytest.mark.parametrize("lang", ["pl", "sq"])
def test_reasons_are_translated_and_filled(database: Flask, lang: str) -> None:
    """Reasons differ from English in each language and leave no slot open."""
    with database.test_request_context():
        for key in bank.REASON_KEYS:
            with force_locale("en"):
                english = bank.word_reason(key, PARAMS, prefix="DH")
            with force_locale(lang):
                sentence = bank.word_reason(key, PARAMS, prefix="DH")
            assert sentence != english, key
            assert "%(" not in sentence + english, key


def test_numbers_take_the_plural_of_the_language(database: Flask) -> None:
    with database.test_request_context(), force_locale("pl"):
        sentences = [bank.word_reason("match.name", {"namesakes": n}, prefix="DH") for n in (1, 2, 5)]
    assert sentences == [
        "Tylko ten darczyńca tak się nazywa",
        "2 darczyńcy tak się nazywają",
        "5 darczyńców tak się nazywa",
    ]


def test_a_code_is_written_with_its_check_character(database: Flask) -> None:
    with database.test_request_context(), force_locale("en"):
        assert (
            bank.word_reason("match.code", {"number": 1001}, prefix="DH") == "The text has the code DH-1001-7"
        )


def test_newer_codes_are_shown_plainly(database: Flask) -> None:
    """What only a newer version knows is shown as it is."""
    with database.test_request_context():
        assert bank.word_reason("match.moon_phase", {}, prefix="DH") == "moon phase"
        assert bank.word_hindrance("moon_phase") == "moon phase"
        assert bank_problems.word_meaning("moon_phase") == ""


CODE = re.compile(r"[a-z]+(_[a-z0-9]+)*")
LEVELS = ("error", "warning")
FIELDS = {"return_reason", "sort_code", "stamped", "value_on", "direction"}  # what else readers add by name


def codes_of_readers() -> set[str]:
    """The codes of all problems that readers of bank files tell: types, and from the sources the others."""
    makers = {"Problem", "refused", "Damaged", "Fault", "add", "_tell", "_error"}
    codes = {code for code, _ in importers._REASONS.values()}
    for family in (RowFault, TableFault, Remark, StatementFault, DeliveryFault):
        codes |= {Reason(code).problem_code for code in get_args(family)}
    for path in Path(importers.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in makers:
                texts = [arg.value for arg in node.args[:2] if isinstance(arg, ast.Constant)]
                told = [
                    text
                    for text in texts
                    if isinstance(text, str) and CODE.fullmatch(text) and text not in LEVELS
                ]
                codes.update(told[:1])
    return codes - FIELDS


def test_every_reader_problem_has_words() -> None:
    """Whatever a reader reports of a file has its sentence."""
    codes = codes_of_readers()
    assert len(codes) > 60
    assert codes - bank_problems.FAULT_CODES == set()
