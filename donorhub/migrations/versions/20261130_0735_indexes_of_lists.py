"""indexes of lists"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '20261130_0735'
down_revision = '20261130_0720'
branch_labels = None
depends_on = None

OPEN_TASKS_OF_PEOPLE = sa.text("performer = 'person' AND state IN ('planned', 'queued', 'failed')")


def upgrade() -> None:
    for name, columns in (
        ('ix_task_people_open', ['performer', 'id']),
        ('ix_task_people_donor', ['performer', 'donor_id', 'due_at']),
    ):
        op.create_index(
            name, 'task', columns, sqlite_where=OPEN_TASKS_OF_PEOPLE, postgresql_where=OPEN_TASKS_OF_PEOPLE
        )
    op.create_index('ix_statement_chain', 'statement', ['bank_account_id', 'period_from', 'period_to', 'id'])
    op.drop_index('ix_statement_bank_account_id_period_from', 'statement')
    op.create_index(
        'ix_statement_bank_account_id_period_to_id', 'statement', ['bank_account_id', 'period_to', 'id']
    )
    op.create_index('ix_statement_bank_account_id_id', 'statement', ['bank_account_id', 'id'])
    op.create_index('ix_recurring_gift_created_at_id', 'recurring_gift', ['created_at', 'id'])
    op.create_index(
        'ix_recurring_gift_running',
        'recurring_gift',
        ['id'],
        sqlite_where=sa.text("(state IN ('active', 'failing')) IS 1"),
        postgresql_where=sa.text("(state IN ('active', 'failing')) IS TRUE"),
    )
    if op.get_bind().dialect.name == 'postgresql':
        # In this order names are listed that begin with few letters; it finds them as the one before did.
        op.execute('DROP INDEX ix_donor_search')
        op.execute('CREATE INDEX ix_donor_search ON donor (search COLLATE "C", id)')
