"""fields that the organisation adds to its gifts, and the day on which a person was born"""

import sqlalchemy as sa
from alembic import op

from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261201_0120'
down_revision = '20261201_0110'
branch_labels = None
depends_on = None

_ENTITIES = ('donor', 'gift')


def upgrade() -> None:
    op.create_table(
        'gift_custom_value',
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
            ['field_id'], ['custom_field.id'], name='fk_gift_custom_value_field_id', ondelete='RESTRICT'
        ),
        sa.ForeignKeyConstraint(
            ['entity_id'], ['gift.id'], name='fk_gift_custom_value_entity_id', ondelete='RESTRICT'
        ),
        sa.ForeignKeyConstraint(
            ['option_id'], ['custom_option.id'], name='fk_gift_custom_value_option_id', ondelete='RESTRICT'
        ),
        sa.UniqueConstraint(
            'field_id', 'entity_id', 'seq', name='uq_gift_custom_value_field_id_entity_id_seq'
        ),
    )
    op.create_index('ix_gift_custom_value_entity_id', 'gift_custom_value', ['entity_id'])
    for column in ('folded', 'number', 'on_date', 'is_true', 'option_id'):
        op.create_index(
            f'ix_gift_custom_value_{column}',
            'gift_custom_value',
            ['field_id', column, 'entity_id'],
            sqlite_where=sa.text(f'{column} IS NOT NULL'),
            postgresql_where=sa.text(f'{column} IS NOT NULL'),
        )
    set_word_checks(
        op.get_bind(),
        [WordCheck('custom_field', 'entity', _ENTITIES), WordCheck('hidden_field', 'entity', _ENTITIES)],
    )
    op.add_column('donor', sa.Column('born_on', sa.Date(), nullable=True))
