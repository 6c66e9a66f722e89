"""What ``Fact.state`` holds for every kind of fact, and how facts of several objects are joined.

It names shapes only: the package of each provider fills them, ``projection`` reads them.
Every amount is in ISO 4217 minor units beside its ``currency`` (the provider's own units are
converted before), every ``*_at`` is unix seconds, every ``*_on`` an ISO date. A key may be
absent; absent and None mean the same: unknown.

Words
-----
An **attempt** is one try to take money; it alone, or its order, decides whether there is money.
An **order** is what is to be paid once, perhaps tried several times; a **checkout** the hosted
page, which says whose and what for, never that money came. A **subscription** is a schedule that
the provider holds, an **invoice** its own instalment, a **mandate** the authority to charge again.

Groups
------
A group is the provider's id of one thing that has one view:

=====================  =============================================  ===============
group                  registers (kind: ref) lying in it              view
=====================  =============================================  ===============
order, else attempt    payment: order, attempt, checkout, ``moment``,  ``payment``
                       ``refunded``; refund, dispute, fee, links
invoice                instalment, links                              ``instalment``
subscription           recurring_gift: subscription, checkout,        ``recurring``
                       ``<subscription>/upcoming``; links
customer               donor                                          ``donor``
method, else setup     mandate: method, mandate, setup                ``method``
payout                 payout, fee: ``<payout>/<line>``               ``payout``
=====================  =============================================  ===============

A notice lies in the group of what it speaks of. A checkout that has no order and no subscription
yet lies in a group of its own; its register moves when a later event names one, so an upsert must
write ``grp`` together with the state.

How to load and project
-----------------------
1. Upsert the facts of the batch; ``changed_groups`` are their groups.
2. Load ``registers``: all with ``grp IN changed_groups``. Then load the groups that
   ``webhooks.find_linked_groups(registers)`` names and that are not loaded yet, until it names no
   more: one payment under two ids (attempt and order), and what lies above it (payment -> invoice
   -> subscription -> customer). That is four indexed selects for a whole batch at most; it never
   goes downwards.
3. ``webhooks.project_groups(changed_groups, registers)`` returns one ``GroupView`` for each payment,
   instalment, recurring gift, donor, method or payout among the changed groups; more facts change
   nothing.
4. ``GroupView.below`` names the groups that hang on this one (subscription -> invoices,
   invoice -> payments). When the row of a recurring gift or an instalment was made just now,
   load and project these too, and those below them, and so on: they may have come first and
   waited. Nothing else is needed for the result not to depend on the order of arrival.
"""

from __future__ import annotations

from typing import Literal, TypedDict

PaymentWord = Literal[
    "pending", "processing", "authorised", "succeeded", "failed", "cancelled", "expired", "unknown"
]
RefundWord = Literal["pending", "succeeded", "failed", "cancelled", "unknown"]
DisputeWord = Literal["open", "won", "lost", "unknown"]
RecurringWord = Literal["pending", "active", "failing", "paused", "closed", "unknown"]
InstalmentWord = Literal["expected", "paid", "failed", "skipped", "waived", "unknown"]
PayoutWord = Literal["pending", "in_transit", "paid", "failed", "cancelled", "unknown"]
MethodWord = Literal["card", "blik", "wallet", "transfer", "direct_debit", "other"]
ItemWord = Literal["charge", "refund", "dispute", "fee", "adjustment", "payout"]
Relation = Literal["same", "above", "below"]


class Address(TypedDict, total=False):
    """A postal address in its parts, as the provider keeps it."""

    line1: str | None
    line2: str | None
    city: str | None
    postal_code: str | None
    region: str | None
    country: str | None  # ISO 3166 alpha-2


class DonorState(TypedDict, total=False):
    """Kind ``donor`` (ref: the customer), and the ``donor`` part of payments and recurring gifts."""

    livemode: bool
    customer: str | None
    email: str | None
    name: str | None
    phone: str | None
    locale: str | None
    address: Address | None
    promotions: str | None  # what the checkout asked: opt_in, opt_out
    terms: str | None  # accepted
    default_method: str | None
    metadata: dict[str, str]
    is_deleted: bool


class PaymentState(TypedDict, total=False):
    """Kind ``payment``: one attempt, order or checkout; the payment is all of them.

    A ``moment`` (ref ``<attempt>/succeeded`` or ``/failed``) keeps when that was (``created_at``) and
    with how much, for later events about the attempt overwrite its register. One without ``created_at``
    (``/money``) keeps only that it had succeeded by then. ``refunded`` (``<attempt>/refunded``) is how
    much of the attempt was given back in all: no refund of its own.
    """

    object: Literal["attempt", "order", "checkout", "moment", "refunded"]
    livemode: bool
    state: PaymentWord
    status: str | None  # the provider's own word
    amount_minor: int | None  # what was asked for; once captured, what was captured
    currency: str | None
    method: MethodWord | None
    method_ref: str | None
    mandate_ref: str | None
    created_at: int | None
    order: str | None
    attempt: str | None  # of an order: its latest
    invoice: str | None
    subscription: str | None
    fee_ref: str | None  # of the line that tells its fee, once it is known
    is_disputed: bool
    failure_code: str | None
    failure_text: str | None
    presentment_minor: int | None  # what the donor saw, where it differs
    presentment_currency: str | None
    donor: DonorState
    metadata: dict[str, str]


class RefundState(TypedDict, total=False):
    """Kind ``refund``; the amount is of this refund alone, never cumulative."""

    livemode: bool
    state: RefundWord
    status: str | None
    amount_minor: int
    currency: str
    reason: str | None
    failure_reason: str | None
    attempt: str | None
    order: str | None
    created_at: int | None
    metadata: dict[str, str]


class DisputeState(TypedDict, total=False):
    """Kind ``dispute``."""

    livemode: bool
    state: DisputeWord
    status: str | None  # appeal_* tells that a lost dispute was opened again
    kind: Literal["dispute", "return"]  # return: the donor's bank sent a debit back
    is_warning: bool  # an enquiry: no money has moved
    amount_minor: int
    currency: str
    reason: str | None
    due_at: int | None  # evidence is wanted by then
    attempt: str | None
    order: str | None
    created_at: int | None


class FeeState(TypedDict, total=False):
    """Kind ``fee``: one line of the provider's own account; signed amounts, in the currency of the balance.

    Its own ref in the group of its payment, and ``<payout>/<ref>`` in the group of its payout.
    """

    livemode: bool
    ref: str
    item: ItemWord
    type: str | None  # the provider's own word
    gross_minor: int
    fee_minor: int
    net_minor: int
    currency: str
    source_ref: str | None  # of the attempt, refund or dispute
    payment_key: str | None  # the order or an attempt, which may stand for a payment known by its order
    payout: str | None
    created_at: int | None
    available_at: int | None
    description: str | None


class RecurringState(TypedDict, total=False):
    """Kind ``recurring_gift``: a subscription, what its checkout says (donor and metadata only), or its
    next invoice (``<subscription>/upcoming``: ``next_*`` only)."""

    object: Literal["subscription", "checkout", "upcoming"]
    livemode: bool
    state: RecurringWord
    status: str | None
    amount_minor: int | None  # the sum of unit amount x quantity; None when it is not fixed
    currency: str | None
    period: Literal["W", "M", "Y"] | None
    every: int | None
    started_at: int | None
    anchor_at: int | None
    period_start_at: int | None
    period_end_at: int | None
    trial_ends_at: int | None
    ends_at: int | None  # it will end then
    ended_at: int | None
    closed_reason: str | None  # requested, payment_failed, payment_disputed, retention_policy, never_started
    comment: str | None  # what the donor wrote or chose when leaving
    paused_reason: str | None  # collection, or the provider's own reason
    resumes_at: int | None
    method_ref: str | None
    latest_invoice: str | None
    next_at: int | None
    next_minor: int | None
    donor: DonorState
    metadata: dict[str, str]


class InstalmentState(TypedDict, total=False):
    """Kind ``instalment``: an invoice. It never makes a payment or a gift by itself."""

    livemode: bool
    state: InstalmentWord
    status: str | None
    subscription: str | None  # None: an invoice outside any recurring gift
    number: str | None
    is_first: bool | None  # of its subscription, where the provider says so
    period_start_at: int | None
    period_end_at: int | None
    due_at: int | None
    finalized_at: int | None
    paid_at: int | None
    amount_due_minor: int | None
    amount_paid_minor: int | None
    off_provider_minor: int | None  # paid outside the provider: no payment will follow
    overpaid_minor: int | None
    currency: str | None
    attempt: int
    next_attempt_at: int | None
    needs_action: bool  # the donor must confirm at hosted_url
    hosted_url: str | None
    donor: DonorState
    metadata: dict[str, str]  # the invoice's and its subscription's


class LinkState(TypedDict, total=False):
    """Kind ``link``: from the group it lies in to group ``to``. Each pair above/below is two registers."""

    livemode: bool
    to: str
    relation: Relation
    amount_minor: int | None  # how much of the payment paid the invoice, where that is known
    currency: str | None


class MandateState(TypedDict, total=False):
    """Kind ``mandate``: a method of paying, a mandate, or the setting up of one."""

    object: Literal["method", "mandate", "setup"]
    livemode: bool
    status: str | None  # attached, detached; active, inactive, pending; the setting up's own
    customer: str | None
    method_ref: str | None
    method: MethodWord | None
    brand: str | None
    last4: str | None
    exp_month: int | None
    exp_year: int | None
    mandate_text: str | None  # the mandate's reference with the bank
    failure_code: str | None


class PayoutState(TypedDict, total=False):
    """Kind ``payout``. ``paid`` may still become ``failed``."""

    livemode: bool
    state: PayoutWord
    status: str | None
    net_minor: int  # below zero: money that the provider took from our account
    currency: str
    arrival_on: str | None
    statement_descriptor: str | None
    trace_id: str | None
    is_automatic: bool  # only these can be listed item by item
    is_reconciled: bool  # the list of items is complete at the provider
    failure_code: str | None
    created_at: int | None


class NoticeState(TypedDict, total=False):
    """Kind ``notice``: something for staff. Its ref holds object, code and value, so that it comes once."""

    livemode: bool
    code: str  # unknown_value, fraud_warning, access_withdrawn, debit_announced
    subject: str  # the provider's id of what it is about
    field: str | None
    value: str | None
