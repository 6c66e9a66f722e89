"""The present state of a payment, recurring gift, instalment, donor, method or payout, as plain values.

``projection`` makes them from facts; services turn them into rows. They hold the provider's
own ids and no rows of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from webhooks.states import (
    DisputeWord,
    DonorState,
    InstalmentWord,
    ItemWord,
    MethodWord,
    NoticeState,
    PaymentWord,
    PayoutWord,
    RecurringWord,
    RefundWord,
)


@dataclass(frozen=True, slots=True)
class JoinView:
    """One end of a payment-invoice pair, and how much of the payment paid the invoice, where known."""

    ref: str
    amount_minor: int | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class RefundView:
    """One refund: its own amount, never the sum of several."""

    ref: str
    state: RefundWord
    amount_minor: int
    currency: str
    reason: str | None
    failure_reason: str | None
    created_at: datetime | None

    @property
    def counts(self) -> bool:
        """Return whether the money is gone or going; a failed or cancelled refund came back."""
        return self.state in ("pending", "succeeded")


@dataclass(frozen=True, slots=True)
class DisputeView:
    """One payment that the donor's bank asks about or takes back."""

    ref: str
    state: DisputeWord
    status: str  # the provider's word: appeal_* tells that a lost one was opened again
    kind: Literal["dispute", "return"]
    is_warning: bool  # an enquiry: no money has moved
    amount_minor: int
    currency: str
    reason: str | None
    due_at: datetime | None
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class LateFailureView:
    """That a payment failed after it had succeeded, as a debit may days later."""

    failed_at: datetime
    stands: bool  # the money came by another attempt after all
    code: str | None


@dataclass(frozen=True, slots=True)
class ItemView:
    """One line of the provider's own account: what an attempt, refund, dispute or fee did to its balance.
    Signed, and in the currency of the balance."""

    ref: str  # the provider's key of the line
    item: ItemWord
    type: str | None
    gross_minor: int
    fee_minor: int
    net_minor: int
    currency: str
    source_ref: str | None
    payment_key: str | None  # may be an attempt's id: its register then names the order
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One payment. A gift is recorded when ``state`` is ``succeeded``, and by nothing else;
    what was taken back is shown only then. It stays ``succeeded`` when it fails late."""

    key: str  # the order, else the attempt, else (nothing tried yet) the checkout
    refs: tuple[str, ...]  # every id it is known by, the key among them
    state: PaymentWord
    amount_minor: int | None  # None only while no attempt or order was seen
    currency: str | None
    method: MethodWord | None
    method_ref: str | None
    mandate_ref: str | None
    is_test: bool
    created_at: datetime | None
    succeeded_at: datetime | None
    failure_code: str | None
    failure_text: str | None
    donor: DonorState
    metadata: Mapping[str, str]
    invoices: tuple[JoinView, ...]
    subscription: str | None
    refunds: tuple[RefundView, ...]
    untold_refunds: tuple[RefundView, ...]  # what an attempt says was given back beyond its refunds
    disputes: tuple[DisputeView, ...]
    late_failure: LateFailureView | None
    refunded_minor: int  # refunds that are pending or succeeded
    held_minor: int  # disputes that are open, enquiries not among them
    lost_minor: int  # disputes that are lost
    fee_ref: str | None
    items: tuple[ItemView, ...]
    presentment_minor: int | None
    presentment_currency: str | None

    @property
    def has_losses(self) -> bool:
        """Return whether anything was said of money that was given or taken back."""
        return bool(self.refunds or self.untold_refunds or self.disputes or self.late_failure)


@dataclass(frozen=True, slots=True)
class RecurringView:
    """A subscription. ``amount_minor``, ``period`` and ``every`` are its present term."""

    ref: str
    state: RecurringWord
    status: str | None
    amount_minor: int | None
    currency: str | None
    period: Literal["W", "M", "Y"] | None
    every: int | None
    is_test: bool
    stated_at: datetime  # when the provider said all this: the date of a change of term
    started_at: datetime | None
    anchor_at: datetime | None
    period_start_at: datetime | None
    period_end_at: datetime | None
    trial_ends_at: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None
    closed_reason: str | None
    comment: str | None
    paused_reason: str | None
    resumes_at: datetime | None
    method_ref: str | None
    next_at: datetime | None
    next_minor: int | None
    donor: DonorState
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InstalmentView:
    """An invoice. ``payments`` names the payments that paid it, as far as they are known."""

    ref: str
    subscription: str | None
    state: InstalmentWord
    status: str | None
    number: str | None
    is_first: bool | None  # the first of its subscription, where the provider says so
    is_test: bool
    period_start_at: datetime | None
    period_end_at: datetime | None
    due_at: datetime | None
    paid_at: datetime | None
    amount_due_minor: int | None
    amount_paid_minor: int | None
    off_provider_minor: int | None
    overpaid_minor: int | None
    currency: str | None
    attempt: int
    next_attempt_at: datetime | None
    needs_action: bool
    hosted_url: str | None
    payments: tuple[JoinView, ...]
    donor: DonorState
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DonorView:
    """A customer as the provider keeps it."""

    ref: str
    is_test: bool
    is_deleted: bool
    donor: DonorState
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MethodView:
    """What is paid by: a card or account, whether it is attached, and whether its mandate holds."""

    ref: str
    is_test: bool
    status: str | None
    customer: str | None
    method: MethodWord | None
    brand: str | None
    last4: str | None
    exp_month: int | None
    exp_year: int | None
    mandate_ref: str | None
    mandate_status: str | None
    mandate_text: str | None
    setup_status: str | None
    failure_code: str | None


@dataclass(frozen=True, slots=True)
class PayoutView:
    """A transfer of the provider to our bank, with the lines that explain it as far as they were fetched."""

    ref: str
    state: PayoutWord
    net_minor: int
    currency: str
    is_test: bool
    arrival_on: date | None
    statement_descriptor: str | None
    trace_id: str | None
    is_automatic: bool
    is_reconciled: bool
    failure_code: str | None
    created_at: datetime | None
    items: tuple[ItemView, ...]

    @property
    def items_minor(self) -> int:
        """Return the sum of the items, without the payout's own row."""
        return sum(item.net_minor for item in self.items if item.item != "payout")

    @property
    def is_explained(self) -> bool:
        """Return whether the items add up to the payout, to the last minor unit."""
        return bool(self.items) and self.items_minor == self.net_minor


@dataclass(frozen=True, slots=True)
class GroupView:
    """All that is known of one group. At most one of the views is there; none while only links
    or parts that wait for their whole (a refund before its attempt) have come."""

    key: str
    payment: PaymentView | None = None
    recurring: RecurringView | None = None
    instalment: InstalmentView | None = None
    donor: DonorView | None = None
    method: MethodView | None = None
    payout: PayoutView | None = None
    notices: tuple[NoticeState, ...] = ()
    below: tuple[str, ...] = ()
