"""Finding donors: by a name, a part of it, an e-mail, a phone, a code, a town or an IBAN.

Text is folded on both sides, so that ``lodz`` finds Łódź. What names exactly one donor
(code, IBAN, e-mail) is looked up by its key and comes first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, Select, column, or_, select, table
from sqlalchemy import text as sql
from sqlalchemy.orm import InstrumentedAttribute

from donorhub.db import db, write_literal
from donorhub.domain import payer_text, plain_text
from donorhub.domain.donors import codes
from donorhub.models import Donor, IdentityKey
from donorhub.models.states import IdentityKind, Lang
from donorhub.services import paging
from donorhub.services.access import organisation
from donorhub.services.donors import donors
from donorhub.services.donors.donors import FIRST_NUMBER, normal_iban, normal_phone
from donorhub.services.paging import LIMIT, Page

IdColumn = ColumnElement[int] | InstrumentedAttribute[int]
TRIGRAM: Final = 3  # shorter words have no trigram
MOST_WORDS: Final = 8
MOST_EXACT: Final = 20
_PHONE: Final = re.compile(r"[+(]?[0-9][0-9 ()/.-]{5,20}")
_donor_search = table("donor_search", column("rowid"), column("donor_search"))


def find(
    text: str,
    *conditions: ColumnElement[bool],
    owner_id: int | None = None,
    lang: Lang | None = None,
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[Donor]:
    """Donors that the text fits, the exact ones first, then the newest; without a text, all of them.

    ``conditions`` on donors narrow further; ``owner_id`` narrows to that user's own list.
    """
    text = plain_text.without_unprintable(text)
    query = select(Donor).where(Donor.merged_into_id.is_(None), *conditions)
    if owner_id is not None:
        query = query.where(Donor.owner_id == owner_id)
    if lang:
        query = query.where(Donor.lang == lang)
    exact = _exact(query, text)
    rest, key = _containing(query, text, owner_id is not None)
    if exact:
        rest = rest.where(Donor.id.not_in([donor.id for donor in exact]))
    page = _newest_first(rest, key, after=after, limit=limit)
    return page if after else Page([*exact, *page.rows], page.cursor)


def _newest_first(
    query: Select[Donor],
    key: IdColumn,
    *,
    after: str | None,
    limit: int,
) -> Page[Donor]:
    if after:
        query = query.where(key < paging.number_in(after))
    rows = db.session.scalars(query.order_by(key.desc()).limit(write_literal(limit + 1))).all()
    return Page(rows[:limit], str(rows[limit - 1].id) if len(rows) > limit else None)


def find_one_by_code(text: str) -> Donor | None:
    """The donor whose code the text is, and nothing else."""
    found = _numbers(text)
    if len(found) != 1 or len(payer_text.split_words(text)) > TRIGRAM:
        return None
    donor = db.session.get(Donor, found[0] - FIRST_NUMBER)
    return donors.get_donor(donor.id) if donor else None


def _numbers(text: str) -> tuple[int, ...]:
    ours = organisation.find_organisation()
    return codes.find_codes(text, ours.code_prefix if ours else "DH")


def _exact(query: Select[Donor], text: str) -> Sequence[Donor]:
    """Donors known by this very e-mail, IBAN, phone, name or code."""
    if not text.strip():
        return ()
    iban = payer_text.canonical_account(text)
    values: dict[IdentityKind, str] = {
        "email": donors.normal_email(text) if "@" in text else "",
        "iban": (normal_iban(iban) or "") if iban else "",
        "phone": normal_phone(text) if _PHONE.fullmatch(text.strip()) else "",
        "name": "" if "@" in text else payer_text.name_key(text),
    }
    known = [(kind, value) for kind, value in values.items() if value]
    ids = [number - FIRST_NUMBER for number in _numbers(text)]
    if known:
        same = or_(*((IdentityKey.kind == kind) & (IdentityKey.value == value) for kind, value in known))
        keyed = select(IdentityKey.donor_id).where(same).order_by(IdentityKey.donor_id).limit(MOST_EXACT)
        ids += db.session.scalars(keyed).all()
    if not ids:
        return ()
    return db.session.scalars(query.where(Donor.id.in_(ids)).order_by(Donor.id.desc())).all()


def needles(text: str) -> list[str]:
    """The folded words that all have to occur; a phone number is one word, however it is spaced."""
    if _PHONE.fullmatch(text.strip()):
        return [normal_phone(text)]
    return payer_text.fold_letters(text).split()[:MOST_WORDS]


def _containing(query: Select[Donor], text: str, is_small: bool) -> tuple[Select[Donor], IdColumn]:
    """The donors whose search text holds all words, and the column of their ids to sort by: that of the
    search table where it is used, which then gives them in order without sorting."""
    words = needles(text)
    long = [word for word in words if len(word) >= TRIGRAM]
    if words and not long and not is_small:
        return _beginning(query, " ".join(words)), Donor.id
    indexed = bool(long) and not is_small and db.session.get_bind().dialect.name == "sqlite"
    if indexed:
        query = query.join(_donor_search, _donor_search.c.rowid == Donor.id).where(
            _donor_search.c.donor_search.op("MATCH")(" AND ".join(_quoted(word) for word in long))
        )
    for word in words:
        if not indexed or word not in long:
            query = query.where(_is_like(f"%{_plain(word)}%"))
    return query, _donor_search.c.rowid if indexed else Donor.id


def _beginning(query: Select[Donor], start: str) -> Select[Donor]:
    """Donors whose search text begins so: a range of the plain index in SQLite, LIKE in PostgreSQL."""
    if db.session.get_bind().dialect.name == "sqlite":
        return query.where(Donor.search >= start, Donor.search < start + "\U0010ffff")
    return query.where(_is_like(f"{_plain(start)}%"))


def _is_like(pattern: str) -> ColumnElement[bool]:
    """The search text is like this pattern, which the trigrams serve only where it is seen."""
    return Donor.search.like(write_literal(pattern), escape="/")


def _plain(text: str) -> str:
    """Text in a pattern that stands for itself."""
    return re.sub(r"([/%_])", r"/\1", text)


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def forget() -> None:
    """Take the remains of erased donors out of SQLite's search table; PostgreSQL's vacuum does it itself."""
    if db.session.get_bind().dialect.name == "sqlite":
        db.session.execute(sql("INSERT INTO donor_search(donor_search) VALUES ('optimize')"))
