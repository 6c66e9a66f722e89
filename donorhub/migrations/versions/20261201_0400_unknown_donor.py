"""money that waits has an end: the unknown donor, in how many days, and the state of what is theirs"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op
from donorhub.migrations.checks import WordCheck, add_foreign_key, set_word_checks

revision = '20261201_0400'
down_revision = '20261201_0340'
branch_labels = None
depends_on = None

_DAYS = 90


def upgrade() -> None:
    op.add_column('organisation', sa.Column('suspense_days', sa.Integer(), nullable=False, server_default=str(_DAYS)))
    op.add_column('organisation', sa.Column('unknown_donor_id', sa.Integer(), nullable=True))
    add_foreign_key(op.get_bind(), 'organisation', 'unknown_donor_id', 'donor')
    set_word_checks(op.get_bind(), (
        WordCheck('entry', 'state', (
            'new', 'suspense', 'unclaimed', 'matched', 'not_gift', 'doubtful', 'duplicate', 'replaced', 'taken_back',
        )),
    ))
    op.create_index(
        'ix_entry_decide_by',
        'entry',
        ['decide_by'],
        sqlite_where=sa.text('decide_by IS NOT NULL'),
        postgresql_where=sa.text('decide_by IS NOT NULL'),
    )
    # Nobody knew that there is an end: what waits has the whole time from now on, the day counted amply.
    last_day = datetime.now(UTC).date() + timedelta(days=_DAYS + 1)
    entry = sa.table('entry', sa.column('state'), sa.column('decide_by', sa.Date()))
    op.execute(entry.update().where(entry.c.state == 'suspense').values(decide_by=last_day))
