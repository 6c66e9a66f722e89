"""The documents by which donors are searched, kept in the transaction of what they follow from.

Whoever changes a name, a contact or a code, or takes a donor away, calls :func:`write_documents`; what is
there already stays as it is. Searching itself is in :mod:`.ranked_search`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, column, delete, literal_column, select, table, text

from donorhub.db import (
    Base,
    cut_chunks,
    cut_query_values,
    db,
    insert_or_ignore,
    insert_or_update,
    write_literal,
)
from donorhub.domain.donors.search_words import (
    NAME_MARK,
    DonorFacts,
    list_name_words,
    list_stumps,
    write_document,
)
from donorhub.models import ContactPoint, Donor, DonorDocument, FormerName, TypoStump

AT_ONCE: Final = 1000  # documents of a rebuild
_STUMPS_AT_ONCE: Final = 20_000
_LOCK: Final = 727290  # of PostgreSQL: two who take words out at once
_STUMPS: Final = Base.metadata.tables["typo_stump"]
_DOCUMENTS: Final = Base.metadata.tables["donor_document"]
_WORDS: Final[ColumnElement[Any]] = literal_column(
    "array_to_tsvector(string_to_array(donor_document.words, ' '))"
)
_donor_words = table("donor_words", column("rowid"), column("donor_words"))


def write_documents(donor_ids: Collection[int]) -> None:
    """Write the documents of donors as their rows stand now; of who is merged, removed or has no name any
    more, none.

    The names of those who were merged into a donor are in the donor's document.
    """
    db.session.flush()  # what is not written yet would not be in it
    for chunk in cut_query_values(sorted(set(donor_ids))):
        documents = read_documents(chunk)
        before = dict(
            db.session.execute(
                select(DonorDocument.donor_id, DonorDocument.words).where(DonorDocument.donor_id.in_(chunk))
            ).all()
        )
        changed = {id_: words for id_, words in documents.items() if before.get(id_) != words}
        gone_ids = [id_ for id_ in before if id_ not in documents]
        if gone_ids:
            _take_turn()
            db.session.execute(
                delete(DonorDocument)
                .where(DonorDocument.donor_id.in_(gone_ids))
                .execution_options(synchronize_session=False)
            )
        begin_documents(changed)
        earlier = [words for id_, words in before.items() if id_ in changed or id_ in gone_ids]
        _take_words_out(_list_words(earlier) - _list_words(changed.values()))


def begin_documents(documents: Mapping[int, str]) -> None:
    """Write documents by donor: of donors who are new, or whose documents are others now."""
    if not documents:
        return
    rows = [{"donor_id": id_, "words": words} for id_, words in documents.items()]
    statement = insert_or_update(DonorDocument, on=(DonorDocument.donor_id,), columns=(DonorDocument.words,))
    db.session.connection().execute(statement, rows)
    _add_words(_list_words(documents.values()))


def _list_words(documents: Iterable[str]) -> set[str]:
    return {word for words in documents for word in list_name_words(words)}


# ---------------------------------------------------------------- what a document is made of


def read_documents(donor_ids: Sequence[int]) -> dict[int, str]:
    """Return the documents of some donors as their rows say; who is merged or removed has none."""
    people = db.session.execute(
        select(Donor.id, Donor.code, Donor.name, Donor.given_name, Donor.family_name, Donor.tax_number)
        .where(Donor.id.in_(donor_ids), Donor.merged_into_id.is_(None), Donor.removed_at.is_(None))
        .where(Donor.name != "")
    ).all()
    former_names = _group_texts(
        select(FormerName.donor_id, FormerName.name).where(FormerName.donor_id.in_(donor_ids))
    )
    merged_names = _group_texts(
        select(Donor.merged_into_id, Donor.name).where(Donor.merged_into_id.in_(donor_ids))
    )
    contacts: dict[int, list[Any]] = {}
    for row in db.session.execute(
        select(
            ContactPoint.donor_id,
            ContactPoint.kind,
            ContactPoint.value,
            ContactPoint.town,
            ContactPoint.postcode,
        )
        .where(ContactPoint.donor_id.in_(donor_ids), ContactPoint.until_on.is_(None))
        .order_by(ContactPoint.id)
    ):
        contacts.setdefault(row.donor_id, []).append(row)
    documents = {}
    for person in people:
        names = (person.name, person.given_name, person.family_name)
        more_names = (*former_names.get(person.id, ()), *merged_names.get(person.id, ()))
        documents[person.id] = make_document(
            person.code, (*names, *more_names), person.tax_number, contacts.get(person.id, ())
        )
    return documents


def _group_texts(query: Any) -> dict[int, list[str]]:
    texts: dict[int, list[str]] = {}
    for donor_id, one in db.session.execute(query):
        texts.setdefault(donor_id, []).append(one)
    return texts


def make_document(code: str, names: Sequence[str], tax_number: str | None, contacts: Iterable[Any]) -> str:
    """Return the document of a donor with these live contacts, each with kind, value, town and postcode."""
    values: dict[str, list[str]] = {"email": [], "phone": [], "account": []}
    towns, postcodes = [], []
    for contact in contacts:
        if contact.kind == "post":
            towns.append(contact.town)
            postcodes.append(contact.postcode)
        else:
            values[contact.kind].append(contact.value)
    return write_document(
        DonorFacts(
            code=code,
            names=tuple(names),
            tax_number=tax_number or "",
            emails=tuple(values["email"]),
            phones=tuple(values["phone"]),
            accounts=tuple(values["account"]),
            towns=tuple(towns),
            postcodes=tuple(postcodes),
        )
    )


def keep_former_name(donor: Donor, name: str, *, now: datetime) -> None:
    """Keep a name that a donor had until now, once; the donor is found by it from then on."""
    same = select(FormerName.id).where(FormerName.donor_id == donor.id, FormerName.name == name)
    if name and name != donor.name and db.session.scalar(same.limit(1)) is None:
        db.session.add(FormerName(donor_id=donor.id, name=name, replaced_at=now))


# ---------------------------------------------------------------- words with a typo


def _add_words(words: Collection[str]) -> None:
    """Let words be found with a typo; those that are there stay as they are."""
    rows = sorted((stump, word) for word in _list_missing(words) for stump in list_stumps(word))
    statement = insert_or_ignore(TypoStump, on=(TypoStump.stump, TypoStump.word))
    for pairs in cut_chunks(rows, _STUMPS_AT_ONCE):
        db.session.connection().execute(statement, [{"stump": one, "word": word} for one, word in pairs])


def _list_missing(words: Collection[str]) -> set[str]:
    """Return those of some words that are not found with a typo yet."""
    missing = set(words)
    for chunk in cut_query_values(sorted(words)):
        itself = TypoStump.word == TypoStump.stump  # the whole word is among its stumps
        missing -= set(db.session.scalars(select(TypoStump.word).where(TypoStump.stump.in_(chunk), itself)))
    return missing


def _take_words_out(words: Collection[str]) -> None:
    """Take out words that are in no donor's name any more."""
    pairs = [
        {"of_stump": stump, "of_word": word}
        for word in sorted(words)
        if not _is_word_held(word)
        for stump in list_stumps(word)
    ]
    if pairs:
        db.session.connection().execute(
            delete(_STUMPS).where(
                _STUMPS.c.stump == bindparam("of_stump"), _STUMPS.c.word == bindparam("of_word")
            ),
            pairs,
        )


def _take_turn() -> None:
    """Let those who take donors out do it one after the other: else two who take out the last two of a name
    each still see the other's, and the name stays."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _is_word_held(word: str) -> bool:
    is_sqlite = db.session.get_bind().dialect.name == "sqlite"
    question = write_literal(write_query([[NAME_MARK + word]]))
    return db.session.scalar(select_ids_by_words(question, is_sqlite=is_sqlite).limit(1)) is not None


def write_query(groups: Sequence[Sequence[str]]) -> str:
    """Return the question for documents that have a word of each group, as this database writes it.

    A word that ends in ``*`` stands for all that begin so. The words are of letters and digits alone.
    """
    is_sqlite = db.session.get_bind().dialect.name == "sqlite"
    return (" AND " if is_sqlite else " & ").join(
        "(" + (" OR " if is_sqlite else " | ").join(_write_word(word, is_sqlite) for word in group) + ")"
        for group in groups
    )


def _write_word(word: str, is_sqlite: bool) -> str:
    start = word.removesuffix("*")
    mark = ("*" if is_sqlite else ":*") if start != word else ""
    return f'"{start}"{mark}' if is_sqlite else f"'{start}'{mark}"


def select_ids_by_words(question: ColumnElement[str], *, is_sqlite: bool) -> Any:
    """Return the query for the ids of the donors whose documents fit a question of :func:`write_query`.

    On PostgreSQL the question stands in the statement itself (see :func:`donorhub.db.write_literal`).
    """
    if is_sqlite:
        return select(_donor_words.c.rowid.label("donor_id")).where(
            _donor_words.c.donor_words.op("MATCH")(question)
        )
    return select(_DOCUMENTS.c.donor_id).where(has_words(question))


def has_words(question: ColumnElement[str]) -> ColumnElement[bool]:
    """Return PostgreSQL's condition that a row that is called ``donor_document`` fits a question."""
    return _WORDS.op("@@", is_comparison=True)(question)


@contextmanager
def use_word_index() -> Iterator[None]:
    """Let PostgreSQL answer questions for words by their index: what taking a document apart costs it does
    not know, and reads them one by one where many fit."""
    if db.session.get_bind().dialect.name != "postgresql":
        yield
        return
    connection = db.session.connection()
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    yield
    connection.exec_driver_sql("SET LOCAL enable_seqscan = DEFAULT")


# ---------------------------------------------------------------- all of them


def rebuild_documents() -> int:
    """Write the documents of all donors anew, in bounded memory; return how many there are."""
    db.session.execute(delete(DonorDocument))
    db.session.execute(delete(TypoStump))
    count = 0
    for donor_ids in _cut_donor_ids():
        documents = read_documents(donor_ids)
        begin_documents(documents)
        count += len(documents)
    return count


def _cut_donor_ids() -> Iterator[list[int]]:
    last_id = 0
    while True:
        query = select(Donor.id).where(Donor.id > last_id).order_by(Donor.id).limit(AT_ONCE)
        donor_ids = list(db.session.scalars(query))
        if not donor_ids:
            return
        yield donor_ids
        last_id = donor_ids[-1]


def list_differing(donor_ids: Sequence[int]) -> list[int]:
    """Return those of some donors whose documents are not what their rows say, or whose names are not to be
    found with a typo."""
    documents = read_documents(donor_ids)
    query = select(DonorDocument.donor_id, DonorDocument.words).where(DonorDocument.donor_id.in_(donor_ids))
    there = dict(db.session.execute(query).all())
    missing_words = _list_missing(_list_words(documents.values()))
    return sorted(
        id_
        for id_ in donor_ids
        if documents.get(id_) != there.get(id_)
        or missing_words.intersection(list_name_words(documents.get(id_, "")))
    )
