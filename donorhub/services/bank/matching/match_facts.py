"""All that is known of the payers of some credits, fetched at once by indexed keys.

A chunk of credits costs a dozen queries, however many donors there are. It weighs
nothing: that is :mod:`donorhub.domain.bank.matching.matching`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, TypeVar

from sqlalchemy import case, func, select

import webhooks
from donorhub.db import cut_query_values, db
from donorhub.domain.bank.matching.clues import Clues
from donorhub.domain.bank.matching.matching_facts import (
    DebitFacts,
    DonorFacts,
    GiftFacts,
    MatchFacts,
    PayerKeyFacts,
    PayoutFacts,
    Policy,
)
from donorhub.domain.bank.matching.not_gifts import is_marked_return
from donorhub.domain.bank.matching.payer_uses import SAID_OFTEN
from donorhub.domain.bank.matching.words_against import split_words_against
from donorhub.domain.payer_text import make_name_key, normalise_account
from donorhub.models import (
    BankAccount,
    Correction,
    Donor,
    Entry,
    Gift,
    Match,
    Payout,
    RecurringGift,
)
from donorhub.models.states import ARRIVING_PAYOUTS, UNCOUNTED_ENTRIES
from donorhub.money import Money, parse_amount_line
from donorhub.services.access import organisation
from donorhub.services.bank.matching import match_links, promise_facts, stopped_rules
from donorhub.services.bank.matching.credits import NOBODYS
from donorhub.services.giving import gifts

_K = TypeVar("_K", int, str)
_PAYOUT_DAYS: Final = timedelta(days=15)  # five banking days and what holidays there may be between


def make_policy(account: BankAccount) -> Policy:
    """Return how far matching may go for an account."""
    ours = organisation.get_organisation()
    return Policy(
        prefix=ours.code_prefix,
        mode=account.matching,
        cap=read_caps(ours.ask_above),
        words_against=split_words_against(ours.words_against),
        country=ours.country,
        stopped_rules=stopped_rules.list_stopped(account.id),
    )


def read_caps(text: str) -> dict[str, int]:
    """Return the highest amounts that are booked without a person, in minor units by currency."""
    amounts = [parse_amount_line(line) for line in text.splitlines() if line.strip()]
    return {amount.currency: amount.minor for amount in amounts}


def fetch_facts(items: Sequence[Clues], policy: Policy) -> MatchFacts:
    """Return what is known about the payers of these credits, merged donors followed to the survivor."""
    links = match_links.fetch_links(items, policy.prefix)
    survivors, donors = _find_donors(links.list_donor_ids())
    links = links.follow_merges(survivors)
    links.add_rf_refs({ref for clues in items for ref in clues.refs}, policy.prefix)
    days = [clues.credit.booked_on for clues in items]
    debits = [clues for clues in items if clues.credit.amount.minor < 0]
    provider_words, payouts = _find_payouts(min(days), max(days))
    payer_keys = links.group_payer_keys()
    return MatchFacts(
        donors=donors,
        donor_of_number={number: ids[0] for number, ids in links.numbers.items()},
        donors_of_ref=links.refs,
        donors_of_account=links.accounts,
        donors_of_name=links.names,
        donors_of_email=links.emails,
        payer_keys=payer_keys,
        instalments=promise_facts.find_instalments(items, donors, links.accounts, policy.country),
        gifts=_leave_out_taken_back(_find_gifts(donors, min(days), max(days), policy)) if debits else {},
        gifts_of_ref=_leave_out_taken_back(_find_gifts_of_ref(debits, policy)) if debits else {},
        debits=_find_debits(items, policy),
        payouts=payouts,
        provider_words=provider_words,
        largest_gifts=_find_largest_gifts(donors),
        holder_ids=match_links.find_holders(links.list_named_ids()),
        trusts_names=_has_said_names(items, payer_keys) and match_links.are_names_proved(),
        own_accounts=frozenset(db.session.scalars(select(BankAccount.number))),
    )


def _has_said_names(items: Sequence[Clues], payer_keys: Mapping[str, Sequence[PayerKeyFacts]]) -> bool:
    """Return whether any credit without an account has words that were confirmed often."""
    return any(
        clues.account is None
        and any(key.hits >= SAID_OFTEN for key in payer_keys.get(clues.saying or "", ()))
        for clues in items
    )


def _find_donors(ids: Iterable[int]) -> tuple[dict[int, int], dict[int, DonorFacts]]:
    """Return who was merged into whom, and the facts of all who are left."""
    survivors: dict[int, int] = {}
    facts: dict[int, DonorFacts] = {}
    ids_to_read = set(ids)
    while ids_to_read:
        further: set[int] = set()
        closed_ids = _find_donors_who_closed(ids_to_read)
        for chunk in cut_query_values(sorted(ids_to_read)):
            columns = select(Donor.id, Donor.name, Donor.is_deceased, Donor.merged_into_id)
            for id_, name, is_deceased, merged_into_id in db.session.execute(
                columns.where(Donor.id.in_(chunk))
            ):
                if merged_into_id is not None:
                    survivors[id_] = merged_into_id
                    further.add(merged_into_id)
                else:
                    facts[id_] = DonorFacts(
                        id_, name, is_deceased=is_deceased, has_closed_recurring=id_ in closed_ids
                    )
        ids_to_read = further - facts.keys()
    return {id_: _find_last(id_, survivors) for id_ in survivors}, facts


def _find_last(donor_id: int, survivors: Mapping[int, int]) -> int:
    while donor_id in survivors:
        donor_id = survivors[donor_id]
    return donor_id


def _find_donors_who_closed(donor_ids: Iterable[int]) -> set[int]:
    """Return those who have closed recurring gifts and no open one."""
    is_open = case((RecurringGift.state == "closed", 0), else_=1)
    closed_ids: set[int] = set()
    for chunk in cut_query_values(sorted(donor_ids)):
        closed_ids.update(
            db.session.scalars(
                select(RecurringGift.donor_id)
                .where(RecurringGift.donor_id.in_(chunk))
                .group_by(RecurringGift.donor_id)
                .having(func.max(is_open) == 0)
            )
        )
    return closed_ids


def _find_largest_gifts(donor_ids: Iterable[int]) -> dict[tuple[int, str], int]:
    """Return the largest gift of each donor in each currency, without tests and what was taken out."""
    largest: dict[tuple[int, str], int] = {}
    for chunk in cut_query_values(sorted(donor_ids)):
        rows = db.session.execute(
            select(Gift.donor_id, Gift.currency, func.max(Gift.amount_minor))
            .where(
                Gift.donor_id.in_(chunk),
                Gift.is_test.is_(False),
                Gift.method != "in_kind",
                ~select(Correction.id).where(Correction.gift_id == Gift.id).exists(),
            )
            .group_by(Gift.donor_id, Gift.currency)
        )
        largest.update({(donor_id, currency): minor for donor_id, currency, minor in rows})
    return largest


def _find_gifts(
    donor_ids: Iterable[int], first_on: date, last_on: date, policy: Policy
) -> dict[int, tuple[GiftFacts, ...]]:
    """Return gifts that a return may take back, the newest first."""
    facts: dict[int, list[GiftFacts]] = defaultdict(list)
    since = first_on - timedelta(days=policy.return_days)
    for chunk in cut_query_values(sorted(donor_ids)):
        rows = db.session.execute(
            select(Gift.id, Gift.donor_id, Gift.amount_minor, Gift.currency, Gift.received_on)
            .where(Gift.donor_id.in_(chunk), Gift.received_on.between(since, last_on), Gift.source == "bank")
            .order_by(Gift.received_on.desc(), Gift.id.desc())
        )
        for id_, donor_id, minor, currency, received_on in rows:
            facts[donor_id].append(GiftFacts(id_, donor_id, Money(minor, currency), received_on))
    return {donor_id: tuple(some) for donor_id, some in facts.items()}


def _find_gifts_of_ref(debits: Sequence[Clues], policy: Policy) -> dict[str, tuple[GiftFacts, ...]]:
    """Return gifts of entries that came under the end-to-end id or mandate that a debit names."""
    refs = sorted({ref for clues in debits for ref in clues.credit.refs})
    days = [clues.credit.booked_on for clues in debits]
    since = min(days) - timedelta(days=policy.return_days)
    facts: dict[str, list[GiftFacts]] = defaultdict(list)
    for column in (Entry.end_to_end_id, Entry.mandate_id):
        for chunk in cut_query_values(refs):
            rows = db.session.execute(
                select(column, Gift.id, Gift.donor_id, Gift.amount_minor, Gift.currency, Gift.received_on)
                .join(Match, Match.entry_id == Entry.id)
                .join(Gift, Gift.id == Match.gift_id)
                .where(
                    Entry.booked_on.between(since, max(days)), column.in_(chunk), Match.undone_at.is_(None)
                )
                .order_by(Gift.received_on.desc(), Gift.id.desc())
            )
            for ref, id_, donor_id, minor, currency, received_on in rows:
                if ref:
                    facts[ref].append(GiftFacts(id_, donor_id, Money(minor, currency), received_on, (ref,)))
    return {ref: tuple(some) for ref, some in facts.items()}


def _find_debits(items: Sequence[Clues], policy: Policy) -> list[DebitFacts]:
    """Return what went out and has the amount of a credit that says that money comes back."""
    returns = [clues for clues in items if clues.credit.amount.minor > 0 and is_marked_return(clues)]
    if not returns:
        return []
    days = [clues.credit.booked_on for clues in returns]
    first_on = min(days) - timedelta(days=policy.return_days)
    facts = []
    for chunk in cut_query_values(sorted({-clues.credit.amount.minor for clues in returns})):
        rows = db.session.execute(
            select(
                Entry.amount_minor,
                Entry.currency,
                Entry.booked_on,
                Entry.counterparty_account,
                Entry.counterparty_name,
                Entry.end_to_end_id,
            ).where(
                Entry.booked_on.between(first_on, max(days)),
                Entry.amount_minor.in_(chunk),
                Entry.state.not_in(UNCOUNTED_ENTRIES),
            )
        )
        facts += [
            DebitFacts(
                Money(minor, currency),
                on,
                normalise_account(account),
                make_name_key(name or ""),
                (ref,) if ref and ref.strip().upper() not in NOBODYS else (),
            )
            for minor, currency, on, account, name, ref in rows
        ]
    return facts


def _leave_out_taken_back(facts: Mapping[_K, tuple[GiftFacts, ...]]) -> dict[_K, tuple[GiftFacts, ...]]:
    """Return the gifts without those of which nothing is left: they cannot be taken back again."""
    amounts = {gift.gift_id: gift.amount.minor for some in facts.values() for gift in some}
    gone_ids: set[int] = set()
    for chunk in cut_query_values(sorted(amounts)):
        gone_ids |= {id_ for id_, minor in gifts.sum_deductions(chunk).items() if minor >= amounts[id_]}
    return {key: tuple(g for g in some if g.gift_id not in gone_ids) for key, some in facts.items()}


def _find_payouts(
    first_on: date, last_on: date
) -> tuple[dict[str, tuple[str, ...]], tuple[PayoutFacts, ...]]:
    """Return the payouts that wait for their entry around these days, and what their providers are called."""
    rows = db.session.scalars(
        select(Payout).where(
            func.coalesce(Payout.entry_id, 0) == 0,  # found by their days, not among all without an entry
            Payout.state.in_(ARRIVING_PAYOUTS),
            Payout.is_test.is_(False),
            Payout.arrival_on.between(first_on - _PAYOUT_DAYS, last_on + _PAYOUT_DAYS),
        )
    ).all()
    words = {provider: list(some) for provider, some in webhooks.collect_payout_texts().items()}
    for row in rows:
        if row.descriptor and row.descriptor not in words.setdefault(row.provider, []):
            words[row.provider].append(row.descriptor)
    payouts = tuple(
        PayoutFacts(row.id, row.provider, Money(row.net_minor, row.currency), row.arrival_on, (row.ref,))
        for row in rows
    )
    return {provider: tuple(some) for provider, some in words.items()}, payouts
