"""indexes of a million donors: one that begins with what is rare, and those of what is not yet forgotten"""

from alembic import op
from sqlalchemy import text

revision = '20261201_0080'
down_revision = '20261201_0070'
branch_labels = None
depends_on = None

_HAS_BODY = text('length(body) > 0')


def upgrade() -> None:
    op.create_index('ix_contact_point_value_hash_kind', 'contact_point', ['value_hash', 'kind'])
    op.drop_index('ix_contact_point_kind_value_hash', table_name='contact_point')
    for table, column in (('provider_event', 'received_at'), ('message', 'planned_at')):
        op.create_index(
            f'ix_{table}_with_body',
            table,
            [column],
            sqlite_where=_HAS_BODY,
            postgresql_where=_HAS_BODY,
        )
    op.create_index(
        'ix_interaction_message_id',
        'interaction',
        ['message_id'],
        sqlite_where=text('message_id IS NOT NULL'),
        postgresql_where=text('message_id IS NOT NULL'),
    )

