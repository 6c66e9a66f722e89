"""what a message speaks of: the gifts of a thank-you, those of before by their tasks"""

import sqlalchemy as sa
from alembic import op

revision = '20261130_1133'
down_revision = '20261130_1131'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'message_subject',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('message_id', sa.Integer(), nullable=False),
        sa.Column('subject_type', sa.String(), nullable=False),
        sa.Column('subject_id', sa.Integer(), nullable=False),
        sa.CheckConstraint("subject_type IN ('gift')", name=op.f('ck_message_subject_subject_type_is_known')),
        sa.ForeignKeyConstraint(
            ['message_id'], ['message.id'], name=op.f('fk_message_subject_message_id'), ondelete='RESTRICT'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_message_subject')),
        sa.UniqueConstraint(
            'message_id',
            'subject_type',
            'subject_id',
            name=op.f('uq_message_subject_message_id_subject_type_subject_id'),
        ),
    )
    op.create_index('ix_message_subject_subject', 'message_subject', ['subject_type', 'subject_id'])
    op.execute(
        "INSERT INTO message_subject (message_id, subject_type, subject_id)"
        " SELECT message.id, 'gift', task.subject_id FROM message JOIN task ON task.id = message.task_id"
        " WHERE task.kind = 'thank_you' AND task.subject_type = 'gift' ORDER BY message.id"
    )
