"""tax numbers of donors, and the head of the audit"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '20261122_1640'
down_revision = '20261122_1200'
branch_labels = None
depends_on = None

# A database that has sealed records already takes its head from the last of them.
HEAD_OF_WHAT_IS_SEALED = (
    "INSERT INTO audit_head (id, seq, chain) SELECT 1, seq, chain FROM audit_record"
    " WHERE seq = (SELECT max(seq) FROM audit_record)"
)


def upgrade() -> None:
    # Without a batch: that would build the table anew, and its search triggers with it.
    op.add_column('donor', sa.Column('tax_number', sa.String(), server_default='', nullable=False))
    op.create_table(
        'audit_head',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('seq', sa.Integer(), nullable=False),
        sa.Column('chain', sa.String(), nullable=False),
        sa.CheckConstraint('id = 1', name=op.f('ck_audit_head_there_is_one')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_head')),
    )
    op.execute(HEAD_OF_WHAT_IS_SEALED)
