"""Files that people keep with a donor: taken in, listed, handed out as they came, taken away.

The bytes are kept compressed and encrypted, as those of imported files are; a list reads none of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from donorhub import vault
from donorhub.db import db
from donorhub.domain.access.permissions import Principal
from donorhub.domain.donors import file_kinds
from donorhub.errors import NotFound, Rejected
from donorhub.models import DonorFile
from donorhub.models.states import DonorFileKind
from donorhub.services.access import audit
from donorhub.services.donors import contact_rows

FIELD: Final = "files"  # what may be hidden from a role
LARGEST_MB: Final = 10  # one file
MOST_MB: Final = 50  # all of one donor's, which the copy of their data carries
MOST_FILES: Final = 100
_MB: Final = 1024 * 1024


def add_file(
    donor_id: int, content: bytes, filename: str, *, note: str, now: datetime, actor: str
) -> tuple[DonorFile, bool]:
    """Keep a file with a donor; return it and whether it is new: the same bytes again are the first one.

    Raise Rejected for a file that is empty, too large, of a kind that is not kept, or one too many.
    """
    kind = _find_kind(content)
    contact_rows.lock_donor(donor_id)  # of two who send the same file, the second sees the first one's
    digest = hashlib.sha256(content).hexdigest()
    earlier_file = db.session.scalar(
        select(DonorFile).filter_by(donor_id=donor_id, sha256=digest).order_by(DonorFile.id).limit(1)
    )
    if earlier_file is not None:
        return earlier_file, False
    _refuse_too_many(donor_id, len(content))
    file = DonorFile(
        donor_id=donor_id,
        kind=kind,
        name=file_kinds.clean_name(filename, kind),
        note=note,
        size=len(content),
        sha256=digest,
        content=vault.seal_file(content),
        added_by=actor,
        added_at=now,
    )
    db.session.add(file)
    db.session.flush()  # who asks next reads the database
    _record_change("donor.file_added", file, (None, file.name), now=now, actor=actor)
    return file, True


def remove_file(file: DonorFile, *, now: datetime, actor: str) -> None:
    """Take a file away from its donor, bytes and all; the audit keeps what it was called."""
    _record_change("donor.file_removed", file, (file.name, None), now=now, actor=actor)
    db.session.delete(file)
    db.session.flush()  # who asks next reads the database


def list_files(donor_id: int, *, reader: Principal) -> Sequence[DonorFile]:
    """Return the files of a donor, the newest first; none where they are hidden from the reader."""
    if not reader.may_see_field(FIELD):
        return []
    query = select(DonorFile).where(DonorFile.donor_id == donor_id)
    return db.session.scalars(query.order_by(DonorFile.added_at.desc(), DonorFile.id.desc())).all()


def get_file(donor_id: int, file_id: int, *, reader: Principal) -> DonorFile:
    """Return a file of this donor; raise NotFound where there is none that the reader sees."""
    require_shown(reader)
    file = db.session.scalar(select(DonorFile).filter_by(id=file_id, donor_id=donor_id))
    if file is None:
        raise NotFound(f"donor {donor_id} has no file {file_id}")
    return file


def require_shown(reader: Principal) -> None:
    """Raise NotFound where files are hidden from the reader, who then adds none either."""
    if not reader.may_see_field(FIELD):
        raise NotFound("no files of donors are shown to you")


def read_content(file: DonorFile) -> bytes:
    """Return the bytes as they came; raise Misconfigured when the key is another."""
    return vault.unseal_file(file.content, size=file.size)


def _find_kind(content: bytes) -> DonorFileKind:
    if not content:
        raise Rejected("the file is empty", field="/file", code="file_empty")
    if len(content) > LARGEST_MB * _MB:
        raise Rejected(
            f"a donor's file has at most {LARGEST_MB} MB: keep a smaller scan",
            field="/file",
            code="donor_file_too_large",
            most_mb=LARGEST_MB,
        )
    kind = file_kinds.find_kind(content)
    if kind is None:
        raise Rejected(
            "kept are PDF, pictures, DOCX, XLSX, ODT, ODS and plain text, and no documents with macros",
            field="/file",
            code="donor_file_kind",
        )
    return kind


def _refuse_too_many(donor_id: int, size: int) -> None:
    query = select(func.count(), func.sum(DonorFile.size)).where(DonorFile.donor_id == donor_id)
    count, sizes = db.session.execute(query).one()
    if count >= MOST_FILES or (sizes or 0) + size > MOST_MB * _MB:
        raise Rejected(
            f"a donor has at most {MOST_FILES} files of {MOST_MB} MB together: take one away first",
            field="/file",
            code="donor_files_too_many",
            most_files=MOST_FILES,
            most_mb=MOST_MB,
        )


def _record_change(
    what: str, file: DonorFile, names: tuple[str | None, str | None], *, now: datetime, actor: str
) -> None:
    audit.record_change(
        actor,
        what,
        ("donor", file.donor_id),
        {FIELD: names},
        now=now,
        personal=[FIELD],
        donor_id=file.donor_id,
    )
