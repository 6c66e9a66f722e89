"""How whole columns are written: the order of days, the decimal sign, the currency, two people in a cell.

All cells of a column decide together, with the counter-examples; what they leave open is a question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from donorhub.domain.moving.answers import Answers
from donorhub.domain.moving.cells import AmountWriting, UnreadableCell, clean_amount, is_nothing, split_amount
from donorhub.domain.moving.column_names import find_currency, fold_name
from donorhub.domain.moving.columns import ColumnGuess
from donorhub.domain.moving.custom_cells import CustomColumn
from donorhub.domain.moving.day_cells import DateWriting, find_span, read_day
from donorhub.domain.moving.field_words import NAME_FIELDS, Field
from donorhub.domain.moving.people_cells import is_pair, puts_given_first
from donorhub.domain.moving.presets import Preset, Words
from importers.periods import NAME_LINES
from importers.records import RecordTable
from importers.text import DATE_ORDERS, DateOrder, find_decimal_signs

QuestionCode = Literal[
    "unnamed",
    "name_column",
    "amount_column",
    "date_column",
    "date_order",
    "date_contradicts",
    "month_day",
    "decimal",
    "decimal_contradicts",
    "currency",
    "periods",
    "year",
    "crosses",
    "pairs",
    "hidden",
    "fund",
    "campaign",
    "missing_files",
]
_EXAMPLES: Final = 5
_NAMING_FIELDS: Final[tuple[Field, ...]] = (
    *NAME_FIELDS,
    "contact_person",
    "household",
    "email",
    "person_id",  # of somebody who is here
    "donor_code",
)
_ALBANIAN_NAMES: Final = ("emri", "emer ")


@dataclass(frozen=True, slots=True)
class Question:
    """What only a person can say: the column it is about, the answers and how many cells speak for each,
    examples of cells that do not fit, or what is asked about.
    """

    code: QuestionCode
    position: int | None = None
    choices: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Writing:
    """How the columns of a table are read; it may be used where there are no questions."""

    guesses: tuple[ColumnGuess, ...]
    dates: DateWriting
    amounts: AmountWriting
    phone_country: str
    pairs: Literal["", "one", "two"]
    family_first: bool
    given_first: bool
    questions: tuple[Question, ...]
    words: Words = field(default_factory=dict)
    constants: Mapping[Field, str] = field(default_factory=dict)
    births: DateWriting = field(default_factory=DateWriting)  # of dates of birth
    custom: Mapping[int, CustomColumn] = field(default_factory=dict)  # of fields that were added, by place

    def find_places(self, name: Field) -> list[int]:
        """Return the columns of a field."""
        return [guess.position for guess in self.guesses if guess.field == name]


def settle_writing(
    table: RecordTable,
    guesses: tuple[ColumnGuess, ...],
    answers: Answers,
    *,
    home_country: str,
    preset: Preset | None = None,
) -> Writing:
    """Return how the columns are read, with the questions that they leave open."""
    places: dict[Field, list[int]] = {}
    for guess in guesses:
        places.setdefault(guess.field, []).append(guess.position)
    if preset is not None and "currency" in preset.constants:
        places.setdefault("currency", []).append(len(guesses))  # behind the last column
    words = [*places.get("consent_on", ())[:1], *places.get("no_on", ())[:1]]
    dates, date_questions = _settle_dates(table, places.get("received_on", [])[:1] or words, answers)
    amounts, amount_questions = _settle_amounts(table, places, answers)
    name_places = [at for field in NAME_FIELDS for at in places.get(field, ())]
    pairs, pair_questions = _settle_pairs(table, places, answers)
    questions = [
        *_ask_columns(table, guesses, places, answers),
        *date_questions,
        *amount_questions,
        *pair_questions,
        *_ask_hidden(table, answers),
    ]
    return Writing(
        guesses,
        dates,
        amounts,
        answers.phone_country or home_country,
        pairs,
        any(is_family_first(table.header[at]) for at in name_places),
        _is_given_first(table, places.get("full_name", [])),
        tuple(questions),
        preset.words if preset is not None else {},
        preset.constants if preset is not None else {},
    )


def _ask_columns(
    table: RecordTable, guesses: Sequence[ColumnGuess], places: dict[Field, list[int]], answers: Answers
) -> list[Question]:
    questions: list[Question] = []
    if not table.has_names and not answers.unnamed:
        questions.append(Question("unnamed", None, ("right",)))
    if not any(places.get(field) for field in _NAMING_FIELDS):
        questions.append(Question("name_column"))
    if answers.kind == "people":
        return questions
    maybe = [guess for guess in guesses if guess.ground == "maybe_amount"]
    has_gifts = bool(places.get("received_on") or places.get("gift_id") or answers.kind == "gifts")
    if not places.get("amount") and (maybe or has_gifts):
        questions.append(Question("amount_column", choices=tuple(str(guess.position) for guess in maybe)))
    if places.get("amount") and not places.get("received_on"):
        questions.append(Question("date_column"))
    return questions


def list_texts(table: RecordTable, places: Iterable[int]) -> Counter[str]:
    """Return the texts in some columns with how often each stands there; typed cells are in no doubt."""
    columns = tuple(places)
    return Counter(
        cell
        for sheet in table.sheets
        for row in sheet.rows
        for at in columns
        if isinstance(cell := row.cells[at], str) and not is_nothing(cell)
    )


def _settle_dates(
    table: RecordTable, places: list[int], answers: Answers
) -> tuple[DateWriting, list[Question]]:
    texts = list_texts(table, places)
    months = [text for text in texts if find_span(text)]
    questions: list[Question] = []
    if months and not answers.month_day:
        questions.append(Question("month_day", places[0], ("first", "last"), (), tuple(months[:_EXAMPLES])))
    month_day = answers.month_day or None
    order, order_questions = settle_order(texts, places, answers)
    return DateWriting(order, month_day, table.epoch), [*questions, *order_questions]


def settle_order(
    texts: Counter[str], places: list[int], answers: Answers
) -> tuple[DateOrder, list[Question]]:
    """Return what comes first in the dates of a column, with the question where its cells leave it open."""
    orders_by_text = {text: _find_orders(text) for text in texts}
    counts = Counter[str]()
    dependent = 0
    for text, orders in orders_by_text.items():
        if orders and len(orders) < len(DATE_ORDERS):  # what reads alike in every order says nothing
            dependent += texts[text]
            counts.update(dict.fromkeys(orders, texts[text]))
    if answers.date_order:
        return answers.date_order, []
    fitting = [order for order in DATE_ORDERS if counts[order] == dependent]
    if not dependent or len(fitting) == 1:
        return (fitting[0] if dependent else "ymd"), []
    if fitting:
        examples = [text for text in orders_by_text if orders_by_text[text]]
        return fitting[0], [
            Question("date_order", places[0], tuple(fitting), (), tuple(examples[:_EXAMPLES]))
        ]
    best = max(DATE_ORDERS, key=lambda order: counts[order])
    others = [text for text, orders in orders_by_text.items() if orders and best not in orders]
    tried = tuple(order for order in DATE_ORDERS if counts[order])
    return best, [
        Question(
            "date_contradicts",
            places[0],
            tried,
            tuple(counts[order] for order in tried),
            tuple(others[:_EXAMPLES]),
        )
    ]


def settle_own_order(
    texts: Counter[str], places: list[int], writing: Writing, answers: Answers
) -> tuple[DateOrder, Sequence[Question]]:
    """Return what comes first in days beside those of gifts: as these cells of theirs tell, else as a person
    said of the file, else as in the days of gifts; where none of these tells, the question."""
    order, questions = settle_order(texts, places, replace(answers, date_order=""))
    if questions and answers.date_order:
        return answers.date_order, ()
    if questions and writing.find_places("received_on"):
        return writing.dates.order, ()
    return order, questions


def add_questions(questions: Sequence[Question], open_questions: Sequence[Question]) -> tuple[Question, ...]:
    """Return the questions with what is open and not asked of another column already: one answer is for all
    of the file."""
    codes = {question.code for question in questions}
    return (*questions, *(question for question in open_questions if question.code not in codes))


def _find_orders(text: str) -> frozenset[str]:
    return frozenset(order for order in DATE_ORDERS if _reads_in(text, order))


def _reads_in(text: str, order: DateOrder) -> bool:
    try:
        read_day(text, DateWriting(order, "first"))
    except UnreadableCell:
        return False
    return True


def _settle_amounts(
    table: RecordTable, places: dict[Field, list[int]], answers: Answers
) -> tuple[AmountWriting, list[Question]]:
    columns = places.get("amount", [])[:1]
    texts = list_texts(table, columns)
    if not columns:
        return AmountWriting(), []
    texts_by_cell = {text: clean_amount(" ".join(text.split())) for text in texts}
    dependent = {
        text: signs
        for text, clean in texts_by_cell.items()
        if any(sign in clean for sign in ".,") and (signs := find_decimal_signs((clean,)))
    }
    decimal, questions = settle_decimal(dependent, texts, columns[0], answers)
    currency = answers.currency or find_currency(table.header[columns[0]])
    if not currency and not places.get("currency") and _lacks_unit(table, columns[0], decimal):
        questions.append(Question("currency", columns[0]))
    return AmountWriting(decimal, currency), questions


def settle_decimal(
    signs_by_text: dict[str, set[str]], texts: Counter[str], place: int, answers: Answers
) -> tuple[str, list[Question]]:
    """Return the decimal sign of a column, with the question where its cells leave it open."""
    if answers.decimal:
        return answers.decimal, []
    counts = {
        sign: sum(texts[text] for text, signs in signs_by_text.items() if sign in signs) for sign in ",."
    }
    total = sum(texts[text] for text in signs_by_text)
    fitting = [sign for sign in ",." if counts[sign] == total]
    if not total or len(fitting) == 1:
        return (fitting[0] if total else "."), []
    examples = tuple(signs_by_text)[:_EXAMPLES]
    if fitting:
        return ",", [Question("decimal", place, (",", "."), (), examples)]
    best = max(",.", key=lambda sign: counts[sign])
    others = tuple(text for text, signs in signs_by_text.items() if best not in signs)[:_EXAMPLES]
    return best, [Question("decimal_contradicts", place, (",", "."), (counts[","], counts["."]), others)]


def _lacks_unit(table: RecordTable, place: int, decimal: str) -> bool:
    """Return whether any amount names no currency."""
    for sheet in table.sheets:
        for row in sheet.rows:
            try:
                if not split_amount(row.cells[place], decimal)[1]:
                    return True
            except UnreadableCell:
                continue
    return False


def _settle_pairs(
    table: RecordTable, places: dict[Field, list[int]], answers: Answers
) -> tuple[Literal["", "one", "two"], list[Question]]:
    if answers.pairs:
        return answers.pairs, []
    columns = places.get("full_name", []) or places.get("given_name", [])
    texts = [text for text in _list_written_names(table, places) if is_pair(text)]
    if not texts:
        return "", []
    return "", [Question("pairs", columns[0], ("two", "one"), (len(texts),), tuple(texts[:_EXAMPLES]))]


def _list_written_names(table: RecordTable, places: dict[Field, list[int]]) -> Iterable[str]:
    """Return the names of a table, each once: of one column, else of one for each part."""
    if "full_name" in places or not ("given_name" in places and "family_name" in places):
        return list_texts(table, places.get("full_name", []))
    parts = (places["given_name"][0], places["family_name"][0])
    names = {
        " ".join(cell for at in parts if isinstance(cell := row.cells[at], str))
        for sheet in table.sheets
        for row in sheet.rows
    }
    return sorted(names)


def _ask_hidden(table: RecordTable, answers: Answers) -> list[Question]:
    if answers.hidden:
        return []
    sheets = [sheet for sheet in table.sheets if sheet.is_hidden]
    rows = sum(1 for sheet in table.sheets if not sheet.is_hidden for row in sheet.rows if row.is_hidden)
    if not sheets and not rows:
        return []
    count = rows + sum(len(sheet.rows) for sheet in sheets)
    names = tuple(dict.fromkeys(sheet.name if sheet.origin is None else sheet.origin for sheet in sheets))
    return [Question("hidden", None, ("bring", "leave"), (count,), names)]


def _is_given_first(table: RecordTable, places: Sequence[int]) -> bool:
    """Return whether the names of a column begin with the given name: in Albanian as its name says, else as
    nearly all of its cells do."""
    if any(is_family_first(table.header[at]) for at in places):
        return False
    is_albanian = any(fold_name(table.header[at]).startswith(_ALBANIAN_NAMES) for at in places)
    return is_albanian or puts_given_first(list_texts(table, places))


def is_family_first(name: str) -> bool:
    """Return whether the name of a column of names says that the family name comes first."""
    return fold_name(name.rsplit(NAME_LINES, maxsplit=1)[-1]).startswith(
        ("nazwisko", "mbiemri", "mbiemer", "nachname", "last")
    )
