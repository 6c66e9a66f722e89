"""Donors whose documents have a word of each group, found the cheaper way: by the rarest group, among the
newest donors where nearly all fit, else by the index of all words.

An index collects all who have a word before it gives the first, and "Anna" has tens of thousands.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, String, bindparam, select

from donorhub.db import Base, db, write_literal
from donorhub.domain.donors.search_words import NAME_MARK, is_one_typo_apart
from donorhub.services.donors import search_documents
from donorhub.services.donors.search_documents import use_word_index

Groups = Sequence[Sequence[str]]
MOST_OF_RAREST: Final = 2_000  # documents of one group that are read; of more the index knows better
_SAMPLE: Final = 300  # of the newest documents, by which it is told whether many fit
_MANY: Final = 4  # of these
_NEWEST: Final = 6_000  # documents, among which as many as are asked for fit where many do
_DOCUMENTS: Final = Base.metadata.tables["donor_document"]
_SELECT_SAMPLE: Final = (
    select(_DOCUMENTS.c.donor_id, _DOCUMENTS.c.words)
    .order_by(_DOCUMENTS.c.donor_id.desc())
    .limit(write_literal(_SAMPLE))
)


class Sample(NamedTuple):
    """The documents of the newest donors, and about how many there are of all."""

    documents: Sequence[str] = ()
    size: int = 0


def read_sample() -> Sample:
    """Return the documents by which :func:`find_ids` tells which words many have."""
    rows = db.session.execute(_SELECT_SAMPLE).all()
    return Sample([row.words for row in rows], rows[0].donor_id if rows else 0)


def find_ids(groups: Groups, sample: Sample, *, most: int, mistyped: Sequence[str] = ()) -> Sequence[int]:
    """Return the donors whose documents have a word of each group, at most so many.

    A word that ends in ``*`` stands for all that begin so. A ``sample`` that misleads costs time, and changes
    no answer. Beside a rare word the others may be names that are one typo apart from ``mistyped``, the word
    of each group, however short: the index of typos has no names of three letters.
    """
    marks_of = [_list_marks(group) for group in groups]
    padded_sample = [f" {words} " for words in sample.documents]
    counts = [sum(_has_any(words, marks) for words in padded_sample) for marks in marks_of]
    if len(groups) > 1 and min(counts) * sample.size <= MOST_OF_RAREST * _SAMPLE:
        # Of those that the sample does not tell apart the longest is the rarest.
        places = sorted(range(len(groups)), key=lambda place: (counts[place], -len(groups[place][0])))
        ids = _find_among_rarest(groups, marks_of, mistyped, places[0])
        if mistyped and not ids:  # the rarest may be the mistyped one
            ids = _find_among_rarest(groups, marks_of, mistyped, places[1])
        if ids is not None:
            return ids[:most]
    question = search_documents.write_query(groups)
    if db.session.get_bind().dialect.name != "sqlite":
        both_count = sum(all(_has_any(words, marks) for marks in marks_of) for words in padded_sample)
        newest_ids = _find_among_newest(question, most) if both_count >= _MANY else None
        if newest_ids is not None:
            return newest_ids
    return _find_in_index(question, most)


def _find_among_rarest(
    groups: Groups, marks_of: Sequence[Sequence[str]], mistyped: Sequence[str], rarest: int
) -> list[int] | None:
    """Return those with the most words as they are asked for first, by the first of each group, of those the
    newest; None where too many have a word of the rarest group."""
    rows = _read_documents(search_documents.write_query([groups[rarest]]))
    if len(rows) > MOST_OF_RAREST:
        return None
    typos: dict[int, int] = {}
    for donor_id, words in rows:
        padded_words = f" {words} "
        missing = [place for place, marks in enumerate(marks_of) if not _has_any(padded_words, marks)]
        if mistyped:
            missing = [place for place in missing if not has_mistyped_name(words.split(), mistyped[place])]
        if not missing:
            typos[donor_id] = sum(not _has_any(padded_words, marks[:1]) for marks in marks_of)
    return sorted(typos, key=lambda donor_id: (typos[donor_id], -donor_id))


def has_mistyped_name(words: Sequence[str], mistyped: str) -> bool:
    """Return whether a name among a document's words is one typo apart from a word."""
    return bool(mistyped) and any(
        word[0] == NAME_MARK and is_one_typo_apart(mistyped, word[1:]) for word in words
    )


def _has_any(padded_words: str, marks: Sequence[str]) -> bool:
    return any(mark in padded_words for mark in marks)


def _list_marks(group: Sequence[str]) -> list[str]:
    """Return how each word of a group stands in a document that has a blank before and behind each word."""
    return [f" {word.removesuffix('*')}" + ("" if word.endswith("*") else " ") for word in group]


def _read_documents(question: str) -> Sequence[Any]:
    is_sqlite = db.session.get_bind().dialect.name == "sqlite"
    with use_word_index():
        return db.session.execute(_select_documents(is_sqlite), {"question": question}).all()


def _find_in_index(question: str, most: int) -> Sequence[int]:
    is_sqlite = db.session.get_bind().dialect.name == "sqlite"
    with use_word_index():
        rows = db.session.execute(_select_ids(is_sqlite), {"question": question, "most": most})
        return rows.scalars().all()


def _find_among_newest(question: str, most: int) -> Sequence[int] | None:
    """Return the newest donors who fit; None where fewer do than are asked for."""
    ids = db.session.scalars(_select_newest(), {"question": question, "most": most}).all()
    return ids if len(ids) == most else None


@cache
def _select_documents(is_sqlite: bool) -> Select[Any]:
    query = select(_DOCUMENTS.c.donor_id, _DOCUMENTS.c.words)
    if is_sqlite:
        hits = _select_hits(is_sqlite).subquery("some")
        query = query.join(hits, hits.c.donor_id == _DOCUMENTS.c.donor_id)
    else:  # no join: of how many fit PostgreSQL has no idea, and would read all documents for them
        query = query.where(search_documents.has_words(_make_question(is_sqlite=False)))
    return query.limit(write_literal(MOST_OF_RAREST + 1))


@cache
def _select_ids(is_sqlite: bool) -> Any:
    hits = _select_hits(is_sqlite)
    if is_sqlite:  # its index gives the newest first without sorting
        hits = hits.order_by(hits.selected_columns.donor_id.desc())
    return hits.limit(bindparam("most"))


@cache
def _select_newest() -> Select[Any]:
    newest = (
        select(_DOCUMENTS.c.donor_id, _DOCUMENTS.c.words)
        .order_by(_DOCUMENTS.c.donor_id.desc())
        .limit(write_literal(_NEWEST))
        .subquery(_DOCUMENTS.name)
    )
    return (
        select(newest.c.donor_id)
        .where(search_documents.has_words(_make_question(is_sqlite=False)))
        .limit(bindparam("most"))
    )


def _select_hits(is_sqlite: bool) -> Any:
    return search_documents.select_ids_by_words(_make_question(is_sqlite=is_sqlite), is_sqlite=is_sqlite)


def _make_question(*, is_sqlite: bool) -> Any:
    # On PostgreSQL the question stands in the statement itself: a plan for any question is a plan for none.
    return bindparam("question", type_=String(), literal_execute=not is_sqlite)
