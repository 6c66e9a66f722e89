"""what donors are to each other and to the organisation: relationships, households, memberships, roles"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime
from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_1808'
down_revision = '20261130_1750'
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_relationships()
    create_households()
    create_memberships()
    create_roles()
    set_word_checks(op.get_bind(), (
        WordCheck('domain_event', 'kind', (
            'donor.created', 'gift.recorded', 'gift.refunded', 'gift.disputed', 'gift.returned',
            'gift.corrected', 'instalment.paid', 'instalment.missed', 'membership.ended',
            'membership.started', 'receipt.issued', 'receipt.voided', 'recurring_gift.started',
            'recurring_gift.amount', 'recurring_gift.paused', 'recurring_gift.resumed',
            'recurring_gift.lapsed', 'recurring_gift.closed',
        )),
    ))


def create_relationships() -> None:
    op.create_table(
        'relationship',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('from_id', sa.Integer(), nullable=False),
        sa.Column('to_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('title', sa.String(), nullable=False),
        sa.Column('since_on', sa.Date(), nullable=True),
        sa.Column('until_on', sa.Date(), nullable=True),
        sa.Column('recorded_at', UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['from_id'], ['donor.id'], name='fk_relationship_from_id', ondelete='RESTRICT'),
        sa.ForeignKeyConstraint(['to_id'], ['donor.id'], name='fk_relationship_to_id', ondelete='RESTRICT'),
        sa.CheckConstraint(
            "kind IN ('spouse', 'parent', 'employee_of', 'member_of', 'contact_person_of', 'introduced_by')",
            name=op.f('ck_relationship_kind_is_known'),
        ),
        sa.CheckConstraint('from_id <> to_id', name=op.f('ck_relationship_joins_two')),
        sa.CheckConstraint('until_on >= since_on', name=op.f('ck_relationship_ends_after_it_begins')),
    )
    op.create_index('ix_relationship_from_id', 'relationship', ['from_id'])
    op.create_index('ix_relationship_to_id', 'relationship', ['to_id'])
    op.create_index(
        'uq_relationship_now',
        'relationship',
        ['from_id', 'to_id', 'kind'],
        unique=True,
        sqlite_where=sa.text('until_on IS NULL'),
        postgresql_where=sa.text('until_on IS NULL'),
    )


def create_households() -> None:
    op.create_table(
        'household_member',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('household_id', sa.Integer(), nullable=False),
        sa.Column('donor_id', sa.Integer(), nullable=False),
        sa.Column('role', sa.String(), nullable=False),
        sa.Column('is_head', sa.Boolean(), nullable=False),
        sa.Column('recorded_at', UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['household_id'], ['donor.id'], name='fk_household_member_household_id', ondelete='RESTRICT'
        ),
        sa.ForeignKeyConstraint(
            ['donor_id'], ['donor.id'], name='fk_household_member_donor_id', ondelete='RESTRICT'
        ),
        sa.UniqueConstraint('household_id', 'donor_id', name='uq_household_member_household_id_donor_id'),
        sa.CheckConstraint(
            "role IN ('partner', 'child', 'parent', 'other')", name=op.f('ck_household_member_role_is_known')
        ),
        sa.CheckConstraint('household_id <> donor_id', name=op.f('ck_household_member_joins_two')),
    )
    op.create_index('ix_household_member_donor_id', 'household_member', ['donor_id'])


def create_memberships() -> None:
    op.create_table(
        'membership',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('donor_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('since_on', sa.Date(), nullable=False),
        sa.Column('until_on', sa.Date(), nullable=True),
        sa.Column('fee_minor', sa.BigInteger(), nullable=True),
        sa.Column('currency', sa.String(3), nullable=True),
        sa.Column('recorded_at', UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['donor_id'], ['donor.id'], name='fk_membership_donor_id', ondelete='RESTRICT'),
        sa.CheckConstraint('until_on >= since_on', name=op.f('ck_membership_ends_after_it_begins')),
        sa.CheckConstraint('fee_minor > 0', name=op.f('ck_membership_fee_is_positive')),
        sa.CheckConstraint(
            '(fee_minor IS NULL) = (currency IS NULL)', name=op.f('ck_membership_fee_has_a_currency')
        ),
    )
    op.create_index('ix_membership_donor_id', 'membership', ['donor_id'])
    op.create_index('ix_membership_since_on_id', 'membership', ['since_on', 'id'])


def create_roles() -> None:
    op.create_table(
        'donor_role',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('donor_id', sa.Integer(), nullable=False),
        sa.Column('role', sa.String(), nullable=False),
        sa.Column('stance', sa.String(), nullable=False),
        sa.Column('since_on', sa.Date(), nullable=False),
        sa.Column('until_on', sa.Date(), nullable=True),
        sa.Column('recorded_at', UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['donor_id'], ['donor.id'], name='fk_donor_role_donor_id', ondelete='RESTRICT'),
        sa.CheckConstraint(
            "role IN ('volunteer', 'employee', 'partner', 'target')", name=op.f('ck_donor_role_role_is_known')
        ),
        sa.CheckConstraint('until_on >= since_on', name=op.f('ck_donor_role_ends_after_it_begins')),
    )
    op.create_index('ix_donor_role_donor_id', 'donor_role', ['donor_id'])
    op.create_index(
        'uq_donor_role_now',
        'donor_role',
        ['donor_id', 'role'],
        unique=True,
        sqlite_where=sa.text('until_on IS NULL'),
        postgresql_where=sa.text('until_on IS NULL'),
    )
