"""verdicts and questions about duplicates, merges with what they moved, and the settings of both"""

import sqlalchemy as sa
from alembic import op

from donorhub.db import UTCDateTime

revision = '20261130_2124'
down_revision = '20261130_2121'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'duplicate_verdict',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('left_id', sa.Integer(), nullable=False),
        sa.Column('right_id', sa.Integer(), nullable=False),
        sa.Column('verdict', sa.String(), nullable=False),
        sa.Column('actor', sa.String(), nullable=False),
        sa.Column('at', UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint('left_id < right_id', name=op.f('ck_duplicate_verdict_left_is_the_older')),
        sa.CheckConstraint("verdict IN ('same', 'different')", name=op.f('ck_duplicate_verdict_verdict_is_known')),
        sa.ForeignKeyConstraint(['left_id'], ['donor.id'], name=op.f('fk_duplicate_verdict_left_id'), ondelete='RESTRICT'),
        sa.ForeignKeyConstraint(['right_id'], ['donor.id'], name=op.f('fk_duplicate_verdict_right_id'), ondelete='RESTRICT'),
        sa.UniqueConstraint('left_id', 'right_id', name=op.f('uq_duplicate_verdict_left_id_right_id')),
    )
    op.create_index('ix_duplicate_verdict_right_id', 'duplicate_verdict', ['right_id'])
    _create_merges()
    _create_questions()
    for name, default in (('merge_from_points', '80'), ('ask_from_points', '52'), ('unmerge_days', '30')):
        op.add_column('organisation', sa.Column(name, sa.Integer(), server_default=default, nullable=False))
    op.add_column('organisation', sa.Column('merges_alone', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('organisation', sa.Column('duplicates_seen_at', UTCDateTime(timezone=True), nullable=True))


def _create_merges() -> None:
    op.create_table(
        'merge_log',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('survivor_id', sa.Integer(), nullable=False),
        sa.Column('loser_id', sa.Integer(), nullable=False),
        sa.Column('at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('actor', sa.String(), nullable=False),
        sa.Column('evidence', sa.JSON(), nullable=False),
        sa.Column('field_choices', sa.JSON(), nullable=False),
        sa.Column('marks', sa.JSON(), nullable=False),
        sa.Column('undone_at', UTCDateTime(timezone=True), nullable=True),
        sa.Column('undone_by', sa.String(), nullable=True),
        sa.ForeignKeyConstraint(['survivor_id'], ['donor.id'], name=op.f('fk_merge_log_survivor_id'), ondelete='RESTRICT'),
        sa.ForeignKeyConstraint(['loser_id'], ['donor.id'], name=op.f('fk_merge_log_loser_id'), ondelete='RESTRICT'),
    )
    op.create_index('ix_merge_log_survivor_id', 'merge_log', ['survivor_id'])
    op.create_index('ix_merge_log_loser_id', 'merge_log', ['loser_id'])
    op.create_index('ix_merge_log_at_id', 'merge_log', ['at', 'id'])
    done = sa.text('undone_at IS NULL')
    op.create_index('uq_merge_log_done', 'merge_log', ['loser_id'], unique=True, sqlite_where=done, postgresql_where=done)
    op.create_table(
        'merge_move',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('merge_id', sa.Integer(), nullable=False),
        sa.Column('table_name', sa.String(), nullable=False),
        sa.Column('row_id', sa.Integer(), nullable=False),
        sa.Column('column_name', sa.String(), nullable=False),
        sa.Column('from_id', sa.Integer(), nullable=True),
        sa.Column('to_id', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['merge_id'], ['merge_log.id'], name=op.f('fk_merge_move_merge_id'), ondelete='RESTRICT'),
    )
    op.create_table(
        'merge_drop',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('merge_id', sa.Integer(), nullable=False),
        sa.Column('table_name', sa.String(), nullable=False),
        sa.Column('row_id', sa.Integer(), nullable=False),
        sa.Column('content', sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(['merge_id'], ['merge_log.id'], name=op.f('fk_merge_drop_merge_id'), ondelete='RESTRICT'),
    )
    for table in ('merge_move', 'merge_drop'):
        op.create_index(f'ix_{table}_merge_id', table, ['merge_id'])
        op.create_index(f'ix_{table}_row', table, ['table_name', 'row_id'])


def _create_questions() -> None:
    op.create_table(
        'duplicate_question',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('merge_id', sa.Integer(), nullable=True),
        sa.Column('found_at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('answer', sa.String(), nullable=True),
        sa.Column('answered_at', UTCDateTime(timezone=True), nullable=True),
        sa.Column('answered_by', sa.String(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'answered', 'gone')", name=op.f('ck_duplicate_question_state_is_known')),
        sa.CheckConstraint(
            "answer IN ('one', 'people', 'different', 'household', 'right', 'undone')",
            name=op.f('ck_duplicate_question_answer_is_known'),
        ),
        sa.ForeignKeyConstraint(['merge_id'], ['merge_log.id'], name=op.f('fk_duplicate_question_merge_id'), ondelete='RESTRICT'),
    )
    op.create_index('ix_duplicate_question_state_id', 'duplicate_question', ['state', 'id'])
    of_merge = sa.text('merge_id IS NOT NULL')
    op.create_index(
        'uq_duplicate_question_merge_id', 'duplicate_question', ['merge_id'],
        unique=True, sqlite_where=of_merge, postgresql_where=of_merge,
    )
    op.create_table(
        'duplicate_member',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('question_id', sa.Integer(), nullable=False),
        sa.Column('donor_id', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ['question_id'], ['duplicate_question.id'], name=op.f('fk_duplicate_member_question_id'), ondelete='RESTRICT'
        ),
        sa.ForeignKeyConstraint(['donor_id'], ['donor.id'], name=op.f('fk_duplicate_member_donor_id'), ondelete='RESTRICT'),
        sa.UniqueConstraint('question_id', 'donor_id', name=op.f('uq_duplicate_member_question_id_donor_id')),
    )
    op.create_index('ix_duplicate_member_donor_id', 'duplicate_member', ['donor_id'])
