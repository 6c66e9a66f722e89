"""Facts of a group worked into its present view, the same whatever order they came in.

``states`` tells how groups are loaded and joined, ``views`` what comes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import cast

from webhooks.fact import Fact, merge
from webhooks.groups import Groups, below
from webhooks.payment_projection import first, instant, item_view, merged_donor, merged_metadata, payment_view
from webhooks.recurring_projection import instalment_view, recurring_view
from webhooks.states import NoticeState
from webhooks.views import DonorView, GroupView, MethodView, PayoutView


def project(touched: Iterable[str], facts: Iterable[Fact]) -> list[GroupView]:
    """The views of the touched groups, sorted by key; a payment known by several ids comes once.

    ``facts`` are the registers of the touched groups and of what ``reach`` named, asked again
    until it names nothing new. More facts, older ones and repeated ones do no harm.
    """
    groups = Groups(merge(facts).values())
    return [_group_view(groups, key) for key in sorted({groups.key_of(group) for group in touched})]


def _group_view(groups: Groups, key: str) -> GroupView:
    facts = groups.whole(key)
    above = groups.above(facts)
    return GroupView(
        key=key,
        payment=payment_view(key, facts, above),
        recurring=recurring_view(key, facts, above),
        instalment=instalment_view(key, facts, above),
        donor=_donor_view(key, facts),
        method=_method_view(key, facts),
        payout=_payout_view(key, facts),
        notices=tuple(cast(NoticeState, dict(fact.state)) for fact in facts if fact.kind == "notice"),
        below=below(facts),
    )


def _donor_view(key: str, facts: Sequence[Fact]) -> DonorView | None:
    of_donor = [fact for fact in facts if fact.kind == "donor"]
    main = next((fact for fact in of_donor if fact.ref == key), None)
    if main is None:
        return None
    return DonorView(
        ref=key,
        is_test=not main.state["livemode"],
        is_deleted=any(fact.state.get("is_deleted") for fact in of_donor),
        donor=merged_donor([main]),
        metadata=merged_metadata([main]),
    )


def _method_view(key: str, facts: Sequence[Fact]) -> MethodView | None:
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
        status=first(methods, "status"),
        customer=first(methods + setups, "customer"),
        method=first(methods + mandates, "method"),
        brand=first(methods, "brand"),
        last4=first(methods, "last4"),
        exp_month=first(methods, "exp_month"),
        exp_year=first(methods, "exp_year"),
        mandate_ref=mandates[0].ref if mandates else None,
        mandate_status=first(mandates, "status"),
        mandate_text=first(mandates, "mandate_text"),
        setup_status=first(setups, "status"),
        failure_code=first(setups, "failure_code"),
    )


def _payout_view(key: str, facts: Sequence[Fact]) -> PayoutView | None:
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
        created_at=instant(state.get("created_at")),
        items=tuple(item_view(fact) for fact in facts if fact.kind == "fee"),
    )
