"""attempts of tasks that failed, told apart from those that were killed with their worker"""

import sqlalchemy as sa
from alembic import op

revision = '20261130_1130'
down_revision = '20261130_1121'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('task', sa.Column('failures', sa.Integer(), nullable=False, server_default='0'))
    # What failed last had an error each time, as far as anybody wrote down.
    op.execute("UPDATE task SET failures = attempts WHERE state IN ('failed', 'dead') AND last_error != ''"
               " AND last_error != 'the worker stopped while it was doing this'")
