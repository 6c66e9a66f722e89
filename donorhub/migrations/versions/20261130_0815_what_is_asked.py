"""words that say that money is no gift, and amounts above which a person is asked

Every organisation begins with the words that a new one has; there is no limit until somebody sets one.
"""

import sqlalchemy as sa
from alembic import op

revision = '20261130_0815'
down_revision = '20261130_0735'
branch_labels = None
depends_on = None

WORDS = (
    'faktur*', 'fv', 'zakup*', 'opłat* za', 'czynsz*', 'najem', 'najmu', 'szkoleni*', 'kurs', 'kursu',
    'zwrot koszt*', 'fatur*', 'blerj*', 'qira*', 'invoice*', 'rent', 'fee for',
)


def upgrade() -> None:
    for name in ('words_against', 'ask_above'):
        op.add_column('organisation', sa.Column(name, sa.String(), server_default='', nullable=False))
    organisation = sa.table('organisation', sa.column('words_against'))
    op.get_bind().execute(sa.update(organisation).values(words_against='\n'.join(WORDS)))
