"""the town of each address that still holds, for who looks among namesakes for one in a place"""

from alembic import op
from sqlalchemy import text

revision = '20261201_0130'
down_revision = '20261201_0120'
branch_labels = None
depends_on = None

_IS_ADDRESS = text("kind = 'post' AND until_on IS NULL")


def upgrade() -> None:
    op.create_index(
        'ix_contact_point_town',
        'contact_point',
        ['donor_id', 'town'],
        sqlite_where=_IS_ADDRESS,
        postgresql_where=_IS_ADDRESS,
    )
