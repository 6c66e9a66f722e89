"""breaches of personal data, as they were written down"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime

revision = '20261201_0050'
down_revision = '20261201_0040'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'breach',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('key', sa.String(), nullable=False),
        sa.Column('noticed_at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('first_on', sa.Date(), nullable=False),
        sa.Column('last_on', sa.Date(), nullable=False),
        sa.Column('suspect', sa.String(), nullable=False),
        sa.Column('text', sa.String(), nullable=False),
        sa.Column('donor_count', sa.Integer(), nullable=False),
        sa.Column('concerns_all', sa.Boolean(), nullable=False),
        sa.Column('authority_told_at', UTCDateTime(timezone=True), nullable=True),
        sa.Column('donors_told_at', UTCDateTime(timezone=True), nullable=True),
        sa.Column('recorded_at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('recorded_by', sa.String(), nullable=False),
        sa.CheckConstraint('first_on <= last_on', name=op.f('ck_breach_days_in_order')),
        sa.CheckConstraint('donor_count >= 0', name=op.f('ck_breach_donor_count_not_negative')),
        sa.PrimaryKeyConstraint('id', name='pk_breach'),
        sa.UniqueConstraint('key', name='uq_breach_key'),
    )
    op.create_index('ix_breach_noticed_at_id', 'breach', ['noticed_at', 'id'])
