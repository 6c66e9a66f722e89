"""first steps that were put off, and mails to oneself"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime
from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_1830'
down_revision = '20261130_1825'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'first_step_delay',
        sa.Column('kind', sa.String(), primary_key=True),
        sa.Column('put_off_at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('put_off_by', sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('organisation', 'bank_account', 'mail', 'people', 'colleague', 'receipt')",
            name=op.f('ck_first_step_delay_kind_is_known'),
        ),
    )
    op.create_table(
        'mail_test',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('message_id', sa.Integer(), nullable=False),
        sa.Column('token_hash', sa.String(), nullable=False),
        sa.Column('asked_at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('asked_by', sa.String(), nullable=False),
        sa.Column('arrived_at', UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ['message_id'], ['message.id'], name='fk_mail_test_message_id', ondelete='RESTRICT'
        ),
        sa.UniqueConstraint('message_id', name='uq_mail_test_message_id'),
        sa.UniqueConstraint('token_hash', name='uq_mail_test_token_hash'),
    )
    set_word_checks(
        op.get_bind(), (WordCheck('template', 'kind', ('thank_you', 'new_donor', 'receipt', 'mail_test')),)
    )
