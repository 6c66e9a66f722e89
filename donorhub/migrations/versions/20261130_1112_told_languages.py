"""whether a donor named the language of their letters; of those there are, all count as told"""

import sqlalchemy as sa
from alembic import op

revision = '20261130_1112'
down_revision = '20261130_1056'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('donor', sa.Column('lang_is_told', sa.Boolean(), nullable=False, server_default=sa.true()))
