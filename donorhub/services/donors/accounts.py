"""The accounts that donors pay from: typed by a person, or learned of decisions and forgotten with them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, update

from donorhub.db import db
from donorhub.domain.donors.contact_values import ContactValue
from donorhub.models import ContactPoint, IdentityKey
from donorhub.services.donors import contact_rows, identity_keys, search_documents
from donorhub.services.donors.contact_rows import hash_value, make_row
from donorhub.services.donors.identity_keys import LEARNED, hash_key, insert_keys


def learn_account(donor_id: int, iban: str, *, now: datetime, source: str = "typed") -> None:
    """Record an account of a donor that a person typed; again changes nothing.

    What was only learned before is typed from now on.
    """
    value = ContactValue("account", iban)
    new_ids = contact_rows.insert_rows([make_row(donor_id, value, source=source, now=now)])
    search_documents.write_documents(new_ids)
    insert_keys(identity_keys.list_account_keys(donor_id, {iban: False}))
    db.session.execute(
        update(ContactPoint)
        .where(
            ContactPoint.donor_id == donor_id,
            ContactPoint.kind == "account",
            ContactPoint.value_hash == hash_value(value),
            ContactPoint.until_on.is_(None),
            ContactPoint.source == LEARNED,
        )
        .values(source=source, collected_at=now)
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        update(IdentityKey)
        .where(
            IdentityKey.kind == "iban",
            IdentityKey.value_hash == hash_key("iban", iban),
            IdentityKey.donor_id == donor_id,
            IdentityKey.is_learned,
        )
        .values(is_learned=False)
        .execution_options(synchronize_session=False)
    )


def record_accounts(pairs: Iterable[tuple[int, str]], *, source: str, now: datetime) -> None:
    """Record accounts that another system says are donors'; one that is known stays as it is."""
    _record_accounts(pairs, source=source, now=now)


def learn_accounts(pairs: Iterable[tuple[int, str]], *, now: datetime) -> None:
    """Record accounts that decisions say are donors'; one that a person typed stays typed."""
    _record_accounts(pairs, source=LEARNED, now=now)


def _record_accounts(pairs: Iterable[tuple[int, str]], *, source: str, now: datetime) -> None:
    pairs = sorted(set(pairs))
    is_learned = source == LEARNED
    new_ids = contact_rows.insert_rows(
        [make_row(id_, ContactValue("account", iban), source=source, now=now) for id_, iban in pairs]
    )
    search_documents.write_documents(new_ids)
    insert_keys(
        [key for id_, iban in pairs for key in identity_keys.list_account_keys(id_, {iban: is_learned})]
    )


def forget_account(donor_id: int, iban: str) -> None:
    """Forget an account that was learned; one that a person typed stays."""
    db.session.execute(
        delete(ContactPoint)
        .where(
            ContactPoint.donor_id == donor_id,
            ContactPoint.kind == "account",
            ContactPoint.value_hash == hash_value(ContactValue("account", iban)),
            ContactPoint.source == LEARNED,
        )
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        delete(IdentityKey)
        .where(
            IdentityKey.kind == "iban",
            IdentityKey.value_hash == hash_key("iban", iban),
            IdentityKey.donor_id == donor_id,
            IdentityKey.is_learned,
        )
        .execution_options(synchronize_session=False)
    )
    identity_keys.count_holders([("iban", hash_key("iban", iban))])
    search_documents.write_documents([donor_id])
