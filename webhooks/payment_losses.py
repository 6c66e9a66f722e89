"""What was taken back of one payment: refunds, told one by one or only as a sum, disputes, late failures.

A payment that succeeded has succeeded; that its money went away again is said beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, cast

from webhooks.fact import Fact
from webhooks.views import DisputeView, LateFailureView, RefundView

_ENDED_STATES: Final = ("failed", "cancelled")


def has_ever_succeeded(facts: Sequence[Fact]) -> bool:
    """Return whether an attempt or order of the payment succeeded, whatever became of it later."""
    return any(
        fact.state["state"] == "succeeded"
        for fact in facts
        if fact.kind == "payment" and fact.state["object"] in ("attempt", "order", "moment")
    )


def list_moments(facts: Sequence[Fact], word: str) -> list[Fact]:
    """Return the facts that keep when, or only that, the payment succeeded or failed."""
    return [
        fact
        for fact in facts
        if fact.kind == "payment" and fact.state["object"] == "moment" and fact.state["state"] == word
    ]


def find_captured_minor(successes: Sequence[Fact]) -> int | None:
    """Return how much came in when the payment succeeded for the last time; None where nothing says it."""
    moments = [fact for fact in successes if "amount_minor" in fact.state]
    newest = max(moments, key=lambda fact: (fact.version, fact.ref), default=None)
    return None if newest is None else cast(int, newest.state["amount_minor"])


def find_first_success(successes: Sequence[Fact]) -> int | None:
    """Return the second in which the payment succeeded first; None where nothing says it."""
    return min((fact.state["created_at"] for fact in successes if "created_at" in fact.state), default=None)


def make_late_failure_view(
    facts: Sequence[Fact],
    attempts: Sequence[Fact],
    orders: Sequence[Fact],
    *,
    first_success: int | None,
    code: str | None,
) -> LateFailureView | None:
    """Return that a payment failed after it had succeeded; None for one that did not.

    One whose money came by another attempt after all has failed too, and stands.
    """
    stands = _has_standing_object(attempts, orders)
    failed_moments = list_moments(facts, "failed")
    failures = [fact.state["created_at"] for fact in failed_moments]
    known_refs = _list_failed_tries(failed_moments, list_moments(facts, "succeeded"))
    failures += [
        fact.at
        for fact in (*attempts, *orders)
        if fact.state["state"] in _ENDED_STATES
        and (fact.state["object"] == "order" or fact.ref not in known_refs)
    ]
    if first_success is not None:
        failures = [second for second in failures if second > first_success]
    if not failures or (stands and first_success is None):
        return None
    return LateFailureView(failed_at=datetime.fromtimestamp(min(failures), UTC), stands=stands, code=code)


def _list_failed_tries(failures: Sequence[Fact], successes: Sequence[Fact]) -> set[str]:
    """Return the attempts that never had money and of whose failure the second is known: what is said of
    them later is no new failure."""
    paid_refs = {fact.ref.partition("/")[0] for fact in successes}
    return {fact.ref.partition("/")[0] for fact in failures} - paid_refs


def _has_standing_object(attempts: Sequence[Fact], orders: Sequence[Fact]) -> bool:
    """Return whether an attempt or order says that there is money and none said later that it is gone.

    An order that failed has no attempt that stands; an attempt that failed speaks for an order that
    names it or none.
    """
    ended_at = max((fact.at for fact in orders if fact.state["state"] in _ENDED_STATES), default=0)
    if any(fact.state["state"] == "succeeded" and fact.at >= ended_at for fact in attempts):
        return True
    return any(
        order.state["state"] == "succeeded"
        and not any(
            attempt.state["state"] in _ENDED_STATES
            and attempt.at > order.at
            and order.state.get("attempt") in (None, attempt.ref)
            for attempt in attempts
        )
        for order in orders
    )


def make_refund_view(fact: Fact) -> RefundView:
    """Return the view of a fact of kind ``refund``."""
    state = fact.state
    return RefundView(
        ref=fact.ref,
        state=state["state"],
        amount_minor=state["amount_minor"],
        currency=state["currency"],
        reason=state.get("reason"),
        failure_reason=state.get("failure_reason"),
        created_at=_make_instant(state.get("created_at")),
    )


def list_untold_refunds(facts: Sequence[Fact]) -> tuple[RefundView, ...]:
    """Return for each attempt that says how much of it was given back what its refunds do not tell of; it
    is nothing, and cancelled, where they tell of all."""
    refunds = [fact for fact in facts if fact.kind == "refund"]
    return tuple(
        _make_untold_refund(fact, refunds)
        for fact in facts
        if fact.kind == "payment" and fact.state["object"] == "refunded"
    )


def _make_untold_refund(whole: Fact, refunds: Sequence[Fact]) -> RefundView:
    attempt = whole.ref.partition("/")[0]
    untold_minor = whole.state["amount_minor"] - sum(
        refund.state["amount_minor"]
        for refund in refunds
        if refund.state.get("attempt") in (None, attempt) and _is_in_sum(refund, whole)
    )
    return RefundView(
        ref=attempt,
        state="pending" if untold_minor > 0 else "cancelled",
        amount_minor=max(0, untold_minor),
        currency=whole.state["currency"],
        reason=None,
        failure_reason=None,
        created_at=_make_instant(whole.at),
    )


def _is_in_sum(refund: Fact, whole: Fact) -> bool:
    """Return whether a refund was part of the sum when this was said: begun by then and not ended by then."""
    if refund.state.get("created_at", 0) > whole.at:
        return False
    return refund.state["state"] not in _ENDED_STATES or refund.at > whole.at


def make_dispute_view(fact: Fact) -> DisputeView:
    """Return the view of a fact of kind ``dispute``."""
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
        due_at=_make_instant(state.get("due_at")),
        created_at=_make_instant(state.get("created_at")),
    )


def _make_instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
