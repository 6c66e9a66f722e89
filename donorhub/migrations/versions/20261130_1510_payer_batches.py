"""donors who were made of unknown payers by one click, and until when their entries had waited"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime

revision = '20261130_1510'
down_revision = '20261130_1505'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'payer_batch',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('digest', sa.String(), nullable=False),
        sa.Column('made_at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('made_by', sa.String(), nullable=False),
        sa.Column('donors_count', sa.Integer(), nullable=False),
        sa.Column('gifts_count', sa.Integer(), nullable=False),
        sa.Column('undone_at', UTCDateTime(timezone=True), nullable=True),
        sa.Column('undone_by', sa.String(), nullable=True),
    )
    op.create_index('ix_payer_batch_digest', 'payer_batch', ['digest'])
    op.create_table(
        'payer_batch_entry',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('batch_id', sa.Integer(), nullable=False),
        sa.Column('entry_id', sa.Integer(), nullable=False),
        sa.Column('decide_by', sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ['batch_id'], ['payer_batch.id'], name='fk_payer_batch_entry_batch_id', ondelete='RESTRICT'
        ),
        sa.ForeignKeyConstraint(
            ['entry_id'], ['entry.id'], name='fk_payer_batch_entry_entry_id', ondelete='RESTRICT'
        ),
        sa.UniqueConstraint('batch_id', 'entry_id', name='uq_payer_batch_entry_batch_id_entry_id'),
    )
    op.create_index('ix_payer_batch_entry_entry_id', 'payer_batch_entry', ['entry_id'])
