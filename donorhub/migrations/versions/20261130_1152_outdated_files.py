"""a file that is older than what the ledger has: an answer to a changed amount"""

from alembic import op

from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_1152'
down_revision = '20261130_1151'
branch_labels = None
depends_on = None


def upgrade() -> None:
    set_word_checks(op.get_bind(), (
        WordCheck('entry_question', 'answer', (
            'known', 'other_money', 'corrected', 'outdated', 'withdrawn', 'stays',
        )),
    ))
