"""the stage of each donor, kept, and worked out of the gifts and recurring gifts that there are

The rules are those of this day; the program works all stages out anew each night.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = '20261130_1056'
down_revision = '20261130_1045'
branch_labels = None
depends_on = None

STAGES = (
    'deceased', 'recurring_active', 'recurring_at_risk', 'recurring_lapsed', 'new', 'reactivated',
    'active_repeat', 'first_time_active', 'lapsing', 'lapsed', 'deep_lapsed', 'prospect',
)
CHUNK = 1000

COUNTS = """
    gift.is_test IS FALSE AND gift.received_on <= :today AND gift.amount_minor >
    coalesce((SELECT sum(refund.amount_minor) FROM refund
              WHERE refund.gift_id = gift.id AND refund.state IN ('pending', 'succeeded')), 0)
    + coalesce((SELECT sum(dispute.amount_minor) FROM dispute
                WHERE dispute.gift_id = gift.id AND dispute.state = 'lost'), 0)
    + coalesce((SELECT sum(correction.amount_minor) FROM correction
                WHERE correction.gift_id = gift.id), 0)
"""
GIFT_DAY = f"""
    (SELECT gift.received_on FROM gift WHERE gift.donor_id = donor.id AND {COUNTS}
     ORDER BY gift.received_on DESC LIMIT 1 OFFSET %d)
"""
OWN = 'recurring_gift.donor_id = donor.id AND recurring_gift.is_test IS FALSE AND recurring_gift.state IN (%s)'
RUNNING = OWN % "'active', 'failing'"
FACTS = f"""
    SELECT donor.id, donor.is_deceased, {GIFT_DAY % 0} AS last_on, {GIFT_DAY % 1} AS before_on,
           EXISTS (SELECT 1 FROM recurring_gift WHERE {RUNNING}) AS has_running,
           EXISTS (SELECT 1 FROM recurring_gift
                   JOIN instalment ON instalment.recurring_gift_id = recurring_gift.id
                   WHERE {RUNNING} AND instalment.state = 'missed' AND instalment.due_on > coalesce(
                       (SELECT max(paid.due_on) FROM instalment AS paid
                        WHERE paid.recurring_gift_id = recurring_gift.id AND paid.state = 'paid'),
                       :long_ago)) AS has_missed,
           EXISTS (SELECT 1 FROM recurring_gift WHERE {OWN % "'lapsed'"}) AS has_lapsed
    FROM donor WHERE donor.id > :after ORDER BY donor.id LIMIT {CHUNK}
"""
# No coverage of a closed account, nor of one of which no statement was ever read.
KNOWN_TO = """
    SELECT min(coverage.known_to) AS known_to FROM coverage
    WHERE coverage.id IN (SELECT max(newest.id) FROM coverage AS newest GROUP BY newest.source)
    AND coverage.source IN (SELECT 'bank:' || CAST(bank_account.id AS VARCHAR) FROM bank_account
                            WHERE bank_account.closed_on IS NULL OR bank_account.closed_on > :today)
"""


def upgrade() -> None:
    op.create_table(
        'donor_stage',
        sa.Column('donor_id', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('stage', sa.String(), nullable=False),
        sa.Column('overlays', sa.JSON(), nullable=False),
        sa.Column('as_of', sa.Date(), nullable=False),
        sa.Column('rule_version', sa.Integer(), nullable=False),
        sa.CheckConstraint(f'stage IN ({", ".join(repr(one) for one in STAGES)})', name='stage_is_known'),
        sa.ForeignKeyConstraint(
            ['donor_id'], ['donor.id'], name=op.f('fk_donor_stage_donor_id'), ondelete='RESTRICT'
        ),
        sa.PrimaryKeyConstraint('donor_id', name=op.f('pk_donor_stage')),
    )
    op.create_index('ix_donor_stage_stage_donor_id', 'donor_stage', ['stage', 'donor_id'])
    fill_stages(op.get_bind(), datetime.now(UTC).date())


def fill_stages(connection: sa.Connection, today: date) -> None:
    """Write the stage of every donor."""
    of_today = sa.bindparam('today', type_=sa.Date())
    known_to = connection.execute(
        sa.text(KNOWN_TO).bindparams(of_today).columns(known_to=sa.Date()), {'today': today}
    ).scalar()
    day = min(today, known_to or today)
    table = sa.table(
        'donor_stage', sa.column('donor_id'), sa.column('stage'), sa.column('overlays', sa.JSON()),
        sa.column('as_of', sa.Date()), sa.column('rule_version'),
    )
    for rows in read_facts(connection, today):
        stages = [(row.id, find_stage(row, day), row.last_on) for row in rows]
        connection.execute(
            sa.insert(table),
            [
                {
                    'donor_id': id_,
                    'stage': stage,
                    'overlays': list_overlays(stage, last_on, day),
                    'as_of': today,
                    'rule_version': 1,
                }
                for id_, stage, last_on in stages
            ],
        )


def read_facts(connection: sa.Connection, today: date) -> Iterator[list[Any]]:
    query = (
        sa.text(FACTS)
        .bindparams(sa.bindparam('today', type_=sa.Date()), sa.bindparam('long_ago', type_=sa.Date()))
        .columns(id=sa.Integer(), is_deceased=sa.Boolean(), last_on=sa.Date(), before_on=sa.Date())
    )
    after = 0
    while rows := list(
        connection.execute(query, {'today': today, 'long_ago': date(1, 1, 1), 'after': after})
    ):
        yield rows
        after = rows[-1].id


def find_stage(row: Any, day: date) -> str:
    if row.is_deceased:
        return 'deceased'
    if row.has_running:
        return 'recurring_at_risk' if row.has_missed else 'recurring_active'
    if row.last_on is None:
        return 'prospect'
    if row.has_lapsed and day <= add_months(row.last_on, 12):
        return 'recurring_lapsed'
    return find_stage_of_gifts(row.last_on, row.before_on, day)


def find_stage_of_gifts(last_on: date, before_on: date | None, day: date) -> str:
    if (day - last_on).days <= 90:
        if before_on is None:
            return 'new'
        if last_on > add_months(before_on, 12):
            return 'reactivated'
    if day <= add_months(last_on, 12):
        return 'active_repeat' if before_on else 'first_time_active'
    if day <= add_months(last_on, 13):
        return 'lapsing'
    return 'lapsed' if day <= add_months(last_on, 24) else 'deep_lapsed'


def list_overlays(stage: str, last_on: date | None, day: date) -> list[str]:
    if last_on is None or stage not in ('active_repeat', 'first_time_active'):
        return []
    return ['lapse_soon'] if day > add_months(last_on, 10) else []


def add_months(start: date, months: int) -> date:
    month = start.month - 1 + months
    year, month = start.year + month // 12, month % 12 + 1
    return date(year, month, min(start.day, calendar.monthrange(year, month)[1]))
