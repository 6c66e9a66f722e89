"""what an upgrade mended of what an older program left"""

import sqlalchemy as sa
from alembic import op

from donorhub.migrations.checks import WordCheck

revision = '20261130_1031'
down_revision = '20261130_1030'
branch_labels = None
depends_on = None

KINDS = (
    'doubts_asked', 'ids_counted_again', 'ledger_differs', 'missed_instalments', 'lapsed_promises',
    'debits_without_mandate', 'skipped_instalments',
)
SUBJECTS = ('bank_account', 'entry', 'recurring_gift')


def upgrade() -> None:
    op.create_table(
        'upgrade_note',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('subject_type', sa.String(), nullable=False),
        sa.Column('count', sa.Integer(), nullable=False),
        sa.Column('subject_ids', sa.JSON(), nullable=False),
        sa.Column('noted_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('seen_by', sa.String(), nullable=True),
        make_check('kind', KINDS),
        make_check('subject_type', SUBJECTS),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_upgrade_note')),
        sa.UniqueConstraint('kind', name=op.f('uq_upgrade_note_kind')),
    )


def make_check(column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    check = WordCheck('upgrade_note', column, words)
    condition = f"{column} IN ({', '.join(repr(word) for word in words)})"
    return sa.CheckConstraint(condition, name=op.f(check.constraint_name))
