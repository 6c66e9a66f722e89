"""Forgetting what files of donors and gifts say, a while after they were brought: cells and bytes.

What came of each row, the counts, the sums and the file's hash stay. A file that nobody brought goes whole.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, or_, select, update

from donorhub.db import db
from donorhub.models import ImportFile, ImportPlan, RecordRow
from donorhub.services.access import audit
from donorhub.services.bank.files import imports
from donorhub.services.moving import record_files

_BROUGHT_STATES: Final = ("done", "taken_back")
_UNBROUGHT_STATES: Final = ("asking", "refused", "failed")


def purge_files(*, keep: timedelta, now: datetime) -> int:
    """Forget what files say that were brought, or sent and never brought, so long ago; return how many files.

    A second call finds none of them.
    """
    before = now - keep
    ids = db.session.scalars(
        select(ImportFile.id)
        .where(ImportFile.kind == "records")
        .where(
            or_(
                ImportFile.state.in_(_BROUGHT_STATES) & (ImportFile.finished_at < before),
                ImportFile.state.in_(_UNBROUGHT_STATES) & (ImportFile.uploaded_at < before),
            )
        )
        .order_by(ImportFile.id)
    ).all()
    count = 0
    for id_ in ids:
        file = record_files.get_file(id_)
        if record_files.is_purged(file):
            continue
        file = record_files.lock_file(id_)
        if file.state in (*_BROUGHT_STATES, *_UNBROUGHT_STATES):
            _purge_file(file, now)
            count += 1
    return count


def _purge_file(file: ImportFile, now: datetime) -> None:
    summary = dict(file.summaries[0]) if file.summaries else {}
    if file.state in _BROUGHT_STATES:
        db.session.execute(
            update(RecordRow).where(RecordRow.import_file_id == file.id).values(raw=[], plan={})
        )
        columns = [{**column, "samples": []} for column in summary.get("columns", ())]
        summary |= {"columns": columns, "questions": [], "purged_at": now.isoformat()}
    else:
        db.session.execute(delete(RecordRow).where(RecordRow.import_file_id == file.id))
        file.state = "refused"
        summary = {"purged_at": now.isoformat()}
    db.session.execute(delete(ImportPlan).where(ImportPlan.import_file_id == file.id))
    file.layout = {key: value for key, value in (file.layout or {}).items() if key != "rows"} or None
    file.summaries = [summary]
    imports.keep_content(file, b"")
    audit.record_action("system:0", "import_file.purged", ("import_file", file.id), now=now)
