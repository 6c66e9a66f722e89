"""Facts from Stripe's customers, payment methods, mandates and SetupIntents.

They say who pays and by what; which donor that is, is not decided here.
"""

from __future__ import annotations

from collections.abc import Mapping

from webhooks.fact import Fact
from webhooks.states import DonorState, MandateState
from webhooks.stripe.methods import find_method
from webhooks.stripe.object_event import ObjectEvent
from webhooks.stripe.shapes import (
    Object,
    find_address,
    find_count,
    find_ref,
    find_text,
    find_value,
    read_id,
    read_metadata,
)


def read_customer_facts(event: ObjectEvent) -> list[Fact]:
    """Return the donor that a customer says, and that it was deleted where it was."""
    customer = event.payload
    ref = read_id(customer)
    locales = customer.get("preferred_locales")
    locale = locales[0] if isinstance(locales, list) and locales else None
    facts: list[Fact] = []
    if customer.get("deleted") is True or event.type == "customer.deleted":
        # A register of its own: an event may name a deleted customer by its id alone, and we know more.
        deletion = DonorState(customer=ref, is_deleted=True)
        facts.append(event.make_fact("donor", f"{ref}/deleted", group=ref, state=deletion))
        if customer.get("deleted") is True:
            return facts
    state = DonorState(
        customer=ref,
        email=find_text(customer, "email"),
        name=find_text(customer, "name"),
        phone=find_text(customer, "phone"),
        locale=locale if isinstance(locale, str) else None,
        address=find_address(customer.get("address")),
        default_method=find_ref(find_value(customer, "invoice_settings", "default_payment_method"))
        or find_ref(customer.get("default_source")),
        metadata=read_metadata(customer.get("metadata")),
    )
    return [*facts, event.make_fact("donor", ref, group=ref, state=state, step=len(facts))]


def read_method_facts(event: ObjectEvent) -> list[Fact]:
    """Return a payment method: its kind, last digits and expiry, and whether it is attached to a customer."""
    method = event.payload
    ref, kind = read_id(method), find_text(method, "type")
    details = find_value(method, kind) if kind else None
    state = MandateState(
        object="method",
        status="detached" if event.type == "payment_method.detached" else "attached",
        customer=find_ref(method.get("customer")),
        method_ref=ref,
        method=find_method(kind),
        brand=find_text(details, "brand"),
        last4=find_text(details, "last4"),
        exp_month=find_count(details, "exp_month"),
        exp_year=find_count(details, "exp_year"),
    )
    return [
        event.make_fact(
            "mandate", ref, group=ref, state=state, step=1 if state["status"] == "detached" else 0
        )
    ]


def read_mandate_facts(event: ObjectEvent) -> list[Fact]:
    """Return a mandate in the group of its payment method, and a notice for a status we do not know."""
    mandate = event.payload
    ref, method = read_id(mandate), find_ref(mandate.get("payment_method"))
    status = find_text(mandate, "status")
    kind = find_text(mandate, "payment_method_details", "type")
    state = MandateState(
        object="mandate",
        status=status,
        method_ref=method,
        method=find_method(kind),
        mandate_text=_find_bank_reference(mandate, kind),
    )
    group = method or ref
    step = {"pending": 1, "active": 2, "inactive": 3}.get(status or "", 0)
    facts = [event.make_fact("mandate", ref, group=group, state=state, step=step)]
    if step == 0:
        facts.append(event.make_notice("unknown_value", ref, group=group, field="status", value=status))
    return facts


def _find_bank_reference(mandate: Object, kind: str | None) -> str | None:
    details = find_value(mandate, "payment_method_details", kind) if kind else None
    return find_text(details, "reference") if isinstance(details, Mapping) else None


def read_setup_facts(event: ObjectEvent) -> list[Fact]:
    """Return a SetupIntent in the group of the payment method that it sets up."""
    setup = event.payload
    ref = read_id(setup)
    method = find_ref(setup.get("payment_method")) or find_ref(
        find_value(setup, "last_setup_error", "payment_method")
    )
    status = find_text(setup, "status")
    state = MandateState(
        object="setup",
        status=status,
        customer=find_ref(setup.get("customer")),
        method_ref=method,
        failure_code=find_text(setup, "last_setup_error", "decline_code")
        or find_text(setup, "last_setup_error", "code"),
    )
    step = {"succeeded": 3, "canceled": 2}.get(status or "", 1)
    return [event.make_fact("mandate", ref, group=method or ref, state=state, step=step)]


def read_debit_announcement(event: ObjectEvent) -> list[Fact]:
    """Return a notice that the bank announces a debit to the payer before it is made."""
    subject = find_ref(event.payload.get("source")) or read_id(event.payload)
    value = find_text(event.payload, "reason")
    return [event.make_notice("debit_announced", subject, group=subject, field="reason", value=value)]


def read_withdrawal_of_access(event: ObjectEvent) -> list[Fact]:
    """Return a notice that the account withdrew our access: no more events will come from it."""
    subject = find_ref(event.payload.get("id")) or "account"
    return [event.make_notice("access_withdrawn", subject, group=subject)]
