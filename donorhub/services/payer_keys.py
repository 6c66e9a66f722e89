"""What was learned of payers: whose money came from an account, or under a name, and how often that held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from sqlalchemy import delete, update

from donorhub.db import db, insert_for
from donorhub.models import IdentityKey, PayerKey
from donorhub.services import donors

_IBAN = "iban:"


class Paid(NamedTuple):
    """A payer's money was decided to be a donor's."""

    value: str  # as donorhub.domain.payer_text.payer_key makes it
    donor_id: int
    on: date


def confirm(paid: Iterable[Paid]) -> None:
    """Count that payers' money was these donors', once for each."""
    paid = list(paid)
    if not paid:
        return
    hits = Counter((one.value, one.donor_id) for one in paid)
    last = {(one.value, one.donor_id): one.on for one in sorted(paid, key=lambda one: one.on)}
    connection = db.session.connection()
    statement = insert_for(connection, PayerKey)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["value", "donor_id"],
            set_={
                "hits": PayerKey.hits + statement.excluded.hits,
                "last_seen_on": statement.excluded.last_seen_on,
            },
        ),
        [
            {
                "value": value,
                "donor_id": donor_id,
                "hits": n,
                "misses": 0,
                "last_seen_on": last[value, donor_id],
            }
            for (value, donor_id), n in sorted(hits.items())
        ],
    )


def know_account(payer_key: str, donor_id: int) -> None:
    """A person said that this account is the donor's."""
    if payer_key.startswith(_IBAN):
        donors.learn_key(donor_id, "iban", payer_key.removeprefix(_IBAN))


def reject(payer_key: str, donor_id: int) -> None:
    """A decision was undone: the payer points to the donor no more, unless it did so before that one."""
    db.session.execute(
        update(PayerKey)
        .where(PayerKey.value == payer_key, PayerKey.donor_id == donor_id)
        .values(misses=PayerKey.misses + 1)
        .execution_options(synchronize_session=False)
    )
    if payer_key.startswith(_IBAN):
        db.session.execute(
            delete(IdentityKey)
            .where(
                IdentityKey.kind == "iban",
                IdentityKey.value == payer_key.removeprefix(_IBAN),
                IdentityKey.donor_id == donor_id,
            )
            .execution_options(synchronize_session=False)
        )
