"""Facts from Stripe's customers, payment methods, mandates and SetupIntents.

They say who pays and by what; which donor that is, is not decided here.
"""

from __future__ import annotations

from collections.abc import Mapping

from webhooks.fact import Fact
from webhooks.states import DonorState, MandateState
from webhooks.stripe.methods import method_of
from webhooks.stripe.object_event import ObjectEvent
from webhooks.stripe.shapes import Object, address_of, at, count_at, identity, metadata_of, ref_of, text_at


def customer_facts(event: ObjectEvent) -> list[Fact]:
    customer = event.payload
    ref = identity(customer)
    locales = customer.get("preferred_locales")
    first = locales[0] if isinstance(locales, list) and locales else None
    found: list[Fact] = []
    if customer.get("deleted") is True or event.type == "customer.deleted":
        # A register of its own: a deleted customer may be told by its id alone, and we know more.
        gone = DonorState(customer=ref, is_deleted=True)
        found.append(event.fact("donor", f"{ref}/deleted", group=ref, state=gone))
        if customer.get("deleted") is True:
            return found
    state = DonorState(
        customer=ref,
        email=text_at(customer, "email"),
        name=text_at(customer, "name"),
        phone=text_at(customer, "phone"),
        locale=first if isinstance(first, str) else None,
        address=address_of(customer.get("address")),
        default_method=ref_of(at(customer, "invoice_settings", "default_payment_method"))
        or ref_of(customer.get("default_source")),
        metadata=metadata_of(customer.get("metadata")),
    )
    return [*found, event.fact("donor", ref, group=ref, state=state, step=len(found))]


def method_facts(event: ObjectEvent) -> list[Fact]:
    method = event.payload
    ref, kind = identity(method), text_at(method, "type")
    details = at(method, kind) if kind else None
    state = MandateState(
        object="method",
        status="detached" if event.type == "payment_method.detached" else "attached",
        customer=ref_of(method.get("customer")),
        method_ref=ref,
        method=method_of(kind),
        brand=text_at(details, "brand"),
        last4=text_at(details, "last4"),
        exp_month=count_at(details, "exp_month"),
        exp_year=count_at(details, "exp_year"),
    )
    return [
        event.fact("mandate", ref, group=ref, state=state, step=1 if state["status"] == "detached" else 0)
    ]


def mandate_facts(event: ObjectEvent) -> list[Fact]:
    mandate = event.payload
    ref, method = identity(mandate), ref_of(mandate.get("payment_method"))
    status = text_at(mandate, "status")
    kind = text_at(mandate, "payment_method_details", "type")
    state = MandateState(
        object="mandate",
        status=status,
        method_ref=method,
        method=method_of(kind),
        mandate_text=_bank_reference(mandate, kind),
    )
    group = method or ref
    step = {"pending": 1, "active": 2, "inactive": 3}.get(status or "", 0)
    found = [event.fact("mandate", ref, group=group, state=state, step=step)]
    if step == 0:
        found.append(event.notice("unknown_value", ref, group=group, field="status", value=status))
    return found


def _bank_reference(mandate: Object, kind: str | None) -> str | None:
    details = at(mandate, "payment_method_details", kind) if kind else None
    return text_at(details, "reference") if isinstance(details, Mapping) else None


def setup_facts(event: ObjectEvent) -> list[Fact]:
    setup = event.payload
    ref = identity(setup)
    method = ref_of(setup.get("payment_method")) or ref_of(at(setup, "last_setup_error", "payment_method"))
    status = text_at(setup, "status")
    state = MandateState(
        object="setup",
        status=status,
        customer=ref_of(setup.get("customer")),
        method_ref=method,
        failure_code=text_at(setup, "last_setup_error", "decline_code")
        or text_at(setup, "last_setup_error", "code"),
    )
    step = {"succeeded": 3, "canceled": 2}.get(status or "", 1)
    return [event.fact("mandate", ref, group=method or ref, state=state, step=step)]


def mandate_notification_facts(event: ObjectEvent) -> list[Fact]:
    """The bank wants the payer told of a debit before it is made."""
    subject = ref_of(event.payload.get("source")) or identity(event.payload)
    value = text_at(event.payload, "reason")
    return [event.notice("debit_announced", subject, group=subject, field="reason", value=value)]


def deauthorized_facts(event: ObjectEvent) -> list[Fact]:
    """The account withdrew our access: nothing more will be heard of it."""
    subject = ref_of(event.payload.get("id")) or "account"
    return [event.notice("access_withdrawn", subject, group=subject)]
