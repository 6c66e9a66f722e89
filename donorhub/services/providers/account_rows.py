"""Our rows of what a provider's views speak of, read together: promises, instalments, payments, donors.

It reads only; ``subscriptions`` and ``payments`` change what it holds and add what they make.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import joinedload

from donorhub.db import db
from donorhub.models import Gift, Instalment, Payment, ReceiptLine, RecurringGift, Term
from donorhub.services.access import organisation
from donorhub.services.donors.donor_roles import is_target_on
from donorhub.services.providers.customers import Account, Giver
from donorhub.services.providers.directory import Directory
from donorhub.services.providers.registers import Reading
from donorhub.services.work.tasks import NewTask
from webhooks.states import DonorState
from webhooks.views import DonorView, GroupView, InstalmentView, PaymentView, PayoutView, RecurringView


class SortedViews(NamedTuple):
    """Views by what they show, each in the order of its refs; those of tests only where they make rows."""

    customers: list[DonorView]
    subscriptions: list[RecurringView]
    invoices: list[InstalmentView]
    payments: list[PaymentView]
    payouts: list[PayoutView]


@dataclass(slots=True, kw_only=True)
class AccountRows:
    """Rows of one account by the provider's refs, and the tasks to be planned and cancelled at the end."""

    at: Account
    views: SortedViews
    promises: dict[str, RecurringGift]  # by subscription
    terms: dict[int, list[Term]]  # of these promises, the first first
    targets: dict[int, bool]  # whether the donor of one of these promises is a target today
    instalments: dict[str, Instalment]  # by invoice
    promises_by_id: dict[int, RecurringGift]  # of these instalments and subscriptions
    occupied_days: set[tuple[int, date]]  # of these promises, from the day on that a new instalment may get
    payments: dict[str, Payment]
    gifts: dict[int, Gift]  # of these payments
    ids_on_receipts: set[int]  # of these gifts
    directory: Directory = field(init=False)
    new_tasks: list[NewTask] = field(default_factory=list)
    cancel_reasons: dict[str, str] = field(default_factory=dict)  # by the key of the task

    def add_promise(self, promise: RecurringGift) -> None:
        """Add a promise that was recorded since."""
        self.promises[promise.source_ref] = self.promises_by_id[promise.id] = promise

    def find_payment(self, view: PaymentView) -> Payment | None:
        """Return the row of a payment, under whichever of its names it is there."""
        rows = [payment for ref in view.refs if (payment := self.payments.get(ref)) is not None]
        # A checkout and its order may have a row each, each named before they were linked.
        return min(rows, key=lambda row: (row.payment_key != view.key, row.id or 0), default=None)


def read_rows(at: Account, reading: Reading, *, now: datetime) -> AccountRows:
    """Return our rows of all that views speak of."""
    views = _sort_views(at, reading.views)
    terms_by_promise, targets = _read_promises(at, views, today=organisation.get_day(now))
    instalments = _read_instalments(at, views, terms_by_promise, now=now)
    payments = _read_payments(at, {ref for view in views.payments for ref in view.refs})
    rows = AccountRows(
        at=at,
        views=views,
        promises={promise.source_ref: promise for promise in terms_by_promise},
        terms={promise.id: terms for promise, terms in terms_by_promise.items()},
        targets=targets,
        instalments={
            instalment.source_ref: instalment for instalment, _ in instalments if instalment.source_ref
        },
        promises_by_id={promise.id: promise for promise in terms_by_promise}
        | {promise.id: promise for _, promise in instalments},
        occupied_days={(row.recurring_gift_id, row.nominal_on) for row, _ in instalments},
        payments={payment.payment_key: payment for payment, _, _ in payments},
        gifts={gift.id: gift for _, gift, _ in payments if gift is not None},
        ids_on_receipts={gift.id for _, gift, receipt_id in payments if gift is not None and receipt_id},
    )
    rows.directory = _open_directory(rows, reading)
    return rows


def make_giver_of_subscription(view: RecurringView) -> Giver:
    """Return what a subscription says of who gives."""
    return Giver(view.donor, view.metadata, view.ref, "subscription")


def make_giver_of_payment(payment: Payment | None, view: PaymentView) -> Giver:
    """Return what a payment says of who gives; ``payment`` is its row, if there is one."""
    has_gift = payment is not None and payment.gift_id is not None
    return Giver(
        view.donor, view.metadata, payment.payment_key if payment and has_gift else view.key, "payment"
    )


def make_customer(ref: str) -> Giver:
    """Return a provider's customer as a giver of whom nothing else is said."""
    return Giver(DonorState(customer=ref), {}, ref, "payment")


def _sort_views(at: Account, views: Sequence[GroupView]) -> SortedViews:
    return SortedViews(
        customers=[view.donor for view in views if view.donor],
        subscriptions=[
            view.recurring for view in views if view.recurring and at.accepts_view(view.recurring)
        ],
        invoices=[view.instalment for view in views if view.instalment],
        payments=[view.payment for view in views if view.payment and at.accepts_view(view.payment)],
        payouts=[view.payout for view in views if view.payout and at.accepts_view(view.payout)],
    )


def _open_directory(rows: AccountRows, reading: Reading) -> Directory:
    givers = [make_customer(view.ref) for view in rows.views.customers]
    newcomers: list[Giver] = []
    for subscription in rows.views.subscriptions:
        is_known = subscription.ref in rows.promises
        (givers if is_known else newcomers).append(make_giver_of_subscription(subscription))
    for view in rows.views.payments:
        payment = rows.find_payment(view)
        if view.state == "succeeded":
            is_known = payment is not None and payment.gift_id is not None
            (givers if is_known else newcomers).append(make_giver_of_payment(payment, view))
    known_donors = [promise.donor for promise in rows.promises.values()]
    known_donors += [gift.donor for gift in rows.gifts.values()]
    return Directory(rows.at, reading.customers, givers, newcomers=newcomers, known_donors=known_donors)


def _read_promises(
    at: Account, views: SortedViews, *, today: date
) -> tuple[dict[RecurringGift, list[Term]], dict[int, bool]]:
    """Return the recurring gifts of subscriptions with their terms, the first of each first, and whether the
    donor of each is a target."""
    refs = {view.ref for view in views.subscriptions}
    refs |= {view.subscription for view in views.invoices if view.subscription}
    if not refs:
        return {}, {}
    query = (
        select(RecurringGift, Term, is_target_on(RecurringGift.donor_id, today))
        .join(Term, Term.recurring_gift_id == RecurringGift.id)
        .where(RecurringGift.source == at.source, RecurringGift.source_ref.in_(refs))
        .options(joinedload(RecurringGift.donor))
        .order_by(RecurringGift.id, Term.from_on)
    )
    promises: dict[RecurringGift, list[Term]] = {}
    targets: dict[int, bool] = {}
    for promise, term, is_target in db.session.execute(query):
        promises.setdefault(promise, []).append(term)
        targets[promise.donor_id] = is_target
    return promises, targets


def _read_instalments(
    at: Account, views: SortedViews, promises: Collection[RecurringGift], *, now: datetime
) -> Sequence[tuple[Instalment, RecurringGift]]:
    """Return the instalments of invoices with their recurring gifts, and those of ``promises`` from the day
    on that a new one may get."""
    refs = {view.ref for view in views.invoices}
    refs |= {invoice.ref for view in views.payments for invoice in view.invoices}
    if not refs:
        return ()
    days = [organisation.get_day(view.due_at or view.period_start_at or now) for view in views.invoices]
    is_near = and_(
        Instalment.recurring_gift_id.in_([promise.id for promise in promises]),
        Instalment.nominal_on >= min(days, default=date.max),
    )
    query = (
        select(Instalment, RecurringGift)
        .join(RecurringGift, RecurringGift.id == Instalment.recurring_gift_id)
        .where(or_(Instalment.source_ref.in_(refs), is_near), RecurringGift.source == at.source)
    )
    return [(instalment, promise) for instalment, promise in db.session.execute(query)]


def _read_payments(at: Account, refs: Collection[str]) -> Sequence[tuple[Payment, Gift | None, int | None]]:
    """Return payments with their gifts and the receipts that name these now."""
    if not refs:
        return ()
    is_live_line = and_(ReceiptLine.gift_id == Gift.id, ReceiptLine.released_at.is_(None))
    query = (
        select(Payment, Gift, ReceiptLine.receipt_id)
        .outerjoin(Gift, Gift.id == Payment.gift_id)
        .outerjoin(ReceiptLine, is_live_line)
        .options(joinedload(Gift.donor))
        .where(Payment.provider == at.provider, Payment.account == at.account, Payment.payment_key.in_(refs))
    )
    return [(payment, gift, receipt_id) for payment, gift, receipt_id in db.session.execute(query)]
