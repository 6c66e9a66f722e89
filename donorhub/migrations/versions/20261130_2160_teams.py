"""teams of users, and of whose donors a user or a token sees the data"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime
from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_2160'
down_revision = '20261130_2155'
branch_labels = None
depends_on = None

SCOPES = ('own', 'team', 'all')


def upgrade() -> None:
    op.create_table(
        'team',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('created_at', UTCDateTime(timezone=True), nullable=False),
        sa.UniqueConstraint('name', name='uq_team_name'),
    )
    op.create_table(
        'team_member',
        sa.Column('team_id', sa.Integer(), nullable=False),
        sa.Column('user_id', sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(['team_id'], ['team.id'], name='fk_team_member_team_id', ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['user_id'], ['user.id'], name='fk_team_member_user_id', ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('team_id', 'user_id', name='pk_team_member'),
    )
    op.create_index('ix_team_member_user_id', 'team_member', ['user_id'])
    op.add_column('user', sa.Column('row_scope', sa.String(), nullable=True))
    op.add_column('api_token', sa.Column('row_scope', sa.String(), server_default='all', nullable=False))
    op.add_column('api_token', sa.Column('user_id', sa.Integer(), nullable=True))
    set_word_checks(
        op.get_bind(), (WordCheck('user', 'row_scope', SCOPES), WordCheck('api_token', 'row_scope', SCOPES))
    )
