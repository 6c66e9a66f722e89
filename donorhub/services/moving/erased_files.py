"""What files of donors and gifts, and prepared downloads, say of somebody who is erased."""

from __future__ import annotations

from sqlalchemy import delete, or_, select

from donorhub.db import Base, db
from donorhub.models import Download, DownloadPart, Gift, RecordRow
from donorhub.services.bank.erased_entries import blank_documents
from donorhub.services.donors.erasure import Person

_MONEY = ("minor", "currency", "day")  # of a row's plan, what names nobody


def empty_record_rows(person: Person) -> None:
    """Empty the cells of the person's rows, and what names them in rows that made nothing."""
    theirs = select(RecordRow).where(
        or_(
            RecordRow.donor_id.in_(person.donor_ids),
            RecordRow.gift_id.in_(select(Gift.id).where(Gift.donor_id.in_(person.donor_ids))),
        )
    )
    for row in db.session.scalars(theirs.execution_options(yield_per=500)):
        row.raw = []
        row.plan = {name: value for name, value in row.plan.items() if name in _MONEY}
    db.session.flush()
    blank_documents(
        Base.metadata.tables[RecordRow.__tablename__],
        ("raw", "plan"),
        person.telling,
        RecordRow.state.in_(("held", "left_out")),
    )


def delete_downloads(_person: Person) -> None:
    """Delete all prepared files: whoever asked for one asks again, and gets it without the person."""
    db.session.execute(delete(DownloadPart))
    db.session.execute(delete(Download))
