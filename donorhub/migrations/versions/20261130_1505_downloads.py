"""files of long lists that a worker prepares, kept for a day"""

import sqlalchemy as sa
from alembic import op

from donorhub.db import UTCDateTime
from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_1505'
down_revision = '20261130_1500'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'download',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('key', sa.String(), nullable=False),
        sa.Column('user_id', sa.Integer(), nullable=False),
        sa.Column('list_name', sa.String(), nullable=False),
        sa.Column('filters', sa.JSON(), nullable=False),
        sa.Column('form', sa.String(), nullable=False),
        sa.Column('lang', sa.String(), nullable=False),
        sa.Column('asked_at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('row_count', sa.Integer(), server_default='0', nullable=False),
        sa.Column('ready_at', UTCDateTime(timezone=True), nullable=True),
        sa.Column('refused_at', UTCDateTime(timezone=True), nullable=True),
        sa.Column('expires_at', UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("form IN ('csv', 'xlsx')", name=op.f('ck_download_form_is_known')),
        sa.CheckConstraint("lang IN ('en', 'pl', 'sq')", name=op.f('ck_download_lang_is_known')),
        sa.ForeignKeyConstraint(['user_id'], ['user.id'], name='fk_download_user_id', ondelete='RESTRICT'),
        sa.UniqueConstraint('key', name='uq_download_key'),
    )
    op.create_index('ix_download_user_id', 'download', ['user_id'])
    op.create_index('ix_download_expires_at', 'download', ['expires_at'])
    op.create_table(
        'download_part',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('download_id', sa.Integer(), nullable=False),
        sa.Column('position', sa.Integer(), nullable=False),
        sa.Column('content', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ['download_id'], ['download.id'], name='fk_download_part_download_id', ondelete='RESTRICT'
        ),
        sa.UniqueConstraint('download_id', 'position', name='uq_download_part_download_id_position'),
    )
    kinds = (
        'thank_you',
        'new_donor',
        'send_message',
        'render_receipt',
        'import_file',
        'import_records',
        'match_statement',
        'fetch_payout_items',
        'prepare_download',
        'account_deauthorized',
        'amount_differs',
        'call',
        'decided_twice',
        'dispute',
        'dunning',
        'fraud_warning',
        'invariant_broken',
        'missed_instalment',
        'paid_elsewhere',
        'payment_missing',
        'payout_failed',
        'payout_unexplained',
        'promise_goes_on',
        'receipt_correct',
        'receipt_void',
        'refund',
        'returned_gift',
        'statements_stopped',
        'thank_by_hand',
        'unknown_state',
        'welcome_recurring',
    )
    set_word_checks(op.get_bind(), (WordCheck('task', 'kind', kinds),))
