"""Addresses that nothing is sent to, kept as keyed hashes so that a no outlives the donor."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, select

from donorhub import vault
from donorhub.db import cut_query_values, db, insert_or_ignore
from donorhub.errors import Conflict, NotFound
from donorhub.models import Donor, Suppression
from donorhub.models.states import MessageCategory, SuppressionSource
from donorhub.services.access import audit
from donorhub.services.donors import contacts, donor_roles, donors


def suppress_address(
    address: str, *, reason: str, now: datetime, actor: str, source: SuppressionSource = "told"
) -> tuple[Suppression, bool]:
    """Never send to this address again; only its keyed hash is kept. Return the row and whether it is new.

    A second call keeps the first reason. What was lifted is suppressed anew, with the new reason.
    """
    address_hash = hash_address(address)
    db.session.execute(
        insert_or_ignore(Suppression, on=(Suppression.channel, Suppression.address_hash)).values(
            channel="email",
            address_hash=address_hash,
            reason="",
            source=source,
            created_at=now,
            created_by=actor,
            lifted_at=now,  # not in force until it is said below, once
            lift_reason="",
        )
    )
    row = _lock_row(Suppression.address_hash == address_hash)
    assert row is not None  # noqa: S101  it was put there or was there
    if row.lifted_at is None:
        return row, False
    row.reason, row.source, row.created_at, row.created_by = reason, source, now, actor
    row.lifted_at, row.lifted_by, row.lift_reason = None, None, ""
    audit.record_action(
        actor, "address.suppressed", ("suppression", row.id), now=now, data={"reason": reason}
    )
    return row, True


def lift_suppression(suppression_id: int, *, reason: str, now: datetime, actor: str) -> Suppression:
    """Let an address be written to again, with the reason; return its row. A lifted one stays as it is.

    Raise Conflict where the address complained: only the person can take that back.
    """
    row = _lock_row(Suppression.id == suppression_id)
    if row is None:
        raise NotFound(f"there is no suppression {suppression_id}")
    if row.lifted_at is not None:
        return row
    if row.source == "complained":
        raise Conflict(
            "this address complained about our mail: nobody but the person can take that back",
            code="complaint_stays",
        )
    row.lifted_at, row.lifted_by, row.lift_reason = now, actor, reason
    audit.record_action(actor, "address.released", ("suppression", row.id), now=now, data={"reason": reason})
    return row


def _lock_row(condition: ColumnElement[bool]) -> Suppression | None:
    query = select(Suppression).where(condition, Suppression.channel == "email").with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))


def is_suppressed(address: str) -> bool:
    """Return whether nothing may be sent to this address."""
    return find_suppression(address) is not None


def find_hindrance(donor: Donor, category: MessageCategory, *, today: date) -> str:
    """Return why nothing of this category may be sent to a donor; empty where it may."""
    if reason := find_refusal(donor, category, today=today):
        return reason
    return find_hindrance_of_address(donor.email) if donor.email else "no_address"


def find_refusal(donor: Donor, category: MessageCategory, *, today: date) -> str:
    """Return what about a donor stops such a message, whatever their address; empty where nothing does."""
    if donor.is_deceased:
        return "deceased"
    if _refuses_contact(donor, category):
        return "no_contact"
    return "target" if category == "thanks" and donor_roles.is_target(donor.id, today=today) else ""


def find_hindrance_of_address(address: str) -> str:
    """Return why nothing may be sent to an address: it is suppressed, or mail came back from it or somebody
    complained of whosoever contact it is. Empty where it may.
    """
    if is_suppressed(address):
        return "suppressed"
    state = contacts.find_dead_state(address)
    return f"address_{state}" if state else ""


class Hindrances(NamedTuple):
    """Why a donor is not thanked, and gets no receipt by mail; empty where they are, and do."""

    thanks: str
    receipt: str


def find_hindrances(donor: Donor, *, today: date) -> Hindrances:
    """Return what stands between a donor and our mails, as their page tells it."""
    receipt = find_hindrance(donor, "transactional", today=today)
    return Hindrances(find_refusal(donor, "thanks", today=today) or receipt, receipt)


def _refuses_contact(donor: Donor, category: MessageCategory) -> bool:
    """Return whether the donor's "no contact" stops such a message. It never stops a receipt, which is the
    donor's own paper and which a person sends.
    """
    return donor.do_not_contact and category != "transactional"


def find_suppression(address: str) -> Suppression | None:
    """Return what keeps us from writing to an address, or None."""
    return db.session.scalar(select_suppressions(address=address))


def list_suppressed(addresses: Collection[str]) -> set[str]:
    """Return those of these addresses to which nothing may be sent."""
    address_by_hash = {hash_address(address): address for address in addresses}
    hashes: set[str] = set()
    for chunk in cut_query_values(sorted(address_by_hash)):
        query = select_suppressions().where(Suppression.address_hash.in_(chunk))
        hashes.update(db.session.scalars(query.with_only_columns(Suppression.address_hash)))
    return {address_by_hash[one] for one in hashes}


def select_suppressions(*, address: str = "") -> Select[Suppression]:
    """Return a query for what is suppressed now; with an address, that one."""
    query = select(Suppression).where(Suppression.lifted_at.is_(None), Suppression.channel == "email")
    return query.where(Suppression.address_hash == hash_address(address)) if address else query


def hash_address(address: str) -> str:
    """Return what is kept of an address: a hash with the key of this installation."""
    return vault.compute_keyed_hash(donors.normalise_email(address))
