"""up to which day each source of money is known, bank accounts that are closed, and questions about amounts

What is known now, the program writes down by itself in its first hour.
"""

import sqlalchemy as sa
from alembic import op

from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_0853'
down_revision = '20261130_0850'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('bank_account', sa.Column('closed_on', sa.Date(), nullable=True))
    op.create_table(
        'coverage',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('known_from', sa.Date(), nullable=True),
        sa.Column('known_to', sa.Date(), nullable=True),
        sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_coverage')),
    )
    op.create_index('ix_coverage_source_id', 'coverage', ['source', 'id'])
    set_word_checks(op.get_bind(), (
        WordCheck('task', 'kind', (
            'thank_you', 'new_donor', 'send_message', 'render_receipt', 'import_file',
            'match_statement', 'fetch_payout_items', 'account_deauthorized', 'amount_differs', 'call',
            'decided_twice', 'dispute', 'dunning', 'fraud_warning', 'invariant_broken',
            'missed_instalment', 'paid_elsewhere', 'payment_missing', 'payout_failed',
            'payout_unexplained', 'receipt_correct', 'receipt_void', 'refund', 'returned_gift',
            'thank_by_hand', 'unknown_state', 'welcome_recurring',
        )),
    ))
