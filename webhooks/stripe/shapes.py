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


def identity(holder: Object) -> str:
    """The object's own id; raises BadBody, for without it nothing can be kept."""
    found = ref_of(holder.get("id"))
    if found is None:
        raise BadBody(f"a {holder.get('object') or 'Stripe object'} without an id cannot be kept apart")
    return found


def ref_of(value: object) -> str | None:
    """The id in a field that holds an id, or the whole object (expanded), or nothing."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return value if isinstance(value, str) and 0 < len(value) <= MAX_REF else None


def at(holder: object, *path: str) -> object:
    """What lies at the end of a path of keys, or None where it breaks off."""
    for key in path:
        if not isinstance(holder, Mapping):
            return None
        holder = holder.get(key)
    return holder


def text_at(holder: object, *path: str) -> str | None:
    found = at(holder, *path)
    return found if isinstance(found, str) and found else None


def seconds_at(holder: object, *path: str) -> int | None:
    """Unix seconds; refuses what the calendar does not hold (year 9999 at most)."""
    found = at(holder, *path)
    if found is None:
        return None
    if type(found) is not int or not 0 <= found <= _END_OF_9999:
        raise BadBody(f"{'.'.join(path)} is no time in unix seconds")
    return found


def count_at(holder: object, *path: str) -> int | None:
    found = at(holder, *path)
    return found if type(found) is int else None


def objects_at(holder: object, *path: str) -> list[Object]:
    """The objects of a list, whether it is Stripe's list object or a plain one."""
    found = at(holder, *path)
    if isinstance(found, Mapping):
        found = found.get("data")
    if not isinstance(found, Sequence) or isinstance(found, str):
        return []
    return [one for one in found if isinstance(one, Mapping)]


def metadata_of(*holders: object) -> dict[str, str]:
    """Metadata of several objects as one; where they differ the later object has its way."""
    merged: dict[str, str] = {}
    for holder in holders:
        if isinstance(holder, Mapping):
            merged.update({k: v for k, v in holder.items() if isinstance(v, str)})
    return merged


def address_of(value: object) -> Address | None:
    if not isinstance(value, Mapping):
        return None
    parts = Address(
        line1=text_at(value, "line1"),
        line2=text_at(value, "line2"),
        city=text_at(value, "city"),
        postal_code=text_at(value, "postal_code"),
        region=text_at(value, "state"),
        country=text_at(value, "country"),
    )
    return parts if any(parts.values()) else None


def inv_subscription(invoice: Object) -> str | None:
    """The subscription an invoice belongs to."""
    return (
        ref_of(at(invoice, "parent", "subscription_details", "subscription"))
        or ref_of(invoice.get("subscription"))
        or next(_line_subscriptions(invoice), None)
    )


def _line_subscriptions(invoice: Object) -> Iterator[str]:
    for line in objects_at(invoice, "lines"):
        for path in (
            ("parent", "subscription_item_details", "subscription"),
            ("parent", "invoice_item_details", "subscription"),
            ("subscription",),
        ):
            if found := ref_of(at(line, *path)):
                yield found


def inv_metadata(invoice: Object) -> dict[str, str]:
    """The invoice's own metadata over that of its subscription, which it carries since 2022."""
    return metadata_of(
        at(invoice, "subscription_details", "metadata"),
        at(invoice, "parent", "subscription_details", "metadata"),
        invoice.get("metadata"),
    )


def inv_payments(invoice: Object) -> list[str]:
    """PaymentIntents (or, before them, charges) that an invoice names; webhooks since 2025 name none."""
    refs = [payment_of(one) for one in objects_at(invoice, "payments")]
    refs += [ref_of(invoice.get("payment_intent")) or ref_of(invoice.get("charge"))]
    return sorted({one for one in refs if one})


def payment_of(invoice_payment: Object) -> str | None:
    """The PaymentIntent, else the charge, that an InvoicePayment joins to its invoice."""
    return ref_of(at(invoice_payment, "payment", "payment_intent")) or ref_of(
        at(invoice_payment, "payment", "charge")
    )


def inv_period(invoice: Object) -> tuple[int | None, int | None]:
    """What the invoice pays for: its subscription line's period, for the invoice's own lies before it."""
    for line in objects_at(invoice, "lines"):
        start, end = seconds_at(line, "period", "start"), seconds_at(line, "period", "end")
        if start is not None and end is not None and start < end:
            return start, end
    return seconds_at(invoice, "period_start"), seconds_at(invoice, "period_end")


def sub_items(subscription: Object) -> list[Object]:
    """The subscription's items; before 2014 it was one item itself, with a plan and a quantity."""
    return objects_at(subscription, "items") or ([subscription] if subscription.get("plan") else [])


def sub_price(item: Object) -> Object:
    """An item's price, or the plan that was its name before 2020."""
    for key in ("price", "plan"):
        found = item.get(key)
        if isinstance(found, Mapping):
            return found
    return {}


def sub_interval(subscription: Object) -> tuple[str | None, int]:
    """Stripe's word for the interval and how many of it, from the first item."""
    for price in map(sub_price, sub_items(subscription)):
        holder = price.get("recurring") if isinstance(price.get("recurring"), Mapping) else price
        return text_at(holder, "interval"), count_at(holder, "interval_count") or 1
    return None, 1


def sub_period(subscription: Object) -> tuple[int | None, int | None]:
    """The period that is running; on the items since 2025-03-31, on the subscription before."""
    for holder in (*objects_at(subscription, "items"), subscription):
        start, end = (
            seconds_at(holder, "current_period_start"),
            seconds_at(holder, "current_period_end"),
        )
        if end is not None:
            return start, end
    return None, None


def charge_method(charge: Object) -> str | None:
    """card, sepa_debit, blik ...; charges before 2019 carry a source or a card instead."""
    source = charge.get("source") or charge.get("card")
    return (
        text_at(charge, "payment_method_details", "type")
        or text_at(source, "type")
        or text_at(source, "object")
    )


def payment_key(holder: Object) -> str | None:
    """What a payment goes by: its PaymentIntent if there is one, else its charge."""
    return ref_of(holder.get("payment_intent")) or ref_of(holder.get("charge"))
