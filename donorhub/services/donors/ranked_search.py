"""Donors as somebody types: the best few of a text that may hold typos, numbers or parts of words.

What the reader may not see is left out before anything is ranked: other people's donors, and fields that are
hidden from them. Lists of all that fit are in :mod:`.search`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, String, bindparam, exists, literal, or_, select

from donorhub.db import Base, db, write_literal
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
from donorhub.models import Donor, DonorDocument
from donorhub.models.states import DonorKind
from donorhub.services.donors import custom_fields, custom_values, document_search, search
from donorhub.services.donors.document_search import Sample
from donorhub.services.paging import AnyRow, AnySelect

MOST: Final = 8  # answers, where nobody asks for another number
MOST_CANDIDATES: Final = 50  # of one way of looking: of more, the newest
_MORE_WITH_TYPOS: Final = 4  # times as many: of those with a typo few are meant
_MOST_ALIKE: Final = 24  # names within one typo of a word
# What every text asks is written once: to write a query takes longer than to answer it.
_DONORS, _DOCUMENTS, _STUMPS, _GIFTS, _CORRECTIONS = (
    Base.metadata.tables[name] for name in ("donor", "donor_document", "typo_stump", "gift", "correction")
)
_CANDIDATES: Final = (
    select(*(_DONORS.c[name] for name in ("id", "code", "name", "kind", "city")), _DOCUMENTS.c.words)
    .join(_DOCUMENTS, _DOCUMENTS.c.donor_id == _DONORS.c.id)
    .where(_DONORS.c.merged_into_id.is_(None), _DONORS.c.removed_at.is_(None))
)
_CANDIDATES_BY_ID: Final = _CANDIDATES.where(_DONORS.c.id.in_(bindparam("donor_ids", expanding=True)))
_STUMP_WORDS: Final = select(_STUMPS.c.stump, _STUMPS.c.word).where(
    _STUMPS.c.stump.in_(bindparam("stumps", expanding=True))
)
_LAST_GIFTS: Final = select(
    _DONORS.c.id,
    select(_GIFTS.c.received_on)
    .where(_GIFTS.c.donor_id == _DONORS.c.id, _GIFTS.c.is_test.is_(False))
    .where(~exists().where(_CORRECTIONS.c.gift_id == _GIFTS.c.id))
    .order_by(_GIFTS.c.received_on.desc())
    .limit(write_literal(1))
    .scalar_subquery()
    .label("last_on"),
).where(_DONORS.c.id.in_(bindparam("donor_ids", expanding=True)))
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
    sample: Sample  # of no donors where not all may be seen
    takes_typos: bool = False


def find_best_donors(text: str, reader: Principal, *, limit: int = MOST) -> list[DonorHit]:
    """Return the donors that fit a text best, of those that the reader may see; for a single letter nobody.

    The order: exact code, exact e-mail, exact number, words that begin so, names with a typo, parts of words;
    of equal ones who gave last.
    """
    text = plain_text.blank_out_unprintable(text).strip()
    units = read_question(text, hidden=reader.hidden_fields)
    if not any(len(term.text) > 2 for unit in units for term in unit.terms):  # noqa: PLR2004  a mark, a letter
        return []
    sample = document_search.read_sample() if reader.row_scope == "all" else Sample()
    question = _Question(text, units, tuple(() for _unit in units), reader, sample)
    ranks = _rank_code(question) | _rank_custom_values(question)
    ranks |= _rank_candidates(question, but=ranks)
    if any(fit.rank < _BEGINNING for fit in ranks.values()):
        return _sort_hits(ranks, reader)[:limit]  # who was named exactly was not mistyped
    if len(ranks) < limit:
        question = replace(question, alike=_list_alike(units), takes_typos=True)
        if any(question.alike) or len(units) > 1:
            ranks |= _rank_candidates(question, but=ranks)
    is_found_email = bool(ranks) and all(unit.is_email for unit in units)
    if len(ranks) < limit and not is_found_email:
        ranks |= _rank_parts(question, but=ranks)
    return _sort_hits(ranks, reader)[:limit]


def list_conditions(reader: Principal) -> list[ColumnElement[bool]]:
    """Return the conditions on donors who are on the reader's own list, or on their team's."""
    if reader.owner_ids is not None:
        return [Donor.owner_id.in_(sorted(reader.owner_ids))]
    return [Donor.owner_id == reader.id] if reader.row_scope == "own" else []


class _Fit(NamedTuple):
    """How well a donor fits a question; of those with a typo, the fewer slips the better."""

    rank: int
    slips: int
    row: Any


Ranks = dict[int, _Fit]  # by the donor's id


def _rank_code(question: _Question) -> Ranks:
    if "code" in question.reader.hidden_fields:
        return {}
    donor = search.find_by_code(question.text)
    if donor is None:
        return {}
    rows = _read_candidates([donor.id], question.reader)
    return {row.id: _Fit(_CODE, 0, row) for row in rows}


def _rank_custom_values(question: _Question) -> Ranks:
    """Return the donors who have this text in a field that was added and that the reader sees."""
    shapes = custom_fields.list_shapes(question.reader, kind="text")
    donor_ids = custom_values.find_owner_ids(question.text, shapes, limit=search.MOST_EXACT)
    if not donor_ids:
        return {}
    return {row.id: _Fit(_NUMBER, 0, row) for row in _read_candidates(donor_ids, question.reader)}


def _read_candidates(donor_ids: Sequence[int], reader: Principal) -> Sequence[AnyRow]:
    """Return those of some donors whom the reader may see, with their documents."""
    query = _CANDIDATES_BY_ID.where(*list_conditions(reader))
    return db.session.execute(query, {"donor_ids": donor_ids}).all()


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
    if question.reader.row_scope != "all":  # the list is short, and words that all have are many
        query: AnySelect = _CANDIDATES.where(*list_conditions(question.reader))
        for group in groups:
            query = query.where(or_(*map(_has_word, group)))
        rows = db.session.execute(query.limit(write_literal(MOST_CANDIDATES))).all()
    else:
        mistyped = [unit.word for unit in question.units] if question.takes_typos else ()
        most = MOST_CANDIDATES * (_MORE_WITH_TYPOS if mistyped else 1)
        ids = document_search.find_ids(groups, question.sample, most=most, mistyped=mistyped)
        rows = _read_candidates(ids, question.reader) if ids else ()
    return {row.id: _rank_row(row, question) for row in rows if row.id not in but}


def _has_word(word: str) -> Any:
    """Return the condition that a document has a word, or one that begins so."""
    start = word.removesuffix("*")
    pattern = f"% {start}%" if start != word else f"% {start} %"
    padded = literal(" ", String()).concat(DonorDocument.words).concat(" ")
    return padded.like(write_literal(pattern))


def _rank_row(row: Any, question: _Question) -> _Fit:
    """Return how well a document fits: as well as the unit that fits it worst."""
    words = row.words.split()
    ranks = [
        _rank_unit(words, unit, alike) for unit, alike in zip(question.units, question.alike, strict=True)
    ]
    rank = max(ranks)
    return _Fit(rank, 0 if rank < _TYPO else _count_slips(words, question.units, ranks), row)


def _count_slips(words: Sequence[str], units: Sequence[Unit], ranks: Sequence[int]) -> int:
    """Return twice the words with a typo, and those that are only the beginning of another."""
    beginnings = sum(
        rank == _BEGINNING and not any(term.text in words for term in unit.terms)
        for unit, rank in zip(units, ranks, strict=True)
    )
    return 2 * sum(rank >= _TYPO for rank in ranks) + beginnings


def _rank_unit(words: Sequence[str], unit: Unit, alike: Sequence[str]) -> int:
    if any(whole in words for whole in unit.whole_terms):
        return _EMAIL if unit.is_email else _NUMBER
    if any(term.fits_word(word) for term in unit.terms for word in words):
        return _BEGINNING
    is_alike = any(NAME_MARK + word in words for word in alike)
    return _TYPO if is_alike or document_search.has_mistyped_name(words, unit.word) else _PART


def _list_alike(units: Sequence[Unit]) -> tuple[Sequence[str], ...]:
    """Return for each unit the names in the base within one typo of its word, the likeliest first."""
    stumps = [set(list_stumps(unit.word)) if unit.word else set() for unit in units]
    all_stumps = sorted(set().union(*stumps))
    pairs = db.session.execute(_STUMP_WORDS, {"stumps": all_stumps}).all() if all_stumps else ()
    return tuple(
        sort_alike(unit.word, {word for stump, word in pairs if stump in own})[:_MOST_ALIKE]
        for unit, own in zip(units, stumps, strict=True)
    )


def _rank_parts(question: _Question, *, but: Mapping[int, object]) -> Ranks:
    """Return the donors in whose documents the words of a question occur inside others."""
    parts = [part for part in search.split_search_text(question.text) if len(part) >= search.TRIGRAM]
    if not parts:
        return {}
    is_small = question.reader.row_scope != "all"
    query = _CANDIDATES.where(*list_conditions(question.reader))
    query, key = search.filter_by_words(query, parts, is_small)
    rows = db.session.execute(query.order_by(key.desc()).limit(write_literal(MOST + len(but))))
    asked = [term.text[1:] for unit in question.units for term in unit.terms[:1]]
    hidden = question.reader.hidden_fields
    return {
        row.id: _Fit(_PART, 0, row)
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
            id=fit.row.id,
            code=fit.row.code,
            name=fit.row.name,
            kind=fit.row.kind,
            town=fit.row.city if shows_town else "",
            last_gift_on=last_gifts.get(fit.row.id),
            rank=fit.rank,
        )
        for fit in ranks.values()
    ]
    return sorted(
        hits,
        key=lambda hit: (hit.rank, ranks[hit.id].slips, -_count_days(hit.last_gift_on), -hit.id),
    )


def _count_days(day: date | None) -> int:
    return day.toordinal() if day else 0


def _read_last_gifts(donor_ids: Iterable[int]) -> dict[int, date]:
    """Return the day of the last gift of each of these donors, tests and what was taken out left out."""
    ids = sorted(donor_ids)
    if not ids:
        return {}
    rows = db.session.execute(_LAST_GIFTS, {"donor_ids": ids})
    return {row.id: row.last_on for row in rows if row.last_on}
