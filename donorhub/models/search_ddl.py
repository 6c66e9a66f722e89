"""What makes searching donors fast: trigrams over ``donor.search``, made together with the table.

SQLite keeps an FTS5 table beside it, fed by triggers; PostgreSQL a pg_trgm index, where
the extension may be made. Where it may not, the plain index serves the beginnings of
names and the rest is a scan. Migrations repeat these statements.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import DDL, event

from donorhub.models.donor import Donor

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

for statement in SQLITE:
    event.listen(Donor.__table__, "after_create", DDL(statement).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]
for statement in POSTGRESQL:
    event.listen(Donor.__table__, "after_create", DDL(statement).execute_if(dialect="postgresql"))  # type: ignore[no-untyped-call]
