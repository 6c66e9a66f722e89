"""what a decision settles, beside whose money it is; of earlier decisions it is not known"""

import sqlalchemy as sa
from alembic import op

from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261201_0085'
down_revision = '20261201_0080'
branch_labels = None
depends_on = None

_WORDS = ('exact', 'several', 'partial', 'amended', 'one_off', 'this_gift', 'unsure')


def upgrade() -> None:
    op.add_column('match', sa.Column('settles', sa.String(), nullable=True))
    set_word_checks(op.get_bind(), [WordCheck('match', 'settles', _WORDS)])
