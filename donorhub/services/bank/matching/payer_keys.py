"""What was learned of payers: whose money came from an account, or under a name, and how often that held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, select, text, update

from donorhub.db import cut_query_values, db, insert_for
from donorhub.domain.bank.matching.other_payers import names_agree
from donorhub.models import Donor, PayerKey
from donorhub.services.donors import accounts

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


def lock_payer(payer_key: str) -> None:
    """Let nobody else make a donor of this payer until the transaction ends; SQLite has one writer anyway."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(727279, hashtext(:key))"), {"key": payer_key})


def list_known_donors(payer_key: str) -> list[int]:
    """Return the donors whose money this payer's was, as people said; merged ones followed."""
    survivor_id = func.coalesce(Donor.merged_into_id, Donor.id)
    ids = db.session.scalars(
        select(survivor_id)
        .join(PayerKey, PayerKey.donor_id == Donor.id)
        .where(PayerKey.value == payer_key, PayerKey.hits > 2 * PayerKey.misses)
        .order_by(PayerKey.id)
    )
    return list(dict.fromkeys(ids))


def learn_accounts(payers: Iterable[tuple[str, str, int]], *, now: datetime) -> None:
    """Record accounts as their donors', as a person said, from (payer key, payer's name, donor) of each.

    Where another name pays, the account is not the donor's: what it is used for is learned, no more.
    """
    payers = [payer for payer in payers if payer[0].startswith(_IBAN)]
    names = _find_names({donor_id for _, _, donor_id in payers})
    accounts.learn_accounts(
        (
            (donor_id, key.removeprefix(_IBAN))
            for key, name, donor_id in payers
            if names_agree(name, names[donor_id])
        ),
        now=now,
    )


def _find_names(donor_ids: Iterable[int]) -> dict[int, str]:
    names: dict[int, str] = {}
    for chunk in cut_query_values(sorted(donor_ids)):
        rows = db.session.execute(select(Donor.id, Donor.name).where(Donor.id.in_(chunk)))
        names.update({id_: name for id_, name in rows})  # noqa: C416  a Row is no pair for dict
    return names


def reject_payer(payer_key: str, donor_id: int) -> None:
    """Record that a decision was undone: the payer points to the donor no more, unless other decisions of
    people stand or a person typed the account.
    """
    is_key = (PayerKey.value == payer_key) & (PayerKey.donor_id == donor_id)
    db.session.execute(
        update(PayerKey)
        .where(is_key)
        .values(misses=PayerKey.misses + 1)
        .execution_options(synchronize_session=False)
    )
    stands = db.session.scalar(select(PayerKey.id).where(is_key, PayerKey.hits > PayerKey.misses))
    if payer_key.startswith(_IBAN) and stands is None:
        accounts.forget_account(donor_id, payer_key.removeprefix(_IBAN))
