"""what personal fields were before and after a change, beside the chain of the audit"""

import sqlalchemy as sa
from alembic import op

revision = '20261130_1040'
down_revision = '20261130_1031'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'audit_value',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('record_id', sa.Integer(), nullable=False),
        sa.Column('donor_id', sa.Integer(), nullable=True),
        sa.Column('field', sa.String(), nullable=False),
        sa.Column('before', sa.JSON(), nullable=False),
        sa.Column('after', sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ['record_id'], ['audit_record.id'], name='fk_audit_value_record_id', ondelete='RESTRICT'
        ),
        sa.ForeignKeyConstraint(
            ['donor_id'], ['donor.id'], name='fk_audit_value_donor_id', ondelete='RESTRICT'
        ),
        sa.UniqueConstraint('record_id', 'field', name='uq_audit_value_record_id_field'),
    )
    op.create_index('ix_audit_value_donor_id', 'audit_value', ['donor_id'])
