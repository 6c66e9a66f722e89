"""indexes for every list"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = '20261130_0445'
down_revision = '20261130_0430'
branch_labels = None
depends_on = None

OPEN = "state IN ('planned', 'queued', 'failed')"
PEOPLE = "performer = 'person'"
WAITING = "state IN ('suspense', 'doubtful')"
NEW = (
    ('audit_record', ('actor', 'id')),
    ('audit_record', ('what', 'id')),
    ('audit_record', ('subject_type', 'id')),
    ('dispute', ('opened_on',)),
    ('donor', ('name', 'id')),
    ('entry', ('bank_account_id', 'id')),
    ('entry', ('booked_on', 'id')),
    ('entry', ('state', 'booked_on', 'id')),
    ('entry', ('state', 'id')),
    ('entry_alias', ('ref',)),
    ('gift', ('method', 'id')),
    ('gift', ('method', 'received_on', 'id')),
    ('gift', ('recorded_at', 'id')),
    ('gift', ('source', 'id')),
    ('instalment', ('due_on', 'id')),
    ('instalment', ('recurring_gift_id', 'id')),
    ('instalment', ('state', 'id')),
    ('message', ('state', 'id')),
    ('provider_event', ('provider', 'id')),
    ('provider_event', ('state', 'id')),
    ('provider_event', ('type', 'id')),
    ('receipt', ('issued_on', 'id')),
    ('receipt', ('number', 'id')),
    ('receipt', ('state', 'id')),
    ('receipt', ('year', 'id')),
    ('refund', ('refunded_on',)),
    ('task', ('due_at', 'id')),
    ('task', ('kind', 'id')),
    ('task', ('state', 'id')),
)


def upgrade() -> None:
    op.drop_index('ix_entry_to_decide', table_name='entry')
    op.drop_index('ix_message_undelivered', table_name='message')
    op.drop_index('ix_task_dead', table_name='task')
    op.drop_index('ix_audit_record_subject', table_name='audit_record')
    op.create_index('ix_audit_record_subject', 'audit_record', ['subject_id', 'subject_type'])
    for table, columns in NEW:
        op.create_index(f'ix_{table}_{"_".join(columns)}', table, columns)
    op.create_index(
        'ix_entry_waiting', 'entry', ['bank_account_id', 'state', 'booked_on', 'id'],
        sqlite_where=sa.text(WAITING), postgresql_where=sa.text(WAITING),
    )
    op.create_index(
        'ix_receipt_unprinted', 'receipt', ['series'],
        sqlite_where=sa.text('pdf_sha256 IS NULL'), postgresql_where=sa.text('pdf_sha256 IS NULL'),
    )
    op.create_index(
        'ix_task_open_id', 'task', ['id'], sqlite_where=sa.text(OPEN), postgresql_where=sa.text(OPEN)
    )
    op.create_index(
        'ix_task_people', 'task', ['state', 'id'], sqlite_where=sa.text(PEOPLE), postgresql_where=sa.text(PEOPLE)
    )
    op.create_index(
        'ix_gift_test', 'gift', ['id'], sqlite_where=sa.text('is_test = 1'), postgresql_where=sa.text('is_test')
    )
