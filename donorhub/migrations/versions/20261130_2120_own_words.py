"""texts of the organisation's own by channel, with their reasons, and letters"""

import sqlalchemy as sa
from alembic import op
from donorhub.db import UTCDateTime
from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_2120'
down_revision = '20261130_2102'
branch_labels = None
depends_on = None
KINDS = ('thank_you', 'new_donor', 'receipt', 'mail_test', 'personal')
CHANNELS = ('email', 'sms', 'post', 'phone')


def upgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        _build_anew()
    else:
        op.drop_constraint('uq_template_kind_lang_version', 'template', type_='unique')
        op.add_column('template', sa.Column('channel', sa.String(), nullable=False, server_default='email'))
        op.add_column('template', sa.Column('reason', sa.String(), nullable=False, server_default=''))
        op.add_column('template', sa.Column('is_left_out', sa.Boolean(), nullable=False, server_default=sa.false()))
        op.create_unique_constraint(
            'uq_template_kind_channel_lang_version', 'template', ['kind', 'channel', 'lang', 'version']
        )
    set_word_checks(
        op.get_bind(),
        (
            WordCheck('template', 'kind', KINDS),
            WordCheck('template', 'channel', CHANNELS),
        ),
    )


def _build_anew() -> None:
    """Build the table anew with every row: SQLite alters no constraint."""
    op.create_table(
        'template_by_channel',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('channel', sa.String(), nullable=False, server_default='email'),
        sa.Column('lang', sa.String(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('subject', sa.String(), nullable=False),
        sa.Column('body', sa.String(), nullable=False),
        sa.Column('reason', sa.String(), nullable=False, server_default=''),
        sa.Column('is_left_out', sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column('created_by', sa.String(), nullable=False),
        sa.Column('created_at', UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_template')),
        sa.UniqueConstraint('kind', 'channel', 'lang', 'version', name=op.f('uq_template_kind_channel_lang_version')),
        sa.CheckConstraint("lang IN ('en', 'pl', 'sq')", name=op.f('ck_template_lang_is_known')),
    )
    columns = 'id, kind, lang, version, subject, body, created_by, created_at'
    op.execute(f'INSERT INTO template_by_channel ({columns}) SELECT {columns} FROM template')
    op.drop_table('template')
    op.rename_table('template_by_channel', 'template')
