"""what importing a file was shown to do: the plan that a person confirms by its digest"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime

revision = '20261130_0905'
down_revision = '20261130_0858'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'import_plan',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('import_file_id', sa.Integer(), nullable=False),
        sa.Column('digest', sa.String(), nullable=False),
        sa.Column('plan', sa.JSON(), nullable=False),
        sa.Column('made_at', UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['import_file_id'], ['import_file.id'], name='fk_import_plan_import_file_id', ondelete='RESTRICT'
        ),
        sa.UniqueConstraint('import_file_id', 'digest', name='uq_import_plan_import_file_id_digest'),
    )
