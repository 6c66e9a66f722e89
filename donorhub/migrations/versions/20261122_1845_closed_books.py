"""the day up to which the books are closed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '20261122_1845'
down_revision = '20261122_1640'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('organisation', sa.Column('closed_until', sa.Date(), nullable=True))
