"""letters that were posted among what happened with a donor, and letters to many written by a worker"""

import sqlalchemy as sa
from alembic import op
from donorhub.migrations.checks import WordCheck, add_foreign_key, set_word_checks

revision = '20261201_0030'
down_revision = '20261201_0020'
branch_labels = None
depends_on = None

_FIRST = sa.text('message_id IS NOT NULL AND corrects_id IS NULL')


def upgrade() -> None:
    op.add_column('interaction', sa.Column('message_id', sa.Integer(), nullable=True))
    add_foreign_key(op.get_bind(), 'interaction', 'message_id', 'message')
    op.create_index(
        'uq_interaction_message_id',
        'interaction',
        ['message_id'],
        unique=True,
        sqlite_where=_FIRST,
        postgresql_where=_FIRST,
    )
    set_word_checks(op.get_bind(), (
        WordCheck('task', 'kind', (
            'thank_you', 'new_donor', 'send_message', 'render_receipt', 'import_file', 'import_records',
            'match_statement', 'fetch_payout_items', 'prepare_download', 'erase_bytes', 'write_letters',
            'account_deauthorized', 'amount_differs', 'by_hand', 'call', 'decided_twice', 'dispute', 'dunning',
            'fraud_warning', 'invariant_broken', 'missed_instalment', 'paid_elsewhere', 'payment_missing',
            'payout_failed', 'payout_unexplained', 'promise_goes_on', 'receipt_correct', 'receipt_void', 'refund',
            'returned_gift', 'statements_stopped', 'thank_by_hand', 'unknown_state', 'welcome_recurring',
        )),
    ))
