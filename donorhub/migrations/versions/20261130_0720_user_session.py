"""a row for each browser in which somebody is signed in

Everybody has to sign in once more: the cookies of before held no session. The tokens of people who were
let in no more stop, as they do from now on.
"""

import sqlalchemy as sa
from alembic import op

revision = '20261130_0720'
down_revision = '20261130_0545'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'user_session',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('token_sha256', sa.String(), nullable=False),
        sa.Column('user_id', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['user_id'], ['user.id'], name=op.f('fk_user_session_user_id'), ondelete='CASCADE'
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_user_session')),
        sa.UniqueConstraint('token_sha256', name=op.f('uq_user_session_token_sha256')),
    )
    op.create_index(op.f('ix_user_session_user_id'), 'user_session', ['user_id'])
    op.execute(
        'UPDATE api_token SET revoked_at = CURRENT_TIMESTAMP WHERE revoked_at IS NULL AND created_by IN'
        ''' (SELECT 'user:' || id FROM "user" WHERE NOT active)'''
    )
