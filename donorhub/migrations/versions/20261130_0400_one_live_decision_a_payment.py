"""one live decision for a payment

The index that forbids a second one stood in the models only, so no database that was made by migrations
had it. Where two decisions stand for one payment, the later one is taken back here as Undo takes one back:
its match says so, its gift is taken out by a correction, its instalments are owed again, its payout is
free, its return no longer counts, and what was learned of the payer by it counts as a miss. What the
decision that stays says too is left alone. Each one is named in the error inbox.

Services and tables may be others when this runs, so all that is needed stands here as it was.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from donorhub import clock, vault
from donorhub.money import Money

revision = '20261130_0400'
down_revision = '20261122_1845'
branch_labels = None
depends_on = None

ACTOR: Final = 'system:0'
SOON: Final = timedelta(days=2)
REASON: Final = 'the bank entry was decided otherwise'
OPEN_TASKS: Final = ('planned', 'queued', 'failed')
GIVEN_BACK: Final = 'given_back'  # why an asking to change a receipt is withdrawn
RECEIPT_TASKS: Final = ('receipt_void', 'receipt_correct')


def _table(name: str, *columns: str, **typed: Any) -> Any:
    return sa.table(name, *(sa.column(one) for one in columns), *(sa.column(*pair) for pair in typed.items()))


AT: Final = sa.DateTime(timezone=True)
MATCH: Final = _table(
    'match', 'id', 'entry_id', 'detail_id', 'part', 'kind', 'gift_id', 'payout_id', 'donor_id', 'actor',
    'undone_by', decided_at=AT, undone_at=AT,
)
ENTRY: Final = _table(
    'entry', 'id', 'state', 'currency', 'counterparty_name', 'counterparty_account', 'remittance',
    decide_by=sa.Date(), more=sa.JSON(),
)
DETAIL: Final = _table(
    'detail', 'id', 'entry_id', 'position', 'counterparty_name', 'counterparty_account', 'remittance', more=sa.JSON()
)
GIFT: Final = _table('gift', 'id', 'donor_id', 'amount_minor', 'currency', 'source')
REFUND: Final = _table('refund', 'gift_id', 'amount_minor', 'state')
DISPUTE: Final = _table('dispute', 'id', 'gift_id', 'amount_minor', 'state', 'reason', 'source', 'source_ref')
CORRECTION: Final = _table(
    'correction', 'gift_id', 'amount_minor', 'currency', 'reason', 'actor', 'source', 'source_ref', recorded_at=AT
)
ALLOCATION: Final = _table('allocation', 'id', 'gift_id', 'instalment_id', 'amount_minor')
INSTALMENT: Final = _table('instalment', 'id', 'amount_minor', 'state', 'state_reason')
PAYOUT: Final = _table('payout', 'id', 'entry_id')
PAYER_KEY: Final = _table('payer_key', 'value', 'donor_id', 'misses')
IDENTITY_KEY: Final = _table('identity_key', 'kind', 'value', 'donor_id')
RECEIPT_LINE: Final = _table('receipt_line', 'receipt_id', 'gift_id', 'amount_minor', released_at=AT)
TASK: Final = _table(
    'task', 'key', 'kind', 'performer', 'role', 'donor_id', 'subject_type', 'subject_id', 'state', 'attempts',
    'last_error', 'done_by', 'outcome', facts=sa.JSON(), due_at=AT, created_at=AT, done_at=AT, lease_until=AT,
)
DOMAIN_EVENT: Final = _table(
    'domain_event', 'kind', 'donor_id', 'subject_type', 'subject_id', occurred_at=AT, recorded_at=AT, data=sa.JSON()
)
AUDIT_RECORD: Final = _table(
    'audit_record', 'actor', 'what', 'subject_type', 'subject_id', 'digest', at=AT, data=sa.JSON()
)


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == 'postgresql':
        op.execute('LOCK TABLE match IN SHARE ROW EXCLUSIVE MODE')  # no decision between looking and forbidding
    _TakingBack(connection, clock.now()).run()
    op.create_index(
        'uq_match_live', 'match', ['entry_id', sa.text('coalesce(detail_id, 0)'), 'part'], unique=True,
        sqlite_where=sa.text('undone_at IS NULL'), postgresql_where=sa.text('undone_at IS NULL'),
        if_not_exists=True,
    )


class _TakingBack:
    """Takes the later ones of two live decisions back; without such it writes nothing."""

    def __init__(self, connection: sa.Connection, now: datetime) -> None:
        self.connection = connection
        self.now = now

    def run(self) -> None:
        surplus = [row for payment in self._payments() for row in _later_decisions(payment)]
        for row in surplus:
            self._update(MATCH, MATCH.c.id == row.id, undone_at=self.now, undone_by=ACTOR)
        # Only now: what stands is asked of the database.
        for row in surplus:
            self._take_back(row)
            self._name_in_error_inbox(row)
        for entry_id, count in sorted(Counter(row.entry_id for row in surplus).items()):
            self._refresh_state(entry_id)
            self._audit('entry.undone', 'entry', entry_id, {'matches': count})

    def _payments(self) -> list[Sequence[Any]]:
        """The live matches of each payment that has two for one part, the earliest first."""
        payment = (MATCH.c.entry_id, sa.func.coalesce(MATCH.c.detail_id, sa.literal_column('0')))
        live = MATCH.c.undone_at.is_(None)
        twice = self._rows(
            sa.select(*payment).where(live).group_by(*payment, MATCH.c.part).having(sa.func.count() > 1)
        )
        return [
            self._rows(
                sa.select(MATCH)
                .where(live, payment[0] == entry_id, payment[1] == detail_id)
                .order_by(MATCH.c.decided_at, MATCH.c.id)
            )
            for entry_id, detail_id in sorted({tuple(row) for row in twice})
        ]

    # -- one decision

    def _take_back(self, row: Any) -> None:
        if row.kind == 'gift' and row.gift_id is not None:
            if not self._exists(MATCH, MATCH.c.gift_id == row.gift_id, *_LIVE_GIFT):
                self._take_out_gift(row)
            if row.donor_id is not None and not self._exists(
                MATCH, *_same_payment(row), MATCH.c.donor_id == row.donor_id, *_LIVE_GIFT
            ):
                self._forget_payer(row)
        elif row.kind == 'payout' and row.payout_id is not None:
            if not self._exists(MATCH, MATCH.c.payout_id == row.payout_id, MATCH.c.undone_at.is_(None)):
                self._update(
                    PAYOUT, sa.and_(PAYOUT.c.id == row.payout_id, PAYOUT.c.entry_id == row.entry_id), entry_id=None
                )
        elif row.kind == 'return':
            is_return = (MATCH.c.kind == 'return', MATCH.c.undone_at.is_(None))
            if not self._exists(MATCH, *_same_payment(row), *is_return):
                self._take_out_return(row)

    def _take_out_gift(self, row: Any) -> None:
        """What a refund, a return or an earlier correction took already is not taken twice."""
        gift = self._one(GIFT, GIFT.c.id == row.gift_id)
        if self._left(gift):
            self._correct(gift, row)
        else:
            self._audit('gift.nothing_left', 'gift', gift.id, {'match': row.id})
        self._unsettle(gift.id)
        self._look_after_receipt(gift)

    def _correct(self, gift: Any, row: Any) -> None:
        left = self._left(gift)
        self._insert(
            CORRECTION, gift_id=gift.id, amount_minor=left, currency=gift.currency, reason=REASON,
            recorded_at=self.now, actor=ACTOR, source='bank', source_ref=f'match:{row.id}',
        )
        self._cancel(f'thank_you:gift:{gift.id}', 'corrected')
        self._insert(
            DOMAIN_EVENT, kind='gift.corrected', donor_id=gift.donor_id, subject_type='gift', subject_id=gift.id,
            occurred_at=self.now, recorded_at=self.now, data={},
        )
        self._audit('gift.corrected', 'gift', gift.id, {'minor': left})

    def _unsettle(self, gift_id: int) -> None:
        """Instalments that only this gift paid are owed again; time then moves them on."""
        for allocation in self._rows(sa.select(ALLOCATION).where(ALLOCATION.c.gift_id == gift_id)):
            self.connection.execute(sa.delete(ALLOCATION).where(ALLOCATION.c.id == allocation.id))
            instalment = self._one(INSTALMENT, INSTALMENT.c.id == allocation.instalment_id)
            others = self._allocated(instalment.id)
            if others >= instalment.amount_minor or instalment.state not in ('paid', 'partial'):
                continue
            after = {'state': 'partial', 'state_reason': ''} if others else {'state': 'expected', 'state_reason': 'undo'}
            self._update(INSTALMENT, INSTALMENT.c.id == instalment.id, **after)

    def _allocated(self, instalment_id: int) -> int:
        """Minor units that settle an instalment: of each gift no more than is left of it."""
        rows = self._rows(
            sa.select(GIFT, ALLOCATION.c.amount_minor.label('part_minor'))
            .join_from(ALLOCATION, GIFT, GIFT.c.id == ALLOCATION.c.gift_id)
            .where(ALLOCATION.c.instalment_id == instalment_id)
        )
        return sum(min(row.part_minor, self._left(row)) for row in rows)

    def _take_out_return(self, row: Any) -> None:
        """The entry was no return: the gift counts again, unless its own entry is explained by it no more."""
        ref = f'{row.entry_id}/{self._position(row)}'
        dispute = self._find(DISPUTE, DISPUTE.c.source == 'bank', DISPUTE.c.source_ref == ref, DISPUTE.c.state == 'lost')
        if dispute is not None:
            self._update(DISPUTE, DISPUTE.c.id == dispute.id, state='won', reason='undone')
            self._cancel(f'returned_gift:{ref}', 'undone')
            paid_by_it = sa.select(ALLOCATION.c.instalment_id).where(ALLOCATION.c.gift_id == dispute.gift_id)
            self._update(
                INSTALMENT, sa.and_(INSTALMENT.c.id.in_(paid_by_it), INSTALMENT.c.state == 'returned'),
                state='paid', state_reason='',
            )
            self._look_after_receipt(self._one(GIFT, GIFT.c.id == dispute.gift_id))
            self._audit('return.undone', 'gift', dispute.gift_id, {})
        gift = self._find(GIFT, GIFT.c.id == row.gift_id, GIFT.c.source == 'bank')
        if gift is None or self._exists(MATCH, MATCH.c.gift_id == gift.id, *_LIVE_GIFT):
            return
        if self._left(gift):
            self._correct(gift, row)
            self._look_after_receipt(gift)

    def _position(self, row: Any) -> int:
        if row.detail_id is None:
            return 0
        position: int = self._one(DETAIL, DETAIL.c.id == row.detail_id).position
        return position

    def _look_after_receipt(self, gift: Any) -> None:
        """Ask the accountant about a live receipt that says more than is left; withdraw what is true no more."""
        left = self._left(gift)
        line = self._find(RECEIPT_LINE, RECEIPT_LINE.c.gift_id == gift.id, RECEIPT_LINE.c.released_at.is_(None))
        wanted = ''
        if line is not None and line.amount_minor > left:
            wanted = 'receipt_correct' if left else 'receipt_void'
        self._update(
            TASK,
            sa.and_(
                TASK.c.kind.in_([kind for kind in RECEIPT_TASKS if kind != wanted]), TASK.c.subject_type == 'gift',
                TASK.c.subject_id == gift.id, TASK.c.state.in_(OPEN_TASKS),
            ),
            state='cancelled', done_at=self.now, done_by=ACTOR, outcome=GIVEN_BACK,
        )
        if not wanted:
            return
        key = f'{wanted}:{gift.id}:{line.receipt_id}'
        task = self._find(TASK, TASK.c.key == key)
        if task is None:
            self._plan(
                key, wanted, ('gift', gift.id), gift.donor_id, 'planned',
                facts={'amount': Money(gift.amount_minor, gift.currency).as_text(), 'currency': gift.currency},
            )
        elif (task.state, task.outcome) == ('cancelled', GIVEN_BACK):
            self._update(
                TASK, TASK.c.key == key, state='planned', done_at=None, done_by=None, outcome='', attempts=0,
                lease_until=None,
            )

    def _forget_payer(self, row: Any) -> None:
        party = self._one(ENTRY, ENTRY.c.id == row.entry_id)
        if row.detail_id is not None:
            party = self._one(DETAIL, DETAIL.c.id == row.detail_id)
        account = _canonical_account(party.counterparty_account)
        name = party.counterparty_name
        text = party.remittance or (party.more or {}).get('info') or ''
        for value in (_payer_key(account, name), _saying(account, name, text)):
            is_learned = sa.and_(PAYER_KEY.c.value == value, PAYER_KEY.c.donor_id == row.donor_id)
            self._update(PAYER_KEY, is_learned, misses=PAYER_KEY.c.misses + 1)
        if account:
            self.connection.execute(
                sa.delete(IDENTITY_KEY).where(
                    IDENTITY_KEY.c.kind == 'iban', IDENTITY_KEY.c.value == account,
                    IDENTITY_KEY.c.donor_id == row.donor_id,
                )
            )

    # -- what is said of it

    def _refresh_state(self, entry_id: int) -> None:
        """The entry is what the decisions that stand say; one that is decided in part keeps its state."""
        rows = self._rows(sa.select(MATCH).where(MATCH.c.entry_id == entry_id, MATCH.c.undone_at.is_(None)))
        details = self._rows(sa.select(DETAIL.c.id).where(DETAIL.c.entry_id == entry_id))
        if len({row.detail_id or 0 for row in rows}) < max(len(details), 1):
            return
        state = 'not_gift' if {row.kind for row in rows} == {'not_gift'} else 'matched'
        stands = ENTRY.c.state.not_in(('duplicate', 'taken_back'))
        self._update(ENTRY, sa.and_(ENTRY.c.id == entry_id, stands), state=state, decide_by=None)

    def _name_in_error_inbox(self, row: Any) -> None:
        facts = {'match': row.id, 'kind': row.kind, 'actor': row.actor}
        facts |= {name: getattr(row, f'{name}_id') for name in ('gift', 'payout') if getattr(row, f'{name}_id')}
        self._plan(f'decided_twice:{row.id}', 'decided_twice', ('entry', row.entry_id), row.donor_id, 'dead', facts=facts)

    def _plan(
        self, key: str, kind: str, subject: tuple[str, int], donor_id: int | None, state: str, *,
        facts: Mapping[str, Any],
    ) -> None:
        self._insert(
            TASK, key=key, kind=kind, performer='person', role='accountant', donor_id=donor_id,
            subject_type=subject[0], subject_id=subject[1], facts=dict(facts), due_at=self.now + SOON,
            created_at=self.now, state=state, attempts=0, last_error=kind if state == 'dead' else '', outcome='',
        )

    def _cancel(self, key: str, reason: str) -> None:
        self._update(
            TASK, sa.and_(TASK.c.key == key, TASK.c.state.in_(OPEN_TASKS)),
            state='cancelled', done_at=self.now, done_by=ACTOR, outcome=reason,
        )

    def _audit(self, what: str, subject_type: str, subject_id: int, data: Mapping[str, Any]) -> None:
        """A record as donorhub's audit writes it; it is sealed later, with the others."""
        fields = [self.now.astimezone(UTC).isoformat(), ACTOR, what, subject_type, subject_id, dict(data)]
        digest = vault.compute_keyed_hash(json.dumps(fields, sort_keys=True, separators=(',', ':'), ensure_ascii=False))
        self._insert(
            AUDIT_RECORD, at=self.now, actor=ACTOR, what=what, subject_type=subject_type, subject_id=subject_id,
            data=dict(data), digest=digest,
        )

    # -- rows

    def _left(self, gift: Any) -> int:
        """Minor units of a gift that refunds, lost disputes and corrections have left; never below nothing."""
        away = 0
        for table, counts in (
            (REFUND, REFUND.c.state.in_(('pending', 'succeeded'))),
            (DISPUTE, DISPUTE.c.state == 'lost'),
            (CORRECTION, sa.true()),
        ):
            amounts = sa.select(table.c.amount_minor).where(table.c.gift_id == gift.id, counts)
            away += sum(self.connection.scalars(amounts))
        left: int = max(0, gift.amount_minor - away)
        return left

    def _rows(self, query: Any) -> Sequence[Any]:
        return self.connection.execute(query).all()

    def _find(self, table: Any, *wanted: Any) -> Any:
        return self.connection.execute(sa.select(table).where(*wanted)).first()

    def _one(self, table: Any, *wanted: Any) -> Any:
        return self.connection.execute(sa.select(table).where(*wanted)).one()

    def _exists(self, table: Any, *wanted: Any) -> bool:
        return self._find(table, *wanted) is not None

    def _update(self, table: Any, wanted: Any, **values: Any) -> None:
        self.connection.execute(sa.update(table).where(wanted).values(**values))

    def _insert(self, table: Any, **values: Any) -> None:
        self.connection.execute(sa.insert(table).values(**values))


_LIVE_GIFT: Final = (MATCH.c.kind == 'gift', MATCH.c.undone_at.is_(None))


def _same_payment(row: Any) -> tuple[Any, ...]:
    return MATCH.c.entry_id == row.entry_id, sa.func.coalesce(MATCH.c.detail_id, 0) == (row.detail_id or 0)


def _later_decisions(rows: Sequence[Any]) -> list[Any]:
    """The matches of decisions that share a part with an earlier one; a decision goes as a whole.

    Rows of one decision have one instant and one actor; a copy of a row is a decision of its own.
    """
    decisions: defaultdict[tuple[Any, ...], list[Any]] = defaultdict(list)
    copies: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        origin = (row.decided_at, row.actor)
        decisions[*origin, copies[*origin, row.part]].append(row)
        copies[*origin, row.part] += 1
    parts: set[int] = set()  # of the decisions that stay
    later: list[Any] = []
    for decision in decisions.values():
        own = {row.part for row in decision}
        if parts & own:
            later += decision
        else:
            parts |= own
    return later


# What a payer is remembered by, as donorhub.domain had it at this revision.
_LETTERS: Final = str.maketrans(
    {'ł': 'l', 'Ł': 'L', 'đ': 'd', 'Đ': 'D', 'ß': 'ss', 'ø': 'o', 'Ø': 'O', 'æ': 'ae', 'Æ': 'AE', '˙': ' '}
)
_NOT_WORD: Final = re.compile(r'[^a-z0-9]+')
_DIGITS: Final = re.compile(r'[0-9]+')
_TAGS: Final = re.compile(
    r'\b(?:EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|PURP|IBAN|BIC|EndToEndId|Remi)\+'
    r'|/(?:EREF|MARF|CSID|CNTP|REMI|RTRN|IDC|TXT|USTD|PURP|ORDP|BENM|NAME)/'
    r'|\b(?:TYT|OD|DLA|TNR|Z RACH|ID IPH)\.?:',
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(
    r'[|;,]|\s{2,}|\b(?:ul|al|os|pl|aleja|osiedle|plac|rynek|rruga|rr|lagjja|bulevardi|str)\b\.?|[0-9]',
    re.IGNORECASE,
)
_NOISE: Final = frozenset(
    '''darowizna darowizny darowizne wplata wplaty przelew st tytulem tytul na cele statutowe rzecz dla od
    ul al os pl sp z o o zoo spolka ograniczona odpowiedzialnoscia donacion donacioni dhurim pagese transfer
    donation gift payment pan pani mr mrs ms zl pln eur'''.split()
)


def _words(text: str) -> list[str]:
    if not text.isascii():
        decomposed = unicodedata.normalize('NFKD', text.translate(_LETTERS))
        text = ''.join(sign for sign in decomposed if not unicodedata.combining(sign))
    return _NOT_WORD.sub(' ', ' '.join(text.casefold().split())).split()


def _canonical_account(text: str) -> str:
    account = ''.join(filter(str.isalnum, text.upper()))
    return 'PL' + account if len(account) == 26 and account.isdigit() else account


def _name_key(text: str) -> str:
    clean = text.strip()
    address = _ADDRESS.search(clean)
    if address is not None and address.start() > 0:
        clean = clean[: address.start()].strip(' .-/') or clean
    return ' '.join(sorted(_words(_DIGITS.sub(' ', clean))))


def _payer_key(account: str, name: str) -> str:
    return f'iban:{account}' if account else f'name:{_name_key(name)}'


def _saying(account: str, name: str, text: str) -> str:
    """What this payer says every time; nothing was learned under '' where the bank tells too little."""
    if not account or not name:
        return ''
    telling = (word for word in _words(_TAGS.sub(' ', text)) if word not in _NOISE and len(word) > 1)
    sentence = f"{account}\x1f{_name_key(name)}\x1f{' '.join(word for word in telling if word.isalpha())}"
    return f'said:{blake2b(sentence.encode(), digest_size=16).hexdigest()}'
