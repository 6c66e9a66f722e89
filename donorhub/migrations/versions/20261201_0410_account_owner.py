"""who decides what waits in an account, and their task"""

import sqlalchemy as sa
from alembic import op
from donorhub.migrations.checks import WordCheck, add_foreign_key, set_word_checks

revision = '20261201_0410'
down_revision = '20261201_0400'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('bank_account', sa.Column('owner_id', sa.Integer(), nullable=True))
    add_foreign_key(op.get_bind(), 'bank_account', 'owner_id', 'user')
    set_word_checks(op.get_bind(), (
        WordCheck('task', 'kind', (
            'thank_you', 'new_donor', 'send_message', 'render_receipt', 'import_file', 'import_records',
            'match_statement', 'fetch_payout_items', 'prepare_download', 'erase_bytes', 'write_letters',
            'account_deauthorized', 'amount_differs', 'by_hand', 'call', 'decided_twice', 'dispute', 'dunning',
            'find_successor', 'fraud_warning', 'invariant_broken', 'missed_instalment', 'money_waits',
            'paid_elsewhere', 'payment_missing', 'payout_failed', 'payout_unexplained', 'promise_goes_on',
            'receipt_correct', 'receipt_void', 'refund', 'returned_gift', 'rule_stopped', 'statements_stopped',
            'thank_by_hand', 'unknown_state', 'welcome_recurring',
        )),
    ))
