"""an upgrade's note may be about gifts, such as those whose payment failed"""

from alembic import op

from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_1131'
down_revision = '20261130_1130'
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
                ),
            ),
            WordCheck('upgrade_note', 'subject_type', ('bank_account', 'entry', 'recurring_gift', 'gift')),
        ),
    )
