"""by which rule the engine decided, what people said of its decisions, and the rules that were stopped"""

import sqlalchemy as sa
from alembic import op

from donorhub.db import UTCDateTime
from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261201_0140'
down_revision = '20261201_0135'
branch_labels = None
depends_on = None

_RULES = ('ref', 'code', 'account', 'saying', 'name_file', 'payout', 'return', 'no_gift')
_REASONS = ('looks', 'wrong_donor', 'person')
_TASKS = (
    'thank_you', 'new_donor', 'send_message', 'render_receipt', 'import_file', 'import_records',
    'match_statement', 'fetch_payout_items', 'prepare_download', 'erase_bytes', 'write_letters',
    'account_deauthorized', 'amount_differs', 'by_hand', 'call', 'decided_twice', 'dispute',
    'dunning', 'find_successor', 'fraud_warning', 'invariant_broken', 'missed_instalment',
    'paid_elsewhere', 'payment_missing', 'payout_failed', 'payout_unexplained', 'promise_goes_on',
    'receipt_correct', 'receipt_void', 'refund', 'returned_gift', 'rule_stopped',
    'statements_stopped', 'thank_by_hand', 'unknown_state', 'welcome_recurring',
)


def upgrade() -> None:
    op.create_table(
        'match_look',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('match_id', sa.Integer(), nullable=False),
        sa.Column('rule', sa.String(), nullable=False),
        sa.Column('bank_account_id', sa.Integer(), nullable=False),
        sa.Column('drawn_at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('looked_at', UTCDateTime(timezone=True), nullable=True),
        sa.Column('looked_by', sa.String(), nullable=True),
        sa.Column('is_right', sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ['match_id'], ['match.id'], name='fk_match_look_match_id', ondelete='RESTRICT'
        ),
        sa.ForeignKeyConstraint(
            ['bank_account_id'], ['bank_account.id'], name='fk_match_look_bank_account_id', ondelete='RESTRICT'
        ),
        sa.PrimaryKeyConstraint('id', name='pk_match_look'),
        sa.UniqueConstraint('match_id', name='uq_match_look_match_id'),
    )
    op.create_index('ix_match_look_looked_at_id', 'match_look', ['looked_at', 'id'])
    op.create_index(
        'ix_match_look_rule_bank_account_id', 'match_look', ['rule', 'bank_account_id', 'looked_at']
    )
    op.create_index('ix_match_look_drawn_at', 'match_look', ['drawn_at'])
    op.create_table(
        'match_rule',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('rule', sa.String(), nullable=False),
        sa.Column('bank_account_id', sa.Integer(), nullable=True),
        sa.Column('reason', sa.String(), nullable=False),
        sa.Column('stopped_at', UTCDateTime(timezone=True), nullable=True),
        sa.Column('stopped_by', sa.String(), nullable=False),
        sa.Column('since_at', UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ['bank_account_id'], ['bank_account.id'], name='fk_match_rule_bank_account_id', ondelete='RESTRICT'
        ),
        sa.PrimaryKeyConstraint('id', name='pk_match_rule'),
    )
    op.create_index(
        'uq_match_rule_place', 'match_rule', ['rule', sa.text('coalesce(bank_account_id, 0)')], unique=True
    )
    op.add_column('match', sa.Column('rule', sa.String(), nullable=True))
    set_word_checks(
        op.get_bind(),
        [
            WordCheck('match', 'rule', _RULES),
            WordCheck('match_look', 'rule', _RULES),
            WordCheck('match_rule', 'rule', _RULES),
            WordCheck('match_rule', 'reason', _REASONS),
            WordCheck('task', 'kind', _TASKS),
        ],
    )
    op.create_index(
        'ix_match_rule_decided_at_id',
        'match',
        ['rule', 'decided_at', 'id'],
        sqlite_where=sa.text('rule IS NOT NULL'),
        postgresql_where=sa.text('rule IS NOT NULL'),
    )
