"""questions about entries with their reason, and ids of the bank trusted one by one

An entry that is doubtful gets the question that it waited with: the entry of the same sum and day that was
there before it. An account whose ids were not to be used keeps none of them that stand on different money;
where no such id is to be seen, its files count as numbered anew until three of them agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import sqlalchemy as sa
from alembic import op

from donorhub.migrations.checks import WordCheck, set_word_checks

revision = '20261130_0858'
down_revision = '20261130_0853'
branch_labels = None
depends_on = None

KINDS = (
    'other_bank_ref', 'text_changed', 'part_of_a_day', 'unsure_order', 'other_day', 'amount_changed',
    'no_longer_told',
)
ANSWERS = ('known', 'other_money', 'corrected', 'withdrawn', 'stays')
CONTENT_END = 35  # of a fingerprint: what the entry says, without the bank's id


def upgrade() -> None:
    connection = op.get_bind()
    set_word_checks(connection, (
        WordCheck('entry', 'state', (
            'new', 'suspense', 'matched', 'not_gift', 'doubtful', 'duplicate', 'replaced', 'taken_back',
        )),
        WordCheck('entry_alias', 'kind', ('bank_ref', 'filled', 'told_on')),
    ))
    op.add_column('statement', sa.Column('day_sums', sa.JSON(), nullable=True))
    create_questions()
    create_trust()
    ask_of_doubtful_entries(connection)
    keep_distrust(connection)
    connection.exec_driver_sql('ALTER TABLE bank_account DROP COLUMN ids_untrusted')


def make_check(table: str, column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    check = WordCheck(table, column, words)
    condition = f"{column} IN ({', '.join(repr(word) for word in words)})"
    return sa.CheckConstraint(condition, name=op.f(check.constraint_name))


def make_key(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f'{parent}.id'], name=op.f(f'fk_{table}_{column}'), ondelete='RESTRICT'
    )


def create_questions() -> None:
    op.create_table(
        'entry_question',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('entry_id', sa.Integer(), nullable=False),
        sa.Column('twin_id', sa.Integer(), nullable=True),
        sa.Column('import_file_id', sa.Integer(), nullable=False),
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('differs', sa.JSON(), nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('answer', sa.String(), nullable=True),
        sa.Column('answered_by', sa.String(), nullable=True),
        sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
        make_check('entry_question', 'kind', KINDS),
        make_check('entry_question', 'state', ('open', 'answered')),
        make_check('entry_question', 'answer', ANSWERS),
        make_key('entry_question', 'entry_id', 'entry'),
        make_key('entry_question', 'twin_id', 'entry'),
        make_key('entry_question', 'import_file_id', 'import_file'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_entry_question')),
    )
    op.create_index(op.f('ix_entry_question_entry_id'), 'entry_question', ['entry_id'])
    op.create_index(op.f('ix_entry_question_twin_id'), 'entry_question', ['twin_id'])
    op.create_index('ix_entry_question_state_id', 'entry_question', ['state', 'id'])
    op.create_index(
        'ix_entry_question_import_file_id_kind', 'entry_question', ['import_file_id', 'kind']
    )


def create_trust() -> None:
    op.create_table(
        'weak_ref',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('bank_account_id', sa.Integer(), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('ref', sa.String(), nullable=False),
        sa.Column('why', sa.String(), nullable=False),
        sa.Column('import_file_id', sa.Integer(), nullable=False),
        make_check('weak_ref', 'why', ('two_sums', 'other_money', 'answer')),
        make_key('weak_ref', 'bank_account_id', 'bank_account'),
        make_key('weak_ref', 'import_file_id', 'import_file'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_weak_ref')),
        sa.UniqueConstraint(
            'bank_account_id', 'source', 'ref', name=op.f('uq_weak_ref_bank_account_id_source_ref')
        ),
    )
    op.create_index(op.f('ix_weak_ref_import_file_id'), 'weak_ref', ['import_file_id'])
    op.create_table(
        'ref_habit',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('bank_account_id', sa.Integer(), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('habit', sa.String(), nullable=False),
        sa.Column('agreeing_files', sa.Integer(), nullable=False),
        sa.Column('since_on', sa.Date(), nullable=False),
        sa.Column('import_file_id', sa.Integer(), nullable=False),
        make_check('ref_habit', 'habit', ('stable', 'per_file')),
        make_key('ref_habit', 'bank_account_id', 'bank_account'),
        make_key('ref_habit', 'import_file_id', 'import_file'),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_ref_habit')),
        sa.UniqueConstraint(
            'bank_account_id', 'source', name=op.f('uq_ref_habit_bank_account_id_source')
        ),
    )
    op.create_index(op.f('ix_ref_habit_import_file_id'), 'ref_habit', ['import_file_id'])


def ask_of_doubtful_entries(connection: sa.Connection) -> None:
    """Write the question of each doubtful entry; where no twin of its day is left, one of another day."""
    rows = connection.exec_driver_sql(
        'SELECT e.id, e.fingerprint, s.import_file_id, (SELECT max(t.id) FROM entry t'
        ' WHERE t.bank_account_id = e.bank_account_id AND t.booked_on = e.booked_on'
        " AND t.amount_minor = e.amount_minor AND t.id < e.id AND t.state NOT IN ('duplicate', 'taken_back'))"
        ' FROM entry e JOIN statement s ON s.id = e.statement_id'
        " WHERE e.state = 'doubtful' ORDER BY e.id"
    ).all()
    twin_ids = sorted({row[3] for row in rows if row[3] is not None})
    entry = sa.table('entry', sa.column('id'), sa.column('fingerprint'))
    fingerprints: dict[int, str] = {}
    for first in range(0, len(twin_ids), 500):
        some = twin_ids[first:first + 500]
        rows_of_twins = connection.execute(
            sa.select(entry.c.id, entry.c.fingerprint).where(entry.c.id.in_(some))
        )
        fingerprints.update({id_: fingerprint for id_, fingerprint in rows_of_twins})
    question = sa.table(
        'entry_question', sa.column('entry_id'), sa.column('twin_id'), sa.column('import_file_id'),
        sa.column('kind'), sa.column('differs', sa.JSON), sa.column('state'),
    )
    values = [
        {
            'entry_id': id_, 'twin_id': twin_id, 'import_file_id': file_id, 'differs': [], 'state': 'open',
            'kind': find_kind(fingerprint, fingerprints.get(twin_id)),
        }
        for id_, fingerprint, file_id, twin_id in rows
    ]
    if values:
        connection.execute(sa.insert(question), values)


def find_kind(fingerprint: str, of_twin: str | None) -> str:
    if of_twin is None:
        return 'other_day'
    return 'other_bank_ref' if fingerprint[:CONTENT_END] == of_twin[:CONTENT_END] else 'text_changed'


def keep_distrust(connection: sa.Connection) -> None:
    """Write why the ids of an account were not trusted: the ids themselves, else how its files number."""
    common = ('bank_account_id', 'source', 'import_file_id')
    weak_ref = sa.table('weak_ref', *map(sa.column, (*common, 'ref', 'why')))
    ref_habit = sa.table(
        'ref_habit', *map(sa.column, (*common, 'habit', 'agreeing_files')), sa.column('since_on', sa.Date)
    )
    accounts = connection.exec_driver_sql('SELECT id FROM bank_account WHERE ids_untrusted').scalars().all()
    for account_id in accounts:
        places: dict[tuple[str, str], set[tuple[str, int]]] = {}
        last_files: dict[tuple[str, str], int] = {}
        habits: dict[str, tuple[date, int]] = {}
        for ref, source, day, minor, file_id in list_refs(connection, account_id):
            places.setdefault((source, ref), set()).add((day, minor))
            last_files[source, ref] = file_id
            habits[source] = (date.fromisoformat(day), file_id)
        weak_keys = [key for key, where in places.items() if len(where) > 1]
        for source, ref in weak_keys:
            connection.execute(sa.insert(weak_ref).values(
                bank_account_id=account_id, source=source, ref=ref, why='two_sums',
                import_file_id=last_files[source, ref],
            ))
        for source, (since_on, file_id) in habits.items() if not weak_keys else ():
            connection.execute(sa.insert(ref_habit).values(
                bank_account_id=account_id, source=source, habit='per_file', agreeing_files=0,
                since_on=since_on, import_file_id=file_id,
            ))


def list_refs(connection: sa.Connection, account_id: int) -> Iterator[tuple[str, str, str, int, int]]:
    """Yield ref, source, day, sum and file of the entries of an account, in the order they came."""
    for ref, format_, layout, day, minor, file_id in connection.exec_driver_sql(
        'SELECT e.bank_ref, s.format, f.profile, e.booked_on, e.amount_minor, f.id FROM entry e'
        ' JOIN statement s ON s.id = e.statement_id JOIN import_file f ON f.id = s.import_file_id'
        f' WHERE e.bank_account_id = {account_id:d} AND e.bank_ref IS NOT NULL ORDER BY e.id'
    ):
        is_table = format_ in ('csv', 'xlsx', 'xls', 'ods')
        yield ref, f'{format_} {layout}'.rstrip() if is_table else format_, str(day), minor, file_id
