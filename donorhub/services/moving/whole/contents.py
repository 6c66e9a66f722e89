"""What an archive of everything holds: every table and column but those named here, each with the reason.

A new table or column is in it by itself. What is sealed or hashed with an installation's key comes out plain
and is sealed and hashed anew where it comes in.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, Table

from donorhub import vault
from donorhub.db import Base
from donorhub.domain.donors.contact_values import ContactValue
from donorhub.services.access import users
from donorhub.services.donors.contact_rows import hash_value

Row = dict[str, Any]
LEFT_OUT_TABLES: Final[Mapping[str, str]] = {
    "instance": "which installation it is, and where it runs, is no record of the organisation",
    "user_session": "who is signed in stays signed in there only",
    "webhook_secret": "secrets of payment providers: they are entered anew",
    "idempotency_key": "answers kept for programs, whose tokens stay there",
    "download": "files of lists that are kept for a day",
    "download_part": "files of lists that are kept for a day",
    "mail_test": "whether mail arrives from there is tried anew",
    "identity_key": "keyed: computed anew of names and contacts",
    "identity_value": "keyed: counted anew",
    "donor_document": "what donors are searched by: written anew",
    "typo_stump": "what donors are searched by: written anew",
    "proven_head": "the new installation proves everything itself",
}
LEFT_OUT_COLUMNS: Final[Mapping[tuple[str, str], str]] = {
    ("user", "password"): "a secret: each user gets a new one",
    ("user", "fs_uniquifier"): "a secret of sign-ins",
    ("api_token", "token_sha256"): "a secret: programs get new tokens",
    ("api_token", "revoked_at"): "no token comes along, so each is revoked",
    ("audit_record", "digest"): "keyed: computed anew",
    ("audit_record", "chain"): "follows from the digests: computed anew",
    ("audit_head", "chain"): "follows from the digests: computed anew",
    ("contact_point", "value_hash"): "keyed: computed anew from the value beside it",
    ("suppression", "address_hash"): "keyed: see services.moving.whole.suppressed",
}
SELF_REFERENCES: Final[Mapping[str, tuple[str, ...]]] = {
    table.name: names
    for table in Base.metadata.sorted_tables
    if (names := tuple(sorted(key.parent.name for key in table.foreign_keys if key.column.table is table)))
}


def list_tables() -> list[Table]:
    """Return the tables of an archive, parents before children."""
    return [table for table in Base.metadata.sorted_tables if table.name not in LEFT_OUT_TABLES]


def list_columns(table: Table) -> list[Column[Any]]:
    """Return the columns of a table that an archive holds as they are."""
    return [column for column in table.columns if (table.name, column.name) not in LEFT_OUT_COLUMNS]


def list_sums(table: Table) -> list[str]:
    """Return the columns whose sums, by currency, are control totals."""
    return [column.name for column in table.columns if column.name.endswith("_minor")]


def unpack_file(content: bytes) -> bytes:
    """Return a stored file as it came, of a bank, of donors and gifts, or of one donor; nothing where it was
    purged."""
    return vault.unseal_file(content) if content else content


def pack_file(content: bytes) -> bytes:
    """Return what is stored of such a file."""
    return vault.seal_file(content) if content else content


def unpack_event(body: bytes) -> bytes:
    """Return a stored message of a provider as it came; nothing where it was purged."""
    return zlib.decompress(body) if body else body


def pack_event(body: bytes) -> bytes:
    """Return what is stored of such a message."""
    return zlib.compress(body, 6) if body else body


def unpack_key(sealed_key: bytes) -> bytes:
    """Return a key of sealed receipts; nothing where it was destroyed."""
    return vault.unseal_bytes(sealed_key) if sealed_key else sealed_key


def pack_key(key: bytes) -> bytes:
    """Return what is stored of such a key."""
    return vault.seal_bytes(key) if key else key


# Columns that are stored in another form than they came: how that is undone, and done again.
PACKED_COLUMNS: Final[Mapping[tuple[str, str], tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]]] = {
    ("import_file", "content"): (unpack_file, pack_file),
    ("donor_file", "content"): (unpack_file, pack_file),
    ("provider_event", "body"): (unpack_event, pack_event),
    ("receipt_key", "sealed_key"): (unpack_key, pack_key),
}


def make_fillers(*, now: datetime) -> Mapping[str, Callable[[Row], Row]]:
    """Return, by table, what stands in a row for what no archive holds."""
    nobodys_password = users.make_unusable_password()
    return {
        "user": lambda _row: {"password": nobodys_password, "fs_uniquifier": secrets.token_hex(16)},
        "api_token": lambda row: {"token_sha256": f"left behind {row['id']}", "revoked_at": now},
        "audit_record": lambda _row: {"digest": "", "chain": None},
        "audit_head": lambda _row: {"chain": ""},
        "contact_point": lambda row: {"value_hash": hash_value(_make_contact_value(row))},
    }


def _make_contact_value(row: Row) -> ContactValue:
    parts = {name: row[name] for name in ("street", "postcode", "town", "country")}
    return ContactValue(row["kind"], row["value"], **parts)
