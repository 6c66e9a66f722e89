"""What somebody could take along (Art. 33, 34 GDPR): donors looked at, lists and copies taken out, backups.

Counted are a donor's own page and answer. A list shows names of many at once; who looked at one is not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import AuditRecord, DonorRead
from donorhub.services.moving.whole.values import write_value

_TAKEN: Final = ("export.list", "export.all", "donor.copied", "backup.made", "receipt.reopened")
_DOORS: Final = ("user.signed_in", "user.sign_in_failed", "token.created")


@dataclass(frozen=True, slots=True)
class BreachReport:
    """Whose data somebody had before them since a moment, and what they took out."""

    since: datetime
    until: datetime
    donor_ids: list[int]  # whom they looked at, each once
    reads: list[dict[str, object]]  # who, whom, when first on a day
    taken: list[dict[str, object]]  # who took what out, and how many rows of it
    doors: list[dict[str, object]]  # sign-ins and keys made

    @property
    def concerns_all(self) -> bool:
        """Whether everything or a whole backup was taken: then everybody is concerned."""
        return any(row["what"] in ("export.all", "backup.made") for row in self.taken)


def make_report(*, since: datetime, until: datetime, actor: str = "") -> BreachReport:
    """Return what happened at ``since`` or later and before ``until``; of one actor where one is named."""
    reads = select(DonorRead.actor, DonorRead.donor_id, DonorRead.first_at).where(
        DonorRead.first_at >= since, DonorRead.first_at < until
    )
    records = select(
        AuditRecord.actor, AuditRecord.what, AuditRecord.at, AuditRecord.subject_id, AuditRecord.data
    ).where(AuditRecord.what.in_((*_TAKEN, *_DOORS)), AuditRecord.at >= since, AuditRecord.at < until)
    if actor:
        reads, records = reads.where(DonorRead.actor == actor), records.where(AuditRecord.actor == actor)
    read_rows = db.session.execute(reads.order_by(DonorRead.first_at, DonorRead.id)).all()
    actions = [
        {"at": write_value(at), "actor": who, "what": what, "subject": subject_id, "data": dict(data)}
        for who, what, at, subject_id, data in db.session.execute(
            records.order_by(AuditRecord.at, AuditRecord.id)
        )
    ]
    copied_ids = {row["subject"] for row in actions if row["what"] == "donor.copied"}
    return BreachReport(
        since,
        until,
        sorted({row.donor_id for row in read_rows} | {int(str(id_)) for id_ in copied_ids}),
        [{"at": write_value(at), "actor": who, "donor_id": id_} for who, id_, at in read_rows],
        [row for row in actions if row["what"] in _TAKEN],
        [row for row in actions if row["what"] in _DOORS],
    )
