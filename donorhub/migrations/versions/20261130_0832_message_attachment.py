"""what goes with a message: the stored PDF of a receipt"""

import sqlalchemy as sa
from alembic import op

from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_0832'
down_revision = '20261130_0815'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'message_attachment',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('message_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('receipt_id', sa.Integer(), nullable=False),
        sa.Column('filename', sa.String(), nullable=False),
        sa.Column('media_type', sa.String(), nullable=False),
        sa.Column('sha256', sa.String(), nullable=True),
        sa.Column('size', sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('receipt')", name=op.f('ck_message_attachment_kind_is_known')),
        sa.ForeignKeyConstraint(
            ['message_id'], ['message.id'], name=op.f('fk_message_attachment_message_id'), ondelete='RESTRICT'
        ),
        sa.ForeignKeyConstraint(
            ['receipt_id'], ['receipt.id'], name=op.f('fk_message_attachment_receipt_id'), ondelete='RESTRICT'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_message_attachment')),
        sa.UniqueConstraint('message_id', 'receipt_id', name=op.f('uq_message_attachment_message_id_receipt_id')),
    )
    op.create_index(op.f('ix_message_attachment_receipt_id'), 'message_attachment', ['receipt_id'])
    set_word_checks(op.get_bind(), (WordCheck('template', 'kind', ('thank_you', 'new_donor', 'receipt')),))
