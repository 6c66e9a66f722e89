"""what made us stop writing to an address, who said so, and who lifted it"""

import sqlalchemy as sa
from alembic import op

from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_0850'
down_revision = '20261130_0845'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('suppression', sa.Column('source', sa.String(), nullable=False, server_default='told'))
    op.add_column('suppression', sa.Column('created_by', sa.String(), nullable=False, server_default='system:0'))
    op.add_column('suppression', sa.Column('lifted_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('suppression', sa.Column('lifted_by', sa.String(), nullable=True))
    op.add_column('suppression', sa.Column('lift_reason', sa.String(), nullable=False, server_default=''))
    set_word_checks(
        op.get_bind(), (WordCheck('suppression', 'source', ('told', 'bounced', 'complained')),)
    )
