"""decisions by their donor, and messages of providers by their age"""

from alembic import op

revision = '20261130_2165'
down_revision = '20261130_2160'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_match_donor_id', 'match', ['donor_id'])
    op.create_index('ix_provider_event_received_at', 'provider_event', ['received_at'])
