"""indexes that give the gifts of a fund, and the donors of a language, in the order of their lists"""

from alembic import op

revision = '20261201_0100'
down_revision = '20261201_0085'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_designation_fund_id_gift_id', 'designation', ['fund_id', 'gift_id'])
    op.drop_index('ix_designation_fund_id', table_name='designation')
    op.create_index('ix_donor_lang_id', 'donor', ['lang', 'id'])
