"""Where a value stands in Stripe's objects, from API version 2011 to 2026-10-28.endive.

Accessors only: each looks in every place a version has used, newest first, and none asks
for the version. They do not judge what they find.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from webhooks.fact import BadBody
from webhooks.states import Address

MAX_REF: Final = 255
_END_OF_9999: Final = 253402300799
Object = Mapping[str, Any]


def read_id(holder: Object) -> str:
    """Return the object's own id; raise BadBody when it has none, for without it nothing can be kept."""
    ref = find_ref(holder.get("id"))
    if ref is None:
        raise BadBody(f"a {holder.get('object') or 'Stripe object'} without an id cannot be kept apart")
    return ref


def find_ref(value: object) -> str | None:
    """Return the id in a field that holds an id or a whole (expanded) object; None for anything else."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return value if isinstance(value, str) and 0 < len(value) <= MAX_REF else None


def find_value(holder: object, *path: str) -> object:
    """Return what lies at the end of a path of keys; None where the path breaks off."""
    for key in path:
        if not isinstance(holder, Mapping):
            return None
        holder = holder.get(key)
    return holder


def find_text(holder: object, *path: str) -> str | None:
    """Return the text at the end of a path of keys; None where there is none or it is empty."""
    value = find_value(holder, *path)
    return value if isinstance(value, str) and value else None


def read_seconds(holder: object, *path: str) -> int | None:
    """Return the unix seconds at the end of a path of keys; None where nothing stands there.

    Raise BadBody for what is no time up to the year 9999.
    """
    value = find_value(holder, *path)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= _END_OF_9999:
        raise BadBody(f"{'.'.join(path)} is no time in unix seconds")
    return value


def find_count(holder: object, *path: str) -> int | None:
    """Return the whole number at the end of a path of keys; None where there is none."""
    value = find_value(holder, *path)
    return value if type(value) is int else None


def list_objects(holder: object, *path: str) -> list[Object]:
    """Return the objects of a list, whether it is Stripe's list object or a plain one."""
    value = find_value(holder, *path)
    if isinstance(value, Mapping):
        value = value.get("data")
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [one for one in value if isinstance(one, Mapping)]


def read_metadata(*holders: object) -> dict[str, str]:
    """Return the metadata of several objects as one; where they differ the later object counts."""
    metadata: dict[str, str] = {}
    for holder in holders:
        if isinstance(holder, Mapping):
            metadata.update({k: v for k, v in holder.items() if isinstance(v, str)})
    return metadata


def find_address(value: object) -> Address | None:
    """Return the postal address in its parts; None where no part of one is filled in."""
    if not isinstance(value, Mapping):
        return None
    parts = Address(
        line1=find_text(value, "line1"),
        line2=find_text(value, "line2"),
        city=find_text(value, "city"),
        postal_code=find_text(value, "postal_code"),
        region=find_text(value, "state"),
        country=find_text(value, "country"),
    )
    return parts if any(parts.values()) else None


def find_invoice_subscription(invoice: Object) -> str | None:
    """Return the subscription that an invoice belongs to; None for an invoice outside any."""
    return (
        find_ref(find_value(invoice, "parent", "subscription_details", "subscription"))
        or find_ref(invoice.get("subscription"))
        or next(_list_line_subscriptions(invoice), None)
    )


def _list_line_subscriptions(invoice: Object) -> Iterator[str]:
    for line in list_objects(invoice, "lines"):
        for path in (
            ("parent", "subscription_item_details", "subscription"),
            ("parent", "invoice_item_details", "subscription"),
            ("subscription",),
        ):
            if ref := find_ref(find_value(line, *path)):
                yield ref


def read_invoice_metadata(invoice: Object) -> dict[str, str]:
    """Return the invoice's own metadata over that of its subscription, which it carries since 2022."""
    return read_metadata(
        find_value(invoice, "subscription_details", "metadata"),
        find_value(invoice, "parent", "subscription_details", "metadata"),
        invoice.get("metadata"),
    )


def list_invoice_payments(invoice: Object) -> list[str]:
    """Return the PaymentIntents (or, before them, charges) that an invoice names; since 2025 mostly none."""
    refs = [find_joined_payment(one) for one in list_objects(invoice, "payments")]
    refs += [find_ref(invoice.get("payment_intent")) or find_ref(invoice.get("charge"))]
    return sorted({one for one in refs if one})


def find_joined_payment(invoice_payment: Object) -> str | None:
    """Return the PaymentIntent, else the charge, that an InvoicePayment joins to its invoice."""
    return find_ref(find_value(invoice_payment, "payment", "payment_intent")) or find_ref(
        find_value(invoice_payment, "payment", "charge")
    )


def find_invoice_period(invoice: Object) -> tuple[int | None, int | None]:
    """Return the period that an invoice pays for: of its first line, for the invoice's own lies before it."""
    for line in list_objects(invoice, "lines"):
        start, end = read_seconds(line, "period", "start"), read_seconds(line, "period", "end")
        if start is not None and end is not None and start < end:
            return start, end
    return read_seconds(invoice, "period_start"), read_seconds(invoice, "period_end")


def list_subscription_items(subscription: Object) -> list[Object]:
    """Return the subscription's items; before 2014 it was one item itself, with a plan and a quantity."""
    return list_objects(subscription, "items") or ([subscription] if subscription.get("plan") else [])


def read_item_price(item: Object) -> Object:
    """Return an item's price, or the plan that was its name before 2020; empty where there is neither."""
    for key in ("price", "plan"):
        price = item.get(key)
        if isinstance(price, Mapping):
            return price
    return {}


def find_interval(subscription: Object) -> tuple[str | None, int]:
    """Return Stripe's word for the interval and how many of it, from the first item."""
    for price in map(read_item_price, list_subscription_items(subscription)):
        holder = price.get("recurring") if isinstance(price.get("recurring"), Mapping) else price
        return find_text(holder, "interval"), find_count(holder, "interval_count") or 1
    return None, 1


def find_running_period(subscription: Object) -> tuple[int | None, int | None]:
    """Return the period that is running: on the items since 2025-03-31, on the subscription before."""
    for holder in (*list_objects(subscription, "items"), subscription):
        start, end = (
            read_seconds(holder, "current_period_start"),
            read_seconds(holder, "current_period_end"),
        )
        if end is not None:
            return start, end
    return None, None


def find_charge_method(charge: Object) -> str | None:
    """Return Stripe's name of the method (card, sepa_debit, blik ...); before 2019 that of source or card."""
    source = charge.get("source") or charge.get("card")
    return (
        find_text(charge, "payment_method_details", "type")
        or find_text(source, "type")
        or find_text(source, "object")
    )


def find_payment_key(holder: Object) -> str | None:
    """Return what a payment goes by: its PaymentIntent if there is one, else its charge."""
    return find_ref(holder.get("payment_intent")) or find_ref(holder.get("charge"))
