"""Donors as somebody types: the best few of a text that may hold typos, numbers or parts of words.

What the reader may not see is left out before anything is ranked: other people's donors, and fields that are
hidden from them. Lists of all that fit are in :mod:`.search`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, String, exists, literal, or_, select

from donorhub.db import db, write_literal
from donorhub.domain import plain_text
from donorhub.domain.access.permissions import Principal
from donorhub.domain.donors.search_words import (
    NAME_MARK,
    Unit,
    list_stumps,
    list_visible_words,
    read_question,
    sort_alike,
)
from donorhub.models import Correction, Donor, DonorDocument, Gift, TypoStump
from donorhub.models.states import DonorKind
from donorhub.services.donors import custom_fields, custom_values, search, search_documents
from donorhub.services.donors.search_documents import use_word_index
from donorhub.services.paging import AnySelect

MOST: Final = 8  # answers, where nobody asks for another number
MOST_CANDIDATES: Final = 100  # of one way of looking: of more, the newest
_MOST_ALIKE: Final = 24  # names within one typo of a word
_CODE, _EMAIL, _NUMBER, _BEGINNING, _TYPO, _PART = range(6)  # the order of answers


@dataclass(frozen=True, slots=True)
class DonorHit:
    """A donor who fits, with what tells namesakes apart."""

    id: int
    code: str
    name: str
    kind: DonorKind
    town: str
    last_gift_on: date | None  # None also where the reader sees no gifts
    rank: int  # of exact codes, e-mails and numbers, of beginnings, typos and parts of words


@dataclass(frozen=True, slots=True)
class _Question:
    text: str
    units: tuple[Unit, ...]
    alike: tuple[Sequence[str], ...]  # to each unit, the names within one typo of its word
    reader: Principal


def find_best_donors(text: str, reader: Principal, *, limit: int = MOST) -> list[DonorHit]:
    """Return the donors that fit a text best, of those that the reader may see; for a single letter nobody.

    The order: exact code, exact e-mail, exact number, words that begin so, names with a typo, parts of words;
    of equal ones who gave last.
    """
    text = plain_text.blank_out_unprintable(text).strip()
    units = read_question(text, hidden=reader.hidden_fields)
    if not any(len(term.text) > 2 for unit in units for term in unit.terms):  # noqa: PLR2004  a mark, a letter
        return []
    question = _Question(text, units, tuple(() for _unit in units), reader)
    ranks = _rank_code(question) | _rank_custom_values(question)
    ranks |= _rank_candidates(question, but=ranks)
    if any(rank < _BEGINNING for rank, _row in ranks.values()):
        return _sort_hits(ranks, reader)[:limit]  # who was named exactly was not mistyped
    if len(ranks) < limit:
        question = _Question(text, units, tuple(map(_list_alike, units)), reader)
        if any(question.alike):
            ranks |= _rank_candidates(question, but=ranks)
    if len(ranks) < limit:
        ranks |= _rank_parts(question, but=ranks)
    return _sort_hits(ranks, reader)[:limit]


def _select_candidates(reader: Principal) -> AnySelect:
    """Return the query for donors that the reader may see, with their documents."""
    query = (
        select(Donor.id, Donor.code, Donor.name, Donor.kind, Donor.city, DonorDocument.words)
        .join(DonorDocument, DonorDocument.donor_id == Donor.id)
        .where(Donor.merged_into_id.is_(None), Donor.removed_at.is_(None))
    )
    return query.where(*list_conditions(reader))


def list_conditions(reader: Principal) -> list[ColumnElement[bool]]:
    """Return the conditions on donors who are on the reader's own list, or on their team's."""
    if reader.owner_ids is not None:
        return [Donor.owner_id.in_(sorted(reader.owner_ids))]
    return [Donor.owner_id == reader.id] if reader.row_scope == "own" else []


Ranks = dict[int, tuple[int, Any]]  # rank and row by the donor's id


def _rank_code(question: _Question) -> Ranks:
    if "code" in question.reader.hidden_fields:
        return {}
    donor = search.find_by_code(question.text)
    if donor is None:
        return {}
    rows = db.session.execute(_select_candidates(question.reader).where(Donor.id == donor.id))
    return {row.id: (_CODE, row) for row in rows}


def _rank_custom_values(question: _Question) -> Ranks:
    """Return the donors who have this text in a field that was added and that the reader sees."""
    shapes = custom_fields.list_shapes(question.reader)
    donor_ids = custom_values.find_donor_ids(question.text, shapes, limit=search.MOST_EXACT)
    if not donor_ids:
        return {}
    rows = db.session.execute(_select_candidates(question.reader).where(Donor.id.in_(donor_ids)))
    return {row.id: (_NUMBER, row) for row in rows}


def _rank_candidates(question: _Question, *, but: Mapping[int, object]) -> Ranks:
    """Return the donors in whose documents each unit of a question occurs, by itself or with a typo."""
    groups = [
        [
            *(term.text + ("" if term.is_whole else "*") for term in unit.terms),
            *(NAME_MARK + word for word in alike),
        ]
        for unit, alike in zip(question.units, question.alike, strict=True)
    ]
    if not all(groups):
        return {}
    query = _select_candidates(question.reader)
    if question.reader.row_scope != "all":  # the list is short, and words that all have are many
        for group in groups:
            query = query.where(or_(*map(_has_word, group)))
    else:
        query = _narrow_by_words(query, search_documents.write_query(groups))
    with use_word_index():
        rows = db.session.execute(query.limit(write_literal(MOST_CANDIDATES))).all()
    return {row.id: (_rank_words(row.words.split(), question), row) for row in rows if row.id not in but}


def _narrow_by_words(query: AnySelect, question: str) -> AnySelect:
    ids = search_documents.select_ids_by_words(question)
    if db.session.get_bind().dialect.name == "sqlite":  # its index gives the newest first without sorting
        hit = ids.subquery("hit")
        return query.join(hit, hit.c.donor_id == Donor.id).order_by(hit.c.donor_id.desc())
    # By itself: joined, PostgreSQL would rather walk all documents in the order of their donors.
    some = ids.limit(write_literal(MOST_CANDIDATES)).cte("hit").prefix_with("MATERIALIZED")
    return query.join(some, some.c.donor_id == Donor.id)


def _has_word(word: str) -> Any:
    """Return the condition that a document has a word, or one that begins so."""
    start = word.removesuffix("*")
    pattern = f"% {start}%" if start != word else f"% {start} %"
    padded = literal(" ", String()).concat(DonorDocument.words).concat(" ")
    return padded.like(write_literal(pattern))


def _rank_words(words: Sequence[str], question: _Question) -> int:
    """Return the rank of a document: that of the unit which fits it worst."""
    return max(
        _rank_unit(words, unit, alike) for unit, alike in zip(question.units, question.alike, strict=True)
    )


def _rank_unit(words: Sequence[str], unit: Unit, alike: Sequence[str]) -> int:
    if any(whole in words for whole in unit.whole_terms):
        return _EMAIL if unit.is_email else _NUMBER
    if any(term.fits_word(word) for term in unit.terms for word in words):
        return _BEGINNING
    return _TYPO if any(NAME_MARK + word in words for word in alike) else _PART


def _list_alike(unit: Unit) -> Sequence[str]:
    """Return the names in the base that are within one typo of a unit's word, the likeliest first."""
    if not unit.word:
        return ()
    query = select(TypoStump.word).where(TypoStump.stump.in_(list_stumps(unit.word))).distinct()
    return sort_alike(unit.word, db.session.scalars(query))[:_MOST_ALIKE]


def _rank_parts(question: _Question, *, but: Mapping[int, object]) -> Ranks:
    """Return the donors in whose documents the words of a question occur inside others."""
    parts = [part for part in search.split_search_text(question.text) if len(part) >= search.TRIGRAM]
    if not parts:
        return {}
    is_small = question.reader.row_scope != "all"
    query, key = search.filter_by_words(_select_candidates(question.reader), parts, is_small)
    rows = db.session.execute(query.order_by(key.desc()).limit(write_literal(MOST + len(but))))
    asked = [term.text[1:] for unit in question.units for term in unit.terms[:1]]
    hidden = question.reader.hidden_fields
    return {
        row.id: (_PART, row)
        for row in rows
        if row.id not in but and _has_parts(list_visible_words(row.words, hidden=hidden), asked)
    }


def _has_parts(words: Iterable[str], parts: Sequence[str]) -> bool:
    text = " ".join(words)
    return bool(parts) and all(part in text for part in parts)


def _sort_hits(ranks: Ranks, reader: Principal) -> list[DonorHit]:
    last_gifts = _read_last_gifts(ranks) if reader.has_permission("gifts:read") else {}
    shows_town = reader.may_see_field("city")
    hits = [
        DonorHit(
            id=row.id,
            code=row.code,
            name=row.name,
            kind=row.kind,
            town=row.city if shows_town else "",
            last_gift_on=last_gifts.get(row.id),
            rank=rank,
        )
        for rank, row in ranks.values()
    ]
    return sorted(hits, key=lambda hit: (hit.rank, -_count_days(hit.last_gift_on), -hit.id))


def _count_days(day: date | None) -> int:
    return day.toordinal() if day else 0


def _read_last_gifts(donor_ids: Iterable[int]) -> dict[int, date]:
    """Return the day of the last gift of each of these donors, tests and what was taken out left out."""
    ids = sorted(donor_ids)
    if not ids:
        return {}
    last_on = (
        select(Gift.received_on)
        .where(Gift.donor_id == Donor.id, Gift.is_test.is_(False))
        .where(~exists().where(Correction.gift_id == Gift.id))
        .order_by(Gift.received_on.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = db.session.execute(select(Donor.id, last_on.label("last_on")).where(Donor.id.in_(ids)))
    return {row.id: row.last_on for row in rows if row.last_on}
