"""restriction and erasure of donors, and sealed papers of those erased"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime
from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_2135'
down_revision = '20261130_2130'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('donor', sa.Column('is_restricted', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('donor', sa.Column('erased_at', UTCDateTime(timezone=True), nullable=True))
    op.add_column('receipt', sa.Column('sealed_payload', sa.LargeBinary(), nullable=True))
    op.create_table(
        'erasure',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('donor_id', sa.Integer(), nullable=False),
        sa.Column('code_hash', sa.String(), nullable=False),
        sa.Column('erased_at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('actor', sa.String(), nullable=False),
        sa.Column('kept', sa.JSON(), nullable=False),
        sa.Column('bytes_erased_at', UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['donor_id'], ['donor.id'], name='fk_erasure_donor_id', ondelete='RESTRICT'),
        sa.PrimaryKeyConstraint('id', name='pk_erasure'),
        sa.UniqueConstraint('donor_id', name='uq_erasure_donor_id'),
    )
    op.create_index('ix_erasure_bytes_erased_at', 'erasure', ['bytes_erased_at'])
    op.create_table(
        'erased_key',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('value_hash', sa.String(), nullable=False),
        sa.Column('donor_id', sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('email', 'phone', 'account', 'external_id')", name=op.f('ck_erased_key_kind_is_known')
        ),
        sa.ForeignKeyConstraint(['donor_id'], ['donor.id'], name='fk_erased_key_donor_id', ondelete='RESTRICT'),
        sa.PrimaryKeyConstraint('id', name='pk_erased_key'),
        sa.UniqueConstraint('kind', 'value_hash', 'donor_id', name='uq_erased_key_kind_value_hash_donor_id'),
    )
    op.create_index('ix_erased_key_donor_id', 'erased_key', ['donor_id'])
    op.create_table(
        'receipt_key',
        sa.Column('year', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('sealed_key', sa.LargeBinary(), nullable=True),
        sa.Column('made_at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('destroyed_at', UTCDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('year', name='pk_receipt_key'),
    )
    set_word_checks(op.get_bind(), (
        WordCheck('instance', 'held_reason', ('imported', 'restored')),
        WordCheck('domain_event', 'kind', (
            'donor.created', 'donor.erased', 'gift.recorded', 'gift.refunded', 'gift.disputed', 'gift.returned',
            'gift.corrected', 'instalment.paid', 'instalment.missed', 'membership.ended', 'membership.started',
            'receipt.issued', 'receipt.voided', 'recurring_gift.started', 'recurring_gift.amount',
            'recurring_gift.paused', 'recurring_gift.resumed', 'recurring_gift.lapsed', 'recurring_gift.closed',
        )),
        WordCheck('task', 'kind', (
            'thank_you', 'new_donor', 'send_message', 'render_receipt', 'import_file', 'import_records',
            'match_statement', 'fetch_payout_items', 'prepare_download', 'erase_bytes', 'account_deauthorized',
            'amount_differs', 'by_hand', 'call', 'decided_twice', 'dispute', 'dunning', 'fraud_warning',
            'invariant_broken', 'missed_instalment', 'paid_elsewhere', 'payment_missing', 'payout_failed',
            'payout_unexplained', 'promise_goes_on', 'receipt_correct', 'receipt_void', 'refund',
            'returned_gift', 'statements_stopped', 'thank_by_hand', 'unknown_state', 'welcome_recurring',
        )),
    ))
