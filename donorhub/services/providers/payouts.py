"""Payouts: a provider's transfer to our bank and the items that explain it to the cent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import Select, select, update

from donorhub.db import db, insert_or_update
from donorhub.errors import NotFound
from donorhub.models import Entry, Match, Payment, Payout, PayoutItem, Refund
from donorhub.models.states import ARRIVING_PAYOUTS, PayoutState
from donorhub.services.access import audit, organisation
from donorhub.services.paging import equals_if_given
from donorhub.services.providers import registers
from donorhub.services.providers.account_rows import AccountRows
from donorhub.services.providers.customers import Account
from donorhub.services.work import tasks
from webhooks.views import GroupView, ItemView, PayoutView


def apply_payouts(rows: AccountRows, *, now: datetime) -> set[str]:
    """Bring payouts up to what the provider says now; return the refs of new ones."""
    return {view.ref for view in rows.views.payouts if _apply_payout(rows.at, view, now=now)}


def store_items_of_payments(at: Account, views: Sequence[GroupView]) -> None:
    """Store the lines that payments name, those of tests too."""
    store_items(at, [item for view in views if view.payment for item in view.payment.items])


def _apply_payout(at: Account, view: PayoutView, *, now: datetime) -> bool:
    """Bring a payout up to what the provider says now; return whether it is new."""
    payout = db.session.scalar(
        select(Payout)
        .filter_by(provider=at.provider, account=at.account, ref=view.ref)
        .with_for_update()  # whoever joins an entry to it now has done so before we look, or comes after us
        .execution_options(populate_existing=True)
    )
    is_new = payout is None
    if payout is None:
        payout = Payout(
            provider=at.provider, account=at.account, ref=view.ref, is_test=view.is_test, state=view.state
        )
    payout.state, payout.net_minor, payout.currency = view.state, view.net_minor, view.currency
    payout.arrival_on = view.arrival_on or organisation.get_past_day(view.created_at, now)
    payout.descriptor = view.statement_descriptor or ""
    db.session.add(payout)
    db.session.flush()  # items and tasks name it
    store_items(at, view.items, payout_id=payout.id)
    if view.state == "failed":
        _ask_about_failed_payout(at, payout, now=now)
    if payout.entry_id is not None and payout.state not in ARRIVING_PAYOUTS:
        _part_from_entry(payout, payout.entry_id, now=now, actor=at.actor)
    if view.is_automatic and view.is_reconciled and not view.is_explained:
        tasks.plan_task(
            f"fetch_payout_items:{payout.id}",
            kind="fetch_payout_items",
            performer="worker",
            subject=("payout", payout.id),
            now=now,
        )
    return is_new


_ITEM_COLUMNS: Final = (
    PayoutItem.kind,
    PayoutItem.gross_minor,
    PayoutItem.fee_minor,
    PayoutItem.net_minor,
    PayoutItem.currency,
    PayoutItem.gift_id,
)


def store_items(at: Account, items: Sequence[ItemView], *, payout_id: int | None = None) -> None:
    """Store a provider's own lines with the gifts they belong to; bring one that is there up to date."""
    if not items:
        return
    gift_ids = _find_gifts(at, items)
    # What is in no payout yet may be in one already, as a later list said.
    columns = _ITEM_COLUMNS if payout_id is None else (*_ITEM_COLUMNS, PayoutItem.payout_id)
    rows = [
        {
            "source": at.source,
            "source_ref": item.ref,
            "kind": item.item,
            "gross_minor": item.gross_minor,
            "fee_minor": item.fee_minor,
            "net_minor": item.net_minor,
            "currency": item.currency,
            "gift_id": gift_ids.get(item.ref),
            "payout_id": payout_id,
        }
        for item in items
    ]
    key = (PayoutItem.source, PayoutItem.source_ref)
    db.session.execute(insert_or_update(PayoutItem, on=key, columns=columns), rows)


def read_items_of_gifts(gift_ids: Sequence[int]) -> dict[int, PayoutItem]:
    """Return the item of each gift's payment, by gift: its fee is the gift's fee."""
    items = db.session.scalars(
        select(PayoutItem).where(PayoutItem.gift_id.in_(gift_ids), PayoutItem.kind == "charge")
    )
    return {item.gift_id: item for item in items if item.gift_id is not None}


def select_payouts(
    *,
    provider: str | None = None,
    state: PayoutState | None = None,
    arrival_from: date | None = None,
    arrival_to: date | None = None,
) -> Select[Payout]:
    """Return a query for the payouts that fit all that is given."""
    query = select(Payout).where(
        *equals_if_given(Payout.provider, provider), *equals_if_given(Payout.state, state)
    )
    if arrival_from is not None:
        query = query.where(Payout.arrival_on >= arrival_from)
    if arrival_to is not None:
        query = query.where(Payout.arrival_on <= arrival_to)
    return query


def get_payout(payout_id: int) -> Payout:
    """Return a payout; raise NotFound when there is none."""
    payout = db.session.get(Payout, payout_id)
    if payout is None:
        raise NotFound(f"there is no payout {payout_id}")
    return payout


def list_items(payout_id: int) -> Sequence[PayoutItem]:
    """Return the lines that explain a payout, in the order in which they came."""
    return db.session.scalars(select(PayoutItem).filter_by(payout_id=payout_id).order_by(PayoutItem.id)).all()


def _find_gifts(at: Account, items: Sequence[ItemView]) -> dict[str, int]:
    """Return the gift that each item is about, by the item's own ref; those about none are left out.

    A line that was fetched without its source names an attempt or refund only.
    """
    keys = {item.payment_key for item in items if item.payment_key is not None}
    attempts = registers.find_states(at.provider, at.account, "payment", keys)
    orders = {key: state["order"] for key, state in attempts.items() if state.get("order")}
    gifts_by_payment = _find_gifts_of_payments(at, keys | set(orders.values()))
    gifts_by_refund = _find_gifts_of_refunds(
        at, [item.source_ref for item in items if item.payment_key is None]
    )
    gift_ids = {}
    for item in items:
        key = item.payment_key
        if key is None:
            gift_ids[item.ref] = gifts_by_refund.get(item.source_ref or "")
        else:
            gift_ids[item.ref] = gifts_by_payment.get(key) or gifts_by_payment.get(orders.get(key, ""))
    return {ref: gift_id for ref, gift_id in gift_ids.items() if gift_id is not None}


def _find_gifts_of_refunds(at: Account, refs: Sequence[str | None]) -> dict[str, int]:
    """Return the gifts of refunds by their refs."""
    if not any(refs):
        return {}
    rows = db.session.execute(
        select(Refund.source_ref, Refund.gift_id).where(
            Refund.source == at.source, Refund.source_ref.in_([ref for ref in refs if ref])
        )
    )
    return {ref: gift_id for ref, gift_id in rows}  # noqa: C416  a Row is no pair for dict


def _find_gifts_of_payments(at: Account, keys: set[str]) -> dict[str, int]:
    """Return the gifts of payments by key."""
    if not keys:
        return {}
    rows = db.session.execute(
        select(Payment.payment_key, Payment.gift_id).where(
            Payment.provider == at.provider,
            Payment.account == at.account,
            Payment.payment_key.in_(keys),
            Payment.gift_id.is_not(None),
        )
    )
    return {key: gift_id for key, gift_id in rows if gift_id is not None}


def _ask_about_failed_payout(at: Account, payout: Payout, *, now: datetime) -> None:
    is_new = tasks.plan_task(
        f"payout_failed:{payout.ref}",
        kind="payout_failed",
        role="accountant",
        subject=("payout", payout.id),
        now=now,
    )
    if is_new:
        audit.record_action(at.actor, "payout.failed", ("payout", payout.id), now=now)


def ask_about_items(payout: Payout, *, now: datetime) -> str:
    """Plan a task for a person, who compares or sets the key without which the provider cannot be asked for
    the items; return the outcome of the asking."""
    tasks.plan_task(
        f"payout_unexplained:{payout.ref}",
        kind="payout_unexplained",
        role="accountant",
        subject=("payout", payout.id),
        now=now,
    )
    return "no_api_key"


def _part_from_entry(payout: Payout, entry_id: int, *, now: datetime, actor: str) -> None:
    """Let the entry of a payout that failed after all wait for a person again."""
    payout.entry_id = None
    db.session.execute(
        update(Match)
        .where(Match.payout_id == payout.id, Match.entry_id == entry_id, Match.undone_at.is_(None))
        .values(undone_at=now, undone_by=actor)
    )
    db.session.execute(
        update(Entry)
        .where(Entry.id == entry_id, Entry.state == "matched")
        .values(state="suspense", decide_by=organisation.find_deadline(now))
    )
    audit.record_action(actor, "payout.parted", ("payout", payout.id), now=now, data={"entry": entry_id})
