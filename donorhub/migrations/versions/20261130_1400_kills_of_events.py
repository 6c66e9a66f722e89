"""how often a worker began with a provider event and came to no end"""

import sqlalchemy as sa
from alembic import op

revision = '20261130_1400'
down_revision = '20261130_1156'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('provider_event', sa.Column('kills', sa.Integer(), nullable=False, server_default='0'))
