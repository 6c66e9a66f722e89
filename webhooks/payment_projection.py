"""What is true of one payment, from all that its attempts, order and checkout say.

Only an attempt or an order decides whether there is money; a checkout and an invoice
only say whose it is and what for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final, cast

from webhooks.fact import Fact
from webhooks.payment_losses import (
    find_captured_minor,
    find_first_success,
    has_ever_succeeded,
    list_moments,
    list_untold_refunds,
    make_dispute_view,
    make_late_failure_view,
    make_refund_view,
)
from webhooks.states import DonorState, PaymentWord
from webhooks.views import ItemView, JoinView, PaymentView

# Between words of the same second the later in a payment's life counts.
_LATER: Final = {
    "unknown": 0,
    "pending": 1,
    "processing": 2,
    "authorised": 3,
    "expired": 4,
    "failed": 5,
    "cancelled": 6,
    "succeeded": 7,
}
_KINDS_ABOVE: Final = ("donor", "recurring_gift", "instalment")
_VERSION: Final = attrgetter("at", "rank", "ev", "ref")


def make_payment_view(key: str, facts: Sequence[Fact], above: Sequence[Fact]) -> PaymentView | None:
    """Return the view of the payment ``key``; None while no attempt, order or checkout of it was seen."""
    attempts, orders, checkouts = (_list_objects(facts, what) for what in ("attempt", "order", "checkout"))
    objects = attempts + orders + checkouts
    if not objects:
        return None
    has_succeeded = has_ever_succeeded(facts)
    word = "succeeded" if has_succeeded else _decide_word(attempts, orders, checkouts)
    main = _find_main_attempt(attempts, orders)
    best = [fact for fact in (main, *_sort_latest_first(orders), *_sort_latest_first(checkouts)) if fact]
    refunds = tuple(make_refund_view(f) for f in facts if f.kind == "refund") if has_succeeded else ()
    disputes = tuple(make_dispute_view(f) for f in facts if f.kind == "dispute") if has_succeeded else ()
    untold_refunds = list_untold_refunds(facts) if has_succeeded else ()
    failures = [fact for fact in (*orders, main) if fact]
    failure_code = find_first_value(failures, "failure_code")
    successes = list_moments(facts, "succeeded")
    first_success = find_first_success(successes)
    late_failure = (
        make_late_failure_view(facts, attempts, orders, first_success=first_success, code=failure_code)
        if has_succeeded
        else None
    )
    certain = [fact for fact in best if fact.state["object"] != "checkout"] or best
    return PaymentView(
        key=key,
        refs=tuple(sorted({key, *(fact.ref for fact in objects)})),
        state=word,
        amount_minor=_find_amount(successes, certain, has_succeeded=has_succeeded),
        currency=find_first_value(certain, "currency"),
        method=find_first_value(best, "method"),
        method_ref=find_first_value(best, "method_ref"),
        mandate_ref=find_first_value(best, "mandate_ref"),
        is_test=not all(fact.state["livemode"] for fact in objects),
        created_at=make_instant(
            min((f.state["created_at"] for f in objects if "created_at" in f.state), default=None)
        ),
        succeeded_at=make_instant(first_success or find_first_value(best, "created_at"))
        if has_succeeded
        else None,
        failure_code=failure_code if word == "failed" else None,
        failure_text=find_first_value(failures, "failure_text") if word == "failed" else None,
        donor=merge_donor([*list_donor_parts(above), *orders, *attempts, *checkouts]),
        metadata=merge_metadata([*list_metadata_parts(above), *checkouts, *orders, *attempts]),
        invoices=list_joins(facts, "above"),
        subscription=_find_subscription(checkouts, above),
        refunds=refunds,
        untold_refunds=untold_refunds,
        disputes=disputes,
        late_failure=late_failure,
        refunded_minor=sum(r.amount_minor for r in (*refunds, *untold_refunds) if r.counts),
        held_minor=sum(d.amount_minor for d in disputes if d.state == "open" and not d.is_warning),
        lost_minor=sum(d.amount_minor for d in disputes if d.state == "lost"),
        fee_ref=main.state.get("fee_ref") if main else None,
        items=tuple(make_item_view(fact) for fact in facts if fact.kind == "fee"),
        presentment_minor=find_first_value(best, "presentment_minor"),
        presentment_currency=find_first_value(best, "presentment_currency"),
    )


def _list_objects(facts: Sequence[Fact], what: str) -> list[Fact]:
    """Return the payment's objects of one sort, the oldest first."""
    objects = [fact for fact in facts if fact.kind == "payment" and fact.state.get("object") == what]
    return sorted(objects, key=_VERSION)


def _sort_latest_first(facts: list[Fact]) -> list[Fact]:
    return facts[::-1]


def _decide_word(attempts: list[Fact], orders: list[Fact], checkouts: list[Fact]) -> PaymentWord:
    if any(fact.state["state"] == "cancelled" for fact in orders):
        return "cancelled"
    present = _list_deciding_objects(attempts, orders) or checkouts
    telling = [fact for fact in present if fact.state["state"] != "unknown"] or present
    newest = max(telling, key=lambda f: (f.at, _LATER[f.state["state"]], f.ref))
    return cast(PaymentWord, newest.state["state"])


def _list_deciding_objects(attempts: list[Fact], orders: list[Fact]) -> list[Fact]:
    """Return the objects that say how the payment stands: not the attempts that a later one replaced."""
    if not orders:
        return attempts
    current_attempts = {fact.state.get("attempt") for fact in orders}
    since = max(fact.at for fact in orders)
    return orders + [
        f for f in attempts if f.ref in current_attempts or f.state.get("created_at", f.at) >= since
    ]


def _find_main_attempt(attempts: list[Fact], orders: list[Fact]) -> Fact | None:
    """Return the attempt that stands for the payment: the one that succeeded, else the newest."""
    if not attempts:
        return None
    current_attempts = {fact.state.get("attempt") for fact in orders}
    return max(
        attempts,
        key=lambda f: (
            f.state["state"] == "succeeded",
            f.ref in current_attempts,
            f.state.get("created_at", f.at),
            f.ref,
        ),
    )


def _find_amount(successes: Sequence[Fact], certain: list[Fact], *, has_succeeded: bool) -> int | None:
    """Return what was asked for; of a payment that succeeded what came in, also after it failed late."""
    amount_minor: int | None = None
    if has_succeeded:
        standing = [fact for fact in certain if fact.state["state"] == "succeeded"]
        amount_minor = find_first_value(standing, "amount_minor") or find_captured_minor(successes)
    return amount_minor if amount_minor is not None else find_first_value(certain, "amount_minor")


def _find_subscription(checkouts: list[Fact], above: Sequence[Fact]) -> str | None:
    refs = [fact.state.get("subscription") for fact in (*checkouts, *above)]
    refs += [fact.group for fact in above if fact.kind == "recurring_gift"]
    return min((ref for ref in refs if ref), default=None)


def make_item_view(fact: Fact) -> ItemView:
    """Return the view of a fact of kind ``fee``."""
    state = fact.state
    return ItemView(
        ref=state["ref"],
        item=state["item"],
        type=state.get("type"),
        gross_minor=state["gross_minor"],
        fee_minor=state["fee_minor"],
        net_minor=state["net_minor"],
        currency=state["currency"],
        source_ref=state.get("source_ref"),
        payment_key=state.get("payment_key"),
        created_at=make_instant(state.get("created_at")),
    )


def list_joins(facts: Sequence[Fact], relation: str) -> tuple[JoinView, ...]:
    """Return the other ends of the links of one direction, each once, with an amount if any names one."""
    best_by_ref: dict[str, tuple[bool, object, JoinView]] = {}
    for fact in facts:
        if fact.kind != "link" or fact.state["relation"] != relation:
            continue
        minor = fact.state.get("amount_minor")
        join = JoinView(fact.state["to"], minor, fact.state.get("currency"))
        candidate = (minor is not None, (fact.version, fact.ref), join)
        if join.ref not in best_by_ref or candidate[:2] > best_by_ref[join.ref][:2]:
            best_by_ref[join.ref] = candidate
    return tuple(best_by_ref[ref][2] for ref in sorted(best_by_ref))


def list_donor_parts(above: Sequence[Fact]) -> list[Fact]:
    """Return the facts above that say who gives: the customer first, who counts least, the invoice last."""
    oldest_first = sorted(above, key=_VERSION)
    return [fact for kind in _KINDS_ABOVE for fact in oldest_first if fact.kind == kind]


def list_metadata_parts(above: Sequence[Fact]) -> list[Fact]:
    """Return the facts above that say what a gift is for; a customer's metadata are about the customer."""
    return [fact for fact in list_donor_parts(above) if fact.kind != "donor"]


def merge_donor(parts: Sequence[Fact]) -> DonorState:
    """Return what the parts say of who gives; where they differ the later one counts."""
    donor: dict[str, object] = {}
    for fact in parts:
        person = fact.state if fact.kind == "donor" else fact.state.get("donor", {})
        donor.update({k: v for k, v in person.items() if v is not None and k not in _NOT_THE_PERSON})
    return cast(DonorState, donor)


_NOT_THE_PERSON: Final = frozenset({"metadata", "livemode", "is_deleted", "default_method"})


def merge_metadata(parts: Sequence[Fact]) -> dict[str, str]:
    """Return the metadata of all parts as one; where they differ the later one counts."""
    metadata: dict[str, str] = {}
    for fact in parts:
        metadata.update(fact.state.get("metadata", {}))
    return metadata


def find_first_value(facts: Sequence[Fact], key: str) -> Any:
    """Return the value of ``key`` in the first fact that has one; None where none has."""
    return next((fact.state[key] for fact in facts if fact.state.get(key) is not None), None)


def make_instant(seconds: int | None) -> datetime | None:
    """Return unix seconds as an aware instant; None for None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
