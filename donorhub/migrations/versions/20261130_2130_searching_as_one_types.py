"""what searching as one types reads: words of donors and payers, typos, former names, amounts

It is derived data, made here of the rows that there are, some thousands at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from donorhub.db import UTCDateTime

# The documents are to be as the program of now writes them, also where a later version does it otherwise.
from donorhub.domain.donors.search_words import DonorFacts, list_name_words, list_stumps, write_document

revision = '20261130_2130'
down_revision = '20261130_2124'
branch_labels = None
depends_on = None

CHUNK: Final = 2000

# As donorhub.models.search_ddl had them at this revision.
DOCUMENT_SQLITE = (
    "CREATE VIRTUAL TABLE donor_words USING fts5(words, content='donor_document', content_rowid='donor_id', tokenize='unicode61 remove_diacritics 0', detail=none, prefix='3 4')",
    'CREATE TRIGGER donor_words_insert AFTER INSERT ON donor_document BEGIN INSERT INTO donor_words(rowid, words) VALUES (new.donor_id, new.words); END',
    "CREATE TRIGGER donor_words_delete AFTER DELETE ON donor_document BEGIN INSERT INTO donor_words(donor_words, rowid, words) VALUES ('delete', old.donor_id, old.words); END",
    "CREATE TRIGGER donor_words_update AFTER UPDATE OF words ON donor_document BEGIN INSERT INTO donor_words(donor_words, rowid, words) VALUES ('delete', old.donor_id, old.words); INSERT INTO donor_words(rowid, words) VALUES (new.donor_id, new.words); END",
)
DOCUMENT_POSTGRESQL = (
    "CREATE INDEX ix_donor_document_words ON donor_document USING gin (array_to_tsvector(string_to_array(words, ' ')))",
)
PAYER_SQLITE = (
    "CREATE VIRTUAL TABLE entry_words USING fts5(payer, content='', tokenize='unicode61 remove_diacritics 2', detail=none, prefix='3')",
    'CREATE TABLE entry_words_pause (id INTEGER PRIMARY KEY)',
    "CREATE TRIGGER entry_words_insert AFTER INSERT ON entry WHEN new.counterparty_name != '' AND NOT EXISTS (SELECT 1 FROM entry_words_pause) BEGIN INSERT INTO entry_words(rowid, payer) VALUES (new.id, replace(replace(replace(replace(replace(replace(replace(new.counterparty_name, 'ł', 'l'), 'Ł', 'l'), 'đ', 'd'), 'Đ', 'd'), 'ø', 'o'), 'Ø', 'o'), 'ß', 'ss')); END",
    "CREATE TRIGGER entry_words_delete AFTER DELETE ON entry WHEN old.counterparty_name != '' BEGIN INSERT INTO entry_words(entry_words, rowid, payer) VALUES ('delete', old.id, replace(replace(replace(replace(replace(replace(replace(old.counterparty_name, 'ł', 'l'), 'Ł', 'l'), 'đ', 'd'), 'Đ', 'd'), 'ø', 'o'), 'Ø', 'o'), 'ß', 'ss')); END",
    "CREATE TRIGGER entry_words_update AFTER UPDATE OF counterparty_name ON entry WHEN old.counterparty_name != new.counterparty_name BEGIN INSERT INTO entry_words(entry_words, rowid, payer) SELECT 'delete', old.id, replace(replace(replace(replace(replace(replace(replace(old.counterparty_name, 'ł', 'l'), 'Ł', 'l'), 'đ', 'd'), 'Đ', 'd'), 'ø', 'o'), 'Ø', 'o'), 'ß', 'ss') WHERE old.counterparty_name != ''; INSERT INTO entry_words(rowid, payer) SELECT new.id, replace(replace(replace(replace(replace(replace(replace(new.counterparty_name, 'ł', 'l'), 'Ł', 'l'), 'đ', 'd'), 'Đ', 'd'), 'ø', 'o'), 'Ø', 'o'), 'ß', 'ss') WHERE new.counterparty_name != ''; END",
)
PAYER_POSTGRESQL = (
    "CREATE INDEX ix_entry_payer_words ON entry USING gin (to_tsvector('simple'::regconfig, translate(replace(counterparty_name, 'ß', 'ss'), 'ąćęłńóśźżĄĆĘŁŃÓŚŹŻëËçÇöÖüÜäÄéÉèÈáÁíÍúÚőŐűŰřŘšŠžŽčČťŤďĎňŇľĽĺĹŕŔôÔýÝâÂîÎșȘțȚøØđĐãÃõÕåÅ', 'acelnoszzacelnoszzeeccoouuaaeeeeaaiiuuoouurrsszzccttddnnllllrrooyyaaiissttooddaaooaa')))",
)
PAYERS_SQLITE = (
    "INSERT INTO entry_words(rowid, payer) SELECT entry.id, replace(replace(replace(replace(replace(replace(replace(entry.counterparty_name, 'ł', 'l'), 'Ł', 'l'), 'đ', 'd'), 'Đ', 'd'), 'ø', 'o'), 'Ø', 'o'), 'ß', 'ss') FROM entry WHERE counterparty_name != ''"
)


def upgrade() -> None:
    _create_tables()
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == 'sqlite'
    if is_sqlite:
        _execute_all(connection, (*DOCUMENT_SQLITE, *PAYER_SQLITE, PAYERS_SQLITE))
    for documents in _read_documents(connection):
        _write_documents(connection, documents)
    if not is_sqlite:  # an index is made faster of rows that are there
        _execute_all(connection, (*DOCUMENT_POSTGRESQL, *PAYER_POSTGRESQL))


def _create_tables() -> None:
    op.create_table(
        'donor_document',
        sa.Column('donor_id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('words', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('donor_id', name=op.f('pk_donor_document')),
        sa.ForeignKeyConstraint(['donor_id'], ['donor.id'], name=op.f('fk_donor_document_donor_id'), ondelete='RESTRICT'),
    )
    op.create_table(
        'typo_stump',
        sa.Column('stump', sa.String(), nullable=False),
        sa.Column('word', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('stump', 'word', name=op.f('pk_typo_stump')),
        sqlite_with_rowid=False,
    )
    op.create_table(
        'former_name',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('donor_id', sa.Integer(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('replaced_at', UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_former_name')),
        sa.ForeignKeyConstraint(['donor_id'], ['donor.id'], name=op.f('fk_former_name_donor_id'), ondelete='RESTRICT'),
    )
    op.create_index('ix_former_name_donor_id', 'former_name', ['donor_id'])
    op.create_index('ix_gift_amount_minor_received_on_id', 'gift', ['amount_minor', 'received_on', 'id'])
    op.create_index('ix_entry_amount_minor_booked_on_id', 'entry', ['amount_minor', 'booked_on', 'id'])
    op.add_column('user', sa.Column('uses_keys', sa.Boolean(), server_default=sa.true(), nullable=False))


def _execute_all(connection: sa.Connection, statements: Sequence[str]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


DONORS: Final = sa.text(
    'SELECT id, code, name, given_name, family_name, tax_number FROM donor WHERE id > :last_id'
    " AND merged_into_id IS NULL AND removed_at IS NULL AND name != '' ORDER BY id LIMIT :most"
)
MERGED: Final = sa.text(
    'SELECT merged_into_id, name FROM donor WHERE merged_into_id BETWEEN :first_id AND :last_id'
)
CONTACTS: Final = sa.text(
    'SELECT donor_id, kind, value, town, postcode FROM contact_point WHERE until_on IS NULL'
    ' AND donor_id BETWEEN :first_id AND :last_id ORDER BY donor_id, id'
)


def _read_documents(connection: sa.Connection) -> Iterator[dict[int, str]]:
    """Yield the documents of some donors at a time."""
    last_id = 0
    while donors := connection.execute(DONORS, {'last_id': last_id, 'most': CHUNK}).all():
        ids = {'first_id': donors[0].id, 'last_id': donors[-1].id}
        merged: dict[int, list[str]] = {}
        for donor_id, name in connection.execute(MERGED, ids):
            merged.setdefault(donor_id, []).append(name)
        contacts: dict[int, list[Any]] = {}
        for row in connection.execute(CONTACTS, ids):
            contacts.setdefault(row.donor_id, []).append(row)
        yield {
            donor.id: _write_document(donor, merged.get(donor.id, []), contacts.get(donor.id, []))
            for donor in donors
        }
        last_id = donors[-1].id


def _write_document(donor: Any, merged_names: Sequence[str], contacts: Sequence[Any]) -> str:
    def list_values(kind: str, column: str = 'value') -> tuple[str, ...]:
        return tuple(getattr(contact, column) for contact in contacts if contact.kind == kind)

    return write_document(
        DonorFacts(
            code=donor.code,
            names=(donor.name, donor.given_name, donor.family_name, *merged_names),
            tax_number=donor.tax_number,
            emails=list_values('email'),
            phones=list_values('phone'),
            accounts=list_values('account'),
            towns=list_values('post', 'town'),
            postcodes=list_values('post', 'postcode'),
        )
    )


def _write_documents(connection: sa.Connection, documents: dict[int, str]) -> None:
    connection.execute(
        sa.text('INSERT INTO donor_document (donor_id, words) VALUES (:donor_id, :words)'),
        [{'donor_id': donor_id, 'words': words} for donor_id, words in documents.items()],
    )
    words = {word for document in documents.values() for word in list_name_words(document)}
    there = sa.text('SELECT word FROM typo_stump WHERE stump IN :words AND word = stump').bindparams(
        sa.bindparam('words', expanding=True)
    )
    sorted_words = sorted(words)
    for start in range(0, len(sorted_words), 500):
        words -= set(connection.execute(there, {'words': sorted_words[start : start + 500]}).scalars())
    rows = sorted((stump, word) for word in words for stump in list_stumps(word))
    if rows and connection.dialect.name == 'sqlite':
        connection.exec_driver_sql('INSERT INTO typo_stump (stump, word) VALUES (?, ?)', rows)
    elif rows:
        stumps, own_words = zip(*rows, strict=True)
        connection.exec_driver_sql(
            'INSERT INTO typo_stump (stump, word) SELECT * FROM unnest(%s::text[], %s::text[])',
            (list(stumps), list(own_words)),
        )
