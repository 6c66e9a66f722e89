"""What must hold of money that providers gave or took back: the books say what each payment says itself.

It works the provider's words out anew and compares; it changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from donorhub.db import cut_chunks, db
from donorhub.models import Dispute, Gift, Payment, ProviderRegister, Refund
from donorhub.models.states import COUNTED_REFUNDS, PaymentState
from donorhub.services.providers import registers
from donorhub.services.reports.invariants.scope import CHUNK, Scope, show_some, stream_rows
from webhooks.views import PaymentView


class _Books(NamedTuple):
    """What our rows say of a payment that has a gift."""

    payment_id: int
    state: PaymentState
    gift_id: int
    gift_minor: int
    refunded_minor: int
    lost_minor: int


def check_payment_losses(scope: Scope, _now: datetime) -> list[str]:
    """Return payments of whose money the provider says something else than refunds and returns in our
    books."""
    return show_some(_find_differences(scope))


def _find_differences(scope: Scope) -> Iterator[str]:
    for chunk in cut_chunks(_list_groups(scope), CHUNK):
        groups_by_account: dict[tuple[str, str], set[str]] = defaultdict(set)
        for provider, account, group in chunk:
            groups_by_account[provider, account].add(group)
        for (provider, account), groups in groups_by_account.items():
            views = registers.read_views(provider, account, groups).views
            payments = [view.payment for view in views if view.payment is not None]
            books = _read_books(provider, account, {ref for view in payments for ref in view.refs})
            for view in payments:
                for ref in view.refs:
                    if ref in books:
                        yield from _compare_payment(view, books[ref])


def _list_groups(scope: Scope) -> Iterator[tuple[str, str, str]]:
    """Yield the groups in which something is said of money that went back: all, or those of payments whose
    rows are new or were changed."""
    row = ProviderRegister
    columns = row.provider, row.account, row.grp
    if scope.is_whole(Gift):
        yield from stream_rows(select(*columns).where(_is_about_losses()).distinct())
        return
    is_of_payment = and_(
        row.provider == Payment.provider, row.account == Payment.account, row.grp == Payment.payment_key
    )
    is_concerned = Payment.gift_id.in_(
        select(Gift.id).where(scope.is_concerned(Gift, Payment.gift_id, Refund.gift_id, Dispute.gift_id))
    )
    yield from stream_rows(
        select(Payment.provider, Payment.account, Payment.payment_key).where(
            is_concerned, exists(select(row.ref).where(is_of_payment, _is_about_losses()))
        )
    )


def _is_about_losses() -> ColumnElement[bool]:
    ref = ProviderRegister.ref
    return or_(
        ProviderRegister.kind.in_(("refund", "dispute")),
        and_(ProviderRegister.kind == "payment", or_(ref.like("%/failed"), ref.like("%/refunded"))),
    )


def _read_books(provider: str, account: str, keys: Collection[str]) -> dict[str, _Books]:
    source = f"{provider}:{account}"
    refund_sums = (
        select(func.coalesce(func.sum(Refund.amount_minor), 0))
        .where(Refund.gift_id == Gift.id, Refund.source == source, Refund.state.in_(COUNTED_REFUNDS))
        .scalar_subquery()
    )
    dispute_sums = (
        select(func.coalesce(func.sum(Dispute.amount_minor), 0))
        .where(Dispute.gift_id == Gift.id, Dispute.source == source, Dispute.state == "lost")
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(
            Payment.payment_key,
            Payment.id,
            Payment.state,
            Gift.id,
            Gift.amount_minor,
            refund_sums,
            dispute_sums,
        )
        .join(Gift, Gift.id == Payment.gift_id)
        .where(Payment.provider == provider, Payment.account == account, Payment.payment_key.in_(keys))
    )
    return {key: _Books(*columns) for key, *columns in rows}


def _compare_payment(view: PaymentView, books: _Books) -> Iterator[str]:
    late = view.late_failure
    lost_minor = view.lost_minor + (books.gift_minor if late is not None and not late.stands else 0)
    if view.state not in ("unknown", books.state):
        yield f"payment {books.payment_id} is {books.state} and its provider says {view.state}"
    if view.refunded_minor != books.refunded_minor:
        yield (
            f"of gift {books.gift_id} the provider gave back {view.refunded_minor} and the books say"
            f" {books.refunded_minor} (minor units)"
        )
    if lost_minor != books.lost_minor:
        yield (
            f"of gift {books.gift_id} banks took back {lost_minor} and the books say {books.lost_minor}"
            " (minor units)"
        )
