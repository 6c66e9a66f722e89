"""Finding donors: by a name, a part of it, an e-mail, a phone, a code, a town or an IBAN.

Text is folded on both sides, so that ``lodz`` finds Łódź. What names exactly one donor
(code, IBAN, e-mail) is looked up by its key and comes first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Select, collate, column, exists, func, or_, select, table, tuple_
from sqlalchemy import text as sql
from sqlalchemy.orm import InstrumentedAttribute, undefer_group

from donorhub.db import db, write_literal
from donorhub.domain import payer_text, plain_text
from donorhub.domain.access.donor_fields import FIELD_OF_COLUMN, SEARCHED
from donorhub.domain.donors import codes
from donorhub.domain.donors.custom_shapes import Shape
from donorhub.models import Donor, DonorTag, IdentityKey
from donorhub.models.states import IdentityKind, Lang, Stage
from donorhub.services import paging
from donorhub.services.access import organisation
from donorhub.services.donors import custom_values, donors, identity_keys, stages
from donorhub.services.donors.custom_values import ValueFilter
from donorhub.services.donors.donors import FIRST_NUMBER, normalise_iban, normalise_phone
from donorhub.services.paging import LIMIT, Page

IdColumn = ColumnElement[int] | InstrumentedAttribute[int]
AnyQuery = TypeVar("AnyQuery", bound=Select[Any])
TRIGRAM: Final = 3  # shorter words have no trigram
CURSOR_NAME: Final = "donors"
LAST_LETTER: Final = "\U0010ffff"
MOST_WORDS: Final = 8
MOST_EXACT: Final = 20
MOST_ROUNDS: Final = 20  # pages that are looked through for one of what a reader sees
_FIELD_OF_KEY: Final[Mapping[IdentityKind, str]] = {"email": "email", "iban": "account", "phone": "phone"}
_PHONE: Final = re.compile(r"[+(]?[0-9][0-9 ()/.-]{5,20}")
_donor_search = table("donor_search", column("rowid"), column("donor_search"))


def find_donors(
    text: str,
    *conditions: ColumnElement[bool],
    stage: Stage | None = None,
    owner_id: int | None = None,
    lang: Lang | None = None,
    tag_id: int | None = None,
    custom: ValueFilter | None = None,
    shapes: Sequence[Shape] = (),
    hidden_fields: Collection[str] = (),
    after: str | None = None,
    limit: int = LIMIT,
) -> Page[Donor]:
    """Return the donors that the text fits, the exact ones first, then the newest; without a text, all.

    One or two letters ask for the donors whose names begin so; they can be thousands and come by name.
    ``conditions`` on donors narrow further; ``stage`` narrows to those who are in it, ``owner_id`` to that
    user's own list, ``tag_id`` to the donors who have a tag, ``custom`` to those in one of whose fields a
    value stands. ``shapes`` are the fields that were added, and in which the text is looked for too. Nobody
    is found by what is hidden from the reader, ``hidden_fields``: a hit would tell what stands there.
    """
    if text.strip() and not set(SEARCHED).isdisjoint(hidden_fields):
        find = partial(
            _find_donors,
            text,
            *conditions,
            stage=stage,
            owner_id=owner_id,
            lang=lang,
            tag_id=tag_id,
            custom=custom,
            shapes=shapes,
            hidden_fields=hidden_fields,
        )
        return _find_by_shown(find, text, shapes, hidden_fields, after=after, limit=limit)
    return _find_donors(
        text,
        *conditions,
        stage=stage,
        owner_id=owner_id,
        lang=lang,
        tag_id=tag_id,
        custom=custom,
        shapes=shapes,
        hidden_fields=(),
        after=after,
        limit=limit,
    )


def _find_by_shown(
    find: Callable[..., Page[Donor]],
    text: str,
    shapes: Sequence[Shape],
    hidden_fields: Collection[str],
    *,
    after: str | None,
    limit: int,
) -> Page[Donor]:
    """Return those of the donors found whom the text fits by what is shown, or by the key that it is."""
    words, donors_so_far = split_search_text(text), list[Donor]()
    exact_ids = {donor.id for donor in _find_exact(select(Donor), text, shapes, hidden_fields)}
    for _round in range(MOST_ROUNDS):
        page = find(after=after, limit=limit - len(donors_so_far))
        donors_so_far += [
            donor for donor in page.rows if donor.id in exact_ids or _fits_shown(donor, words, hidden_fields)
        ]
        after = page.cursor
        if after is None or len(donors_so_far) >= limit:
            break
    return Page(donors_so_far, after)


def _fits_shown(donor: Donor, words: Sequence[str], hidden_fields: Collection[str]) -> bool:
    parts = [donor.name, donor.code]
    parts += [
        getattr(donor, column)
        for column in ("email", "phone", "city", "tax_number")
        if FIELD_OF_COLUMN[column] not in hidden_fields
    ]
    shown_text = payer_text.fold_letters(" ".join(part or "" for part in parts))
    return all(word in shown_text for word in words)


def _find_donors(
    text: str,
    *conditions: ColumnElement[bool],
    stage: Stage | None,
    owner_id: int | None,
    lang: Lang | None,
    tag_id: int | None,
    custom: ValueFilter | None,
    shapes: Sequence[Shape],
    hidden_fields: Collection[str],
    after: str | None,
    limit: int,
) -> Page[Donor]:
    text = plain_text.blank_out_unprintable(text)
    query = select(Donor).options(undefer_group("stage"))  # each list shows it
    query = query.where(Donor.merged_into_id.is_(None), Donor.removed_at.is_(None), *conditions)
    if owner_id is not None:
        query = query.where(Donor.owner_id == owner_id)
    if lang:
        query = query.where(Donor.lang == lang)
    if tag_id is not None:
        has_tag = (DonorTag.donor_id == Donor.id) & (DonorTag.tag_id == write_literal(tag_id))
        # An own list is short whatever the tag: its donors are looked at, and not all who have the tag.
        query = query.join(DonorTag, has_tag) if owner_id is None else query.where(exists().where(has_tag))
    is_whole = owner_id is None and tag_id is None and not text.strip()
    is_by_value, is_by_stage = is_whole and custom is not None, is_whole and custom is None
    if stage is not None and not is_by_stage:
        query = query.where(stages.is_in_stage(stage))
    if custom is not None:
        if is_by_value:
            return _list_by_value(query, custom, after=after, limit=limit)
        query = query.where(custom.is_met())
    exact_donors = _find_exact(query, text, shapes, hidden_fields)
    rest = query.where(Donor.id.not_in([donor.id for donor in exact_donors])) if exact_donors else query
    words = split_search_text(text)
    if words and owner_id is None and all(len(word) < TRIGRAM for word in words):
        page = _list_by_start(rest, " ".join(words), after=after, limit=limit)
    else:
        narrowed, key = filter_by_words(rest, words, owner_id is not None)
        if tag_id is not None and owner_id is None and not words:
            key = DonorTag.donor_id  # the tag's index gives them in order
        if stage is not None and is_by_stage:
            subset = stages.find_subset(stage)
            narrowed, key = narrowed.join(subset.table, subset.condition), subset.key
        page = _list_newest(narrowed, key, after=after, limit=limit)
    return page if after else Page([*exact_donors, *page.rows], page.cursor)


def _list_by_value(
    query: Select[Donor], custom: ValueFilter, *, after: str | None, limit: int
) -> Page[Donor]:
    rows = db.session.scalars(custom.order_rows(query, after=after, limit=limit)).all()
    return custom_values.cut_page(rows, limit)


def _list_newest(
    query: Select[Donor],
    key: IdColumn,
    *,
    after: str | None,
    limit: int,
) -> Page[Donor]:
    if after:
        last_id = _read_id(after)
        query = query.where(key < last_id)
        if key is not Donor.id and db.session.get_bind().dialect.name == "postgresql":
            query = query.where(Donor.id < last_id)  # both tables are merged, and each begins there
    return _read_page(query.order_by(key.desc()), limit)


def _list_by_start(query: Select[Donor], start: str, *, after: str | None, limit: int) -> Page[Donor]:
    """Return donors whose search text begins so, in its order: that of the index which finds them."""
    search_text: ColumnElement[str] = Donor.search.expression
    if db.session.get_bind().dialect.name == "postgresql":
        search_text = collate(Donor.search, "C")
    query = query.where(search_text >= write_literal(start), search_text < write_literal(start + LAST_LETTER))
    if after:  # the cursor is an id, since it stands in an address and the text says who it is
        last_id = _read_id(after)
        last_text = select(search_text).where(Donor.id == last_id).scalar_subquery()
        query = query.where(tuple_(search_text, Donor.id) > tuple_(last_text, last_id))
    return _read_page(query.order_by(search_text, Donor.id), limit)


def _read_page(query: Select[Donor], limit: int) -> Page[Donor]:
    rows = db.session.scalars(query.limit(write_literal(limit + 1))).all()
    cursor = paging.write_cursor(CURSOR_NAME, [rows[limit - 1].id]) if len(rows) > limit else None
    return Page(rows[:limit], cursor)


def _read_id(cursor: str) -> int:
    donor_id: int = paging.read_cursor(cursor, CURSOR_NAME, (int,))[0]
    return donor_id


def find_by_code(text: str) -> Donor | None:
    """Return the donor whose code the text is; None when it is more than a code, or nobody's."""
    numbers = _find_numbers(text)
    if len(numbers) != 1 or len(payer_text.split_words(text)) > TRIGRAM:
        return None
    donor = db.session.get(Donor, numbers[0] - FIRST_NUMBER)
    return donors.find_survivor(donor.id) if donor else None


def _find_numbers(text: str) -> tuple[int, ...]:
    own_organisation = organisation.find_organisation()
    return codes.find_codes(text, own_organisation.code_prefix if own_organisation else "DH")


def _find_exact(
    query: Select[Donor], text: str, shapes: Sequence[Shape], hidden_fields: Collection[str]
) -> Sequence[Donor]:
    """Return the donors who have this very e-mail, IBAN, phone, name or code, or it in a field of text."""
    if not text.strip():
        return ()
    iban = payer_text.normalise_account(text)
    values: dict[IdentityKind, str] = {
        "email": donors.normalise_email(text) if "@" in text else "",
        "iban": (normalise_iban(iban) or "") if iban else "",
        "phone": normalise_phone(text) if _PHONE.fullmatch(text.strip()) else "",
        "name": "" if "@" in text else payer_text.make_name_key(text),
    }
    keys = [
        (kind, value)
        for kind, value in values.items()
        if value and _FIELD_OF_KEY.get(kind, "") not in hidden_fields
    ]
    ids = _find_ids_by_code(text)
    if keys:
        hashes = [(kind, identity_keys.hash_key(kind, value)) for kind, value in keys]
        same = or_(*((IdentityKey.kind == kind) & (IdentityKey.value_hash == one) for kind, one in hashes))
        donor_ids = select(IdentityKey.donor_id).where(same).order_by(IdentityKey.donor_id).limit(MOST_EXACT)
        ids += db.session.scalars(donor_ids).all()
    ids += custom_values.find_owner_ids(text, shapes, limit=MOST_EXACT)
    if not ids:
        return ()
    return db.session.scalars(query.where(Donor.id.in_(ids)).order_by(Donor.id.desc())).all()


def _find_ids_by_code(text: str) -> list[int]:
    """Return the donors whose codes a text names; that of a record merged into another leads to this."""
    ids = [number - FIRST_NUMBER for number in _find_numbers(text)]
    if not ids:
        return []
    survivor_ids = select(func.coalesce(Donor.merged_into_id, Donor.id)).where(Donor.id.in_(ids))
    return list(db.session.scalars(survivor_ids))


def split_search_text(text: str) -> list[str]:
    """Return the folded words that all have to occur; a phone number is one word, however it is spaced."""
    if _PHONE.fullmatch(text.strip()):
        return [normalise_phone(text)]
    return payer_text.fold_letters(text).split()[:MOST_WORDS]


def filter_by_words(query: AnyQuery, words: Sequence[str], is_small: bool) -> tuple[AnyQuery, IdColumn]:
    """Return the query for donors whose search text holds all words, and the column of their ids to sort by:
    that of the search table where it is used, which then gives them in order without sorting."""
    long = [word for word in words if len(word) >= TRIGRAM]
    is_indexed = bool(long) and not is_small and db.session.get_bind().dialect.name == "sqlite"
    if is_indexed:
        query = query.join(_donor_search, _donor_search.c.rowid == Donor.id).where(
            _donor_search.c.donor_search.op("MATCH")(" AND ".join(_quote_word(word) for word in long))
        )
    for word in words:
        if not is_indexed or word not in long:
            query = query.where(_is_like(f"%{_escape_pattern(word)}%"))
    return query, _donor_search.c.rowid if is_indexed else Donor.id


def _is_like(pattern: str) -> ColumnElement[bool]:
    """Return the condition that the search text is like this pattern, written into the statement: trigrams
    serve no parameter."""
    return Donor.search.like(write_literal(pattern), escape="/")


def _escape_pattern(text: str) -> str:
    """Return a text that stands for itself in a pattern."""
    return re.sub(r"([/%_])", r"/\1", text)


def _quote_word(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def purge_erased_donors() -> None:
    """Take the remains of erased donors out of SQLite's search tables; PostgreSQL's vacuum does it itself."""
    if db.session.get_bind().dialect.name == "sqlite":
        for name in ("donor_search", "donor_words", "entry_words"):
            db.session.execute(sql(f"INSERT INTO {name}({name}) VALUES ('optimize')"))  # noqa: S608  names of our own
