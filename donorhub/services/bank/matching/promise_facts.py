"""What the donors of some credits promised and have not paid yet, as matching weighs it.

For each instalment: whether money of another amount is there for it, whether the bank is known on its days,
and, where a donor has several promises, with which words money came for each so far.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from operator import attrgetter
from typing import Final

from sqlalchemy import and_, func, literal, or_, select

from donorhub.db import cut_query_values, db, sum_minor
from donorhub.domain.bank.matching import habits as habits_of
from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.matching_facts import InstalmentFacts, count_days_beside
from donorhub.domain.bank.matching.wordings import read_wording
from donorhub.domain.recurring.banking_days import roll_back
from donorhub.domain.recurring.changed_amounts import LooseGift, OpenSlot, find_claims
from donorhub.domain.recurring.recurring_states import Windows
from donorhub.models import (
    Allocation,
    Coverage,
    Detail,
    Entry,
    Gift,
    Instalment,
    Match,
    RecurringGift,
    Statement,
)
from donorhub.models.states import UNPAID_INSTALMENTS
from donorhub.money import Money
from donorhub.services.bank.files import bank_accounts
from donorhub.services.bank.matching.credits import SOURCE
from donorhub.services.recurring import changed_amounts, known_banks

_OPEN_DAYS: Final = timedelta(days=100)  # missed for 90 days at most, after 10 days of grace
_AHEAD: Final = timedelta(days=40)
_HABIT_BACK: Final = timedelta(days=220)  # six months and a little
_WORDS_BACK: Final = timedelta(days=400)  # a yearly promise has said something
_BREAK: Final = timedelta(days=6)  # the longest run of days on which banks are closed, and one more
_LAST: Final = 3  # payments whose words count
InstalmentsByDonor = Mapping[int, tuple[InstalmentFacts, ...]]
Span = tuple[date, date]


def find_instalments(
    items: Sequence[Clues],
    donor_ids: Collection[int],
    donors_of_account: Mapping[str, tuple[int, ...]],
    country: str,
) -> dict[int, tuple[InstalmentFacts, ...]]:
    """Return the open instalments about the days of these credits, by donor."""
    days = [clues.credit.booked_on for clues in items]
    facts = _add_habits(_find_open(donor_ids, min(days), max(days), country), min(days), country)
    facts = _mark_claimed(facts, _find_money_there(items, donor_ids, donors_of_account))
    if not facts:
        return {}
    accounts = _find_accounts(items)
    facts = _mark_unknown(facts, _find_gaps(accounts))
    return _add_ways(facts, accounts, min(days))


def _find_open(
    donor_ids: Iterable[int], first_on: date, last_on: date, country: str
) -> dict[int, tuple[InstalmentFacts, ...]]:
    allocated = select(sum_minor(Allocation.amount_minor)).where(Allocation.instalment_id == Instalment.id)
    # Found by their donors, not among all that is owed or due.
    state_word, due_day = func.coalesce(Instalment.state, ""), func.coalesce(Instalment.due_on, first_on)
    facts: dict[int, list[InstalmentFacts]] = defaultdict(list)
    for chunk in cut_query_values(sorted(donor_ids)):
        rows = db.session.execute(
            select(
                Instalment.id,
                RecurringGift.donor_id,
                Instalment.recurring_gift_id,
                Instalment.due_on,
                Instalment.amount_minor,
                Instalment.currency,
                Instalment.state,
                Instalment.source_ref,
                Instalment.nominal_on,
                allocated.scalar_subquery(),
            )
            .join(RecurringGift, RecurringGift.id == Instalment.recurring_gift_id)
            .where(
                RecurringGift.donor_id.in_(chunk),
                or_(
                    state_word.in_(UNPAID_INSTALMENTS),
                    # Nothing is owed in a pause, and yet donors pay.
                    and_(state_word == "skipped", Instalment.state_reason == "pause"),
                ),
                due_day.between(first_on - _OPEN_DAYS, last_on + _AHEAD),
            )
        )
        for id_, donor_id, gift_id, due_on, minor, currency, state, ref, nominal_on, allocated_minor in rows:
            left_minor = minor - (allocated_minor or 0)
            if left_minor > 0:
                facts[donor_id].append(
                    InstalmentFacts(
                        id_,
                        donor_id,
                        gift_id,
                        due_on,
                        Money(left_minor, currency),
                        state,
                        (ref,) if ref else (),
                        nominal_on=nominal_on,
                        back_on=roll_back(nominal_on, country),
                    )
                )
    by_id = attrgetter("instalment_id")  # the same answer, whichever way the rows were found
    return {donor_id: tuple(sorted(some, key=by_id)) for donor_id, some in facts.items()}


def _add_habits(facts: InstalmentsByDonor, first_on: date, country: str) -> InstalmentsByDonor:
    """Return the instalments with the days on which money came for their recurring gifts so far."""
    delays = _read_delays({i.recurring_gift_id for some in facts.values() for i in some}, first_on, country)
    habits = {id_: habit for id_, some in delays.items() if (habit := habits_of.learn_habit(some))}
    if not habits:
        return facts
    return {
        donor_id: tuple(replace(i, habit=habits.get(i.recurring_gift_id)) for i in some)
        for donor_id, some in facts.items()
    }


def _read_delays(recurring_gift_ids: Iterable[int], first_on: date, country: str) -> dict[int, list[int]]:
    """Return how many days after its own each of the last instalments was paid by bank, the newest first, by
    recurring gift.
    """
    delays: dict[int, list[int]] = defaultdict(list)
    for chunk in cut_query_values(sorted(recurring_gift_ids)):
        rows = db.session.execute(
            select(
                Instalment.recurring_gift_id,
                Instalment.due_on,
                Instalment.nominal_on,
                Gift.received_on,
            )
            .join(Allocation, Allocation.instalment_id == Instalment.id)
            .join(Gift, Gift.id == Allocation.gift_id)
            .where(
                Instalment.recurring_gift_id.in_(chunk),
                Instalment.due_on.between(first_on - _HABIT_BACK, first_on),
                Instalment.state == "paid",
                func.coalesce(Gift.source, "") == SOURCE,  # found by their instalments, not among all
            )
            .order_by(Instalment.due_on.desc(), Instalment.id)
        )
        for id_, due_on, nominal_on, paid_on in rows:
            if len(delays[id_]) < habits_of.LAST:
                delays[id_].append(count_days_beside(paid_on, roll_back(nominal_on, country), due_on))
    return delays


def _find_money_there(
    items: Sequence[Clues], donor_ids: Collection[int], donors_of_account: Mapping[str, tuple[int, ...]]
) -> dict[tuple[int, str], list[LooseGift]]:
    """Return what came of these donors and settles nothing yet: gifts beside every promise, and other waiting
    entries of the same accounts.
    """
    last_on = max(clues.credit.booked_on for clues in items)
    first_on = min(clues.credit.booked_on for clues in items) - _OPEN_DAYS
    money = changed_amounts.list_loose_gifts(first_on, last_on, donor_ids)
    own_ids = {clues.credit.entry_id for clues in items}
    for chunk in cut_query_values(sorted(donors_of_account)):
        rows = db.session.execute(
            select(
                Entry.id, Entry.counterparty_account, Entry.currency, Entry.booked_on, Entry.amount_minor
            ).where(
                Entry.state == "suspense",
                Entry.booked_on.between(first_on, last_on),
                Entry.amount_minor > 0,
                Entry.counterparty_account.in_(chunk),
            )
        )
        for id_, account, currency, booked_on, minor in rows:
            if id_ not in own_ids:
                for donor_id in donors_of_account[account]:
                    money[donor_id, currency].append(LooseGift(-id_, booked_on, minor))
    return money


def _mark_claimed(
    facts: Mapping[int, tuple[InstalmentFacts, ...]], money: Mapping[tuple[int, str], Sequence[LooseGift]]
) -> dict[int, tuple[InstalmentFacts, ...]]:
    """Return the instalments, those marked on whose days money of another amount came."""
    claimed_ids = {
        claim.slot.instalment_id
        for (donor_id, currency), some in money.items()
        for claim in find_claims(
            some,
            [
                OpenSlot(i.instalment_id, i.recurring_gift_id, i.due_on, i.open.minor, i.nominal_on)
                for i in facts.get(donor_id, ())
                if i.open.currency == currency
            ],
        )
        if claim.gift.minor != claim.slot.minor
    }
    if not claimed_ids:
        return dict(facts)
    return {
        donor_id: tuple(replace(i, is_claimed=i.instalment_id in claimed_ids) for i in some)
        for donor_id, some in facts.items()
    }


def _find_accounts(items: Sequence[Clues]) -> dict[int, bool]:
    """Return our accounts that these credits came to, and whether each is known up to the first day of the
    statements that tell them.
    """
    first_on = func.min(func.coalesce(Statement.period_from, Entry.booked_on))
    known_to = (
        select(Coverage.known_to)
        .where(Coverage.source == literal(known_banks.SOURCE).op("||")(Entry.bank_account_id))
        .order_by(Coverage.id.desc())
        .limit(1)
        .correlate(Entry)
        .scalar_subquery()
    )
    is_known: dict[int, bool] = {}
    for chunk in cut_query_values(sorted({clues.credit.entry_id for clues in items})):
        rows = db.session.execute(
            select(Entry.bank_account_id, first_on, known_to)
            .join(Statement, Statement.id == Entry.statement_id)
            .where(Entry.id.in_(chunk))
            .group_by(Entry.bank_account_id)
        )
        for id_, day, known_day in rows:
            is_known_so_far = known_day is not None and known_day >= day - _BREAK
            is_known[id_] = is_known_so_far and is_known.get(id_, True)
    return is_known


def _find_gaps(is_known: Mapping[int, bool]) -> list[Span]:
    """Return the days between the statements of accounts of which none is there yet; the statements are read
    only of accounts that are not known.
    """
    return [
        (gap.from_on, gap.to_on)
        for id_, is_known_so_far in is_known.items()
        if not is_known_so_far
        for gap in bank_accounts.find_gaps(id_)
    ]


def _mark_unknown(facts: InstalmentsByDonor, gaps: Sequence[Span]) -> dict[int, tuple[InstalmentFacts, ...]]:
    """Return the instalments, those marked that may have been paid in a gap."""
    windows = Windows()
    early, late = timedelta(days=windows.early), timedelta(days=windows.late)
    return {
        donor_id: tuple(
            replace(i, is_unknown=True)
            if any(from_on <= i.due_on + late and i.due_on - early <= to_on for from_on, to_on in gaps)
            else i
            for i in some
        )
        for donor_id, some in facts.items()
    }


def _add_ways(
    facts: InstalmentsByDonor, account_ids: Collection[int], first_on: date
) -> dict[int, tuple[InstalmentFacts, ...]]:
    """Return the instalments, those of donors with several promises with the ways in which each was paid."""
    promise_ids_of = {donor_id: {i.recurring_gift_id for i in some} for donor_id, some in facts.items()}
    ids = {id_ for some in promise_ids_of.values() if len(some) > 1 for id_ in some}
    ways = _read_ways(ids, first_on) if ids else {}
    here_ids = {id_ for id_, some in ways.items() if any(account_id in account_ids for account_id, _ in some)}
    return {
        donor_id: tuple(
            replace(
                i,
                wordings=frozenset(words for _, words in ways[i.recurring_gift_id] if words),
                is_elsewhere=i.recurring_gift_id not in here_ids
                and not here_ids.isdisjoint(promise_ids_of[donor_id]),
            )
            if i.recurring_gift_id in ways
            else i
            for i in some
        )
        for donor_id, some in facts.items()
    }


def _read_ways(recurring_gift_ids: Iterable[int], first_on: date) -> dict[int, list[tuple[int, str]]]:
    """Return to which of our accounts and with which words the last payments of recurring gifts came."""
    ways: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for chunk in cut_query_values(sorted(recurring_gift_ids)):
        rows = db.session.execute(
            select(
                Instalment.recurring_gift_id,
                Entry.bank_account_id,
                func.coalesce(Detail.remittance, Entry.remittance, ""),
            )
            .join(Allocation, Allocation.instalment_id == Instalment.id)
            .join(Match, Match.gift_id == Allocation.gift_id)
            .join(Entry, Entry.id == Match.entry_id)
            .outerjoin(Detail, Detail.id == Match.detail_id)
            .where(
                Instalment.recurring_gift_id.in_(chunk),
                Instalment.due_on >= first_on - _WORDS_BACK,
                Match.kind == "gift",
                Match.undone_at.is_(None),
            )
            .order_by(Instalment.due_on.desc(), Instalment.id)
        )
        for id_, account_id, text in rows:
            if len(ways[id_]) < _LAST:
                ways[id_].append((account_id, read_wording(text)))
    return ways
