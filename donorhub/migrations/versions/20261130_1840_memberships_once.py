"""one membership of a kind from a day on, and one that goes on"""

import sqlalchemy as sa
from alembic import op

revision = '20261130_1840'
down_revision = '20261130_1830'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        'uq_membership_now',
        'membership',
        ['donor_id', 'kind'],
        unique=True,
        sqlite_where=sa.text('until_on IS NULL'),
        postgresql_where=sa.text('until_on IS NULL'),
    )
    op.create_index(
        'uq_membership_donor_id_kind_since_on', 'membership', ['donor_id', 'kind', 'since_on'], unique=True
    )
