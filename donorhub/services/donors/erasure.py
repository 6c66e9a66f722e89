"""Erasing a donor: who they are goes out of every table, what the books need stays without a name.

All that is said of them goes in one transaction; the bytes in free pages and indexes go by a job right after
(:mod:`donorhub.jobs.kinds.erasing`). What lies in another area's documents is that area's step, which the
application registers (:func:`use_steps`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol

from sqlalchemy import ColumnElement, func, or_, select, update

from donorhub import vault
from donorhub.db import Base, cut_query_values, db, insert_or_ignore
from donorhub.domain.donors.contact_values import ContactValue
from donorhub.domain.donors.redaction import Telling, choose_telling
from donorhub.errors import NotFound
from donorhub.models import (
    ContactPoint,
    Donor,
    ErasedKey,
    Erasure,
    ExternalId,
    Gift,
    Receipt,
    RecurringGift,
    Task,
)
from donorhub.models.states import LIVE_PROMISES, OPEN_TASKS, ErasedKeyKind, IdentityKind
from donorhub.services.access import audit
from donorhub.services.donors import erased_contacts, erased_rows, identity_keys, search_documents
from donorhub.services.shown import compute_digest, refuse_changed
from donorhub.services.work import events, tasks

ErasedContact = Literal["email", "phone", "account"]
_KEYS: Final[Mapping[ErasedContact, IdentityKind]] = {"email": "email", "phone": "phone", "account": "iban"}


@dataclass(frozen=True, slots=True)
class Person:
    """Whom an erasure is about: the donor and all who were merged into them, and by what they are found in
    documents.
    """

    donor_ids: tuple[int, ...]
    telling: Telling
    now: datetime
    actor: str


class Step(Protocol):
    """What an area does about a person who is erased."""

    def __call__(self, person: Person, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Preview:
    """What erasing a donor would do: how many rows go, and what stays and why."""

    donor: Donor
    merged_count: int
    goes: Mapping[str, int]  # rows of each table that go or are emptied
    gift_count: int
    sums: Mapping[str, int]  # of the gifts that stay, in minor units by currency
    receipt_numbers: Sequence[tuple[str, int, int]]
    promise_count: int  # recurring gifts that end now
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        told = [self.donor.id, self.donor.version, self.merged_count, dict(self.goes), self.gift_count]
        rest = [dict(self.sums), [list(one) for one in self.receipt_numbers], self.promise_count]
        object.__setattr__(self, "digest", compute_digest([*told, *rest]))


_steps: list[tuple[Step, ...]] = [()]


def use_steps(steps: Sequence[Step]) -> None:
    """Let every erasure do these steps, in this order, before the rows of the metadata go."""
    _steps[0] = tuple(steps)


def preview_erasure(donor_id: int) -> Preview:
    """Return what erasing a donor would do; raise NotFound for one who is not there or was erased."""
    donor = _find_donor(donor_id)
    if donor is None or donor.removed_at is not None:
        raise NotFound(f"there is no donor {donor_id}")
    ids = list_ids(donor)
    sums = db.session.execute(
        select(Gift.currency, func.sum(Gift.amount_minor))
        .where(Gift.donor_id.in_(ids))
        .group_by(Gift.currency)
        .order_by(Gift.currency)
    )
    numbers = db.session.execute(
        select(Receipt.series, Receipt.year, Receipt.number)
        .where(Receipt.donor_id.in_(ids))
        .order_by(Receipt.year, Receipt.series, Receipt.number)
    )
    return Preview(
        donor,
        len(ids) - 1,
        erased_rows.count_rows(ids),
        db.session.scalar(select(func.count(Gift.id)).where(Gift.donor_id.in_(ids))) or 0,
        {currency: int(minor) for currency, minor in sums},
        [(series, year, number) for series, year, number in numbers],
        db.session.scalar(
            select(func.count(RecurringGift.id)).where(
                RecurringGift.donor_id.in_(ids), RecurringGift.state.in_(LIVE_PROMISES)
            )
        )
        or 0,
    )


def erase_donor(
    donor_id: int, *, now: datetime, actor: str, digest: str | None = None
) -> tuple[Erasure, bool]:
    """Erase a donor and all who were merged into them; return the erasure and whether it is new.

    Again returns the first and changes nothing. Raise Changed where it would do something else than was
    shown under the digest, NotFound where there is nobody.
    """
    donor = _find_donor(donor_id, for_update=True)
    if donor is None:
        raise NotFound(f"there is no donor {donor_id}")
    erasure = find_erasure(donor.id)
    if erasure is not None:
        return erasure, False
    preview = preview_erasure(donor.id)
    refuse_changed(digest, preview)
    db.session.flush()  # what is not written yet would stay
    person = Person(list_ids(donor), _collect_telling(list_ids(donor)), now, actor)
    code_hash = vault.compute_keyed_hash(donor.code)
    _keep_keys(person)
    shared_pairs = identity_keys.list_hard_pairs(person.donor_ids)
    for step in _steps[0]:
        step(person)
    _cancel_tasks(person)
    values_by_organisation = erased_contacts.list_reached(person.donor_ids)
    erased_rows.delete_rows(person.donor_ids)
    erased_contacts.leave_organisations(values_by_organisation)
    erased_rows.empty_rows(person.donor_ids)
    _empty_donors(person)
    identity_keys.count_holders(shared_pairs)
    search_documents.write_documents(person.donor_ids)
    kept = {"gift": preview.gift_count, "receipt": len(preview.receipt_numbers)}
    erasure = Erasure(donor_id=donor.id, code_hash=code_hash, erased_at=now, actor=actor, kept=kept)
    db.session.add(erasure)
    db.session.flush()  # the task names it
    events.record_event("donor.erased", ("donor", donor.id), occurred_at=now, now=now, donor_id=donor.id)
    audit.record_action(actor, "donor.erased", ("donor", donor.id), now=now, data={"kept": kept})
    tasks.plan_task(
        name_task(erasure),
        kind="erase_bytes",
        performer="worker",
        subject=("erasure", erasure.id),
        now=now,
    )
    db.session.expire_all()
    return erasure, True


def name_task(erasure: Erasure) -> str:
    """Return the key of the task that overwrites the bytes that are left."""
    return f"erase_bytes:{erasure.id}"


def sweep_erased(donor_id: int) -> None:
    """Erase what was written about an erased donor at the moment of the erasure, by whoever had begun
    before; again changes nothing.
    """
    donor = db.session.get_one(Donor, donor_id)
    erased_rows.delete_rows(list_ids(donor))
    erased_rows.empty_rows(list_ids(donor))


def find_erasure(donor_id: int) -> Erasure | None:
    """Return the erasure of a donor; None where they were not erased."""
    return db.session.scalar(select(Erasure).filter_by(donor_id=donor_id))


def _find_donor(donor_id: int, *, for_update: bool = False) -> Donor | None:
    """Return the donor, or the one whom they were merged into, as the database has them now."""
    donor = db.session.get(Donor, donor_id, with_for_update=for_update, populate_existing=True)
    if donor is not None and donor.merged_into_id is not None and donor.erased_at is None:
        return _find_donor(donor.merged_into_id, for_update=for_update)
    return donor


def list_ids(donor: Donor) -> tuple[int, ...]:
    """Return the numbers of a donor and of all who were merged into them."""
    ids = [donor.id]
    for id_ in ids:  # it grows meanwhile
        ids += db.session.scalars(select(Donor.id).where(Donor.merged_into_id == id_).order_by(Donor.id))
    return tuple(ids)


def _collect_telling(donor_ids: Collection[int]) -> Telling:
    """Return by what the person is found in documents."""
    own = db.session.execute(
        select(Donor.name, Donor.code, Donor.email, Donor.phone, Donor.street, Donor.tax_number).where(
            Donor.id.in_(donor_ids)
        )
    ).all()
    contacts = db.session.execute(
        select(ContactPoint.value, ContactPoint.street).where(_is_theirs(donor_ids))
    )
    texts = [text for rows in ([row[1:] for row in own], contacts) for row in rows for text in row]
    return choose_telling([row.name for row in own], texts)


def _is_theirs(donor_ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a contact is of one of these, or reaches one of them at an organisation."""
    return or_(ContactPoint.donor_id.in_(donor_ids), ContactPoint.person_id.in_(donor_ids))


def _keep_keys(person: Person) -> None:
    """Keep hashes by which a file or form that names the person again is known."""
    contacts = db.session.execute(
        select(ContactPoint.kind, ContactPoint.value).where(
            _is_theirs(person.donor_ids), ContactPoint.kind != "post"
        )
    )
    refs = db.session.execute(
        select(ExternalId.source, ExternalId.ref).where(ExternalId.donor_id.in_(person.donor_ids))
    )
    hashes: set[tuple[ErasedKeyKind, str]] = {
        (kind, value_hash)
        for kind, value in contacts
        if kind != "post"
        for value_hash in hash_contacts(kind, [ContactValue(kind, value).make_comparable()])
    }
    hashes |= {("external_id", hash_ref(source, ref)) for source, ref in refs}
    rows = [
        {"kind": kind, "value_hash": value_hash, "donor_id": person.donor_ids[0]}
        for kind, value_hash in sorted(hashes)
    ]
    if rows:
        statement = insert_or_ignore(ErasedKey, on=(ErasedKey.kind, ErasedKey.value_hash, ErasedKey.donor_id))
        db.session.execute(statement, rows)


def hash_contacts(kind: ErasedContact, values: Iterable[str]) -> dict[str, str]:
    """Return e-mails, phones or accounts, as they are compared, by what is kept of each."""
    return identity_keys.hash_keys(_KEYS[kind], values)


def hash_ref(source: str, ref: str) -> str:
    """Return what is kept of an id in another system."""
    return vault.compute_keyed_hash(f"{source}|{ref}")


def find_erased(kind: ErasedKeyKind, hashes: Collection[str]) -> set[str]:
    """Return those of these hashes that are of somebody erased."""
    erased: set[str] = set()
    for chunk in cut_query_values(sorted(hashes)):
        erased.update(
            db.session.scalars(
                select(ErasedKey.value_hash).where(ErasedKey.kind == kind, ErasedKey.value_hash.in_(chunk))
            )
        )
    return erased


def _cancel_tasks(person: Person) -> None:
    db.session.execute(
        update(Task)
        .where(Task.donor_id.in_(person.donor_ids), Task.state.in_(OPEN_TASKS))
        .values(state="cancelled", done_at=person.now, done_by=person.actor)
    )


def _empty_donors(person: Person) -> None:
    """Empty the donors' own columns. The row stays, named by its number, for the gifts that hang on it."""
    table = Base.metadata.tables["donor"]
    for id_ in person.donor_ids:
        values = {column.name: erased_rows.make_empty(column) for column in erased_rows.list_personal(table)}
        values |= {
            "code": f"erased-{id_}",
            "name": f"erased-{id_}",
            "owner_id": None,
            "is_restricted": False,
            "removed_at": func.coalesce(table.c.removed_at, person.now),
            "erased_at": person.now,
            "updated_at": person.now,
            "version": table.c.version + 1,
        }
        db.session.execute(update(table).where(table.c.id == id_).values(values))
