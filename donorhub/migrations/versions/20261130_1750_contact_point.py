"""e-mails, phones, postal addresses and accounts of a donor in one table, each with source, since and until

What stands in a donor's columns, and what identity_key alone holds (further e-mails, accounts), is written
there word for word. What stood in the columns is preferred; the rest is none that anybody is written to by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from donorhub import vault
from donorhub.db import UTCDateTime

revision = '20261130_1750'
down_revision = '20261130_1745'
branch_labels = None
depends_on = None

CHUNK: Final = 2000
MOVED: Final = 'moved'


def upgrade() -> None:
    contact_point = _create_table()
    connection = op.get_bind()
    for donors, keys in _read_donors(connection):
        rows = [row for donor in donors for row in _list_contacts(donor, keys.get(donor.id, []))]
        if rows:
            connection.execute(contact_point.insert(), rows)


def _create_table() -> sa.Table:
    table = op.create_table(
        'contact_point',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('donor_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('value', sa.String(), nullable=False),
        sa.Column('street', sa.String(), nullable=False),
        sa.Column('postcode', sa.String(), nullable=False),
        sa.Column('town', sa.String(), nullable=False),
        sa.Column('country', sa.String(), nullable=False),
        sa.Column('value_hash', sa.String(), nullable=False),
        sa.Column('label', sa.String(), nullable=False),
        sa.Column('is_preferred', sa.Boolean(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('since_on', sa.Date(), nullable=True),
        sa.Column('until_on', sa.Date(), nullable=True),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('collected_at', UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('email', 'phone', 'post', 'account')", name=op.f('ck_contact_point_kind_is_known')),
        sa.CheckConstraint(
            "state IN ('ok', 'unconfirmed', 'bounced', 'complained')", name=op.f('ck_contact_point_state_is_known')
        ),
        sa.CheckConstraint('NOT is_preferred OR until_on IS NULL', name=op.f('ck_contact_point_preferred_is_live')),
        sa.CheckConstraint(
            "NOT is_preferred OR kind != 'account'", name=op.f('ck_contact_point_preferred_is_for_writing')
        ),
        sa.ForeignKeyConstraint(['donor_id'], ['donor.id'], name=op.f('fk_contact_point_donor_id'), ondelete='RESTRICT'),
    )
    op.create_index('ix_contact_point_donor_id', 'contact_point', ['donor_id'])
    op.create_index('ix_contact_point_kind_value_hash', 'contact_point', ['kind', 'value_hash'])
    live, preferred = sa.text('until_on IS NULL'), sa.text('is_preferred')
    op.create_index(
        'uq_contact_point_live', 'contact_point', ['donor_id', 'kind', 'value_hash'],
        unique=True, sqlite_where=live, postgresql_where=live,
    )
    op.create_index(
        'uq_contact_point_preferred', 'contact_point', ['donor_id', 'kind'],
        unique=True, sqlite_where=preferred, postgresql_where=preferred,
    )
    return table


def _read_donors(connection: sa.Connection) -> Iterator[tuple[Sequence[Any], dict[int, list[Any]]]]:
    """Yield some donors at a time, with their keys of e-mails and accounts."""
    last_id = 0
    while True:
        donors = connection.execute(DONORS, {'last_id': last_id, 'most': CHUNK}).all()
        if not donors:
            return
        keys: dict[int, list[Any]] = {}
        for key in connection.execute(KEYS, {'first_id': donors[0].id, 'last_id': donors[-1].id}):
            keys.setdefault(key.donor_id, []).append(key)
        yield donors, keys
        last_id = donors[-1].id


DONORS: Final = sa.text(
    'SELECT id, email, phone, street, postcode, city, country, source, version, created_at, updated_at'
    ' FROM donor WHERE id > :last_id ORDER BY id LIMIT :most'
).columns(created_at=UTCDateTime(timezone=True), updated_at=UTCDateTime(timezone=True))
KEYS: Final = sa.text(
    "SELECT donor_id, kind, value, is_learned FROM identity_key WHERE kind IN ('email', 'iban')"
    ' AND donor_id BETWEEN :first_id AND :last_id ORDER BY id'
).columns(is_learned=sa.Boolean())


def _list_contacts(donor: Any, keys: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the contacts of a donor; those of a row that nobody changed come from where the donor came from."""
    source, at = (donor.source, donor.created_at) if donor.version == 1 else (MOVED, donor.updated_at)
    rows = []
    for kind in ('email', 'phone'):
        if value := getattr(donor, kind):
            rows.append(_make_row(donor, kind, value, source, at, is_preferred=True))
    if donor.street or donor.postcode or donor.city:
        rows.append(_make_post(donor, source, at))
    for key in keys:
        if key.kind == 'iban':
            origin = 'bank' if key.is_learned else source
            rows.append(_make_row(donor, 'account', key.value, origin, at, is_preferred=False))
        elif not donor.email or _normalise_email(donor.email) != key.value:
            rows.append(_make_row(donor, 'email', key.value, source, at, is_preferred=False))
    unique_rows = {(row['kind'], row['value_hash']): row for row in reversed(rows)}
    return list(reversed(unique_rows.values()))


def _make_post(donor: Any, source: str, at: Any) -> dict[str, Any]:
    parts = {'street': donor.street, 'postcode': donor.postcode, 'town': donor.city, 'country': donor.country}
    place = ' '.join(part for part in (donor.postcode, donor.city) if part)
    line = ', '.join(part for part in (donor.street, place, donor.country) if part)
    row = _make_row(donor, 'post', line, source, at, is_preferred=True) | parts
    row['value_hash'] = vault.compute_keyed_hash('|'.join(_fold_spaces(part) for part in parts.values()))
    return row


def _make_row(
    donor: Any, kind: str, value: str, source: str, at: Any, *, is_preferred: bool
) -> dict[str, Any]:
    return {
        'donor_id': donor.id, 'kind': kind, 'value': value,
        'street': '', 'postcode': '', 'town': '', 'country': '',
        'value_hash': vault.compute_keyed_hash(_make_comparable(kind, value)),
        'label': '', 'is_preferred': is_preferred, 'state': 'ok', 'since_on': None, 'until_on': None,
        'source': source, 'collected_at': at,
    }


def _make_comparable(kind: str, value: str) -> str:
    """Return what equal ones have in common, as the program of this day writes it."""
    if kind == 'email' and '@' in value:
        return _normalise_email(value)
    if kind == 'phone' and (number := ''.join(sign for sign in value if sign.isdigit() or sign == '+')):
        return number
    return ''.join(value.split()).upper() if kind == 'account' else _fold_spaces(value)


def _normalise_email(email: str) -> str:
    local, _, host = email.strip().lower().rpartition('@')
    return f"{local.partition('+')[0]}@{host}"


def _fold_spaces(text: str) -> str:
    return ' '.join(text.casefold().split())
