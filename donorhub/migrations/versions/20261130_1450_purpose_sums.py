"""what funds, campaigns and appeals received, kept where there are many gifts"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime

revision = '20261130_1450'
down_revision = '20261130_1425'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'purpose_sum',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('subject_id', sa.Integer(), nullable=False),
        sa.Column('currency', sa.String(3), nullable=False),
        sa.Column('gift_count', sa.Integer(), nullable=False),
        sa.Column('amount_minor', sa.BigInteger(), nullable=False),
        sa.Column('as_of', UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('fund', 'campaign', 'appeal')", name=op.f('ck_purpose_sum_kind_is_known')),
        sa.UniqueConstraint(
            'kind', 'subject_id', 'currency', name='uq_purpose_sum_kind_subject_id_currency'
        ),
    )
