"""an upgrade's note about payers counted anew and money that a ledger lacks, and the question about the latter"""

from alembic import op

from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_1425'
down_revision = '20261130_1420'
branch_labels = None
depends_on = None


def upgrade() -> None:
    set_word_checks(
        op.get_bind(),
        (
            WordCheck(
                'upgrade_note',
                'kind',
                (
                    'doubts_asked', 'ids_counted_again', 'ledger_differs', 'missed_instalments',
                    'lapsed_promises', 'debits_without_mandate', 'skipped_instalments', 'failed_payments',
                    'payers_counted_again', 'entries_lacking',
                ),
            ),
            WordCheck(
                'upgrade_note', 'subject_type', ('bank_account', 'entry', 'recurring_gift', 'gift', 'donor')
            ),
            WordCheck(
                'entry_question',
                'kind',
                (
                    'other_bank_ref', 'text_changed', 'part_of_a_day', 'unsure_order', 'other_day',
                    'amount_changed', 'no_longer_told', 'not_in_ledger',
                ),
            ),
        ),
    )
