"""when the bank wrote a statement, as its file says"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime

revision = '20261130_1525'
down_revision = '20261130_1510'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('statement', sa.Column('written_at', UTCDateTime(timezone=True), nullable=True))
