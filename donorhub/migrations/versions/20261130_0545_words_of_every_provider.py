"""what providers say is kept in words of every provider

Registers spoke Stripe's words: its objects, its keys, its methods, its notices. They are translated to
what the adapter of Stripe says now, so that working the inbox off again changes nothing. A recurring
gift that a provider charges was of kind ``card``, and columns were named by a participle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_0545'
down_revision = '20261130_0538'
branch_labels = None
depends_on = None

CHUNK = 1000
OBJECTS = {
    'payment': {'charge': 'attempt', 'payment_intent': 'order', 'session': 'checkout'},
    'recurring_gift': {'session': 'checkout'},
    'mandate': {'payment_method': 'method', 'setup_intent': 'setup'},
}
KEYS = {
    'payment': {'charge': 'attempt', 'payment_intent': 'order'},
    'refund': {'charge': 'attempt', 'payment_intent': 'order'},
    'dispute': {'charge': 'attempt', 'payment_intent': 'order'},
    'fee': {'txn': 'ref'},
}
METHODS = {
    'card': 'card', 'sepa_debit': 'direct_debit', 'bacs_debit': 'direct_debit',
    'us_bank_account': 'direct_debit', 'blik': 'blik', 'p24': 'transfer', 'sofort': 'transfer',
    'customer_balance': 'transfer', 'paypal': 'wallet', 'link': 'wallet', 'revolut_pay': 'wallet',
}
NOTICES = {
    'early_fraud_warning': 'fraud_warning', 'account_deauthorized': 'access_withdrawn',
    'mandate_notification': 'debit_announced',
}
TRANSLATED = ('payment', 'refund', 'dispute', 'fee', 'recurring_gift', 'mandate', 'instalment', 'notice')
KINDS = ('standing_order', 'direct_debit', 'provider', 'pledge')
register = sa.table(
    'provider_register', sa.column('provider'), sa.column('account'), sa.column('kind'), sa.column('ref'),
    sa.column('state', sa.JSON),
)
key = (register.c.provider, register.c.account, register.c.kind, register.c.ref)


def upgrade() -> None:
    connection = op.get_bind()
    connection.exec_driver_sql('ALTER TABLE provider_map RENAME COLUMN told TO donor_fields')
    connection.exec_driver_sql('ALTER TABLE import_file RENAME COLUMN told TO summaries')
    op.add_column(
        'recurring_gift', sa.Column('charged_by', sa.String(), nullable=False, server_default='none')
    )
    set_word_checks(connection, (WordCheck('recurring_gift', 'kind', (*KINDS, 'card')),))
    connection.exec_driver_sql(
        "UPDATE recurring_gift SET charged_by = 'provider', kind = 'provider' WHERE kind = 'card'"
    )
    connection.exec_driver_sql("UPDATE recurring_gift SET charged_by = 'us' WHERE kind = 'direct_debit'")
    set_word_checks(connection, (
        WordCheck('recurring_gift', 'kind', KINDS),
        WordCheck('recurring_gift', 'charged_by', ('provider', 'us', 'none')),
    ))
    for chunk in read_registers(connection):
        translate(connection, chunk)


def read_registers(connection: sa.Connection) -> Iterator[list[sa.Row[Any]]]:
    """Yield Stripe's registers in the order of their keys, which the translation does not disturb: a notice
    that gets another ref comes no second time, for its new word is no old one."""
    after: tuple[str, ...] = ('stripe', '', '', '')
    while True:
        rows = connection.execute(
            sa.select(register)
            .where(register.c.provider == 'stripe', register.c.kind.in_(TRANSLATED))
            .where(sa.tuple_(*key) > sa.tuple_(*map(sa.literal, after)))
            .order_by(*key).limit(CHUNK)
        ).all()
        if not rows:
            return
        yield list(rows)
        after = tuple(rows[-1][:4])


def translate(connection: sa.Connection, rows: list[sa.Row[Any]]) -> None:
    changes = []
    for row in rows:
        state = say_again(row.kind, row.state)
        ref = name_notice(state) if row.kind == 'notice' else row.ref
        if (state, ref) != (row.state, row.ref):
            changes.append({
                'of': row.provider, 'at': row.account, 'what': row.kind, 'old': row.ref, 'new': ref,
                'words': state,
            })
    if changes:
        connection.execute(
            sa.update(register)
            .where(
                register.c.provider == sa.bindparam('of'), register.c.account == sa.bindparam('at'),
                register.c.kind == sa.bindparam('what'), register.c.ref == sa.bindparam('old'),
            )
            .values(ref=sa.bindparam('new'), state=sa.bindparam('words', type_=sa.JSON)),
            changes,
        )


def say_again(kind: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a register holds in the words of every provider."""
    keys, objects = KEYS.get(kind, {}), OBJECTS.get(kind, {})
    said = {keys.get(name, name): value for name, value in state.items()}
    if 'object' in said:
        said['object'] = objects.get(said['object'], said['object'])
    if kind in ('payment', 'mandate') and 'method' in said:
        said['method'] = METHODS.get(said['method'], 'other')
    if kind == 'instalment' and 'billing_reason' in said:
        said['is_first'] = said.pop('billing_reason') == 'subscription_create'
    if kind == 'notice':
        said['code'] = NOTICES.get(said['code'], said['code'])
    return said


def name_notice(state: Mapping[str, Any]) -> str:
    parts = (state['subject'], state['code'], state.get('field'), state.get('value'))
    return ':'.join(filter(None, parts))
