"""who looked at whom, how long things are kept, and what went when its time was over"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime

revision = '20261130_2155'
down_revision = '20261130_2135'
branch_labels = None
depends_on = None

KINDS = "kind IN ('provider_message', 'message_text', 'bank_file', 'sealed_receipt', 'donor_read')"


def upgrade() -> None:
    op.create_table(
        'donor_read',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('actor', sa.String(), nullable=False),
        sa.Column('donor_id', sa.Integer(), nullable=False),
        sa.Column('day', sa.Date(), nullable=False),
        sa.Column('first_at', UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['donor_id'], ['donor.id'], name='fk_donor_read_donor_id', ondelete='RESTRICT'),
        sa.PrimaryKeyConstraint('id', name='pk_donor_read'),
        sa.UniqueConstraint('actor', 'donor_id', 'day', name='uq_donor_read_actor_donor_id_day'),
    )
    op.create_index('ix_donor_read_donor_id', 'donor_read', ['donor_id'])
    op.create_index('ix_donor_read_first_at_id', 'donor_read', ['first_at', 'id'])
    op.create_table(
        'retention_clock',
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('keep', sa.Integer(), nullable=False),
        sa.Column('changed_at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('changed_by', sa.String(), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f('ck_retention_clock_kind_is_known')),
        sa.CheckConstraint('keep > 0', name=op.f('ck_retention_clock_keep_is_positive')),
        sa.PrimaryKeyConstraint('kind', name='pk_retention_clock'),
    )
    op.create_table(
        'retention_run',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('ran_at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('before_on', sa.Date(), nullable=False),
        sa.Column('deleted', sa.Integer(), nullable=False),
        sa.Column('left_over', sa.Integer(), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f('ck_retention_run_kind_is_known')),
        sa.PrimaryKeyConstraint('id', name='pk_retention_run'),
    )
    op.create_index('ix_retention_run_kind_id', 'retention_run', ['kind', 'id'])
