"""questions about promises that ended and accounts whose statements stopped"""

from alembic import op

from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_1150'
down_revision = '20261130_1133'
branch_labels = None
depends_on = None


def upgrade() -> None:
    set_word_checks(op.get_bind(), (
        WordCheck('task', 'kind', (
            'thank_you', 'new_donor', 'send_message', 'render_receipt', 'import_file',
            'match_statement', 'fetch_payout_items', 'account_deauthorized', 'amount_differs', 'call',
            'decided_twice', 'dispute', 'dunning', 'fraud_warning', 'invariant_broken',
            'missed_instalment', 'paid_elsewhere', 'payment_missing', 'payout_failed',
            'payout_unexplained', 'promise_goes_on', 'receipt_correct', 'receipt_void', 'refund',
            'returned_gift', 'statements_stopped', 'thank_by_hand', 'unknown_state', 'welcome_recurring',
        )),
    ))
