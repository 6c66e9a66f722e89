"""Taking donors away again who were made by an import or a decision that is undone, and have nothing else.

The row stays with its code and name, so that a gift that was taken out can be explained, and is a donor no
more: in no list, found by nothing, counted nowhere. It looks upwards, at all that may hang on a donor.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

from sqlalchemy import Select, and_, delete, exists, or_, select, update
from sqlalchemy.orm import aliased

from donorhub.db import cut_query_values, db
from donorhub.errors import Rejected
from donorhub.models import (
    Consent,
    ContactPoint,
    Correction,
    CustomValue,
    Donor,
    DonorFile,
    DonorRole,
    DonorStage,
    DonorTag,
    ExternalId,
    FormerName,
    Gift,
    HouseholdMember,
    IdentityKey,
    Interaction,
    Membership,
    Message,
    PayerUse,
    Payment,
    Preference,
    Receipt,
    RecurringGift,
    Relationship,
    SoftCredit,
    Task,
)
from donorhub.models.states import OPEN_TASKS
from donorhub.services.access import audit
from donorhub.services.donors import identity_keys, search_documents, unused_payers

ObstacleKind = Literal[
    "gift",
    "soft_credit",
    "receipt",
    "recurring_gift",
    "payment",
    "message",
    "task",
    "interaction",
    "tag",
    "relationship",
    "household_member",
    "membership",
    "donor_role",
    "donor_file",
    "consent",
    "preference",
    "merged",
    "changed",
]
_PARTS: Final = (
    ContactPoint,
    IdentityKey,
    FormerName,
    ExternalId,
    PayerUse,
    DonorStage,
    Interaction,
    DonorTag,
)  # they go with the donor
# What came with the donor goes with them, and what somebody did since stands in the way: what was said of a
# donor at the moment in which they were made, by what made them, is part of it.
_NOTE_CAME_WITH_DONOR: Final = and_(
    Interaction.recorded_at == Donor.created_at, Interaction.source == Donor.source
)
_TAG_CAME_WITH_DONOR: Final = and_(DonorTag.at == Donor.created_at, DonorTag.source == Donor.source)
# What they said stays where it came with them: a no outlives what brought it.
_SAYING_CAME_WITH_DONOR: Final = and_(Consent.recorded_at == Donor.created_at, Consent.source == Donor.source)
_IS_TAKEN_OUT: Final = exists().where(Correction.gift_id == Gift.id)


class Obstacle(NamedTuple):
    """Why a donor cannot be taken away: a row that hangs on them, or what people did with them."""

    donor_id: int
    name: str
    kind: ObstacleKind
    row_id: int  # of the kind's table; the donor's own where they were changed or merged


def list_obstacles(donor_ids: Iterable[int], *, but_gift_ids: Collection[int] = ()) -> list[Obstacle]:
    """Return all that stands in the way of taking these donors away, by donor; nothing for those who have
    nothing. ``but_gift_ids`` are gifts that go with them.
    """
    going_ids = set(but_gift_ids)
    ids = sorted(set(donor_ids))
    obstacles = [
        Obstacle(donor_id, name, kind, row_id)
        for chunk in cut_query_values(ids)
        for kind, query in _select_rows(chunk).items()
        for donor_id, name, row_id in db.session.execute(query)
        if kind != "gift" or row_id not in going_ids
    ]
    return sorted(obstacles)


def _select_rows(donor_ids: Sequence[int]) -> dict[ObstacleKind, Select[int, str, int]]:
    """Return the query for what hangs on some of these donors, by its kind: whose it is, and its own id."""
    rows: dict[ObstacleKind, Select[int, str, int]] = {
        "gift": select(Donor.id, Donor.name, Gift.id).join(Gift).where(~_IS_TAKEN_OUT),
        "soft_credit": select(Donor.id, Donor.name, SoftCredit.id).join(SoftCredit),
        "receipt": select(Donor.id, Donor.name, Receipt.id).join(Receipt),
        "recurring_gift": select(Donor.id, Donor.name, RecurringGift.id).join(RecurringGift),
        "payment": select(Donor.id, Donor.name, Payment.id).join(Payment),
        "message": select(Donor.id, Donor.name, Message.id)
        .join(Message)
        .where(Message.state != "suppressed"),
        "task": select(Donor.id, Donor.name, Task.id)
        .join(Task)
        .where(Task.performer == "person", Task.state == "done"),
        "interaction": select(Donor.id, Donor.name, Interaction.id)
        .join(Interaction)
        .where(~_NOTE_CAME_WITH_DONOR),
        "tag": select(Donor.id, Donor.name, DonorTag.id).join(DonorTag).where(~_TAG_CAME_WITH_DONOR),
        "relationship": select(Donor.id, Donor.name, Relationship.id).join(
            Relationship, or_(Relationship.from_id == Donor.id, Relationship.to_id == Donor.id)
        ),
        "household_member": select(Donor.id, Donor.name, HouseholdMember.id).join(
            HouseholdMember,
            or_(HouseholdMember.household_id == Donor.id, HouseholdMember.donor_id == Donor.id),
        ),
        "membership": select(Donor.id, Donor.name, Membership.id).join(Membership),
        "donor_role": select(Donor.id, Donor.name, DonorRole.id).join(DonorRole),
        "donor_file": select(Donor.id, Donor.name, DonorFile.id).join(DonorFile),
        "consent": select(Donor.id, Donor.name, Consent.id).join(Consent).where(~_SAYING_CAME_WITH_DONOR),
        "preference": select(Donor.id, Donor.name, Preference.id).join(Preference),
        "changed": select(Donor.id, Donor.name, Donor.id).where(
            Donor.version > 1, Donor.removed_at.is_(None)
        ),
    }
    own = {kind: query.where(Donor.id.in_(donor_ids)) for kind, query in rows.items()}
    survivor = aliased(Donor)
    merged_donors: Select[int, str, int] = (
        select(survivor.id, survivor.name, Donor.id)
        .join(survivor, survivor.id == Donor.merged_into_id)
        .where(Donor.merged_into_id.in_(donor_ids))
    )
    return own | {"merged": merged_donors}


def remove_donors(donor_ids: Collection[int], *, reason: str, now: datetime, actor: str) -> int:
    """Take donors away who have nothing; return how many: none of them again.

    Raise Rejected, with nothing changed, where something hangs on one of them: :func:`list_obstacles`.
    """
    obstacles = list_obstacles(donor_ids)
    if obstacles:
        raise Rejected(
            f"something hangs on {obstacles[0].name}: {obstacles[0].kind} {obstacles[0].row_id}",
            code="donor_in_use",
            donor_ids=sorted({one.donor_id for one in obstacles}),
        )
    removed_ids: list[int] = []
    for chunk in cut_query_values(sorted(set(donor_ids))):
        removed_ids += _remove_rows(chunk, reason=reason, now=now, actor=actor)
    audit.write_records(
        audit.make_record(actor, "donor.removed", ("donor", id_), now=now, data={"reason": reason})
        for id_ in removed_ids
    )
    if removed_ids:
        db.session.expire_all()
    return len(removed_ids)


def _remove_rows(donor_ids: Sequence[int], *, reason: str, now: datetime, actor: str) -> Sequence[int]:
    db.session.flush()  # what is not written yet would come after
    removed_ids = db.session.scalars(
        update(Donor)
        .where(Donor.id.in_(donor_ids), Donor.removed_at.is_(None), Donor.merged_into_id.is_(None))
        .values(
            removed_at=now,
            updated_at=now,
            version=Donor.version + 1,
            search="",
            tax_number="",
            born_on=None,
            owner_id=None,
            given_name="",
            family_name="",
            salutation="",
            email="",
            phone="",
            street="",
            postcode="",
            city="",
        )
        .returning(Donor.id)
        .execution_options(synchronize_session=False)
    ).all()
    shared_pairs = identity_keys.list_hard_pairs(removed_ids)
    db.session.execute(
        delete(CustomValue)
        .where(CustomValue.entity_id.in_(removed_ids))
        .execution_options(synchronize_session=False)
    )
    payer_ids = unused_payers.list_payers(removed_ids)
    for part in _PARTS:
        db.session.execute(
            delete(part).where(part.donor_id.in_(removed_ids)).execution_options(synchronize_session=False)
        )
    unused_payers.remove_unused_payers(payer_ids)
    identity_keys.count_holders(shared_pairs)
    search_documents.write_documents(removed_ids)
    db.session.execute(
        update(Task)
        .where(Task.donor_id.in_(removed_ids), Task.state.in_(OPEN_TASKS))
        .values(state="cancelled", done_at=now, done_by=actor, outcome=reason)
        .execution_options(synchronize_session=False)
    )
    return removed_ids
