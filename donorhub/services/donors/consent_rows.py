"""The rows of what donors said about being written to: written here and nowhere else, and only added.

``donor.do_not_contact`` follows them in the same step. What people may say, and what is refused, is for
:mod:`donorhub.services.messages.consents`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import case, insert, select, update

from donorhub.db import cut_chunks, cut_query_values, db
from donorhub.domain.messages import consents
from donorhub.domain.messages.consents import Saying
from donorhub.errors import Rejected
from donorhub.models import Consent, Donor
from donorhub.models.states import ConsentBasis, ConsentChannel, ConsentPurpose, ConsentState
from donorhub.services.access import audit

_CHUNK: Final = 1000
_COLUMNS: Final = (
    Consent.donor_id,
    Consent.id,
    Consent.purpose,
    Consent.channel,
    Consent.state,
    Consent.at,
    Consent.source,
    Consent.expires_at,
)


@dataclass(frozen=True, slots=True)
class NewSaying:
    """What a donor said, or what is known of it, to be recorded."""

    donor_id: int
    state: ConsentState
    source: str
    at: datetime
    purpose: ConsentPurpose = "all"
    channel: ConsentChannel = "any"
    reason: str = ""
    text_id: int | None = None
    expires_at: datetime | None = None
    basis: ConsentBasis | None = None


def lock_donor(donor_id: int) -> None:
    """Let nobody else record what a donor said until the transaction ends: of two, one is first."""
    db.session.execute(select(Donor.id).where(Donor.id == donor_id).with_for_update())


def add_row(new: NewSaying, *, now: datetime, actor: str) -> Consent:
    """Record one thing that a donor said and return its row."""
    (id_,) = insert_rows([new], now=now, actor=actor)
    row = db.session.get(Consent, id_)
    assert row is not None  # noqa: S101  it was inserted now
    return row


def insert_rows(new: Sequence[NewSaying], *, now: datetime, actor: str) -> list[int]:
    """Record what many donors said, a thousand in a statement; return the ids of the rows in order."""
    ids: list[int] = []
    for chunk in cut_chunks(new, _CHUNK):
        rows = [_make_row(saying, now, actor) for saying in chunk]
        chunk_ids = db.session.scalars(
            insert(Consent).returning(Consent.id, sort_by_parameter_order=True), rows
        ).all()
        ids += chunk_ids
        audit.write_records(
            audit.make_record(actor, "consent.recorded", ("consent", id_), now=now, data=_list_facts(saying))
            for id_, saying in zip(chunk_ids, chunk, strict=True)
        )
    _follow_rows({one.donor_id for one in new if one.purpose == "all" and one.channel == "any"}, now)
    return ids


def _make_row(new: NewSaying, now: datetime, actor: str) -> dict[str, Any]:
    return {
        "donor_id": new.donor_id,
        "purpose": new.purpose,
        "channel": new.channel,
        "state": new.state,
        "basis": (new.basis or "consent") if new.state == "given" else None,
        "text_id": new.text_id,
        "source": new.source,
        "reason": new.reason,
        "at": new.at,
        "recorded_at": now,
        "expires_at": new.expires_at,
        "actor": actor,
    }


def _list_facts(new: NewSaying) -> dict[str, object]:
    """Return what the audit tells of a row; not what the donor said in their own words."""
    return {
        "donor_id": new.donor_id,
        "purpose": new.purpose,
        "channel": new.channel,
        "state": new.state,
        "source": new.source,
    }


def _follow_rows(donor_ids: Collection[int], now: datetime) -> None:
    """Let the mark of donors say whether they want no contact; a donor whose mark changes was changed."""
    sayings = read_sayings(donor_ids)
    wanted = {id_: consents.wants_no_contact(sayings.get(id_, ()), at=now) for id_ in donor_ids}
    version = case((Donor.created_at == now, Donor.version), else_=Donor.version + 1)  # said when it came
    for is_silent in (True, False):
        for chunk in cut_query_values([id_ for id_, one in wanted.items() if one is is_silent]):
            db.session.execute(
                update(Donor)
                .where(Donor.id.in_(chunk), Donor.do_not_contact.is_not(is_silent))
                .values(do_not_contact=is_silent, version=version, updated_at=now)
            )


def read_sayings(donor_ids: Collection[int]) -> Mapping[int, list[Saying]]:
    """Return what each of these donors ever said, the oldest first."""
    sayings: dict[int, list[Saying]] = {}
    for chunk in cut_query_values(donor_ids):
        query = select(*_COLUMNS).where(Consent.donor_id.in_(chunk))
        rows: Any = db.session.execute(query.order_by(Consent.donor_id, Consent.at, Consent.id))
        for donor_id, *values in rows:
            sayings.setdefault(donor_id, []).append(Saying(*values))
    return sayings


def refuse_contact(donor_id: int, *, source: str, now: datetime, actor: str, reason: str = "") -> bool:
    """Record that a donor wants no contact at all; return False where that holds already."""
    if consents.wants_no_contact(read_sayings([donor_id]).get(donor_id, ()), at=now):
        return False
    add_row(NewSaying(donor_id, "opt_out", source, now, reason=reason), now=now, actor=actor)
    return True


def follow_mark(donor: Donor, wants_no_contact: bool, *, source: str, now: datetime, actor: str) -> None:
    """Record the no of a form or program that only knows "wants no contact: yes or no".

    Raise Rejected where it would take a no back: that needs a reason, which such a form does not have.
    """
    if wants_no_contact:
        refuse_contact(donor.id, source=source, now=now, actor=actor)
    elif donor.do_not_contact:
        raise Rejected(
            f"donor {donor.code} wants no contact: lift that opt-out with a reason to write to them again",
            field="/do_not_contact",
            code="opt_out_stands",
        )
