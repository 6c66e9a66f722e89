"""Addresses that nothing, or no marketing, is sent to: keyed hashes, so that a no outlives the donor."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Select, select

from donorhub import vault
from donorhub.db import cut_query_values, db, insert_or_ignore
from donorhub.errors import Conflict, NotFound
from donorhub.models import Suppression
from donorhub.models.states import SUPPRESSION_SCOPES, SuppressionScope, SuppressionSource
from donorhub.services.access import audit, organisation
from donorhub.services.donors import donors, positions


def suppress_address(
    address: str,
    *,
    reason: str,
    now: datetime,
    actor: str,
    source: SuppressionSource = "told",
    scope: SuppressionScope = "everything",
) -> tuple[Suppression, bool]:
    """Send nothing of this scope to an address any more; return the row and whether anything is new.

    Only its keyed hash is kept. A second call keeps the first reason, unless it stops more: a scope is only
    ever widened. What was lifted is suppressed anew, with the new reason.
    """
    address_hash = hash_address(address)
    db.session.execute(
        insert_or_ignore(Suppression, on=(Suppression.channel, Suppression.address_hash)).values(
            channel="email",
            address_hash=address_hash,
            scope=scope,
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
    if row.lifted_at is None and not _is_wider(scope, row.scope):
        return row, False
    if row.lifted_at is not None or row.source != "complained":
        row.source = source  # a complaint that stops more now is a complaint still
    row.scope, row.reason, row.created_at, row.created_by = scope, reason, now, actor
    row.lifted_at, row.lifted_by, row.lift_reason = None, None, ""
    audit.record_action(
        actor,
        "address.suppressed",
        ("suppression", row.id),
        now=now,
        data={"reason": reason, "scope": scope},
    )
    return row, True


def record_suppression(
    address: str,
    *,
    reason: str,
    now: datetime,
    actor: str,
    source: SuppressionSource = "told",
    scope: SuppressionScope = "everything",
) -> tuple[Suppression, bool]:
    """Do as :func:`suppress_address` where it is news, and no history that a file brings: where mail came
    back from somebody with a position at an organisation, a task asks who follows.
    """
    row, is_new = suppress_address(address, reason=reason, now=now, actor=actor, source=source, scope=scope)
    if is_new and source == "bounced":
        positions.ask_about_address(address, today=organisation.get_day(now), now=now)
    return row, is_new


def _is_wider(scope: SuppressionScope, other: SuppressionScope) -> bool:
    return SUPPRESSION_SCOPES.index(scope) > SUPPRESSION_SCOPES.index(other)


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
    """Return whether something, of whatever scope, is not sent to this address."""
    return find_suppression(address) is not None


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
