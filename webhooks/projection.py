"""Facts of a group worked into its present view, the same whatever order they came in.

``states`` tells how groups are loaded and joined, ``views`` what comes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import cast

from webhooks.fact import Fact, merge_facts
from webhooks.groups import Groups, list_groups_below
from webhooks.payment_projection import (
    find_first_value,
    make_instant,
    make_item_view,
    make_payment_view,
    merge_donor,
    merge_metadata,
)
from webhooks.recurring_projection import make_instalment_view, make_recurring_view
from webhooks.states import NoticeState
from webhooks.views import DonorView, GroupView, MethodView, PayoutView


def project_groups(changed_groups: Iterable[str], facts: Iterable[Fact]) -> list[GroupView]:
    """Return the views of the changed groups, sorted by key; a payment known by several ids comes once.

    ``facts`` are the registers of the changed groups and of all that ``find_linked_groups`` named, called
    again until it names nothing new. More facts, older ones and repeated ones change nothing.
    """
    groups = Groups(merge_facts(facts).values())
    return [
        _make_group_view(groups, key)
        for key in sorted({groups.choose_key(group) for group in changed_groups})
    ]


def _make_group_view(groups: Groups, key: str) -> GroupView:
    facts = groups.list_facts(key)
    above = groups.list_facts_above(facts)
    return GroupView(
        key=key,
        payment=make_payment_view(key, facts, above),
        recurring=make_recurring_view(key, facts, above),
        instalment=make_instalment_view(key, facts, above),
        donor=_make_donor_view(key, facts),
        method=_make_method_view(key, facts),
        payout=_make_payout_view(key, facts),
        notices=tuple(cast(NoticeState, dict(fact.state)) for fact in facts if fact.kind == "notice"),
        below=list_groups_below(facts),
    )


def _make_donor_view(key: str, facts: Sequence[Fact]) -> DonorView | None:
    of_donor = [fact for fact in facts if fact.kind == "donor"]
    main = next((fact for fact in of_donor if fact.ref == key), None)
    if main is None:
        return None
    return DonorView(
        ref=key,
        is_test=not main.state["livemode"],
        is_deleted=any(fact.state.get("is_deleted") for fact in of_donor),
        donor=merge_donor([main]),
        metadata=merge_metadata([main]),
    )


def _make_method_view(key: str, facts: Sequence[Fact]) -> MethodView | None:
    of_method = [fact for fact in facts if fact.kind == "mandate"]
    if not of_method:
        return None
    newest = sorted(of_method, key=lambda fact: (fact.version, fact.ref), reverse=True)
    methods, mandates, setups = (
        [fact for fact in newest if fact.state["object"] == what] for what in ("method", "mandate", "setup")
    )
    return MethodView(
        ref=key,
        is_test=not all(fact.state["livemode"] for fact in of_method),
        status=find_first_value(methods, "status"),
        customer=find_first_value(methods + setups, "customer"),
        method=find_first_value(methods + mandates, "method"),
        brand=find_first_value(methods, "brand"),
        last4=find_first_value(methods, "last4"),
        exp_month=find_first_value(methods, "exp_month"),
        exp_year=find_first_value(methods, "exp_year"),
        mandate_ref=mandates[0].ref if mandates else None,
        mandate_status=find_first_value(mandates, "status"),
        mandate_text=find_first_value(mandates, "mandate_text"),
        setup_status=find_first_value(setups, "status"),
        failure_code=find_first_value(setups, "failure_code"),
    )


def _make_payout_view(key: str, facts: Sequence[Fact]) -> PayoutView | None:
    main = next((fact for fact in facts if fact.kind == "payout" and fact.ref == key), None)
    if main is None:
        return None
    state = main.state
    arrival = state.get("arrival_on")
    return PayoutView(
        ref=key,
        state=state["state"],
        net_minor=state["net_minor"],
        currency=state["currency"],
        is_test=not state["livemode"],
        arrival_on=date.fromisoformat(arrival) if arrival else None,
        statement_descriptor=state.get("statement_descriptor"),
        trace_id=state.get("trace_id"),
        is_automatic=state["is_automatic"],
        is_reconciled=state["is_reconciled"],
        failure_code=state.get("failure_code"),
        created_at=make_instant(state.get("created_at")),
        items=tuple(make_item_view(fact) for fact in facts if fact.kind == "fee"),
    )
