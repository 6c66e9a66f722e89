"""what a person said of rows of a table that cannot be read: mended, or left out by choice"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime

revision = '20261130_1156'
down_revision = '20261130_1155'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'import_row',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('import_file_id', sa.Integer(), nullable=False),
        sa.Column('line', sa.Integer(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('cells', sa.JSON(), nullable=False),
        sa.Column('raw', sa.String(), nullable=False),
        sa.Column('actor', sa.String(), nullable=False),
        sa.Column('made_at', UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('mended', 'left_out')", name=op.f('ck_import_row_state_is_known')),
        sa.ForeignKeyConstraint(
            ['import_file_id'], ['import_file.id'], name='fk_import_row_import_file_id', ondelete='RESTRICT'
        ),
        sa.UniqueConstraint('import_file_id', 'line', name='uq_import_row_import_file_id_line'),
    )
