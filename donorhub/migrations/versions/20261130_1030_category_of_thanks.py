"""thank-yous are a category of their own: "wants no contact" stops them and never a receipt"""

from alembic import op

from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_1030'
down_revision = '20261130_0905'
branch_labels = None
depends_on = None


def upgrade() -> None:
    set_word_checks(op.get_bind(), (WordCheck('message', 'category', ('transactional', 'thanks')),))
    op.execute("UPDATE message SET category = 'thanks' WHERE template LIKE 'thank_you@%'")
