"""Every code that readers say of a table has its sentence, in three languages and with its figures."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from flask import Flask
from flask_babel import force_locale, gettext

import importers
from donorhub.web.words import bank_problems, bank_tables
from importers import codes, sentences
from importers.codes import Reason
from importers.statement import Problem, make_problem
from importers.table.detect import Kind
from importers.table.layout import Fact
from importers.table.words import Role
from importers.text import DateOrder

FAMILIES: dict[str, tuple[Any, Mapping[Any, str]]] = {
    "gap": (codes.Gap, sentences.GAPS),
    "question": (codes.QuestionCode, sentences.QUESTIONS),
    "ground": (codes.Ground, sentences.GROUNDS),
    "skip": (codes.Skip, sentences.SKIPS),
    "role": (Role, sentences.ROLES),
    "kind": (Kind, sentences.KINDS),
    "fact": (Fact, sentences.FACTS),
    "order": (DateOrder, sentences.ORDERS),
}
PROBLEMS = {*get_args(codes.RowFault), *get_args(codes.TableFault), *get_args(codes.Remark)}
SLOT = re.compile(r"%\((\w+)\)s")
SAME = {"text", "currency", "BIC"}  # the same word in more than one language


@pytest.mark.parametrize("family", FAMILIES)
def test_every_code_of_a_family_has_a_sentence_and_no_sentence_is_left_over(family: str) -> None:
    literal, words = FAMILIES[family]
    assert set(get_args(literal)) == set(words)


def test_every_problem_of_a_table_has_a_sentence_and_none_is_left_over() -> None:
    assert set(sentences.PROBLEMS) == PROBLEMS


def test_every_problem_of_a_table_has_its_meaning_on_pages() -> None:
    assert {Reason(code).problem_code for code in PROBLEMS} - bank_problems.FAULT_CODES == set()


@pytest.mark.parametrize("lang", ["pl", "sq"])
def test_every_sentence_is_translated_with_its_figures(database: Flask, lang: str) -> None:
    texts = [text for name, (_, words) in FAMILIES.items() if name != "question" for text in words.values()]
    texts += [text for code, text in sentences.PROBLEMS.items() if code != "layout_unfinished"]
    with database.test_request_context(), force_locale(lang):
        for text in texts:
            translation = gettext(text)
            assert translation != text or text in SAME, text
            assert sorted(SLOT.findall(translation)) == sorted(SLOT.findall(text)), text


def test_a_figure_that_is_a_code_is_said_in_words(database: Flask) -> None:
    ground: Reason[codes.Ground] = Reason("cells_differ", {"role": "amount", "kind": "date"})
    unfinished = Reason("layout_unfinished", {"gaps": "booked_on sense"})
    with database.test_request_context(), force_locale("pl"):
        assert bank_tables.word_ground(ground) == "według nazwy: Kwota; według komórek: daty"
        assert bank_tables.word_fault(unfinished) == (
            "Wskaż kolumnę z datą księgowania. Wskaż, czy kwota dodatnia to wpływ, czy wydatek."
        )


def test_a_problem_of_a_table_is_said_without_english(database: Flask) -> None:
    problem = make_problem("error", Reason("unreadable_amount.two_ways", {"text": "'1,234'"}), 7)
    with database.test_request_context(), force_locale("pl"):
        words = bank_problems.word_problem(problem)
    assert (words.english, words.place) == ("", "Wiersz 7")
    assert words.means == "Kwoty nie da się odczytać: popraw ją w pliku albo wyeksportuj plik ponownie."
    assert words.detail == "'1,234' może oznaczać tysiące albo grosze: wskaż, który znak jest dziesiętny."


@pytest.mark.parametrize("code", ["unreadable_amount", "row_cut"])
def test_a_problem_kept_by_an_earlier_version_shows_its_own_sentence(database: Flask, code: str) -> None:
    problem = Problem("error", code, "Something was wrong.", "line 7")
    with database.test_request_context(), force_locale("pl"):
        words = bank_problems.word_problem(problem)
    assert (words.detail, words.english, words.place) == ("", "Something was wrong.", "line 7")


def test_each_reason_in_the_sources_brings_the_figures_of_its_sentence() -> None:
    patterns = {**sentences.PROBLEMS, **sentences.GROUNDS}
    reasons = list(find_reasons())
    assert {code for code, _ in reasons} >= PROBLEMS
    assert [(code, figures) for code, figures in reasons if set(SLOT.findall(patterns[code])) - figures] == []


def find_reasons() -> Iterator[tuple[str, set[str]]]:
    """Each code in the readers with the figures that stand beside it."""
    known = PROBLEMS | set(sentences.GROUNDS)
    for path in sorted(Path(importers.__file__).parent.rglob("*.py")):
        if path.name in ("codes.py", "sentences.py"):
            continue
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call):
                continue
            name = ast.unparse(call.func).rpartition(".")[2]
            if name in ("Reason", "Unsheetable", "Undecodable", "Unreadable", "_remark"):
                for code in {text for text in find_texts(call.args[:2]) if text in known}:
                    yield code, find_figures(call, name)


def find_texts(nodes: list[ast.expr]) -> set[str]:
    return {
        node.value
        for argument in nodes
        for node in ast.walk(argument)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def find_figures(call: ast.Call, name: str) -> set[str]:
    figures = {keyword.arg for keyword in call.keywords if keyword.arg}
    for node in call.args[1:]:
        keys = node.keys if isinstance(node, ast.Dict) else []
        figures |= {key.value for key in keys if isinstance(key, ast.Constant)}
    if name == "Unreadable":
        figures.add("text")  # always its own
    return figures
