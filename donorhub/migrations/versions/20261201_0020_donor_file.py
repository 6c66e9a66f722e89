"""files of donors"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime

revision = '20261201_0020'
down_revision = '20261130_2165'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'donor_file',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('donor_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('note', sa.String(), nullable=False),
        sa.Column('size', sa.Integer(), nullable=False),
        sa.Column('sha256', sa.String(), nullable=False),
        sa.Column('content', sa.LargeBinary(), nullable=False),
        sa.Column('added_by', sa.String(), nullable=False),
        sa.Column('added_at', UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('pdf', 'png', 'jpeg', 'tiff', 'webp', 'heic', 'docx', 'xlsx', 'odt', 'ods', 'text')",
            name=op.f('ck_donor_file_kind_is_known'),
        ),
        sa.CheckConstraint('size > 0', name=op.f('ck_donor_file_size_is_positive')),
        sa.ForeignKeyConstraint(['donor_id'], ['donor.id'], name='fk_donor_file_donor_id', ondelete='RESTRICT'),
    )
    op.create_index('ix_donor_file_donor_id', 'donor_file', ['donor_id'])
