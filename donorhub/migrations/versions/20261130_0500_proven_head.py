"""how far all invariants were seen to hold

An index leads the check of every ten minutes to payments without their gift.
"""

import sqlalchemy as sa
from alembic import op

revision = '20261130_0500'
down_revision = '20261130_0445'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'proven_head',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('ids', sa.JSON(), nullable=False),
        sa.Column('proved_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('next_ids', sa.JSON(), nullable=False),
        sa.Column('next_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('audit_seq', sa.Integer(), nullable=False),
        sa.Column('audit_chain', sa.String(), nullable=False),
        sa.Column('whole_at', sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint('id = 1', name=op.f('ck_proven_head_there_is_one')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_proven_head')),
    )
    where = sa.text("state = 'succeeded' AND gift_id IS NULL")
    op.create_index(
        'ix_payment_without_gift', 'payment', ['id'], sqlite_where=where, postgresql_where=where
    )
