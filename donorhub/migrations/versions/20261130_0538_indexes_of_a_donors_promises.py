"""indexes of a donor's promises"""

from __future__ import annotations

from alembic import op


revision = '20261130_0538'
down_revision = '20261130_0500'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_recurring_gift_donor_id_state', 'recurring_gift', ['donor_id', 'state'])
    op.create_index(
        'ix_instalment_recurring_gift_id_state_due_on', 'instalment', ['recurring_gift_id', 'state', 'due_on']
    )
