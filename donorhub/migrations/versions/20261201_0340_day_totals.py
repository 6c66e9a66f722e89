"""what each day brought, kept with each change of a gift; and how many donors gave again, kept by the clock"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime

revision = '20261201_0340'
down_revision = '20261201_0330'
branch_labels = None
depends_on = None
METHODS = (
    "'transfer', 'standing_order', 'direct_debit', 'card', 'blik', 'wallet', 'cash', 'cheque', 'in_kind', 'other'"
)
# Each part: the day it belongs to, what came, what went, how many gifts, and where it stands.
FILL = """
INSERT INTO day_total (day, method, currency, gross_minor, refunded_minor, gift_count)
SELECT day, method, currency, SUM(gross), SUM(refunded), SUM(gifts) FROM (
    SELECT received_on AS day, method, currency, amount_minor AS gross, 0 AS refunded, 1 AS gifts
    FROM gift WHERE is_test IS FALSE
    UNION ALL
    SELECT refund.refunded_on, gift.method, gift.currency, 0, refund.amount_minor, 0
    FROM refund JOIN gift ON gift.id = refund.gift_id
    WHERE gift.is_test IS FALSE AND refund.state IN ('pending', 'succeeded')
    UNION ALL
    SELECT dispute.opened_on, gift.method, gift.currency, 0, dispute.amount_minor, 0
    FROM dispute JOIN gift ON gift.id = dispute.gift_id
    WHERE gift.is_test IS FALSE AND dispute.state = 'lost'
    UNION ALL
    SELECT gift.received_on, gift.method, gift.currency, -correction.amount_minor, 0, 0
    FROM correction JOIN gift ON gift.id = correction.gift_id
    WHERE gift.is_test IS FALSE
) AS part
GROUP BY day, method, currency
ORDER BY day, method, currency
"""


def upgrade() -> None:
    op.create_table(
        'day_total',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('day', sa.Date(), nullable=False),
        sa.Column('method', sa.String(), nullable=False),
        sa.Column('currency', sa.String(3), nullable=False),
        sa.Column('gross_minor', sa.BigInteger(), nullable=False),
        sa.Column('refunded_minor', sa.BigInteger(), nullable=False),
        sa.Column('gift_count', sa.Integer(), nullable=False),
        sa.CheckConstraint(f'method IN ({METHODS})', name=op.f('ck_day_total_method_is_known')),
        sa.UniqueConstraint('day', 'method', 'currency', name='uq_day_total_day_method_currency'),
    )
    op.create_table(
        'kept_retention',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('currency', sa.String(3), nullable=False),
        sa.Column('before_count', sa.Integer(), nullable=False),
        sa.Column('again_count', sa.Integer(), nullable=False),
        sa.Column('as_of', UTCDateTime(timezone=True), nullable=False),
        sa.UniqueConstraint('currency', name='uq_kept_retention_currency'),
    )
    op.execute(FILL)
