"""words by which the organisation gathers donors"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime

revision = '20261130_1735'
down_revision = '20261130_1715'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'tag',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('folded', sa.String(), nullable=False),
        sa.Column('created_at', UTCDateTime(timezone=True), nullable=False),
        sa.UniqueConstraint('folded', name='uq_tag_folded'),
    )
    op.create_table(
        'donor_tag',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('donor_id', sa.Integer(), nullable=False),
        sa.Column('tag_id', sa.Integer(), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('at', UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['donor_id'], ['donor.id'], name='fk_donor_tag_donor_id', ondelete='RESTRICT'),
        sa.ForeignKeyConstraint(['tag_id'], ['tag.id'], name='fk_donor_tag_tag_id', ondelete='RESTRICT'),
        sa.UniqueConstraint('tag_id', 'donor_id', name='uq_donor_tag_tag_id_donor_id'),
    )
    op.create_index('ix_donor_tag_donor_id', 'donor_tag', ['donor_id'])
