"""By what payers are recognised, and whose their money was; what people teach: :mod:`.payer_learning`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, func, select, text, true

from donorhub.db import cut_query_values, db
from donorhub.domain.bank.matching.matching_facts import TIMES_OF_MISSES
from donorhub.domain.bank.matching.other_payers import names_agree
from donorhub.models import Donor, PayerKey, PayerUse
from donorhub.models.matching import PayerKeyKind
from donorhub.services.donors import accounts

_IBAN: Final = "iban:"
_PREFIX: Final = len(_IBAN)
_KINDS: Final[Mapping[str, PayerKeyKind]] = {_IBAN: "account", "name:": "name"}


def lock_payer(payer_key: str) -> None:
    """Let nobody else make a donor of this payer until the transaction ends; SQLite has one writer anyway."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(727279, hashtext(:key))"), {"key": payer_key})


def split_key(payer_key: str) -> tuple[PayerKeyKind, str]:
    """Return kind and value under which a payer's key, as ``payer_text.make_payer_key`` makes it, is kept."""
    return _KINDS[payer_key[:_PREFIX]], payer_key[_PREFIX:]


def join_key(kind: PayerKeyKind, value: str) -> str:
    """Return a payer's key of the kind and value under which it is kept."""
    return next(prefix for prefix, one in _KINDS.items() if one == kind) + value


def find_payer_ids(payer_keys: Iterable[str]) -> dict[str, int]:
    """Return the payers of these keys, without those whom nobody knows."""
    ids: dict[str, int] = {}
    for prefix, is_key in _cut_by_kind(payer_keys):
        rows = db.session.execute(select(PayerKey.value, PayerKey.payer_id).where(is_key))
        ids.update((f"{prefix}{value}", payer_id) for value, payer_id in rows)
    return ids


def _cut_by_kind(payer_keys: Iterable[str]) -> Iterator[tuple[str, ColumnElement[bool]]]:
    """Give, some at a time, the condition that finds the keys, and what stands before each value."""
    values: dict[str, set[str]] = {}
    for key in payer_keys:
        values.setdefault(key[:_PREFIX], set()).add(key[_PREFIX:])
    for prefix, some in values.items():
        for chunk in cut_query_values(sorted(some)):
            yield prefix, (PayerKey.kind == _KINDS[prefix]) & PayerKey.value.in_(chunk)


class UseRow(NamedTuple):
    """What is kept of one use."""

    id: int
    donor_id: int
    name_key: str
    words: str
    amount_minor: int | None
    currency: str | None
    day: int | None
    hits: int
    misses: int
    last_on: date | None


def list_uses(
    payer_keys: Iterable[str], condition: ColumnElement[bool] | None = None
) -> list[tuple[str, UseRow]]:
    """Return the uses of these payers that nobody ended, each with the payer's key."""
    columns = [getattr(PayerUse, name) for name in UseRow._fields]
    uses: list[tuple[str, UseRow]] = []
    for prefix, is_key in _cut_by_kind(payer_keys):
        rows = db.session.execute(
            select(PayerKey.value, *columns)
            .join(PayerUse, PayerUse.payer_id == PayerKey.payer_id)
            .where(is_key, PayerUse.ended_on.is_(None), true() if condition is None else condition)
            .order_by(PayerUse.id)
        )
        uses += [(f"{prefix}{value}", UseRow(*columns)) for value, *columns in rows]
    return uses


def list_known_donors(payer_key: str) -> list[int]:
    """Return the donors whose money this payer's was, as people said; merged ones followed."""
    survivor_id = func.coalesce(Donor.merged_into_id, Donor.id)
    kind, value = split_key(payer_key)
    hits, misses = func.sum(PayerUse.hits), func.sum(PayerUse.misses)
    ids = db.session.scalars(
        select(survivor_id)
        .join(PayerUse, PayerUse.donor_id == Donor.id)
        .join(PayerKey, PayerKey.payer_id == PayerUse.payer_id)
        .where(PayerKey.kind == kind, PayerKey.value == value, PayerUse.ended_on.is_(None))
        .group_by(survivor_id)
        .having(hits > 0, hits >= TIMES_OF_MISSES * misses)
        .order_by(func.min(PayerUse.id))
    )
    return list(ids)


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


def forget_account(payer_key: str, donor_id: int) -> None:
    """Let the donor have a payer's account no more that was learned, unless other answers of people stand;
    one that a person typed stays.
    """
    uses = [use for _, use in list_uses([payer_key]) if use.donor_id == donor_id]
    if payer_key.startswith(_IBAN) and sum(use.hits for use in uses) <= sum(use.misses for use in uses):
        accounts.forget_account(donor_id, payer_key.removeprefix(_IBAN))
