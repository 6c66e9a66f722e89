"""an index by which the audit's records of some days are found"""

from alembic import op

revision = '20261130_1121'
down_revision = '20261130_1112'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_audit_record_at_id', 'audit_record', ['at', 'id'])
