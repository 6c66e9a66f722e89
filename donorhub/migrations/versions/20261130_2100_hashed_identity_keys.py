"""identity keys hold keyed hashes only; more of them, and how many people share an e-mail, phone or account

What they hashed stands readable in the donor's row and contact points already (20261130_1750). A phone is
hashed as it is dialled from abroad. Keys that are new (tax number, address, surname) are made of the rows, as
the program that runs this makes them: only so will it find them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from donorhub import vault
from donorhub.domain.donors import identity
from donorhub.domain.donors.identity import NameParts
from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_2100'
down_revision = '20261130_1840'
branch_labels = None
depends_on = None

CHUNK: Final = 2000
HARD: Final = ('email', 'iban', 'phone')
KINDS: Final = ('email', 'iban', 'phone', 'tax_number', 'name', 'address', 'surname_initial', 'surname_given')
MOST_HOLDERS: Final = 2


def upgrade() -> None:
    connection = op.get_bind()
    home_country = connection.execute(sa.text('SELECT country FROM organisation')).scalar() or ''
    # Each row's readable value gives way to its hash in the same column, which is then renamed.
    keys = sa.table(
        'identity_key', sa.column('id'), sa.column('kind'), sa.column('value'), sa.column('donor_id'),
        sa.column('is_learned'),
    )
    roles = _hash_rows(connection, keys, home_country)
    op.execute('ALTER TABLE identity_key RENAME COLUMN value TO value_hash')
    with op.batch_alter_table('identity_key') as table:
        table.drop_constraint('uq_identity_key_kind_value_donor_id', type_='unique')
        table.create_unique_constraint(
            'uq_identity_key_kind_value_hash_donor_id', ['kind', 'value_hash', 'donor_id']
        )
    set_word_checks(connection, [WordCheck('identity_key', 'kind', KINDS)])
    _add_new_kinds(connection)
    _create_values()
    _count_holders(connection, roles)


def _hash_rows(connection: sa.Connection, keys: Any, home_country: str) -> set[str]:
    """Hash all values in place, those that become equal only once a donor; return the hashes of offices' mail."""
    countries = {
        row.id: row.country
        for row in connection.execute(sa.text("SELECT id, country FROM donor WHERE country <> ''"))
    }
    seen_phones: set[tuple[int, str]] = set()
    roles: set[str] = set()
    last_id = 0
    while True:
        rows = connection.execute(
            sa.select(keys.c.id, keys.c.kind, keys.c.value, keys.c.donor_id)
            .where(keys.c.id > last_id).order_by(keys.c.id).limit(CHUNK)
        ).all()
        if not rows:
            return roles
        changes, twins = [], []
        for row in rows:
            value = row.value
            if row.kind == 'phone':
                value = identity.make_phone_key(value, countries.get(row.donor_id) or home_country)
                if (row.donor_id, value) in seen_phones:
                    twins.append(row.id)
                    continue
                seen_phones.add((row.donor_id, value))
            value_hash = vault.compute_keyed_hash(value)
            if row.kind == 'email' and '@' in value and identity.is_of_a_role(value):
                roles.add(value_hash)
            changes.append({'row_id': row.id, 'value_hash': value_hash})
        connection.execute(
            sa.update(keys).where(keys.c.id == sa.bindparam('row_id')).values(value=sa.bindparam('value_hash')),
            changes,
        )
        if twins:
            connection.execute(sa.delete(keys).where(keys.c.id.in_(twins)))
        last_id = rows[-1].id


def _add_new_kinds(connection: sa.Connection) -> None:
    keys = sa.table(
        'identity_key', sa.column('kind'), sa.column('value_hash'), sa.column('donor_id'), sa.column('is_learned', sa.Boolean())
    )
    for donors, addresses in _read_donors(connection):
        rows = []
        for donor in donors:
            pairs = [('tax_number', donor.tax_number)]
            pairs += [
                ('address', identity.make_address_key(one.postcode, one.town, one.street))
                for one in addresses.get(donor.id, ())
            ]
            if donor.kind == 'person':
                parts = NameParts(donor.name, donor.given_name, donor.family_name)
                initials, givens = identity.list_surname_keys(identity.take_apart(parts, is_person=True))
                pairs += [('surname_initial', key) for key in initials] + [('surname_given', key) for key in givens]
            rows += [
                {'kind': kind, 'value_hash': vault.compute_keyed_hash(value), 'donor_id': donor.id, 'is_learned': False}
                for kind, value in dict.fromkeys(pairs) if value
            ]
        if rows:
            connection.execute(sa.insert(keys), rows)


def _read_donors(connection: sa.Connection) -> Iterator[tuple[Sequence[Any], dict[int, list[Any]]]]:
    last_id = 0
    while True:
        donors = connection.execute(DONORS, {'last_id': last_id, 'most': CHUNK}).all()
        if not donors:
            return
        addresses: dict[int, list[Any]] = {}
        for row in connection.execute(ADDRESSES, {'first_id': donors[0].id, 'last_id': donors[-1].id}):
            addresses.setdefault(row.donor_id, []).append(row)
        yield donors, addresses
        last_id = donors[-1].id


DONORS: Final = sa.text(
    'SELECT id, kind, name, given_name, family_name, tax_number FROM donor'
    ' WHERE id > :last_id AND removed_at IS NULL ORDER BY id LIMIT :most'
)
ADDRESSES: Final = sa.text(
    "SELECT donor_id, street, postcode, town FROM contact_point WHERE kind = 'post' AND until_on IS NULL"
    ' AND donor_id BETWEEN :first_id AND :last_id ORDER BY id'
)


def _create_values() -> None:
    op.create_table(
        'identity_value',
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('value_hash', sa.String(), nullable=False),
        sa.Column('holders', sa.Integer(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('email', 'iban', 'phone', 'surname')", name=op.f('ck_identity_value_kind_is_known')),
        sa.CheckConstraint("state IN ('normal', 'generic')", name=op.f('ck_identity_value_state_is_known')),
        sa.PrimaryKeyConstraint('kind', 'value_hash', name=op.f('pk_identity_value')),
    )


def _count_holders(connection: sa.Connection, roles: set[str]) -> None:
    """Keep how many people have what several records share; records whose names agree are one."""
    values = sa.table(
        'identity_value', sa.column('kind'), sa.column('value_hash'), sa.column('holders'), sa.column('state')
    )
    people: dict[tuple[str, str], list[NameParts]] = {}
    record_counts: dict[tuple[str, str], int] = {}
    for row in connection.execute(SHARED):
        pair = (row.kind, row.value_hash)
        record_counts[pair] = record_counts.get(pair, 0) + 1
        known_people = people.setdefault(pair, [])
        parts = NameParts(row.name, row.given_name, row.family_name)
        if len(known_people) < 50 and not any(identity.names_agree(parts, one) for one in known_people):
            known_people.append(parts)
    for role in roles:
        people.setdefault(('email', role), [])
    rows = [
        {
            'kind': kind, 'value_hash': value_hash, 'holders': len(known_people) or 1,
            'state': 'generic' if len(known_people) > MOST_HOLDERS or value_hash in roles else 'normal',
        }
        for (kind, value_hash), known_people in people.items()
    ]
    if rows:
        connection.execute(sa.insert(values), rows)


SHARED: Final = sa.text(
    'SELECT k.kind, k.value_hash, d.name, d.given_name, d.family_name FROM identity_key k'
    ' JOIN donor d ON d.id = k.donor_id'
    ' JOIN (SELECT kind, value_hash FROM identity_key'
    " WHERE kind IN ('email', 'iban', 'phone') GROUP BY kind, value_hash HAVING count(*) > 1) s"
    ' ON s.kind = k.kind AND s.value_hash = k.value_hash'
    ' WHERE d.merged_into_id IS NULL AND d.removed_at IS NULL ORDER BY k.id'
)
