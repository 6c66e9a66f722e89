"""columns that hold one of a closed set of words say which"""

from __future__ import annotations

from alembic import op

from donorhub.migrations.checks import WordCheck, set_word_checks


revision = '20261130_0430'
down_revision = '20261130_0400'
branch_labels = None
depends_on = None

CHECKS = (
    WordCheck('domain_event', 'kind', (
        'donor.created', 'gift.recorded', 'gift.refunded', 'gift.disputed', 'gift.returned',
        'gift.corrected', 'instalment.paid', 'instalment.missed', 'receipt.issued',
        'receipt.voided', 'recurring_gift.started', 'recurring_gift.amount',
        'recurring_gift.paused', 'recurring_gift.resumed', 'recurring_gift.lapsed',
        'recurring_gift.closed',
    )),
    WordCheck('entry_alias', 'kind', ('bank_ref', 'filled')),
    WordCheck('message', 'category', ('transactional',)),
    WordCheck('message', 'lang', ('en', 'pl', 'sq')),
    WordCheck('organisation', 'lang', ('en', 'pl', 'sq')),
    WordCheck('payment', 'method', (
        'transfer', 'standing_order', 'direct_debit', 'card', 'blik', 'wallet', 'cash', 'cheque',
        'in_kind', 'other',
    )),
    WordCheck('receipt', 'lang', ('en', 'pl', 'sq')),
    WordCheck('recurring_gift_change', 'what', ('started', 'amount', 'paused', 'resumed', 'closed')),
    WordCheck('role', 'name', (
        'admin', 'steward', 'fundraiser', 'communications', 'accountant', 'caller', 'auditor',
    )),
    WordCheck('suppression', 'channel', ('email',)),
    WordCheck('task', 'kind', (
        'thank_you', 'new_donor', 'send_message', 'render_receipt', 'import_file',
        'match_statement', 'fetch_payout_items', 'account_deauthorized', 'call', 'decided_twice', 'dispute',
        'dunning', 'fraud_warning', 'invariant_broken', 'missed_instalment', 'paid_elsewhere',
        'payment_missing', 'payout_failed', 'payout_unexplained', 'receipt_correct', 'receipt_void',
        'refund', 'returned_gift', 'thank_by_hand', 'unknown_state', 'welcome_recurring',
    )),
    WordCheck('task', 'role', (
        '', 'admin', 'steward', 'fundraiser', 'communications', 'accountant', 'caller', 'auditor',
    )),
    WordCheck('template', 'kind', ('thank_you', 'new_donor')),
    WordCheck('template', 'lang', ('en', 'pl', 'sq')),
    WordCheck('user', 'lang', ('en', 'pl', 'sq')),
)


def upgrade() -> None:
    set_word_checks(op.get_bind(), CHECKS)
