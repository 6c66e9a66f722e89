"""Whether it is known that money did not come: the days that the statements of our accounts cover.

A promise waits for the account that its last instalment was paid into, else for all of its currency that
are in use. What a provider collects waits for the provider's word: nothing tells yet up to which day all
that it did is here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from donorhub.db import cut_query_values, db
from donorhub.domain.recurring.coverage import KnownDays
from donorhub.models import Allocation, BankAccount, Coverage, Entry, Instalment, Match, RecurringGift
from donorhub.services.access import organisation

SOURCE: Final = "bank:"  # of coverage, before the id of an account
_DAY: Final = timedelta(days=1)
_BEFORE: Final = timedelta(days=4)  # a bank that pays before a weekend pays then
TOLD_FAILURES: Final = ("failed", "returned")  # a provider's word that nothing came


def name_source(bank_account_id: int) -> str:
    """Return what a bank account is called as a source of facts."""
    return f"{SOURCE}{bank_account_id}"


def read_coverage(*, now: datetime) -> dict[int, KnownDays]:
    """Return the days that are known of each bank account, by its id, as they stood at an instant."""
    newest = (
        select(func.max(Coverage.id))
        .where(Coverage.recorded_at <= now, Coverage.source.startswith(SOURCE))
        .group_by(Coverage.source)
    )
    rows = db.session.execute(
        select(Coverage.source, Coverage.known_from, Coverage.known_to).where(Coverage.id.in_(newest))
    )
    return {
        int(source.removeprefix(SOURCE)): KnownDays(known_from, known_to)
        for source, known_from, known_to in rows
        if known_from is not None and known_to is not None
    }


@dataclass(frozen=True, slots=True)
class KnownBanks:
    """Our accounts in use with their currencies, what is known of each, and where promises were paid last."""

    currencies: Mapping[int, str]
    days: Mapping[int, KnownDays]
    own_accounts: Mapping[int, int]

    def find_days(self, promise: RecurringGift) -> KnownDays | None:
        """Return the days of which all is known that could have brought money for a promise; None when no
        day is.
        """
        ids = self.list_sources(promise)
        if not ids or any(id_ not in self.days for id_ in ids):
            return None
        days = [self.days[id_] for id_ in ids]
        return KnownDays(max(d.first_on for d in days), min(d.last_on for d in days))

    def list_sources(self, promise: RecurringGift) -> list[int]:
        """Return the accounts that a promise waits for."""
        own_id = self.own_accounts.get(promise.id)
        if own_id is not None and own_id in self.currencies:
            return [own_id]
        return [id_ for id_, currency in self.currencies.items() if currency == promise.currency]

    def find_last_day(self, promise: RecurringGift, instalment: Instalment, today: date) -> date | None:
        """Return the last day up to which it is known whether money for an instalment came, if any."""
        if promise.charged_by == "provider":
            return today if instalment.state in TOLD_FAILURES else None
        days = self.find_days(promise)
        if days is None or days.first_on > instalment.nominal_on - _BEFORE:
            return None
        return days.last_on

    def find_known_at(self, promise: RecurringGift, day: date, now: datetime) -> datetime:
        """Return the instant since which a day is known for a promise, at the earliest its end."""
        if promise.charged_by == "provider":
            return now
        day_over = organisation.get_midnight(day + _DAY)
        instants = [_find_instant(id_, day, now) for id_ in self.list_sources(promise)]
        return max([day_over, *(instant for instant in instants if instant is not None)])


def read_known_banks(
    recurring_gift_ids: Collection[int],
    *,
    today: date,
    now: datetime,
    coverage: Mapping[int, KnownDays] | None = None,
) -> KnownBanks:
    """Return what is known at an instant of our accounts, for recurring gifts; ``coverage``, if read."""
    accounts = db.session.execute(select(BankAccount.id, BankAccount.currency, BankAccount.closed_on))
    currencies = {
        id_: currency for id_, currency, closed_on in accounts if closed_on is None or closed_on > today
    }
    days = read_coverage(now=now) if coverage is None else coverage
    return KnownBanks(currencies, days, _find_own_accounts(recurring_gift_ids))


def _find_instant(bank_account_id: int, day: date, now: datetime) -> datetime | None:
    """Return since when an account has been known up to a day without a break."""
    rows = db.session.execute(
        select(Coverage.known_to, Coverage.recorded_at)
        .where(Coverage.source == name_source(bank_account_id), Coverage.recorded_at <= now)
        .order_by(Coverage.id.desc())
    )
    instant: datetime | None = None
    for known_to, recorded_at in rows:
        if known_to is None or known_to < day:
            break
        instant = recorded_at
    return instant


def _find_own_accounts(recurring_gift_ids: Collection[int]) -> dict[int, int]:
    """Return the account that the last paid instalment of each of these recurring gifts came to."""
    own_accounts: dict[int, int] = {}
    for chunk in cut_query_values(sorted(recurring_gift_ids)):
        newest = (
            select(Instalment.recurring_gift_id, func.max(Entry.id).label("entry_id"))
            .join(Allocation, Allocation.instalment_id == Instalment.id)
            .join(Match, Match.gift_id == Allocation.gift_id)
            .join(Entry, Entry.id == Match.entry_id)
            .where(
                Instalment.recurring_gift_id.in_(chunk),
                Instalment.state == "paid",
                Match.kind == "gift",
                Match.undone_at.is_(None),
            )
            .group_by(Instalment.recurring_gift_id)
            .subquery()
        )
        rows = db.session.execute(
            select(newest.c.recurring_gift_id, Entry.bank_account_id).join(
                Entry, Entry.id == newest.c.entry_id
            )
        )
        for promise_id, account_id in rows:
            own_accounts[promise_id] = account_id
    return own_accounts
