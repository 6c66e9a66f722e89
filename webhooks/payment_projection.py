"""What is true of one payment, from everything its attempts, order and checkout told.

Only an attempt or an order decides whether there is money; a checkout and an invoice
only say whose it is and what for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Final, cast

from webhooks.fact import Fact
from webhooks.states import DonorState, PaymentWord
from webhooks.views import DisputeView, ItemView, JoinView, PaymentView, RefundView

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


def payment_view(key: str, facts: Sequence[Fact], above: Sequence[Fact]) -> PaymentView | None:
    """The payment ``key``; None while no attempt, order or checkout of it was seen."""
    attempts, orders, checkouts = (_of(facts, what) for what in ("attempt", "order", "checkout"))
    spoken = attempts + orders + checkouts
    if not spoken:
        return None
    word = _word(attempts, orders, checkouts)
    main = _main(attempts, orders)
    best = [fact for fact in (main, *_latest_first(orders), *_latest_first(checkouts)) if fact]
    succeeded = word == "succeeded"
    refunds = tuple(refund_view(f) for f in facts if f.kind == "refund") if succeeded else ()
    disputes = tuple(dispute_view(f) for f in facts if f.kind == "dispute") if succeeded else ()
    failures = [fact for fact in (*orders, main) if fact and word == "failed"]
    certain = [fact for fact in best if fact.state["object"] != "checkout"] or best
    return PaymentView(
        key=key,
        refs=tuple(sorted({key, *(fact.ref for fact in spoken)})),
        state=word,
        amount_minor=_amount(certain, succeeded=succeeded),
        currency=first(certain, "currency"),
        method=first(best, "method"),
        method_ref=first(best, "method_ref"),
        mandate_ref=first(best, "mandate_ref"),
        is_test=not all(fact.state["livemode"] for fact in spoken),
        created_at=instant(
            min((f.state["created_at"] for f in spoken if "created_at" in f.state), default=None)
        ),
        succeeded_at=instant(_succeeded_at(facts, best)) if succeeded else None,
        failure_code=first(failures, "failure_code"),
        failure_text=first(failures, "failure_text"),
        donor=merged_donor([*donor_parts(above), *orders, *attempts, *checkouts]),
        metadata=merged_metadata([*metadata_parts(above), *checkouts, *orders, *attempts]),
        invoices=joins(facts, "above"),
        subscription=_subscription(checkouts, above),
        refunds=refunds,
        disputes=disputes,
        refunded_minor=sum(refund.amount_minor for refund in refunds if refund.counts),
        held_minor=sum(d.amount_minor for d in disputes if d.state == "open" and not d.is_warning),
        lost_minor=sum(d.amount_minor for d in disputes if d.state == "lost"),
        fee_ref=main.state.get("fee_ref") if main else None,
        items=tuple(item_view(fact) for fact in facts if fact.kind == "fee"),
        presentment_minor=first(best, "presentment_minor"),
        presentment_currency=first(best, "presentment_currency"),
    )


def _of(facts: Sequence[Fact], what: str) -> list[Fact]:
    """The payment's objects of one sort, oldest word first."""
    found = [fact for fact in facts if fact.kind == "payment" and fact.state.get("object") == what]
    return sorted(found, key=_VERSION)


def _latest_first(facts: list[Fact]) -> list[Fact]:
    return facts[::-1]


def _word(attempts: list[Fact], orders: list[Fact], checkouts: list[Fact]) -> PaymentWord:
    said = {fact.state["state"] for fact in attempts + orders}
    if "succeeded" in said:
        return "succeeded"
    if any(fact.state["state"] == "cancelled" for fact in orders):
        return "cancelled"
    present = _present(attempts, orders) or checkouts
    known = [fact for fact in present if fact.state["state"] != "unknown"] or present
    newest = max(known, key=lambda f: (f.at, _LATER[f.state["state"]], f.ref))
    return cast(PaymentWord, newest.state["state"])


def _present(attempts: list[Fact], orders: list[Fact]) -> list[Fact]:
    """Who may still say how the payment stands: not the attempts that were given up."""
    if not orders:
        return attempts
    current = {fact.state.get("attempt") for fact in orders}
    since = max(fact.at for fact in orders)
    return orders + [f for f in attempts if f.ref in current or f.state.get("created_at", f.at) >= since]


def _main(attempts: list[Fact], orders: list[Fact]) -> Fact | None:
    """The attempt that carries the payment: the one that succeeded, else the newest."""
    if not attempts:
        return None
    current = {fact.state.get("attempt") for fact in orders}
    return max(
        attempts,
        key=lambda f: (
            f.state["state"] == "succeeded",
            f.ref in current,
            f.state.get("created_at", f.at),
            f.ref,
        ),
    )


def _amount(certain: list[Fact], *, succeeded: bool) -> int | None:
    if succeeded:
        certain = [fact for fact in certain if fact.state["state"] == "succeeded"]
    return cast(int | None, first(certain, "amount_minor"))


def _succeeded_at(facts: Sequence[Fact], best: list[Fact]) -> int | None:
    moments = [f.state["created_at"] for f in facts if f.kind == "payment" and f.state["object"] == "moment"]
    return min(moments, default=None) or cast(int | None, first(best, "created_at"))


def _subscription(checkouts: list[Fact], above: Sequence[Fact]) -> str | None:
    refs = [fact.state.get("subscription") for fact in (*checkouts, *above)]
    refs += [fact.group for fact in above if fact.kind == "recurring_gift"]
    return min((ref for ref in refs if ref), default=None)


def refund_view(fact: Fact) -> RefundView:
    state = fact.state
    return RefundView(
        ref=fact.ref,
        state=state["state"],
        amount_minor=state["amount_minor"],
        currency=state["currency"],
        reason=state.get("reason"),
        failure_reason=state.get("failure_reason"),
        created_at=instant(state.get("created_at")),
    )


def dispute_view(fact: Fact) -> DisputeView:
    state = fact.state
    return DisputeView(
        ref=fact.ref,
        state=state["state"],
        status=state["status"],
        kind=state["kind"],
        is_warning=state["is_warning"],
        amount_minor=state["amount_minor"],
        currency=state["currency"],
        reason=state.get("reason"),
        due_at=instant(state.get("due_at")),
        created_at=instant(state.get("created_at")),
    )


def item_view(fact: Fact) -> ItemView:
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
        created_at=instant(state.get("created_at")),
    )


def joins(facts: Sequence[Fact], relation: str) -> tuple[JoinView, ...]:
    """The other ends of the links of one direction, each once; an amount told beats none."""
    found: dict[str, tuple[bool, object, JoinView]] = {}
    for fact in facts:
        if fact.kind != "link" or fact.state["relation"] != relation:
            continue
        minor = fact.state.get("amount_minor")
        join = JoinView(fact.state["to"], minor, fact.state.get("currency"))
        rated = (minor is not None, (fact.version, fact.ref), join)
        if join.ref not in found or rated[:2] > found[join.ref][:2]:
            found[join.ref] = rated
    return tuple(found[ref][2] for ref in sorted(found))


def donor_parts(above: Sequence[Fact]) -> list[Fact]:
    """Return who gives, from what lies above: the customer first, who counts least, the invoice last."""
    oldest_first = sorted(above, key=_VERSION)
    return [fact for kind in _KINDS_ABOVE for fact in oldest_first if fact.kind == kind]


def metadata_parts(above: Sequence[Fact]) -> list[Fact]:
    """Return what for, from what lies above; a customer's metadata are about the customer."""
    return [fact for fact in donor_parts(above) if fact.kind != "donor"]


def merged_donor(parts: Sequence[Fact]) -> DonorState:
    """What is known of who gives; where parts differ the later one has its way."""
    merged: dict[str, object] = {}
    for fact in parts:
        person = fact.state if fact.kind == "donor" else fact.state.get("donor", {})
        merged.update({k: v for k, v in person.items() if v is not None and k not in _NOT_THE_PERSON})
    return cast(DonorState, merged)


_NOT_THE_PERSON: Final = frozenset({"metadata", "livemode", "is_deleted", "default_method"})


def merged_metadata(parts: Sequence[Fact]) -> dict[str, str]:
    """Metadata of all parts; where they differ the later one has its way."""
    merged: dict[str, str] = {}
    for fact in parts:
        merged.update(fact.state.get("metadata", {}))
    return merged


def first(facts: Sequence[Fact], key: str) -> Any:
    """The first of the facts that tells ``key``."""
    return next((fact.state[key] for fact in facts if fact.state.get(key) is not None), None)


def instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
