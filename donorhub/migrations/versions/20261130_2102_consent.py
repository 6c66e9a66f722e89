"""what donors said about being written to, in rows that stay; how much a suppression stops

Who wanted no contact said no to every purpose and channel: that is an opt-out, dated with what the audit
knows of it, else with the last change of the donor. Every suppression of before stops everything, as it did.
Nobody can be written to who could not be before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from donorhub.db import UTCDateTime
from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_2102'
down_revision = '20261130_2100'
branch_labels = None
depends_on = None

CHUNK: Final = 500
CHANNELS: Final = ('email', 'sms', 'post', 'phone')
PURPOSES: Final = ('dunning', 'thanks', 'stewardship', 'bulletin', 'appeal')


def upgrade() -> None:
    op.add_column('donor', sa.Column('do_not_solicit', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column('suppression', sa.Column('scope', sa.String(), nullable=False, server_default='everything'))
    set_word_checks(
        op.get_bind(),
        (
            WordCheck('message', 'channel', CHANNELS),
            WordCheck('message', 'category', ('transactional', *PURPOSES)),
            WordCheck('suppression', 'channel', CHANNELS),
            WordCheck('suppression', 'scope', ('marketing', 'all_but_legal', 'everything')),
        ),
    )
    _create_texts()
    consent = _create_consents()
    _create_preferences()
    now = datetime.now(UTC)
    for rows in _list_opt_outs(op.get_bind(), now):
        op.get_bind().execute(consent.insert(), rows)


def _create_texts() -> None:
    op.create_table(
        'consent_text',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('lang', sa.String(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('body', sa.String(), nullable=False),
        sa.Column('sha256', sa.String(), nullable=False),
        sa.Column('valid_from', sa.Date(), nullable=False),
        sa.Column('created_at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('created_by', sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('consent', 'information')", name=op.f('ck_consent_text_kind_is_known')),
        sa.CheckConstraint("lang IN ('en', 'pl', 'sq')", name=op.f('ck_consent_text_lang_is_known')),
        sa.UniqueConstraint('kind', 'lang', 'version', name=op.f('uq_consent_text_kind_lang_version')),
    )


def _create_consents() -> sa.Table:
    table = op.create_table(
        'consent',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('donor_id', sa.Integer(), nullable=False),
        sa.Column('purpose', sa.String(), nullable=False),
        sa.Column('channel', sa.String(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('basis', sa.String(), nullable=True),
        sa.Column('text_id', sa.Integer(), nullable=True),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('reason', sa.String(), nullable=False),
        sa.Column('at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('recorded_at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('expires_at', UTCDateTime(timezone=True), nullable=True),
        sa.Column('actor', sa.String(), nullable=False),
        _check('consent', 'purpose', ('all', *PURPOSES)),
        _check('consent', 'channel', ('any', *CHANNELS)),
        _check('consent', 'state', ('requested', 'given', 'withdrawn', 'opt_out', 'unknown', 'lifted')),
        _check('consent', 'basis', ('consent', 'legitimate_interest')),
        sa.CheckConstraint("(state = 'given') = (basis IS NOT NULL)", name=op.f('ck_consent_only_a_yes_has_a_basis')),
        sa.CheckConstraint("expires_at IS NULL OR state = 'given'", name=op.f('ck_consent_only_a_yes_expires')),
        sa.ForeignKeyConstraint(['donor_id'], ['donor.id'], name=op.f('fk_consent_donor_id'), ondelete='RESTRICT'),
        sa.ForeignKeyConstraint(
            ['text_id'], ['consent_text.id'], name=op.f('fk_consent_text_id'), ondelete='RESTRICT'
        ),
    )
    op.create_index('ix_consent_donor_id_at_id', 'consent', ['donor_id', 'at', 'id'])
    op.create_index('ix_consent_text_id', 'consent', ['text_id'])
    return table


def _create_preferences() -> None:
    op.create_table(
        'preference',
        sa.Column('id', sa.Integer(), primary_key=True),
        sa.Column('donor_id', sa.Integer(), nullable=False),
        sa.Column('channel', sa.String(), nullable=False),
        sa.Column('topic', sa.String(), nullable=False),
        sa.Column('format', sa.String(), nullable=False),
        sa.Column('frequency', sa.String(), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('at', UTCDateTime(timezone=True), nullable=False),
        sa.Column('actor', sa.String(), nullable=False),
        _check('preference', 'channel', ('any', *CHANNELS)),
        _check('preference', 'topic', ('any', 'one_action', 'news', 'campaigns', 'events')),
        _check('preference', 'format', ('any', 'text', 'pictures', 'video')),
        _check('preference', 'frequency', ('any', 'daily', 'weekly', 'monthly', 'quarterly', 'yearly')),
        sa.ForeignKeyConstraint(['donor_id'], ['donor.id'], name=op.f('fk_preference_donor_id'), ondelete='RESTRICT'),
        sa.UniqueConstraint('donor_id', 'channel', 'topic', name=op.f('uq_preference_donor_id_channel_topic')),
    )


def _check(table: str, column: str, words: Sequence[str]) -> sa.CheckConstraint:
    listing = ', '.join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f'{column} IN ({listing})', name=op.f(f'ck_{table}_{column}_is_known'))


SILENT_DONORS: Final = (
    sa.text(
        'SELECT id, updated_at FROM donor WHERE do_not_contact AND id > :last_id ORDER BY id LIMIT :most'
    ).columns(updated_at=UTCDateTime(timezone=True))
)
# When the audit saw the no: a change keeps its values beside the record.
SAYINGS: Final = sa.text(
    'SELECT record.subject_id, record.at, record.actor, value.after AS after'
    ' FROM audit_value AS value JOIN audit_record AS record ON record.id = value.record_id'
    " WHERE value.field = 'do_not_contact' AND record.subject_type = 'donor'"
    ' AND record.subject_id BETWEEN :first_id AND :last_id ORDER BY record.id'
).columns(at=UTCDateTime(timezone=True), after=sa.JSON())


def _list_opt_outs(connection: sa.Connection, now: datetime) -> Iterator[list[dict[str, Any]]]:
    """Yield an opt-out for each donor who wanted no contact, some at a time."""
    last_id = 0
    while True:
        donors = connection.execute(SILENT_DONORS, {'last_id': last_id, 'most': CHUNK}).all()
        if not donors:
            return
        last_id = donors[-1].id
        ids = {'first_id': donors[0].id, 'last_id': last_id}
        sayings = {row.subject_id: row for row in connection.execute(SAYINGS, ids) if row.after is True}
        yield [_make_opt_out(donor, sayings.get(donor.id), now) for donor in donors]


def _make_opt_out(donor: Any, saying: Any, now: datetime) -> dict[str, Any]:
    return {
        'donor_id': donor.id,
        'purpose': 'all',
        'channel': 'any',
        'state': 'opt_out',
        'source': 'upgrade',
        'reason': '',
        'at': donor.updated_at if saying is None else saying.at,
        'recorded_at': now,
        'actor': 'system:0' if saying is None else saying.actor,
    }
