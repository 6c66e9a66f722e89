"""What makes searching fast, made together with the tables: trigrams over ``donor.search``, the words of
donors' documents, and those of payers of entries.

SQLite keeps an FTS5 table beside it, fed by triggers; PostgreSQL a pg_trgm index, where
the extension may be made. Where it may not, the plain index serves the beginnings of
names and the rest is a scan. Migrations repeat these statements.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import DDL, Index, event

from donorhub.models.bank import Entry
from donorhub.models.donor import Donor
from donorhub.models.search import DonorDocument

SQLITE: Final = (
    "CREATE VIRTUAL TABLE donor_search USING fts5("
    "search, content='donor', content_rowid='id', tokenize='trigram')",
    "CREATE TRIGGER donor_search_insert AFTER INSERT ON donor BEGIN "
    "INSERT INTO donor_search(rowid, search) VALUES (new.id, new.search); END",
    "CREATE TRIGGER donor_search_delete AFTER DELETE ON donor BEGIN "
    "INSERT INTO donor_search(donor_search, rowid, search) VALUES ('delete', old.id, old.search); END",
    "CREATE TRIGGER donor_search_update AFTER UPDATE OF search ON donor BEGIN "
    "INSERT INTO donor_search(donor_search, rowid, search) VALUES ('delete', old.id, old.search); "
    "INSERT INTO donor_search(rowid, search) VALUES (new.id, new.search); END",
    "CREATE INDEX ix_donor_search ON donor (search)",
)
POSTGRESQL: Final = (
    'CREATE INDEX ix_donor_search ON donor (search COLLATE "C", id)',
    # A role that may not make the extension, or a server without it, keeps the plain index.
    "DO $$ BEGIN CREATE EXTENSION IF NOT EXISTS pg_trgm; "
    "CREATE INDEX ix_donor_search_trigrams ON donor USING gin (search gin_trgm_ops); "
    "EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_file OR undefined_object "
    "THEN RAISE NOTICE 'no pg_trgm: donors are searched without trigrams'; END $$",
)

DOCUMENT_SQLITE: Final = (
    "CREATE VIRTUAL TABLE donor_words USING fts5(words, content='donor_document', content_rowid='donor_id', "
    "tokenize='unicode61 remove_diacritics 0', detail=none, prefix='3 4')",
    "CREATE TRIGGER donor_words_insert AFTER INSERT ON donor_document BEGIN "
    "INSERT INTO donor_words(rowid, words) VALUES (new.donor_id, new.words); END",
    "CREATE TRIGGER donor_words_delete AFTER DELETE ON donor_document BEGIN "
    "INSERT INTO donor_words(donor_words, rowid, words) VALUES ('delete', old.donor_id, old.words); END",
    "CREATE TRIGGER donor_words_update AFTER UPDATE OF words ON donor_document BEGIN "
    "INSERT INTO donor_words(donor_words, rowid, words) VALUES ('delete', old.donor_id, old.words); "
    "INSERT INTO donor_words(rowid, words) VALUES (new.donor_id, new.words); END",
)
DOCUMENT_POSTGRESQL: Final = (
    "CREATE INDEX ix_donor_document_words ON donor_document "
    "USING gin (array_to_tsvector(string_to_array(words, ' ')))",
)
# Letters that unicode61 does not take apart.
_OTHER_LETTERS: Final = (("ł", "l"), ("Ł", "l"), ("đ", "d"), ("Đ", "d"), ("ø", "o"), ("Ø", "o"), ("ß", "ss"))


def _write_payer_sql(row: str) -> str:
    """Return the SQL of an entry's payer as SQLite's word index has it; ``row`` is new or old."""
    sql = f"{row}.counterparty_name"
    for letter, plain in _OTHER_LETTERS:
        sql = f"replace({sql}, '{letter}', '{plain}')"
    return sql


_NEW_PAYER: Final = _write_payer_sql("new")
_OLD_PAYER: Final = _write_payer_sql("old")
# Letters of Polish and Albanian names and of their neighbours; PostgreSQL has unaccent not everywhere.
_LETTERS: Final = "ąćęłńóśźżĄĆĘŁŃÓŚŹŻëËçÇöÖüÜäÄéÉèÈáÁíÍúÚőŐűŰřŘšŠžŽčČťŤďĎňŇľĽĺĹŕŔôÔýÝâÂîÎșȘțȚøØđĐãÃõÕåÅ"
_PLAIN_LETTERS: Final = "acelnoszzacelnoszzeeccoouuaaeeeeaaiiuuoouurrsszzccttddnnllllrrooyyaaiissttooddaaooaa"
PAYER_POSTGRESQL_SQL: Final = (
    "to_tsvector('simple'::regconfig, "
    f"translate(replace(counterparty_name, 'ß', 'ss'), '{_LETTERS}', '{_PLAIN_LETTERS}'))"
)
PAYER_SQLITE: Final = tuple(
    statement.replace("{new}", _NEW_PAYER).replace("{old}", _OLD_PAYER)
    for statement in (
        "CREATE VIRTUAL TABLE entry_words USING fts5("
        "payer, content='', tokenize='unicode61 remove_diacritics 2', detail=none, prefix='3')",
        # No trigger at inserts: SQLite keeps a journal for each statement that has one, and an import took
        # half as long again. Entries are inserted in payer_words.index_new_payers, else changing one fails.
        "CREATE TRIGGER entry_words_delete AFTER DELETE ON entry WHEN old.counterparty_name != '' BEGIN "
        "INSERT INTO entry_words(entry_words, rowid, payer) VALUES ('delete', old.id, {old}); END",
        "CREATE TRIGGER entry_words_update AFTER UPDATE OF counterparty_name ON entry "
        "WHEN old.counterparty_name != new.counterparty_name BEGIN "
        "INSERT INTO entry_words(entry_words, rowid, payer) SELECT 'delete', old.id, {old} "
        "WHERE old.counterparty_name != ''; "
        "INSERT INTO entry_words(rowid, payer) SELECT new.id, {new} WHERE new.counterparty_name != ''; END",
    )
)
FILL_PAYERS_SQLITE: Final = (
    "INSERT INTO entry_words(rowid, payer) SELECT entry.id, {entry} FROM entry "
    "WHERE entry.id > :last_id AND entry.counterparty_name != ''"
).replace("{entry}", _write_payer_sql("entry"))
PAYER_POSTGRESQL: Final = (f"CREATE INDEX ix_entry_payer_words ON entry USING gin ({PAYER_POSTGRESQL_SQL})",)

Index("ix_entry_amount_minor_booked_on_id", Entry.amount_minor, Entry.booked_on, Entry.id)

for table, on_sqlite, on_postgresql in (
    (Donor.__table__, SQLITE, POSTGRESQL),
    (DonorDocument.__table__, DOCUMENT_SQLITE, DOCUMENT_POSTGRESQL),
    (Entry.__table__, PAYER_SQLITE, PAYER_POSTGRESQL),
):
    for statement in on_sqlite:
        event.listen(table, "after_create", DDL(statement).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]
    for statement in on_postgresql:
        event.listen(table, "after_create", DDL(statement).execute_if(dialect="postgresql"))  # type: ignore[no-untyped-call]
