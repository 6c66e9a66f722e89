"""files of donors and past gifts: their rows, their kind, the task that writes them, receipts of before"""

import sqlalchemy as sa
from alembic import op

from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_1500'
down_revision = '20261130_1450'
branch_labels = None
depends_on = None

TASK_KINDS = (
    'thank_you', 'new_donor', 'send_message', 'render_receipt', 'import_file', 'import_records',
    'match_statement', 'fetch_payout_items', 'account_deauthorized', 'amount_differs', 'call',
    'decided_twice', 'dispute', 'dunning', 'fraud_warning', 'invariant_broken', 'missed_instalment',
    'paid_elsewhere', 'payment_missing', 'payout_failed', 'payout_unexplained', 'promise_goes_on',
    'receipt_correct', 'receipt_void', 'refund', 'returned_gift', 'statements_stopped', 'thank_by_hand',
    'unknown_state', 'welcome_recurring',
)


def upgrade() -> None:
    op.add_column('import_file', sa.Column('kind', sa.String(), nullable=False, server_default='statement'))
    op.add_column('gift', sa.Column('receipted_elsewhere', sa.String(), nullable=False, server_default=''))
    set_word_checks(
        op.get_bind(),
        (
            WordCheck('import_file', 'kind', ('statement', 'records')),
            WordCheck('task', 'kind', TASK_KINDS),
        ),
    )
    op.create_table(
        'record_row',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('import_file_id', sa.Integer(), nullable=False),
        sa.Column('sheet', sa.String(), nullable=False),
        sa.Column('row_no', sa.Integer(), nullable=False),
        sa.Column('raw', sa.JSON(), nullable=False),
        sa.Column('plan', sa.JSON(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('reason', sa.String(), nullable=False),
        sa.Column('donor_id', sa.Integer(), nullable=True),
        sa.Column('gift_id', sa.Integer(), nullable=True),
        sa.Column('made_donor', sa.Boolean(), nullable=False),
        sa.Column('made_gift', sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "state IN ('made', 'joined', 'known', 'held', 'left_out')",
            name=op.f('ck_record_row_state_is_known'),
        ),
        sa.ForeignKeyConstraint(
            ['import_file_id'], ['import_file.id'], name='fk_record_row_import_file_id', ondelete='RESTRICT'
        ),
        sa.ForeignKeyConstraint(
            ['donor_id'], ['donor.id'], name='fk_record_row_donor_id', ondelete='RESTRICT'
        ),
        sa.ForeignKeyConstraint(['gift_id'], ['gift.id'], name='fk_record_row_gift_id', ondelete='RESTRICT'),
        sa.UniqueConstraint(
            'import_file_id', 'sheet', 'row_no', name='uq_record_row_import_file_id_sheet_row_no'
        ),
    )
    op.create_index(
        'ix_record_row_import_file_id_state_id', 'record_row', ['import_file_id', 'state', 'id']
    )
    op.create_index('ix_record_row_donor_id', 'record_row', ['donor_id'])
    op.create_index('ix_record_row_gift_id', 'record_row', ['gift_id'])
