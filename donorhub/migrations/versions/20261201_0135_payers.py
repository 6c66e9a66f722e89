"""the payer as a thing of its own: what it is recognised by, and each thing that it pays for

Accounts and names that were learned move over with what people said of them. Words were kept as digests, which
nobody reads: they are counted anew from the decisions when the program starts, as after the upgrade that brought the note.
"""

from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = '20261201_0135'
down_revision = '20261201_0130'
branch_labels = None
depends_on = None

_KINDS = {'iban:': 'account', 'name:': 'name'}


def upgrade() -> None:
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            'SELECT k.value, k.donor_id, k.hits, k.misses, k.last_seen_on, d.created_at'
            ' FROM payer_key k JOIN donor d ON d.id = k.donor_id ORDER BY k.id'
        )
    ).all()
    # A merge of donors that is taken apart has nothing to give back of them: they are counted anew.
    connection.execute(sa.text("DELETE FROM merge_move WHERE table_name = 'payer_key'"))
    connection.execute(sa.text("DELETE FROM merge_drop WHERE table_name = 'payer_key'"))
    op.drop_table('payer_key')
    payer, payer_key, payer_use = _create_tables()
    payers: dict[str, list[sa.Row[Any]]] = {}
    for row in rows:
        if row.value[:5] in _KINDS:
            payers.setdefault(row.value, []).append(row)
    for value, of_payer in payers.items():
        days = [day for row in of_payer if (day := _read_day(row.last_seen_on)) is not None]
        first_on = min(days, default=_read_day(of_payer[0].created_at))
        payer_id = connection.execute(
            sa.insert(payer)
            .values(name_read='', first_on=first_on, last_on=max(days, default=first_on), version=1)
            .returning(payer.c.id)
        ).scalar_one()
        connection.execute(
            sa.insert(payer_key).values(payer_id=payer_id, kind=_KINDS[value[:5]], value=value[5:])
        )
        connection.execute(
            sa.insert(payer_use),
            [
                {
                    'payer_id': payer_id, 'donor_id': row.donor_id, 'name_key': '', 'words': '#',
                    'hits': row.hits, 'misses': row.misses, 'last_on': _read_day(row.last_seen_on),
                }
                for row in of_payer
            ],
        )
    connection.execute(sa.text("DELETE FROM upgrade_note WHERE kind = 'payers_counted_again'"))  # counts again


def _read_day(value: object) -> date | None:
    return date.fromisoformat(str(value)[:10]) if value else None


def _create_tables() -> tuple[sa.Table, sa.Table, sa.Table]:
    payer = op.create_table(
        'payer',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('name_read', sa.String(), nullable=False),
        sa.Column('first_on', sa.Date(), nullable=False),
        sa.Column('last_on', sa.Date(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_payer')),
    )
    payer_key = op.create_table(
        'payer_key',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('payer_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('value', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ['payer_id'], ['payer.id'], name=op.f('fk_payer_key_payer_id'), ondelete='RESTRICT'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_payer_key')),
        sa.UniqueConstraint('kind', 'value', name=op.f('uq_payer_key_kind_value')),
        sa.CheckConstraint("kind IN ('account', 'name')", name=op.f('ck_payer_key_kind_is_known')),
    )
    op.create_index(op.f('ix_payer_key_payer_id'), 'payer_key', ['payer_id'])
    payer_use = op.create_table(
        'payer_use',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('payer_id', sa.Integer(), nullable=False),
        sa.Column('donor_id', sa.Integer(), nullable=False),
        sa.Column('name_key', sa.String(), nullable=False),
        sa.Column('words', sa.String(), nullable=False),
        sa.Column('amount_minor', sa.BigInteger(), nullable=True),
        sa.Column('currency', sa.String(), nullable=True),
        sa.Column('day', sa.Integer(), nullable=True),
        sa.Column('hits', sa.Integer(), nullable=False),
        sa.Column('misses', sa.Integer(), nullable=False),
        sa.Column('last_on', sa.Date(), nullable=True),
        sa.Column('ended_on', sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ['payer_id'], ['payer.id'], name=op.f('fk_payer_use_payer_id'), ondelete='RESTRICT'
        ),
        sa.ForeignKeyConstraint(
            ['donor_id'], ['donor.id'], name=op.f('fk_payer_use_donor_id'), ondelete='RESTRICT'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_payer_use')),
        sa.UniqueConstraint(
            'payer_id', 'donor_id', 'name_key', 'words', name=op.f('uq_payer_use_payer_id_donor_id_name_key_words')
        ),
    )
    op.create_index(op.f('ix_payer_use_donor_id'), 'payer_use', ['donor_id'])
    return payer, payer_key, payer_use
