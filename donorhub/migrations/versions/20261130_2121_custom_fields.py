"""fields that the organisation adds to its donors, what stands in them, and who does not see which"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime
from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_2121'
down_revision = '20261130_2120'
branch_labels = None
depends_on = None

ROLES = ('admin', 'steward', 'fundraiser', 'communications', 'accountant', 'caller', 'auditor')


def upgrade() -> None:
    op.create_table(
        'custom_field',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('entity', sa.String(), nullable=False),
        sa.Column('key', sa.String(), nullable=False),
        sa.Column('labels', sa.JSON(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('decimals', sa.Integer(), nullable=False),
        sa.Column('is_required', sa.Boolean(), nullable=False),
        sa.Column('position', sa.Integer(), nullable=False),
        sa.Column('archived_at', UTCDateTime(timezone=True), nullable=True),
        sa.Column('created_at', UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("entity IN ('donor')", name=op.f('ck_custom_field_entity_is_known')),
        sa.CheckConstraint(
            "kind IN ('text', 'long_text', 'number', 'day', 'yes_no', 'choice', 'choices')",
            name=op.f('ck_custom_field_kind_is_known'),
        ),
        sa.CheckConstraint('decimals BETWEEN 0 AND 6', name=op.f('ck_custom_field_decimals_are_few')),
        sa.CheckConstraint(
            "decimals = 0 OR kind = 'number'", name=op.f('ck_custom_field_only_numbers_have_decimals')
        ),
        sa.UniqueConstraint('entity', 'key', name='uq_custom_field_entity_key'),
    )
    op.create_table(
        'custom_option',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('field_id', sa.Integer(), nullable=False),
        sa.Column('key', sa.String(), nullable=False),
        sa.Column('labels', sa.JSON(), nullable=False),
        sa.Column('position', sa.Integer(), nullable=False),
        sa.Column('archived_at', UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ['field_id'], ['custom_field.id'], name='fk_custom_option_field_id', ondelete='RESTRICT'
        ),
        sa.UniqueConstraint('field_id', 'key', name='uq_custom_option_field_id_key'),
    )
    op.create_table(
        'custom_value',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('field_id', sa.Integer(), nullable=False),
        sa.Column('entity_id', sa.Integer(), nullable=False),
        sa.Column('seq', sa.Integer(), nullable=False),
        sa.Column('text', sa.String(), nullable=True),
        sa.Column('folded', sa.String(), nullable=True),
        sa.Column('number', sa.BigInteger(), nullable=True),
        sa.Column('on_date', sa.Date(), nullable=True),
        sa.Column('is_true', sa.Boolean(), nullable=True),
        sa.Column('option_id', sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ['field_id'], ['custom_field.id'], name='fk_custom_value_field_id', ondelete='RESTRICT'
        ),
        sa.ForeignKeyConstraint(
            ['entity_id'], ['donor.id'], name='fk_custom_value_entity_id', ondelete='RESTRICT'
        ),
        sa.ForeignKeyConstraint(
            ['option_id'], ['custom_option.id'], name='fk_custom_value_option_id', ondelete='RESTRICT'
        ),
        sa.UniqueConstraint('field_id', 'entity_id', 'seq', name='uq_custom_value_field_id_entity_id_seq'),
    )
    op.create_index('ix_custom_value_entity_id', 'custom_value', ['entity_id'])
    for column in ('folded', 'number', 'on_date', 'is_true', 'option_id'):
        op.create_index(
            f'ix_custom_value_{column}',
            'custom_value',
            ['field_id', column, 'entity_id'],
            sqlite_where=sa.text(f'{column} IS NOT NULL'),
            postgresql_where=sa.text(f'{column} IS NOT NULL'),
        )
    op.create_table(
        'hidden_field',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('entity', sa.String(), nullable=False),
        sa.Column('field', sa.String(), nullable=False),
        sa.Column('role', sa.String(), nullable=False),
        sa.CheckConstraint("entity IN ('donor')", name=op.f('ck_hidden_field_entity_is_known')),
        sa.CheckConstraint(
            "role IN ('admin', 'steward', 'fundraiser', 'communications', 'accountant', 'caller', 'auditor')",
            name=op.f('ck_hidden_field_role_is_known'),
        ),
        sa.UniqueConstraint('entity', 'field', 'role', name='uq_hidden_field_entity_field_role'),
    )
    op.add_column('api_token', sa.Column('role', sa.String(), nullable=True))
    set_word_checks(op.get_bind(), (WordCheck('api_token', 'role', ROLES),))
