"""how sure a recurring gift is that was found in payments, and from how many points it is made or proposed"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime

revision = '20261201_0070'
down_revision = '20261201_0050'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ('confidence', 'found_count', 'slot_count'):
        op.add_column('recurring_gift', sa.Column(name, sa.Integer(), nullable=True))
    for name, default in (('recurring_from_points', '80'), ('propose_from_points', '60')):
        op.add_column('organisation', sa.Column(name, sa.Integer(), server_default=default, nullable=False))
    op.add_column('organisation', sa.Column('inferred_until', UTCDateTime(timezone=True), nullable=True))
