"""Whether the ledger of each account is what balances prove, not what a statement says of itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, select

from donorhub.db import db
from donorhub.domain.bank.files.chain_doubts import list_sums
from donorhub.domain.bank.files.chains import Chain, Link, list_chains
from donorhub.models import BankAccount, Entry, EntryAlias, ImportFile, Statement
from donorhub.models.states import COUNTED_STATEMENTS, UNCOUNTED_ENTRIES
from donorhub.money import Money
from donorhub.services.bank.files import entry_questions, ledger_rows
from donorhub.services.reports.invariants.scope import Scope, show_some

COUNTS = Entry.state.not_in(UNCOUNTED_ENTRIES)


class _Shift(NamedTuple):
    """An entry that a statement tells on another day than the ledger has it."""

    statement_id: int
    booked_on: date
    told_on: date
    minor: int


def check_balances(scope: Scope, _now: datetime) -> list[str]:
    """Return chains of statements whose last closing minus first opening is not what counts in between."""
    of_statements = select(Statement.bank_account_id).where(scope.is_concerned(Statement, Entry.statement_id))
    of_entries = select(Entry.bank_account_id).where(scope.is_concerned(Entry))
    ids = {id_ for query in (of_statements, of_entries) for id_ in db.session.scalars(query.distinct())}
    return show_some(sentence for id_ in sorted(ids) for sentence in _check_account(id_))


def list_differing_accounts() -> list[int]:
    """Return the accounts whose ledger is not what balances prove."""
    ids = db.session.scalars(select(BankAccount.id).order_by(BankAccount.id)).all()
    return [id_ for id_ in ids if any(_check_account(id_))]


def _check_account(bank_account_id: int) -> Iterator[str]:
    links_of = _list_links(bank_account_id)
    if not links_of:
        return
    account = db.session.get_one(BankAccount, bank_account_id)
    day_sums = _sum_days(bank_account_id)
    shifts = _list_shifts(bank_account_id)
    for _, links in sorted(links_of.items()):
        statement_ids = {link.id for link in links}
        sums = dict(day_sums)
        for shift in shifts:
            if shift.statement_id in statement_ids:
                sums[shift.booked_on] = sums.get(shift.booked_on, 0) - shift.minor
                sums[shift.told_on] = sums.get(shift.told_on, 0) + shift.minor
        for chain in list_chains(links):
            minor = _sum_between(sums, chain.first_on, chain.last_on)
            if minor not in chain.sums and not _is_explained(bank_account_id, chain, shifts, minor):
                yield _describe_difference(account, chain, sums, minor)


def _list_links(bank_account_id: int) -> Mapping[str, list[Link]]:
    """Return the statements that balances prove, by format."""
    rows = db.session.execute(
        select(Statement, ImportFile)
        .join(ImportFile, ImportFile.id == Statement.import_file_id)
        .where(
            Statement.bank_account_id == bank_account_id,
            Statement.posted_at.is_not(None),
            Statement.state.in_(COUNTED_STATEMENTS),
            Statement.is_advice.is_(False),
            Statement.integrity == "proved",
        )
    )
    outdated_ids = entry_questions.find_outdated_statements(bank_account_id)
    links: dict[str, list[Link]] = defaultdict(list)
    for row, file in rows:
        if row.id in outdated_ids:
            continue
        first_on, last_on, opening, closing = (
            row.period_from,
            row.period_to,
            row.opening_minor,
            row.closing_minor,
        )
        if first_on is None or last_on is None or opening is None or closing is None:
            continue
        number = row.sequence_no or row.ref or ""
        links[ledger_rows.find_source_name(row, file)].append(
            Link(first_on, last_on, row.id, opening, closing, number)
        )
    return links


def _sum_days(bank_account_id: int) -> dict[date, int]:
    rows = db.session.execute(
        select(Entry.booked_on, func.sum(Entry.amount_minor))
        .where(Entry.bank_account_id == bank_account_id, COUNTS)
        .group_by(Entry.booked_on)
    )
    return {day: int(minor) for day, minor in rows}


def _list_shifts(bank_account_id: int) -> list[_Shift]:
    rows = db.session.execute(
        select(EntryAlias.statement_id, Entry.booked_on, EntryAlias.ref, Entry.amount_minor)
        .join(Entry, Entry.id == EntryAlias.entry_id)
        .where(Entry.bank_account_id == bank_account_id, EntryAlias.kind == "told_on", COUNTS)
    )
    return [_Shift(id_, day, date.fromisoformat(ref), minor) for id_, day, ref, minor in rows]


def _sum_between(sums: Mapping[date, int], first_on: date, last_on: date) -> int:
    return sum(minor for day, minor in sums.items() if first_on <= day <= last_on)


def _is_explained(bank_account_id: int, chain: Chain, shifts: Sequence[_Shift], minor: int) -> bool:
    """Return whether the difference is made by entries of other files on the first and last day, which the
    chain may have in part, by entries told on several days, or by what the bank changed between the
    statements of the chain or after them, as a person confirmed.
    """
    amounts = db.session.scalars(
        select(Entry.amount_minor).where(
            Entry.bank_account_id == bank_account_id,
            Entry.booked_on.in_((chain.first_on, chain.last_on)),
            Entry.statement_id.not_in(chain.statement_ids),
            COUNTS,
        )
    ).all()
    sums = list_sums([*amounts, *_list_border_moves(shifts, chain)])
    if sums is None:
        return True
    changes = entry_questions.list_settled_changes(bank_account_id, chain.first_on, chain.last_on)
    insides = list_sums(changes.inside) or {0}
    # What it changed of days before moved those balances of the chain that it told after that.
    before = list_sums(changes.before) or {0}
    rests = {minor - one for one in sums}
    return any(
        proved_sum + change + other in rests
        for proved_sum in chain.sums
        for change in insides
        for other in before | {-earlier for earlier in before}
    )


def _list_border_moves(shifts: Iterable[_Shift], chain: Chain) -> Iterator[int]:
    """Return what counts in the chain and was told outside it by other statements, and the other way round as
    money out.
    """
    for shift in shifts:
        is_inside, was_inside = (
            chain.first_on <= on <= chain.last_on for on in (shift.booked_on, shift.told_on)
        )
        if is_inside != was_inside and shift.statement_id not in chain.statement_ids:
            yield shift.minor if is_inside else -shift.minor


def _describe_difference(account: BankAccount, chain: Chain, sums: Mapping[date, int], minor: int) -> str:
    """Return where the ledger first differs and by how much in all."""
    until = chain.last_on
    for end in sorted({link.last_on for link in chain.links}):
        part = Chain(tuple(link for link in chain.links if link.last_on <= end), chain.statement_ids)
        if _sum_between(sums, chain.first_on, end) not in part.sums:
            until = end
            break
    proved_minor = min(chain.sums)
    return (
        f"account {account.id}: from {chain.first_on} to {chain.last_on} the bank's balances make "
        f"{Money(proved_minor, account.currency)} and the ledger {Money(minor, account.currency)}, "
        f"which first differs in a statement that ends on {until}"
    )
