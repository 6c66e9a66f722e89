"""where each domain event came from: news, or history that was taken over

An event is history where it happened more than thirty days before it was recorded; that a gift was recorded,
where its money was older than that, or came from another system.
"""

import sqlalchemy as sa
from alembic import op

from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_1155'
down_revision = '20261130_1152'
branch_labels = None
depends_on = None

# Days from one column to another, as each database counts them.
AGE = {
    'sqlite': "julianday(substr({later}, 1, 10)) - julianday(substr({earlier}, 1, 10))",
    'postgresql': "CAST({later} AS date) - CAST({earlier} AS date)",
}


def upgrade() -> None:
    op.add_column(
        'domain_event', sa.Column('origin', sa.String(), server_default='live', nullable=False)
    )
    connection = op.get_bind()
    age = AGE[connection.dialect.name]
    event_age = age.format(later='domain_event.recorded_at', earlier='domain_event.occurred_at')
    gift_age = age.format(later='domain_event.recorded_at', earlier='gift.received_on')
    connection.exec_driver_sql(
        f"UPDATE domain_event SET origin = 'history_import' WHERE {event_age} > 30"
    )
    connection.exec_driver_sql(
        "UPDATE domain_event SET origin = 'history_import' WHERE kind = 'gift.recorded' AND EXISTS ("
        "SELECT 1 FROM gift WHERE gift.id = domain_event.subject_id"
        f" AND (substr(gift.source, 1, 7) = 'import:' OR {gift_age} > 30))"
    )
    set_word_checks(connection, (WordCheck('domain_event', 'origin', ('live', 'history_import')),))
