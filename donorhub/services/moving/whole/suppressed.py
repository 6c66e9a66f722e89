"""Addresses that nothing is sent to, across a move: what is kept of them is hashed with the old key.

An archive names the address where the base knows it anyway, and carries the old hash where it does not.
Such a hash means something only where the key is the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import ContactPoint, Donor, Message, Suppression, User
from donorhub.services.messages.suppressions import hash_address
from donorhub.services.moving.whole.contents import Row

_AT_ONCE = 1000


def find_addresses() -> dict[str, str]:
    """Return the addresses that are suppressed and known, by their hashes."""
    hashes = set(db.session.scalars(select(Suppression.address_hash)))
    if not hashes:
        return {}
    return {
        address_hash: address
        for address in _stream_addresses()
        if (address_hash := hash_address(address)) in hashes
    }


def _stream_addresses() -> Iterator[str]:
    queries = [
        select(ContactPoint.value).where(ContactPoint.kind == "email"),
        select(Donor.email).where(Donor.email != ""),
        select(User.email),
        select(Message.to_address).where(Message.to_address != ""),
    ]
    for query in queries:
        yield from db.session.scalars(query.execution_options(yield_per=_AT_ONCE))


def write_address(address_hash: str, addresses: dict[str, str]) -> Row:
    """Return what an archive says of a suppressed address."""
    address = addresses.get(address_hash)
    return {"address_hash": address_hash} if address is None else {"address": address}


def read_address(row: Row) -> Row:
    """Return the row with its address hashed with the key of this installation."""
    address = row.pop("address", None)
    return row if address is None else {**row, "address_hash": hash_address(address)}
