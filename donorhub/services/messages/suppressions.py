"""Addresses that nothing is sent to, kept as keyed hashes so that a no outlives the donor."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from donorhub import vault
from donorhub.db import db, insert_or_ignore
from donorhub.models import Suppression
from donorhub.services.access import audit
from donorhub.services.donors import donors


def suppress_address(address: str, *, reason: str, now: datetime, actor: str) -> None:
    """Never send to this address again; only its keyed hash is kept. A second call keeps the first reason."""
    db.session.execute(
        insert_or_ignore(
            Suppression,
            on=(
                Suppression.channel,
                Suppression.address_hash,
            ),
        ).values(channel="email", address_hash=_hash_address(address), reason=reason, created_at=now)
    )
    audit.record_action(actor, "address.suppressed", ("suppression", 0), now=now, data={"reason": reason})


def is_suppressed(address: str) -> bool:
    """Return whether nothing may be sent to this address."""
    suppression_id = db.session.scalar(
        select(Suppression.id).filter_by(channel="email", address_hash=_hash_address(address))
    )
    return suppression_id is not None


def _hash_address(address: str) -> str:
    return vault.compute_keyed_hash(donors.normalise_email(address))
