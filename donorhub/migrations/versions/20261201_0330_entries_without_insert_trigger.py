"""the words of payers are written with the entries: SQLite's trigger at each insert cost an import half its time"""

from alembic import op

revision = '20261201_0330'
down_revision = '20261201_0140'
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        op.execute('DROP TRIGGER IF EXISTS entry_words_insert')
        op.execute('DROP TABLE IF EXISTS entry_words_pause')
