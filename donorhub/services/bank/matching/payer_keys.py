"""What was learned of payers: whose money came from an account, or under a name, and how often that held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from sqlalchemy import delete, select, update

from donorhub.db import db, insert_for
from donorhub.domain.bank.matching.other_payers import names_agree
from donorhub.models import Donor, IdentityKey, PayerKey
from donorhub.services.bank.files.ledger_rows import cut_query_values
from donorhub.services.donors import donors

_IBAN = "iban:"


class PayerUse(NamedTuple):
    """One decision that a payer's money is a donor's."""

    value: str  # as payer_text.payer_key or other_payers.saying makes it
    donor_id: int
    on: date


def confirm_payers(payers: Iterable[PayerUse]) -> None:
    """Record that payers' money was these donors', once for each."""
    payers = list(payers)
    if not payers:
        return
    hits = Counter((one.value, one.donor_id) for one in payers)
    last = {(one.value, one.donor_id): one.on for one in sorted(payers, key=lambda one: one.on)}
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


def list_sayings(payers: Iterable[tuple[str, str, int, date]]) -> list[PayerUse]:
    """Return what to confirm of payers whose name is not the donor's, from (saying, payer's name, donor,
    day) of each.
    """
    payers = list(payers)
    ids = {donor_id for _, _, donor_id, _ in payers}
    names: dict[int, str] = {}
    for chunk in cut_query_values(sorted(ids)):
        rows = db.session.execute(select(Donor.id, Donor.name).where(Donor.id.in_(chunk)))
        names.update({id_: name for id_, name in rows})  # noqa: C416  a Row is no pair for dict
    return [
        PayerUse(saying, donor_id, on)
        for saying, name, donor_id, on in payers
        if not names_agree(name, names[donor_id])
    ]


def learn_account(payer_key: str, donor_id: int) -> None:
    """Record that this account is the donor's, as a person said."""
    if payer_key.startswith(_IBAN):
        donors.learn_key(donor_id, "iban", payer_key.removeprefix(_IBAN))


def reject_payer(payer_key: str, donor_id: int) -> None:
    """Record that a decision was undone: the payer points to the donor no more, unless it did so before
    that one.
    """
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
