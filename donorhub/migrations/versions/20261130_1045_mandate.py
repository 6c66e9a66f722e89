"""mandates of direct debits

A debit without one waits for it: that the program sees to after the migrations, and says so on a page.
"""

import sqlalchemy as sa
from alembic import op

from donorhub.migrations.checks import WordCheck

revision = '20261130_1045'
down_revision = '20261130_1040'
branch_labels = None
depends_on = None

KINDS = ('pl_debit', 'sepa')
STATES = (
    'draft', 'printed', 'signed', 'sent_to_bank', 'active', 'suspended', 'withdrawn', 'invalid', 'expired',
    'refused',
)


def upgrade() -> None:
    op.create_table(
        'mandate',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('recurring_gift_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('creditor_id', sa.String(), nullable=False),
        sa.Column('reference', sa.String(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('state_reason', sa.String(), nullable=False),
        sa.Column('signed_on', sa.Date(), nullable=True),
        sa.Column('active_from', sa.Date(), nullable=True),
        sa.Column('ended_on', sa.Date(), nullable=True),
        sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('recorded_by', sa.String(), nullable=False),
        make_check('kind', KINDS),
        make_check('state', STATES),
        sa.ForeignKeyConstraint(
            ['recurring_gift_id'], ['recurring_gift.id'], name=op.f('fk_mandate_recurring_gift_id'),
            ondelete='RESTRICT',
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_mandate')),
        sa.UniqueConstraint('reference', 'creditor_id', name=op.f('uq_mandate_reference_creditor_id')),
    )
    op.create_index('ix_mandate_recurring_gift_id', 'mandate', ['recurring_gift_id'])
    op.create_index(
        'uq_mandate_active', 'mandate', ['recurring_gift_id'], unique=True,
        sqlite_where=sa.text("state = 'active'"), postgresql_where=sa.text("state = 'active'"),
    )


def make_check(column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    check = WordCheck('mandate', column, words)
    condition = f"{column} IN ({', '.join(repr(word) for word in words)})"
    return sa.CheckConstraint(condition, name=op.f(check.constraint_name))
