"""a gift is what one bank entry is, and no other's at the same time"""

import sqlalchemy as sa
from alembic import op

revision = '20261130_1825'
down_revision = '20261130_1815'
branch_labels = None
depends_on = None

LIVE = sa.text("undone_at IS NULL AND kind = 'gift'")


def upgrade() -> None:
    # Until now each match of this kind made its own gift, so no gift has two.
    op.create_index(
        'uq_match_live_gift', 'match', ['gift_id'], unique=True, sqlite_where=LIVE, postgresql_where=LIVE
    )
