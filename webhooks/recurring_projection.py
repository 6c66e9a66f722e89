"""What is true of a recurring gift and of its instalments, from subscription, session and invoices.

No provider says whether an instalment was missed, and it is not decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from webhooks.fact import Fact
from webhooks.payment_projection import (
    find_first_value,
    list_donor_parts,
    list_joins,
    list_metadata_parts,
    make_instant,
    merge_donor,
    merge_metadata,
)
from webhooks.views import InstalmentView, RecurringView


def make_recurring_view(key: str, facts: Sequence[Fact], above: Sequence[Fact]) -> RecurringView | None:
    """Return the view of the recurring gift ``key``; None while only its session or next invoice was seen."""
    by_ref = {fact.ref: fact for fact in facts if fact.kind == "recurring_gift"}
    main = by_ref.get(key)
    if main is None:
        return None
    state = main.state
    sessions = sorted(
        (fact for fact in by_ref.values() if fact.state["object"] == "checkout"),
        key=lambda fact: fact.version,
    )
    upcoming = [fact for fact in by_ref.values() if fact.state["object"] == "upcoming" and fact.at >= main.at]
    return RecurringView(
        ref=key,
        state=state["state"],
        status=state.get("status"),
        amount_minor=state.get("amount_minor"),
        currency=state.get("currency"),
        period=state.get("period"),
        every=state.get("every"),
        is_test=not state["livemode"],
        stated_at=datetime.fromtimestamp(main.at, UTC),
        started_at=make_instant(state.get("started_at")),
        anchor_at=make_instant(state.get("anchor_at")),
        period_start_at=make_instant(state.get("period_start_at")),
        period_end_at=make_instant(state.get("period_end_at")),
        trial_ends_at=make_instant(state.get("trial_ends_at")),
        ends_at=make_instant(state.get("ends_at")),
        ended_at=make_instant(state.get("ended_at")),
        closed_reason=state.get("closed_reason"),
        comment=state.get("comment"),
        paused_reason=state.get("paused_reason"),
        resumes_at=make_instant(state.get("resumes_at")),
        method_ref=state.get("method_ref"),
        # An announcement that is older than the subscription's last word may be out of date.
        next_at=make_instant(find_first_value(upcoming, "next_at")),
        next_minor=find_first_value(upcoming, "next_minor"),
        donor=merge_donor([*list_donor_parts(above), main, *sessions]),
        metadata=merge_metadata([*sessions, main]),
    )


def make_instalment_view(key: str, facts: Sequence[Fact], above: Sequence[Fact]) -> InstalmentView | None:
    """Return the view of the instalment of invoice ``key``; None while only links to it were seen."""
    main = next((fact for fact in facts if fact.kind == "instalment" and fact.ref == key), None)
    if main is None:
        return None
    state = main.state
    return InstalmentView(
        ref=key,
        subscription=state.get("subscription"),
        state=state["state"],
        status=state.get("status"),
        number=state.get("number"),
        is_first=state.get("is_first"),
        is_test=not state["livemode"],
        period_start_at=make_instant(state.get("period_start_at")),
        period_end_at=make_instant(state.get("period_end_at")),
        due_at=make_instant(state.get("due_at")),
        paid_at=make_instant(state.get("paid_at")),
        amount_due_minor=state.get("amount_due_minor"),
        amount_paid_minor=state.get("amount_paid_minor"),
        off_provider_minor=state.get("off_provider_minor"),
        overpaid_minor=state.get("overpaid_minor"),
        currency=state.get("currency"),
        attempt=state["attempt"],
        next_attempt_at=make_instant(state.get("next_attempt_at")),
        needs_action=state["needs_action"],
        hosted_url=state.get("hosted_url"),
        payments=list_joins(facts, "below"),
        donor=merge_donor([*list_donor_parts(above), main]),
        metadata=merge_metadata([*list_metadata_parts(above), main]),
    )
