"""All that is known of the payers of some credits, fetched at once by indexed keys.

A chunk of credits costs a dozen queries, however many donors there are. It weighs
nothing: that is :mod:`donorhub.domain.matching`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Select, case, func, select

from donorhub.db import db, sum_minor
from donorhub.domain import codes
from donorhub.domain.clues import Clues
from donorhub.domain.matching_facts import (
    DonorFacts,
    GiftFacts,
    InstalmentFacts,
    MatchFacts,
    PayerKeyFacts,
    PayoutFacts,
    Policy,
)
from donorhub.domain.recurring_states import OPEN_STATES
from donorhub.models import (
    Allocation,
    BankAccount,
    Donor,
    Entry,
    ExternalId,
    Gift,
    IdentityKey,
    Instalment,
    Match,
    PayerKey,
    Payout,
    RecurringGift,
)
from donorhub.money import Money
from donorhub.services import donors, organisation
from donorhub.services.ledger_rows import in_chunks
from donorhub.services.payouts import EXPLAINED

# Systems whose ids a payer's bank carries: a reference printed on a slip, a mandate, an account of one's own.
REF_SOURCES: Final = ("payer_ref", "mandate", "virtual_account")
# How providers call themselves in the account holder's statement.
PROVIDER_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "stripe": ("stripe",),
    "paypal": ("paypal",),
    "payu": ("payu",),
    "dotpay": ("dotpay",),
    "przelewy24": ("przelewy24", "paypro"),
    "gocardless": ("gocardless",),
}
_OPEN_DAYS: Final = timedelta(days=100)  # missed for 90 days at most, after 10 days of grace
_AHEAD: Final = timedelta(days=40)
_PAYOUT_DAYS: Final = timedelta(days=15)  # five banking days and what holidays there may be between
Links = Mapping[Any, tuple[int, ...]]


def policy_for(account: BankAccount) -> Policy:
    """How far matching may go for an account."""
    ours = organisation.get_organisation()
    return Policy(prefix=ours.code_prefix, mode=account.matching, country=ours.country)  # type: ignore[arg-type]


def fetch(items: Sequence[Clues], policy: Policy) -> MatchFacts:
    """What is known about the payers of these credits, merged donors followed to the survivor."""
    refs = {ref for clues in items for ref in clues.refs}
    numbers = {n for clues in items for n in clues.numbers} | _numbers_of_rf(refs, policy.prefix)
    found = _Links(
        numbers=_by_number(numbers, policy.prefix),
        refs=_by_ref(refs),
        accounts=_by_account({clues.account for clues in items if clues.account}),
        names=_identities("name", {clues.name_key for clues in items if clues.name_key}),
        emails=_by_email({email for clues in items for email in clues.emails}),
        learned=_learned({clues.payer_key for clues in items if clues.payer_key}),
    )
    survivors, known = _donors(found.donor_ids())
    found = found.followed(survivors)
    _add_rf(found.refs, found.numbers, refs, policy.prefix)
    days = [clues.credit.booked_on for clues in items]
    debits = [clues for clues in items if clues.credit.amount.minor < 0]
    provider_words, payouts = _payouts(min(days), max(days))
    return MatchFacts(
        donors=known,
        donor_of_number={number: ids[0] for number, ids in found.numbers.items()},
        donors_of_ref=found.refs,
        donors_of_account=found.accounts,
        donors_of_name=found.names,
        donors_of_email=found.emails,
        payer_keys=found.payer_keys(),
        instalments=_instalments(known, min(days), max(days)),
        gifts=_gifts(known, min(days), max(days), policy) if debits else {},
        gifts_of_ref=_gifts_of_ref(debits, policy) if debits else {},
        payouts=payouts,
        provider_words=provider_words,
        own_accounts=frozenset(db.session.scalars(select(BankAccount.number))),
    )


# ---------------------------------------------------------------- who a key points to


class _Links:
    """Donor ids by each kind of key."""

    def __init__(
        self,
        *,
        numbers: Links,
        refs: Links,
        accounts: Links,
        names: Links,
        emails: Links,
        learned: Sequence[PayerKeyFacts],
    ) -> None:
        self.numbers, self.accounts, self.names, self.emails = numbers, accounts, names, emails
        self.refs = dict(refs)
        self.learned = learned

    def donor_ids(self) -> set[int]:
        ids = {id_ for links in self._all() for some in links.values() for id_ in some}
        return ids | {key.donor_id for key in self.learned}

    def _all(self) -> tuple[Links, ...]:
        return self.numbers, self.refs, self.accounts, self.names, self.emails

    def followed(self, survivors: Mapping[int, int]) -> _Links:
        """With merged donors replaced by those they were merged into."""
        numbers, refs, accounts, names, emails = (_follow(links, survivors) for links in self._all())
        learned = [
            key if key.donor_id not in survivors else PayerKeyFacts(
                key.key, survivors[key.donor_id], key.hits, key.misses
            )
            for key in self.learned
        ]  # fmt: skip
        return _Links(
            numbers=numbers, refs=refs, accounts=accounts, names=names, emails=emails, learned=learned
        )

    def payer_keys(self) -> dict[str, tuple[PayerKeyFacts, ...]]:
        found: dict[str, tuple[PayerKeyFacts, ...]] = {}
        for key in self.learned:
            found[key.key] = (*found.get(key.key, ()), key)
        return found


def _follow(links: Links, survivors: Mapping[int, int]) -> Links:
    if not survivors:
        return links
    return {key: tuple(dict.fromkeys(survivors.get(id_, id_) for id_ in ids)) for key, ids in links.items()}


def _links(
    query: Callable[[list[Any]], Select[*tuple[Any, ...]]], keys: Iterable[Any]
) -> dict[Any, tuple[int, ...]]:
    """Donor ids by key, from a query that gives (key, donor id) for some keys."""
    found: dict[Any, list[int]] = defaultdict(list)
    for chunk in in_chunks(sorted(keys)):
        for key, donor_id in db.session.execute(query(chunk)):
            if donor_id not in found[key]:
                found[key].append(donor_id)
    return {key: tuple(ids) for key, ids in found.items()}


def _by_number(numbers: Iterable[int], prefix: str) -> Links:
    number_of = {codes.format_code(prefix, number): number for number in numbers}
    found = _links(lambda some: select(Donor.code, Donor.id).where(Donor.code.in_(some)), number_of)
    return {number_of[code]: ids for code, ids in found.items()}


def _numbers_of_rf(refs: Iterable[str], prefix: str) -> set[int]:
    """An ISO 11649 reference may carry a donor's code after its check digits."""
    return {n for ref in refs if ref.startswith("RF") for n in codes.find_codes(ref[4:], prefix)}


def _add_rf(refs: dict[Any, tuple[int, ...]], numbers: Links, told: Iterable[str], prefix: str) -> None:
    for ref in told:
        if ref.startswith("RF") and ref not in refs:
            ids = [id_ for n in codes.find_codes(ref[4:], prefix) for id_ in numbers.get(n, ())]
            if ids:
                refs[ref] = tuple(dict.fromkeys(ids))


def _by_ref(refs: Iterable[str]) -> Links:
    refs = list(refs)
    queries: tuple[Callable[[list[Any]], Select[*tuple[Any, ...]]], ...] = (
        lambda some: select(ExternalId.ref, ExternalId.donor_id).where(
            ExternalId.source.in_(REF_SOURCES), ExternalId.ref.in_(some)
        ),
        lambda some: select(RecurringGift.source_ref, RecurringGift.donor_id).where(
            RecurringGift.source == "mandate", RecurringGift.source_ref.in_(some)
        ),
        lambda some: (
            select(Instalment.source_ref, RecurringGift.donor_id)
            .join(RecurringGift)
            .where(Instalment.source_ref.in_(some))
        ),
    )
    return _joined(_links(query, refs) for query in queries)


def _by_account(accounts: Iterable[str]) -> Links:
    accounts = list(accounts)
    promised = _links(
        lambda some: select(RecurringGift.payer_iban, RecurringGift.donor_id).where(
            RecurringGift.payer_iban.in_(some)
        ),
        accounts,
    )
    return _joined((_identities("iban", accounts), promised))


def _by_email(emails: Iterable[str]) -> Links:
    """Addresses as written in the text, by their normal form."""
    written: dict[str, list[str]] = defaultdict(list)
    for email in emails:
        written[donors.normal_email(email)].append(email)
    found = _identities("email", written)
    return {email: ids for normal, ids in found.items() for email in written[normal]}


def _identities(kind: str, values: Iterable[str]) -> Links:
    return _links(
        lambda some: select(IdentityKey.value, IdentityKey.donor_id).where(
            IdentityKey.kind == kind, IdentityKey.value.in_(some)
        ),
        values,
    )


def _joined(several: Iterable[Links]) -> dict[Any, tuple[int, ...]]:
    joined: dict[Any, tuple[int, ...]] = {}
    for links in several:
        for key, ids in links.items():
            joined[key] = tuple(dict.fromkeys((*joined.get(key, ()), *ids)))
    return joined


def _learned(keys: Iterable[str]) -> list[PayerKeyFacts]:
    return [
        PayerKeyFacts(*row)
        for chunk in in_chunks(sorted(keys))
        for row in db.session.execute(
            select(PayerKey.value, PayerKey.donor_id, PayerKey.hits, PayerKey.misses).where(
                PayerKey.value.in_(chunk)
            )
        )
    ]


# ---------------------------------------------------------------- what is known of them


def _donors(ids: Iterable[int]) -> tuple[dict[int, int], dict[int, DonorFacts]]:
    """Who was merged into whom, and the facts of all who are left."""
    survivors: dict[int, int] = {}
    known: dict[int, DonorFacts] = {}
    wanted = set(ids)
    while wanted:
        further: set[int] = set()
        closed = _closed(wanted)
        for chunk in in_chunks(sorted(wanted)):
            columns = select(Donor.id, Donor.name, Donor.is_deceased, Donor.merged_into_id)
            for id_, name, is_deceased, merged_into_id in db.session.execute(
                columns.where(Donor.id.in_(chunk))
            ):
                if merged_into_id is not None:
                    survivors[id_] = merged_into_id
                    further.add(merged_into_id)
                else:
                    known[id_] = DonorFacts(
                        id_, name, is_deceased=is_deceased, has_closed_recurring=id_ in closed
                    )
        wanted = further - known.keys()
    return {id_: _last(id_, survivors) for id_ in survivors}, known


def _last(donor_id: int, survivors: Mapping[int, int]) -> int:
    while donor_id in survivors:
        donor_id = survivors[donor_id]
    return donor_id


def _closed(donor_ids: Iterable[int]) -> set[int]:
    """Those who have closed recurring gifts and no open one."""
    is_open = case((RecurringGift.state == "closed", 0), else_=1)
    found: set[int] = set()
    for chunk in in_chunks(sorted(donor_ids)):
        found.update(
            db.session.scalars(
                select(RecurringGift.donor_id)
                .where(RecurringGift.donor_id.in_(chunk))
                .group_by(RecurringGift.donor_id)
                .having(func.max(is_open) == 0)
            )
        )
    return found


def _instalments(
    donor_ids: Iterable[int], first_on: date, last_on: date
) -> dict[int, tuple[InstalmentFacts, ...]]:
    paid = func.coalesce(sum_minor(Allocation.amount_minor), 0)
    found: dict[int, list[InstalmentFacts]] = defaultdict(list)
    for chunk in in_chunks(sorted(donor_ids)):
        rows = db.session.execute(
            select(
                Instalment.id, RecurringGift.donor_id, Instalment.recurring_gift_id, Instalment.due_on,
                Instalment.amount_minor, Instalment.currency, Instalment.state, Instalment.source_ref, paid,
            )
            .join(RecurringGift, RecurringGift.id == Instalment.recurring_gift_id)
            .outerjoin(Allocation, Allocation.instalment_id == Instalment.id)
            .where(
                RecurringGift.donor_id.in_(chunk),
                Instalment.state.in_(OPEN_STATES),
                Instalment.due_on.between(first_on - _OPEN_DAYS, last_on + _AHEAD),
            )
            .group_by(Instalment.id, RecurringGift.donor_id)
        )  # fmt: skip
        for id_, donor_id, gift_id, due_on, minor, currency, state, ref, allocated in rows:
            left = minor - (allocated or 0)
            if left > 0:
                found[donor_id].append(
                    InstalmentFacts(
                        id_, donor_id, gift_id, due_on, Money(left, currency), state,
                        (ref,) if ref else (),
                    )
                )  # fmt: skip
    return {donor_id: tuple(some) for donor_id, some in found.items()}


def _gifts(
    donor_ids: Iterable[int], first_on: date, last_on: date, policy: Policy
) -> dict[int, tuple[GiftFacts, ...]]:
    """Gifts that a return may take back, the newest first."""
    found: dict[int, list[GiftFacts]] = defaultdict(list)
    since = first_on - timedelta(days=policy.return_days)
    for chunk in in_chunks(sorted(donor_ids)):
        rows = db.session.execute(
            select(Gift.id, Gift.donor_id, Gift.amount_minor, Gift.currency, Gift.received_on)
            .where(Gift.donor_id.in_(chunk), Gift.received_on.between(since, last_on), Gift.source == "bank")
            .order_by(Gift.received_on.desc(), Gift.id.desc())
        )
        for id_, donor_id, minor, currency, received_on in rows:
            found[donor_id].append(GiftFacts(id_, donor_id, Money(minor, currency), received_on))
    return {donor_id: tuple(some) for donor_id, some in found.items()}


def _gifts_of_ref(debits: Sequence[Clues], policy: Policy) -> dict[str, tuple[GiftFacts, ...]]:
    """Gifts of entries that came under the end-to-end id or mandate that a debit names."""
    refs = sorted({ref for clues in debits for ref in clues.credit.refs})
    days = [clues.credit.booked_on for clues in debits]
    since = min(days) - timedelta(days=policy.return_days)
    found: dict[str, list[GiftFacts]] = defaultdict(list)
    for column in (Entry.end_to_end_id, Entry.mandate_id):
        for chunk in in_chunks(refs):
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
                    found[ref].append(GiftFacts(id_, donor_id, Money(minor, currency), received_on, (ref,)))
    return {ref: tuple(some) for ref, some in found.items()}


def _payouts(first_on: date, last_on: date) -> tuple[dict[str, tuple[str, ...]], tuple[PayoutFacts, ...]]:
    """The payouts that wait for their entry around these days, and what their providers are called."""
    rows = db.session.scalars(
        select(Payout).where(
            Payout.entry_id.is_(None),
            Payout.state.in_(EXPLAINED),
            Payout.is_test.is_(False),
            Payout.arrival_on.between(first_on - _PAYOUT_DAYS, last_on + _PAYOUT_DAYS),
        )
    ).all()
    words = {provider: list(some) for provider, some in PROVIDER_WORDS.items()}
    for row in rows:
        if row.descriptor and row.descriptor not in words.setdefault(row.provider, []):
            words[row.provider].append(row.descriptor)
    payouts = tuple(
        PayoutFacts(row.id, row.provider, Money(row.net_minor, row.currency), row.arrival_on, (row.ref,))
        for row in rows
    )
    return {provider: tuple(some) for provider, some in words.items()}, payouts
