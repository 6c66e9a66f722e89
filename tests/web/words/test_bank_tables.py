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

import donorhub
import importers
from donorhub.web.words import bank_problems, bank_tables
from importers import codes, format_sentences, sentences
from importers.codes import Reason
from importers.statement import Problem, make_problem
from importers.table.detect import Kind
from importers.table.layout import Fact
from importers.table.words import Role
from importers.text import DateOrder
from tests.importers import samples

FAMILIES: dict[str, tuple[Any, Mapping[Any, str]]] = {
    "gap": (codes.Gap, sentences.GAPS),
    "question": (codes.QuestionCode, sentences.QUESTIONS),
    "ground": (codes.Ground, sentences.GROUNDS),
    "skip": (codes.Skip, sentences.SKIPS),
    "role": (Role, sentences.ROLES),
    "kind": (Kind, sentences.KINDS),
    "fact": (Fact, sentences.FACTS),
    "order": (DateOrder, sentences.ORDERS),
    "fault": (codes.EntryFault, format_sentences.FAULTS),
    "format": (codes.FormatProblem, format_sentences.FORMAT_PROBLEMS),
}
TABLES = {*get_args(codes.RowFault), *get_args(codes.TableFault), *get_args(codes.Remark)}
PROBLEMS = TABLES | set(get_args(codes.StatementFault)) | set(get_args(codes.DeliveryFault))
FORMATS = set(get_args(codes.FormatProblem))
EXPLAINERS = ("explain_fault", "_refuse_row")  # they add a fault with its figures
SLOT = re.compile(r"%\((\w+)\)s")
SAME = {"text", "currency", "BIC"}  # the same word in more than one language


@pytest.mark.parametrize("family", FAMILIES)
def test_every_code_has_one_sentence(family: str) -> None:
    """Every code of a family has a sentence, and no sentence is left over."""
    literal, words = FAMILIES[family]
    assert set(get_args(literal)) == set(words)


def test_every_table_problem_has_sentence() -> None:
    """Every problem of a table has a sentence, and none is left over."""
    assert set(sentences.PROBLEMS) == PROBLEMS | FORMATS


def test_every_table_problem_has_meaning() -> None:
    """Every problem of a table has its meaning on pages."""
    assert {Reason(code).problem_code for code in PROBLEMS} - bank_problems.FAULT_CODES == set()


@pytest.mark.parametrize("lang", ["pl", "sq"])
def test_every_sentence_is_translated_with_its_figures(database: Flask, lang: str) -> None:
    texts = [text for name, (_, words) in FAMILIES.items() if name != "question" for text in words.values()]
    texts += [text for code, text in sentences.PROBLEMS.items() if is_shown(code)]
    with database.test_request_context(), force_locale(lang):
        for text in texts:
            translation = gettext(text)
            assert translation != text or text in SAME, text
            assert sorted(SLOT.findall(translation)) == sorted(SLOT.findall(text)), text


def is_shown(code: str) -> bool:
    """Whether pages show the sentence, beside the meaning of its code, and it has words of its own."""
    return code != "layout_unfinished" and (code in TABLES or "." in code or sentences.has_figures(code))


def test_codes_as_figures_become_words(database: Flask) -> None:
    """A figure that is a code is said in words."""
    ground: Reason[codes.Ground] = Reason("cells_differ", {"role": "amount", "kind": "date"})
    unfinished = Reason("layout_unfinished", {"gaps": "booked_on sense"})
    with database.test_request_context(), force_locale("pl"):
        assert bank_tables.word_ground(ground) == "według nazwy: Kwota; według komórek: daty"
        assert bank_tables.word_fault(unfinished) == (
            "Wskaż kolumnę z datą księgowania. Wskaż, czy kwota dodatnia to wpływ, czy wydatek."
        )


def test_table_problem_has_no_english(database: Flask) -> None:
    """A problem of a table is said without English."""
    problem = make_problem("error", Reason("unreadable_amount.two_ways", {"text": "'1,234'"}), 7)
    with database.test_request_context(), force_locale("pl"):
        words = bank_problems.word_problem(problem)
    assert (words.english, words.place) == ("", "Wiersz 7")
    assert words.means == "Nie da się odczytać kwoty: popraw ją w pliku albo wybierz w banku inny format."
    assert words.detail == "'1,234' może oznaczać tysiące albo grosze: wskaż, który znak jest dziesiętny."


def test_days_and_amounts_follow_reader(database: Flask) -> None:
    """Days and amounts are written as the reader writes them."""
    gap: Reason[codes.StatementFault] = Reason(
        "gap", {"from_on": "2026-09-03", "to_on": "2026-09-05", "missing": "-1234.50 EUR"}
    )
    with database.test_request_context(), force_locale("pl"):
        words = bank_problems.word_problem(make_problem("warning", gap))
    assert words.detail.replace("\N{NO-BREAK SPACE}", " ") == (
        "Między 3 wrz 2026 a 5 wrz 2026 brakuje wyciągu: nie ma tu operacji na -1 234,50 EUR."
    )


@pytest.mark.parametrize("code", ["unreadable_amount", "row_cut"])
def test_old_problem_keeps_its_sentence(database: Flask, code: str) -> None:
    """A problem that an earlier version kept shows its own sentence."""
    problem = Problem("error", code, "Something was wrong.", "line 7")
    with database.test_request_context(), force_locale("pl"):
        words = bank_problems.word_problem(problem)
    assert (words.detail, words.english, words.place) == ("", "Something was wrong.", "line 7")


BROKEN_ROWS: dict[str, tuple[str, bytes, bytes, str]] = {  # a format, what is put for what, what pages say
    "ofx": ("ofx1", b"<TRNAMT>", b"<TRNAMT>x", "Operacji nie odczytano: 'x"),
    "camt": ("camt.053 v8", b"<BookgDt><Dt>", b"<BookgDt><Dt>x", "Operacji nie odczytano, bo nie da"),
    "mt940": ("mt940 gvc", b":61:", b":61:x", "Ten wiersz :61: nie jest operacją: nie zaczyna się datą"),
    "qif": ("qif", b"\nT", b"\nTx", "Operacji nie odczytano: 'x"),
    "coda": ("coda", b"\n21", b"\n2x", "Tego rodzaju rekordu CODA nie ma"),
    "bai2": ("bai2", b"\n16,", b"\n16,x", "Rekordu 16 nie da się odczytać: rodzaj 'x"),
    "elixir": ("elixir", b"\n110,", b"\n119,", "Ten wiersz nie jest płatnością: rodzaj to '119', a znane są"),
}


@pytest.mark.parametrize("name", BROKEN_ROWS)
def test_broken_row_is_explained_in_polish(database: Flask, name: str) -> None:
    """A row that a reader of a bank's own format cannot read is explained without English."""
    sample, good, bad, beginning = BROKEN_ROWS[name]
    data = samples.sample(sample)
    assert good in data
    problem = next(one for one in samples.read(data.replace(good, bad, 1)).problems if one.level == "error")
    with database.test_request_context(), force_locale("pl"):
        words = bank_problems.word_problem(problem)
    assert words.detail.startswith(beginning)
    assert words.english == ""


def test_reasons_bring_their_figures() -> None:
    """Each reason in the sources brings the figures that its sentence needs."""
    faults = {f"fault {code}": text for code, text in format_sentences.FAULTS.items()}
    patterns = {**sentences.PROBLEMS, **sentences.GROUNDS, **faults}
    reasons = list(find_reasons())
    assert {code for code, _ in reasons} >= PROBLEMS | FORMATS
    assert [(code, figures) for code, figures in reasons if set(SLOT.findall(patterns[code])) - figures] == []


def find_reasons() -> Iterator[tuple[str, set[str]]]:
    """Each code in the readers and services with the figures that stand beside it."""
    families = PROBLEMS | FORMATS | set(sentences.GROUNDS)
    places = (Path(importers.__file__).parent, Path(donorhub.__file__).parent / "services" / "bank")
    for path in sorted(path for place in places for path in place.rglob("*.py")):
        if path.name in ("codes.py", "sentences.py", "format_sentences.py"):
            continue
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call):
                continue
            name = ast.unparse(call.func).rpartition(".")[2]
            if name in (
                "Reason",
                "UnreadableTable",
                "UnreadableArchive",
                "Undecodable",
                "Unreadable",
                "_make_remark",
                *EXPLAINERS,
            ):
                for code in {text for text in find_texts(call.args[:2]) if text in families}:
                    yield code, find_figures(call, name)
            elif name == "UnreadableEntry":
                for code in find_texts(call.args[:1]):
                    yield f"fault {code}", find_figures(call, name)


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
    if name in EXPLAINERS:
        figures.add("fault")
    return figures
