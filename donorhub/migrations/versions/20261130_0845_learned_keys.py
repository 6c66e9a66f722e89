"""a donor's account says whether it was learned of a decision, which undoing takes back, or typed

What the program and people have decided so far taught the accounts of payers that are known; an account
that a recurring gift names was typed.
"""

import sqlalchemy as sa
from alembic import op

revision = '20261130_0845'
down_revision = '20261130_0832'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        'identity_key', sa.Column('is_learned', sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.execute(
        "UPDATE identity_key SET is_learned = true WHERE kind = 'iban'"
        " AND EXISTS (SELECT 1 FROM payer_key WHERE payer_key.value = 'iban:' || identity_key.value"
        ' AND payer_key.donor_id = identity_key.donor_id)'
        ' AND NOT EXISTS (SELECT 1 FROM recurring_gift WHERE recurring_gift.payer_iban = identity_key.value'
        ' AND recurring_gift.donor_id = identity_key.donor_id)'
    )
