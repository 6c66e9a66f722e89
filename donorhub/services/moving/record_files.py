"""Files of donors and past gifts: keeping them, what a person says of them, planning that they are written.

Nothing of the base changes here; what a file would do is for :mod:`.record_plans`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Select, select

from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import ImportFile, Statement
from donorhub.models.states import READABLE_AGAIN_FILES
from donorhub.services.access import audit
from donorhub.services.bank.files import imports
from donorhub.services.work import tasks

# Answers that the next like file asks anew.
_OF_ONE_FILE: Final = ("unnamed", "years", "rows", "missing_files", "same_money", "gift_values")
_CAN_BECOME: Final = ("asking", "refused", "failed")


def receive_file(
    data: bytes,
    filename: str,
    *,
    now: datetime,
    actor: str,
    answers: Answers | None = None,
    limit_mb: int = 50,
) -> tuple[ImportFile, bool]:
    """Keep a file of donors and gifts; return it and whether it is new as such.

    The same bytes again give the first row back; what is said of them now counts, while they ask. Raise
    Conflict for bytes that were imported as a bank file.
    """
    imports.refuse_large_file(data, filename, limit_mb)
    file, is_new = imports.keep_file(data, filename, now=now, actor=actor)
    if file.kind != "records":
        _refuse_bank_file(file, is_new=is_new)
        file.kind, file.state, file.problems = "records", "asking", []
        file.layout, is_new = None, True
        audit.record_action(
            actor, "import_file.received", ("import_file", file.id), now=now, data={"sha256": file.sha256}
        )
    elif file.state in READABLE_AGAIN_FILES:
        file.state, file.uploaded_at, file.uploaded_by = "asking", now, actor  # its days begin anew
    if is_purged(file) and file.state == "asking":
        imports.keep_content(file, data)
        file.summaries = []
    if answers is not None and file.state == "asking":
        file.layout = answers.to_dict()
    return file, is_new


def _refuse_bank_file(file: ImportFile, *, is_new: bool) -> None:
    if is_new:
        return
    has_statements = db.session.scalar(select(Statement.id).filter_by(import_file_id=file.id).limit(1))
    if file.state not in _CAN_BECOME or has_statements is not None:
        raise Conflict(
            f"this file was sent as a bank file before ({file.filename}): save it anew to bring its people",
            code="is_bank_file",
            import_file_id=file.id,
        )


def can_come_again(file: ImportFile) -> bool:
    """Return whether a file that was taken away or failed may be brought from what is kept."""
    return file.state in READABLE_AGAIN_FILES and not is_purged(file)


def reopen_file(file: ImportFile, *, now: datetime, actor: str) -> bool:
    """Let a file that was taken away or failed ask anew, with what was said of it; return whether it did not.

    Raise Conflict for one that is brought, or whose content is forgotten.
    """
    if file.state == "asking":
        return False
    if not can_come_again(file):
        raise Conflict(f"file {file.id} is {file.state}: send it again", code="send_file_again")
    file.state, file.uploaded_at, file.uploaded_by = "asking", now, actor  # its days begin anew
    return True


def get_file(import_file_id: int) -> ImportFile:
    """Return a file of donors and gifts; raise NotFound for any other."""
    file = imports.get_file(import_file_id)
    if file.kind != "records":
        raise NotFound(f"there is no file {import_file_id} of donors and gifts")
    return file


def is_purged(file: ImportFile) -> bool:
    """Return whether the cells and bytes of a file are forgotten."""
    return bool(file.summaries) and bool(file.summaries[0].get("purged_at"))


def lock_file(import_file_id: int) -> ImportFile:
    """Return a file of donors and gifts, locked until the transaction ends."""
    file = imports.lock_file(import_file_id)
    if file.kind != "records":
        raise NotFound(f"there is no file {import_file_id} of donors and gifts")
    return file


def select_files() -> Select[ImportFile]:
    """Return a query for all files of donors and gifts."""
    return select(ImportFile).where(ImportFile.kind == "records")


def read_answers(file: ImportFile) -> Answers:
    """Return what was said of a file so far."""
    return Answers.from_dict(file.layout or {})


def parse_answers(raw: Mapping[str, object]) -> Answers:
    """Return the answers in plain values; raise Rejected for wrong ones."""
    try:
        return Answers.from_dict(raw)
    except ValueError as e:
        raise Rejected(str(e)[:300], code="answers_wrong", field="/answers") from e


def add_answers(file: ImportFile, raw: Mapping[str, object]) -> Answers:
    """Return the answers of a file with new ones; what is said of columns, funds, campaigns and rows is added
    to what was said of others. Raise Rejected for wrong ones.
    """
    plain = read_answers(file).to_dict()
    for name, value in raw.items():
        before = plain.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            plain[name] = {**before, **value}
        else:
            plain[name] = value
    return parse_answers(plain)


def set_answers(file: ImportFile, answers: Answers) -> None:
    """Keep what a person says of a file; raise Conflict for one that asks nothing any more."""
    if file.state not in ("asking", *READABLE_AGAIN_FILES):
        raise Conflict(f"file {file.id} is {file.state}: it asks nothing", code="asks_nothing")
    file.layout = answers.to_dict()


def find_remembered_answers(signature: str) -> Answers | None:
    """Return what was said of the last table with these columns, but for its rows; None for a new one."""
    layout = db.session.scalar(
        select(ImportFile.layout)
        .where(ImportFile.kind == "records", ImportFile.profile == signature, ImportFile.state == "done")
        .order_by(ImportFile.id.desc())
        .limit(1)
    )
    if layout is None:
        return None
    return Answers.from_dict({key: value for key, value in layout.items() if key not in _OF_ONE_FILE})


def list_brought_presets() -> frozenset[str]:
    """Return the presets of which a file is brought, or being written."""
    layouts = db.session.scalars(
        select(ImportFile.layout).where(
            ImportFile.kind == "records", ImportFile.state.in_(("received", "done"))
        )
    )
    return frozenset(str(layout.get("preset", "")) for layout in layouts if layout) - {""}


def list_waiting_files(preset_names: Collection[str]) -> list[ImportFile]:
    """Return the files of these presets that are not brought yet."""
    if not preset_names:
        return []
    files = db.session.scalars(select(ImportFile).filter_by(kind="records", state="asking")).all()
    return [file for file in files if (file.layout or {}).get("preset") in preset_names]


def plan_writing(file: ImportFile, digest: str, *, now: datetime, actor: str) -> None:
    """Plan that a file is written as it was shown under this digest."""
    file.generation += 1
    file.state, file.finished_at, file.progress = "received", None, 0
    file.problems = []
    tasks.plan_task(
        imports.make_task_key(file),
        kind="import_records",
        performer="worker",
        subject=("import_file", file.id),
        now=now,
        facts={"plan": digest, "actor": actor},
    )
