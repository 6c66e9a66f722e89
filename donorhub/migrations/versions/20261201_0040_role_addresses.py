"""whose an organisation's contact is: a role's, which stays, or that of somebody with a position; and the task
that asks for a successor"""

import sqlalchemy as sa
from alembic import op
from donorhub.migrations.checks import WordCheck, add_check, add_foreign_key, set_word_checks

revision = '20261201_0040'
down_revision = '20261201_0030'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('contact_point', sa.Column('role', sa.String(), nullable=True))
    op.add_column('contact_point', sa.Column('person_id', sa.Integer(), nullable=True))
    add_foreign_key(op.get_bind(), 'contact_point', 'person_id', 'donor')
    add_check(op.get_bind(), 'contact_point', 'of_role_or_person', 'role IS NULL OR person_id IS NULL')
    reaches_somebody = sa.text('person_id IS NOT NULL')
    op.create_index(
        'ix_contact_point_person_id', 'contact_point', ['person_id'],
        sqlite_where=reaches_somebody, postgresql_where=reaches_somebody,
    )
    set_word_checks(op.get_bind(), (
        WordCheck('contact_point', 'role', ('office', 'secretariat', 'accounting', 'management', 'press')),
        WordCheck('task', 'kind', (
            'thank_you', 'new_donor', 'send_message', 'render_receipt', 'import_file', 'import_records',
            'match_statement', 'fetch_payout_items', 'prepare_download', 'erase_bytes', 'write_letters', 'account_deauthorized',
            'amount_differs', 'by_hand', 'call', 'decided_twice', 'dispute', 'dunning', 'find_successor',
            'fraud_warning', 'invariant_broken', 'missed_instalment', 'paid_elsewhere', 'payment_missing',
            'payout_failed', 'payout_unexplained', 'promise_goes_on', 'receipt_correct', 'receipt_void', 'refund',
            'returned_gift', 'statements_stopped', 'thank_by_hand', 'unknown_state', 'welcome_recurring',
        )),
    ))
