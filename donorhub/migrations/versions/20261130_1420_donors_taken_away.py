"""donors whom an undone import or decision made: a donor no more, kept for the gifts that were taken out"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime

revision = '20261130_1420'
down_revision = '20261130_1400'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('donor', sa.Column('removed_at', UTCDateTime(timezone=True), nullable=True))
    op.create_index(
        'ix_donor_merged_into_id',
        'donor',
        ['merged_into_id'],
        sqlite_where=sa.text('merged_into_id IS NOT NULL'),
        postgresql_where=sa.text('merged_into_id IS NOT NULL'),
    )
