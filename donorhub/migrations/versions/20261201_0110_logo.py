"""the organisation's logo"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime

revision = '20261201_0110'
down_revision = '20261201_0100'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'logo',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('content', sa.LargeBinary(), nullable=False),
        sa.Column('width', sa.Integer(), nullable=False),
        sa.Column('height', sa.Integer(), nullable=False),
        sa.Column('sha256', sa.String(), nullable=False),
        sa.Column('kept_at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('kept_by', sa.String(), nullable=False),
        sa.CheckConstraint('id = 1', name=op.f('ck_logo_there_is_one')),
        sa.PrimaryKeyConstraint('id', name='pk_logo'),
    )
