"""what was given in kind, as the receipt says it"""

import sqlalchemy as sa
from alembic import op

revision = '20261130_1151'
down_revision = '20261130_1150'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('gift', sa.Column('goods', sa.String(), nullable=False, server_default=''))
