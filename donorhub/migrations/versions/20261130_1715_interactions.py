"""what people did and heard, tasks that a person plans, and the donors' notes as the first of these rows

A note is taken over word for word: with who wrote it and when, as far as the audit tells of its last change,
else with the day and the source of its donor.
"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime
from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_1715'
down_revision = '20261130_1525'
branch_labels = None
depends_on = None

NOTES = """
    INSERT INTO interaction (donor_id, kind, at, recorded_at, actor, text, source)
    SELECT donor.id, 'note', COALESCE(change.at, donor.created_at), COALESCE(change.at, donor.created_at),
        COALESCE(change.actor, creation.actor, 'system:0'), donor.note,
        CASE WHEN change.id IS NULL THEN donor.source
            WHEN change.actor LIKE 'token:%' THEN 'api'
            WHEN change.actor LIKE 'user:%' THEN 'form'
            ELSE donor.source END
    FROM donor
    LEFT JOIN (
        SELECT audit_value.donor_id, MAX(audit_record.id) AS record_id
        FROM audit_value JOIN audit_record ON audit_record.id = audit_value.record_id
        WHERE audit_value.field = 'note' AND audit_record.what = 'donor.changed'
        GROUP BY audit_value.donor_id
    ) AS last_change ON last_change.donor_id = donor.id
    LEFT JOIN audit_record AS change ON change.id = last_change.record_id
    LEFT JOIN (
        SELECT subject_id, MIN(id) AS record_id FROM audit_record
        WHERE what = 'donor.created' AND subject_type = 'donor' GROUP BY subject_id
    ) AS first_record ON first_record.subject_id = donor.id
    LEFT JOIN audit_record AS creation ON creation.id = first_record.record_id
    WHERE donor.note <> ''
    ORDER BY donor.id
"""


def upgrade() -> None:
    op.create_table(
        'interaction',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('donor_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('direction', sa.String(), nullable=True),
        sa.Column('at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('recorded_at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('actor', sa.String(), nullable=False),
        sa.Column('text', sa.String(), nullable=False),
        sa.Column('outcome', sa.String(), nullable=True),
        sa.Column('task_id', sa.Integer(), nullable=True),
        sa.Column('corrects_id', sa.Integer(), nullable=True),
        sa.Column('source', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ['donor_id'], ['donor.id'], name='fk_interaction_donor_id', ondelete='RESTRICT'
        ),
        sa.ForeignKeyConstraint(['task_id'], ['task.id'], name='fk_interaction_task_id', ondelete='RESTRICT'),
        sa.ForeignKeyConstraint(
            ['corrects_id'], ['interaction.id'], name='fk_interaction_corrects_id', ondelete='RESTRICT'
        ),
        sa.UniqueConstraint('corrects_id', name='uq_interaction_corrects_id'),
        sa.CheckConstraint(
            "kind IN ('note', 'call', 'meeting', 'visit', 'letter', 'email')",
            name=op.f('ck_interaction_kind_is_known'),
        ),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f('ck_interaction_direction_is_known')),
        sa.CheckConstraint(
            "outcome IN ('reached', 'no_answer', 'message_left', 'call_back', 'wrong_number')",
            name=op.f('ck_interaction_outcome_is_known'),
        ),
    )
    op.create_index('ix_interaction_donor_id_at_id', 'interaction', ['donor_id', 'at', 'id'])
    op.create_index('ix_interaction_task_id', 'interaction', ['task_id'])
    op.execute(NOTES)
    op.drop_column('donor', 'note')
    op.add_column('task', sa.Column('title', sa.String(), server_default='', nullable=False))
    set_word_checks(op.get_bind(), (
        WordCheck('task', 'kind', (
            'thank_you', 'new_donor', 'send_message', 'render_receipt', 'import_file', 'import_records',
            'match_statement', 'fetch_payout_items', 'prepare_download', 'account_deauthorized',
            'amount_differs', 'by_hand', 'call', 'decided_twice', 'dispute', 'dunning', 'fraud_warning',
            'invariant_broken', 'missed_instalment', 'paid_elsewhere', 'payment_missing', 'payout_failed',
            'payout_unexplained', 'promise_goes_on', 'receipt_correct', 'receipt_void', 'refund',
            'returned_gift', 'statements_stopped', 'thank_by_hand', 'unknown_state', 'welcome_recurring',
        )),
    ))
