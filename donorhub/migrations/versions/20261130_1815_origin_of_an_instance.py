"""where the data of an installation were brought in from"""

import sqlalchemy as sa
from alembic import op

revision = '20261130_1815'
down_revision = '20261130_1808'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('instance', sa.Column('origin', sa.JSON(), nullable=True))
