"""Recurring gifts found in what donors pay: made where it is sure, proposed to a person where it is likely.

A series becomes a recurring gift whose past instalments are paid by the gifts that made it; no gift and no
sum changes. Nobody is thanked, welcomed or asked for it: all that is history. The rule, which reads days
and amounts alone, is :mod:`donorhub.domain.recurring.inference`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from donorhub.db import cut_query_values, db, insert_or_ignore
from donorhub.domain.recurring.inference import LEAST_HITS, infer_series
from donorhub.domain.recurring.inferred_promises import (
    KnownPromise,
    find_promise,
    list_steps,
    reads_as_standing_order,
)
from donorhub.domain.recurring.inferred_series import LAST_DAY, Credit, Series
from donorhub.models import (
    Allocation,
    Detail,
    Donor,
    Entry,
    Gift,
    Instalment,
    Match,
    RecurringGift,
    Term,
)
from donorhub.models.states import RecurringState
from donorhub.money import Money
from donorhub.services.access import audit, organisation
from donorhub.services.giving import gifts
from donorhub.services.recurring import inferred_history, recurring_gifts, recurring_terms
from donorhub.services.recurring.changed_amounts import BY_BANK

SOURCE: Final = "inferred"
_AT_ONCE: Final = 1000  # donors
_BEFORE: Final = timedelta(hours=1)  # a transaction that ends late has an earlier time
_BANK_COUNTRIES: Final = frozenset(
    {"PL", "AL", "XK", "DE", "AT", "CZ", "SK", "LT", "GB", "FR", "IT", "NL", "BE"}
)
_YEAR: Final = 12
Purse = tuple[int, str]  # a donor and a currency


@dataclass(slots=True)
class _Payments:
    """What one donor paid by bank in one currency, beside what told promises were paid by."""

    credits: dict[int, Credit] = field(default_factory=dict)
    accounts: Counter[str] = field(default_factory=Counter)
    gift_ids_of: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))

    @property
    def account(self) -> str:
        """Return the account that they mostly pay from; nothing where the bank names none."""
        return max(self.accounts, key=lambda account: (self.accounts[account], account), default="")


def infer_recurring_gifts(donor_ids: Collection[int], *, now: datetime, actor: str = "system:0") -> int:
    """Make and propose the recurring gifts that the payments of these donors show, and bring those found
    before up to what has come since; return how many rows changed. Again, nothing changes.
    """
    own = organisation.get_organisation()
    make_from, propose_from = 10 * own.recurring_from_points, 10 * own.propose_from_points
    count = 0
    payments = _read_payments(donor_ids)
    promises = _read_promises({donor_id for donor_id, _ in payments})
    for purse, some in sorted(payments.items()):
        if len(some.credits) < LEAST_HITS:
            continue
        country = _find_country(some, own.country)
        for series in infer_series(
            some.credits.values(), country=country, lowest=min(make_from, propose_from)
        ):
            verdict, promise = find_promise(series, promises[purse], gift_ids_of=some.gift_ids_of)
            is_sure = series.score >= make_from
            if verdict == "own" and promise is not None:
                gift = recurring_gifts.get_recurring_gift(promise.recurring_gift_id)
                count += _follow_series(gift, series, is_sure=is_sure, now=now, actor=actor)
            elif verdict == "new":
                count += _make_gift(purse, series, some, is_sure=is_sure, now=now, actor=actor)
    return count


def infer_from_statement(statement_id: int, *, now: datetime) -> int:
    """Do the same for the donors whose gifts a statement brought."""
    donor_ids = set(
        db.session.scalars(
            select(Gift.donor_id)
            .join(Match, Match.gift_id == Gift.id)
            .join(Entry, Entry.id == Match.entry_id)
            .where(Entry.statement_id == statement_id, Match.undone_at.is_(None))
        )
    )
    return sum(infer_recurring_gifts(chunk, now=now) for chunk in cut_query_values(sorted(donor_ids)))


def stream_new_donor_ids() -> Iterator[Sequence[int]]:
    """Yield those who have given since the last look, some at a time; all donors at the first."""
    since = organisation.get_organisation().inferred_until
    if since is None:
        yield from _stream_all_donor_ids()
        return
    query = select(Gift.donor_id).where(Gift.recorded_at >= since - _BEFORE)
    ids = sorted(set(db.session.scalars(query)))
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]


def _stream_all_donor_ids() -> Iterator[Sequence[int]]:
    last_id = 0
    while ids := db.session.scalars(
        select(Donor.id).where(Donor.id > last_id).order_by(Donor.id).limit(_AT_ONCE)
    ).all():
        yield ids
        last_id = ids[-1]


def finish_look(*, now: datetime) -> None:
    """Note up to when the gifts were looked through."""
    organisation.get_organisation().inferred_until = now


def _read_payments(donor_ids: Collection[int]) -> dict[Purse, _Payments]:
    """Return what these donors paid by bank; what settles a promise that was told is left out."""
    rows = [
        row
        for chunk in cut_query_values(sorted(donor_ids))
        for row in db.session.execute(
            select(
                Gift.id,
                Gift.donor_id,
                Gift.currency,
                Gift.received_on,
                Gift.amount_minor,
                Gift.method,
                func.coalesce(Detail.counterparty_account, Entry.counterparty_account, ""),
                func.coalesce(Detail.remittance, Entry.remittance, ""),
                RecurringGift.id,
                RecurringGift.origin,
            )
            .select_from(Gift)
            .join(Donor, Donor.id == Gift.donor_id)
            .outerjoin(Match, (Match.gift_id == Gift.id) & Match.undone_at.is_(None) & (Match.kind == "gift"))
            .outerjoin(Entry, Entry.id == Match.entry_id)
            .outerjoin(Detail, Detail.id == Match.detail_id)
            .outerjoin(Allocation, Allocation.gift_id == Gift.id)
            .outerjoin(Instalment, Instalment.id == Allocation.instalment_id)
            .outerjoin(RecurringGift, RecurringGift.id == Instalment.recurring_gift_id)
            .where(
                Gift.donor_id.in_(chunk),
                Donor.erased_at.is_(None),  # nobody promises for whom nobody knows any more
                Donor.removed_at.is_(None),  # nor the unknown donor
                Donor.is_deceased.is_(False),
                # The index of donors serves, not that of methods.
                func.coalesce(Gift.method, "").in_(BY_BANK),
                Gift.is_test.is_(False),
            )
        )
    ]
    told_ids = {row[0] for row in rows if row[9] is not None and row[9] != "inferred"}
    deductions = gifts.sum_deductions([row[0] for row in rows])
    payments: dict[Purse, _Payments] = defaultdict(_Payments)
    for id_, donor_id, currency, received_on, minor, method, account, text, promise_id, _ in rows:
        if id_ in told_ids or minor <= deductions[id_]:
            continue
        some = payments[donor_id, currency]
        says_so = method == "standing_order" or reads_as_standing_order(text)
        if id_ not in some.credits:  # a gift that pays several instalments has as many rows
            some.credits[id_] = Credit(id_, received_on, minor, says_so)
            some.accounts[account] += 1
        if promise_id is not None:
            some.gift_ids_of[promise_id].add(id_)
    return payments


def _read_promises(donor_ids: Collection[int]) -> dict[Purse, list[KnownPromise]]:
    promises: dict[Purse, list[KnownPromise]] = defaultdict(list)
    for chunk in cut_query_values(sorted(donor_ids)):
        rows = db.session.scalars(
            select(RecurringGift).where(RecurringGift.donor_id.in_(chunk)).order_by(RecurringGift.id)
        ).all()
        terms = recurring_terms.list_terms([row.id for row in rows])
        for row in rows:
            plain_terms = tuple(recurring_terms.make_plain_term(term) for term in terms[row.id])
            promises[row.donor_id, row.currency].append(
                KnownPromise(row.id, row.origin, row.state, row.state_reason, plain_terms)
            )
    return promises


def _find_country(some: _Payments, home: str) -> str:
    """Return the country whose banking days hold for a payer: that of the account they mostly pay from."""
    country = some.account[:2]
    return country if country in _BANK_COUNTRIES else home


def _make_gift(
    purse: Purse, series: Series, some: _Payments, *, is_sure: bool, now: datetime, actor: str
) -> int:
    """Make or propose a recurring gift; ignore one that another has made meanwhile."""
    donor_id, currency = purse
    state: RecurringState = "active" if is_sure else "proposed"
    first_id = min(hit.credit.credit_id for hit in series.hits)
    gift_id = db.session.scalar(
        insert_or_ignore(RecurringGift, on=(RecurringGift.source, RecurringGift.source_ref))
        .values(
            donor_id=donor_id,
            kind="standing_order",
            charged_by="none",
            state=state,
            state_reason="",
            currency=currency,
            start_on=series.first_on,
            payer_iban=some.account,
            origin="inferred",
            source=SOURCE,
            source_ref=f"{first_id}:{series.rhythm.months}",
            is_test=False,
            created_at=now,
            version=1,
            confidence=series.score,
            found_count=len(series.hits),
            slot_count=series.slot_count,
        )
        .returning(RecurringGift.id)
    )
    if gift_id is None:
        return 0
    gift = recurring_gifts.get_recurring_gift(gift_id)
    _write_terms(gift, series)
    audit.record_action(
        actor, f"recurring_gift.{state}", ("recurring_gift", gift.id), now=now, data=_describe_series(series)
    )
    if is_sure:
        start_found(gift, now=now, actor=actor)
        inferred_history.write_history(gift, series, now=now, actor=actor)
    return 1


def _describe_series(series: Series) -> dict[str, int]:
    return {
        "confidence": series.score,
        "found_count": len(series.hits),
        "slot_count": series.slot_count,
    }


def start_found(gift: RecurringGift, *, now: datetime, actor: str) -> None:
    """Record that a recurring gift has run since its first payment, which is no news."""
    first = recurring_terms.list_terms_of_gift(gift)[0]
    recurring_gifts.record_change(
        gift,
        "started",
        key="started",
        after=str(Money(first.amount_minor, first.currency)),
        effective_at=organisation.get_midnight(gift.start_on),
        now=now,
        actor=actor,
    )


def _write_terms(gift: RecurringGift, series: Series) -> None:
    """Write the terms of a series, one for each amount."""
    steps = list_steps(series)
    is_yearly = series.rhythm.months == _YEAR
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        db.session.add(
            Term(
                recurring_gift_id=gift.id,
                amount_minor=step.minor,
                currency=gift.currency,
                period="Y" if is_yearly else "M",
                every=1 if is_yearly else series.rhythm.months,
                day_of_month=recurring_terms.LAST_DAY if series.rhythm.day == LAST_DAY else series.rhythm.day,
                anchor_on=series.first_on,
                from_on=step.from_on,
                to_on=after.from_on - timedelta(days=1) if after else None,
            )
        )
    db.session.flush()  # the instalments ask the database for them


def _follow_series(gift: RecurringGift, series: Series, *, is_sure: bool, now: datetime, actor: str) -> int:
    """Bring a recurring gift that was found before up to its series: surer now, or begun earlier."""
    if gift.state == "proposed":
        count = _update_proposal(gift, series)
        if not is_sure:
            return count
        recurring_gifts.change_state(gift, "accept")
        start_found(gift, now=now, actor=actor)
    elif series.first_on < gift.start_on and gift.version == 1:
        _begin_earlier(gift, series)
    return inferred_history.write_history(gift, series, now=now, actor=actor)


def _update_proposal(gift: RecurringGift, series: Series) -> int:
    """Let a proposal be what the payments show by now; return whether it differs."""
    if (gift.confidence, gift.found_count, gift.slot_count) == tuple(_describe_series(series).values()):
        return 0
    _write_anew(gift, series)
    return 1


def _begin_earlier(gift: RecurringGift, series: Series) -> None:
    """Let a recurring gift that nobody has changed begin with its first payment, whenever that was read."""
    for instalment in db.session.scalars(select(Instalment).where(Instalment.recurring_gift_id == gift.id)):
        instalment.term_id = None
    _write_anew(gift, series)


def _write_anew(gift: RecurringGift, series: Series) -> None:
    """Write the beginning, terms and measures of a series in place of those found before."""
    for term in recurring_terms.list_terms_of_gift(gift):
        db.session.delete(term)
    db.session.flush()
    gift.start_on = series.first_on
    for name, value in _describe_series(series).items():
        setattr(gift, name, value)
    _write_terms(gift, series)
