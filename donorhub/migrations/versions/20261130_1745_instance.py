"""this installation: where it runs, and whether it is held because it is a copy"""

import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from donorhub.db import UTCDateTime

revision = '20261130_1745'
down_revision = '20261130_1735'
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = op.create_table(
        'instance',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('ref', sa.String(), nullable=False),
        sa.Column('made_at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('epoch', sa.Integer(), server_default='1', nullable=False),
        sa.Column('place', sa.JSON(), nullable=False),
        sa.Column('state', sa.String(), server_default='normal', nullable=False),
        sa.Column('held_reason', sa.String(), nullable=True),
        sa.Column('held_at', UTCDateTime(timezone=True), nullable=True),
        sa.Column('adopted_at', UTCDateTime(timezone=True), nullable=True),
        sa.Column('adopted_by', sa.String(), nullable=True),
        sa.CheckConstraint('id = 1', name=op.f('ck_instance_there_is_one')),
        sa.CheckConstraint("state IN ('normal', 'held')", name=op.f('ck_instance_state_is_known')),
        sa.CheckConstraint(
            "held_reason IN ('imported')", name=op.f('ck_instance_held_reason_is_known')
        ),
    )
    # An installation that is upgraded where it runs goes on as it is; its place is noted at the next start.
    op.bulk_insert(
        table,
        [{'id': 1, 'ref': secrets.token_hex(8), 'made_at': datetime.now(UTC), 'place': {}}],
    )
