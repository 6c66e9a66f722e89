"""Bank files as they came: taking them in, keeping them, and the answers a person gives.

The bytes are kept compressed and encrypted. Reading and storing is the job
``donorhub.jobs.kinds.imports:import_file``; it works on files in the state ``received``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Select, select

from donorhub import vault
from donorhub.db import db, insert_or_ignore
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import ImportFile, Statement, Task
from donorhub.models.states import READABLE_AGAIN_FILES, UNREAD_FILES, ImportFileState
from donorhub.services.access import audit
from donorhub.services.bank.files import bank_accounts, column_mappings
from donorhub.services.paging import equals_if_given
from donorhub.services.work import tasks

_SHA256_OF_NOTHING: Final = hashlib.sha256(b"").hexdigest()  # of a file that was sent empty
# A file whose reading was given up is read when its task is tried again from the error inbox.
GIVEN_UP: Final = "reading_given_up"
PLAN_CHANGED: Final = "plan_changed"


def receive_file(
    data: bytes,
    filename: str,
    *,
    now: datetime,
    actor: str,
    bank_account_id: int | None = None,
    layout: Mapping[str, object] | None = None,
    currency: str = "",
    create_accounts: bool = False,
    plan_digest: str = "",
    limit_mb: int = 50,
) -> tuple[ImportFile, bool]:
    """Keep a bank file and plan its import; tell whether it is to be read.

    The same bytes again, under any name, give the first row back and change nothing;
    only a file that was taken back or refused is read anew, and one that asks takes
    ``bank_account_id``, ``layout`` or ``currency`` as its answers.
    """
    refuse_large_file(data, filename, limit_mb)
    refuse_unknown_answers(bank_account_id, layout)
    file, is_new = keep_file(data, filename, now=now, actor=actor)
    if file.kind == "records":
        return file, False
    if file.state == "received" and not is_new:
        give_up_dead(now=now)  # perhaps it waits for a task that will never come
    has_answers = bank_account_id is not None or layout is not None or bool(currency)
    if not (is_new or file.state in READABLE_AGAIN_FILES or (file.state == "asking" and has_answers)):
        return file, False
    _set_answers(file, bank_account_id, layout, currency)
    if is_new:
        audit.record_action(
            actor, "import_file.received", ("import_file", file.id), now=now, data={"sha256": file.sha256}
        )
    plan_reading(
        file, create_accounts=create_accounts, now=now, actor=actor, is_first=is_new, plan_digest=plan_digest
    )
    return file, True


def refuse_large_file(data: bytes, filename: str, limit_mb: int) -> None:
    """Raise Rejected for more bytes than a file may have."""
    if len(data) > limit_mb * 1024 * 1024:
        raise Rejected(
            f"{filename} is larger than {limit_mb} MB: export a shorter period, "
            "or raise DONORHUB_UPLOAD_LIMIT_MB",
            code="file_too_large",
        )


def keep_file(data: bytes, filename: str, *, now: datetime, actor: str) -> tuple[ImportFile, bool]:
    """Return the row of these bytes and whether it is new.

    Two uploads at once make one row: the constraint decides.
    """
    digest = hashlib.sha256(data).hexdigest()
    earlier_file = _find_by_digest(digest)
    if earlier_file is not None:
        return earlier_file, False
    sealed_content = vault.seal_file(data)
    added_id = db.session.scalar(
        insert_or_ignore(ImportFile, on=(ImportFile.sha256,))
        .values(
            sha256=digest,
            filename=filename[-200:],
            size=len(data),
            content=sealed_content,
            format="",
            profile="",
            currency="",
            generation=1,
            state="received",
            problems=[],
            summaries=[],
            statements_count=0,
            entries_count=0,
            new_count=0,
            known_count=0,
            doubtful_count=0,
            progress=0,
            uploaded_by=actor,
            uploaded_at=now,
        )
        .returning(ImportFile.id)
    )
    file = _find_by_digest(digest)
    if file is None:
        raise NotFound(f"{filename} was not kept")
    return file, added_id is not None


def find_by_bytes(data: bytes) -> ImportFile | None:
    """Return the file of these very bytes; None where they never came."""
    return _find_by_digest(hashlib.sha256(data).hexdigest())


def _find_by_digest(digest: str) -> ImportFile | None:
    return db.session.scalar(select(ImportFile).filter_by(sha256=digest))


def refuse_unknown_answers(bank_account_id: int | None, layout: Mapping[str, object] | None) -> None:
    """Raise NotFound or Rejected now, rather than let a job fail later."""
    if bank_account_id is not None:
        bank_accounts.get_account(bank_account_id)
    if layout is not None:
        column_mappings.read_answers(layout)


def _set_answers(
    file: ImportFile, bank_account_id: int | None, layout: Mapping[str, object] | None, currency: str
) -> None:
    if bank_account_id is not None:
        file.bank_account_id = bank_account_id
    if layout is not None:
        file.layout = dict(layout)
    if currency:
        file.currency = currency


def plan_reading(
    file: ImportFile,
    *,
    now: datetime,
    actor: str,
    create_accounts: bool = False,
    is_first: bool = False,
    plan_digest: str = "",
) -> None:
    """Plan the import of a file; not the first time, it is another generation with a task of its own.

    Where ``plan_digest`` names what was shown of it, nothing else is stored (:mod:`.import_plans`).
    """
    if not is_first:
        tasks.supersede_task(make_task_key(file), now=now, actor=actor)
        file.generation += 1
        audit.record_action(
            actor, "import_file.sent_again", ("import_file", file.id), now=now, data={"was": file.state}
        )
    file.state, file.finished_at, file.progress = "received", None, 0
    tasks.plan_task(
        make_task_key(file),
        kind="import_file",
        performer="worker",
        subject=("import_file", file.id),
        now=now,
        facts={"create_accounts": create_accounts, "actor": actor}
        | ({"plan": plan_digest} if plan_digest else {}),
    )


def make_task_key(file: ImportFile) -> str:
    """Return the key of the task that reads the present generation of a file."""
    return f"import_file:{file.id}:{file.generation}"


def find_reading_task(file: ImportFile) -> Task | None:
    """Return the task that reads a file, or read it."""
    return tasks.find_task(make_task_key(file))


def give_up_dead(*, now: datetime) -> int:
    """Let each file say so whose reading was given up, so that a person sees it and tries again; how many.

    A file waits in the state ``received`` for its task; one that is dead will never come.
    """
    rows = db.session.execute(
        select(ImportFile.id, Task.key, Task.last_error, Task.attempts)
        .join(Task, (Task.subject_type == "import_file") & (Task.subject_id == ImportFile.id))
        .where(Task.state == "dead", ImportFile.state == "received")
    ).all()
    given_up = 0
    for file_id, key, error, attempts in rows:
        file = lock_file(file_id)
        if file.state == "received" and key == make_task_key(file):
            _give_up(file, error, attempts, now=now)
            given_up += 1
    return given_up


def _give_up(file: ImportFile, error: str, attempts: int, *, now: datetime) -> None:
    problem = {
        "level": "error",
        "code": GIVEN_UP,
        "where": "",
        "message": f"reading was given up after {attempts} attempts: {error}. Let the file be read again; "
        "if that fails too, whoever runs DonorHub finds more in its log",
    }
    file.state, file.finished_at = "failed", now
    file.problems = [*(old for old in file.problems if old.get("code") != GIVEN_UP), problem]
    audit.record_action(
        "system:0", "import_file.failed", ("import_file", file.id), now=now, data={"attempts": attempts}
    )


def answer_questions(
    import_file_id: int,
    *,
    now: datetime,
    actor: str,
    bank_account_id: int | None = None,
    layout: Mapping[str, object] | None = None,
    currency: str = "",
    create_accounts: bool = False,
    plan_digest: str = "",
) -> ImportFile:
    """Record what a person answers about a file, and plan that it is read again.

    Raise Conflict when the file asks nothing.
    """
    file = get_file(import_file_id)
    if file.state != "asking":
        raise Conflict(
            f"file {import_file_id} is {file.state}: it asks nothing", code="asks_nothing", state=file.state
        )
    refuse_unknown_answers(bank_account_id, layout)
    _set_answers(file, bank_account_id, layout, currency)
    plan_reading(file, create_accounts=create_accounts, now=now, actor=actor, plan_digest=plan_digest)
    return file


def can_import(file: ImportFile) -> bool:
    """Return whether something of a file can be imported: it asks, was not read, or all of it is held."""
    if file.state != "held":
        return file.state in ("asking", *READABLE_AGAIN_FILES)
    is_posted = (Statement.import_file_id == file.id) & Statement.posted_at.is_not(None)
    return db.session.scalar(select(Statement.id).where(is_posted).limit(1)) is None


def refuse_stored_file(file: ImportFile) -> None:
    """Raise Conflict for a file of which something is in the ledger already."""
    if not can_import(file):
        raise Conflict(
            f"file {file.id} is {file.state}: it asks nothing", code="asks_nothing", state=file.state
        )


def read_held_file(
    file: ImportFile,
    *,
    now: datetime,
    actor: str,
    bank_account_id: int | None = None,
    layout: Mapping[str, object] | None = None,
    currency: str = "",
    create_accounts: bool = False,
    plan_digest: str = "",
) -> None:
    """Plan that a file is read again of which nothing counts, since all of it is held."""
    refuse_unknown_answers(bank_account_id, layout)
    _set_answers(file, bank_account_id, layout, currency)
    plan_reading(file, create_accounts=create_accounts, now=now, actor=actor, plan_digest=plan_digest)


def ask_again(import_file_id: int, *, now: datetime) -> None:
    """Let a file ask anew of which something else would come than what a person confirmed."""
    file = lock_file(import_file_id)
    if file.state not in UNREAD_FILES:
        return
    file.state, file.finished_at = "asking", now
    file.problems = [
        {
            "level": "error",
            "code": PLAN_CHANGED,
            "where": "",
            "message": "what this file does changed since it was shown: nothing was stored. "
            "Look at it again and confirm what it does now",
        }
    ]
    audit.record_action("system:0", "import_file.asking", ("import_file", file.id), now=now)


def get_file(import_file_id: int) -> ImportFile:
    """Return the file; raise NotFound where there is none."""
    file = db.session.get(ImportFile, import_file_id)
    if file is None:
        raise NotFound(f"there is no import file {import_file_id}")
    return file


def select_files(
    *, state: ImportFileState | None = None, bank_account_id: int | None = None
) -> Select[ImportFile]:
    """Return a query for the files of banks that fit all that is given."""
    return select(ImportFile).where(
        ImportFile.kind == "statement",
        *equals_if_given(ImportFile.state, state),
        *equals_if_given(ImportFile.bank_account_id, bank_account_id),
    )


def lock_file(import_file_id: int) -> ImportFile:
    """Return the row, locked until the transaction ends: two workers never post one file at once."""
    file = db.session.scalar(
        select(ImportFile)
        .where(ImportFile.id == import_file_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if file is None:
        raise NotFound(f"there is no import file {import_file_id}")
    return file


def keep_content(file: ImportFile, data: bytes) -> None:
    """Keep other bytes with a file: none of one that is forgotten, its own again when it is sent again."""
    file.content = vault.seal_file(data)


def read_content(file: ImportFile) -> bytes:
    """Return the bytes as they came; raise Misconfigured when the key is another, Conflict where their time
    of keeping is over.
    """
    is_forgotten = not file.size and file.sha256 != _SHA256_OF_NOTHING
    if is_forgotten and file.kind == "statement":
        raise Conflict("the bytes of this file were kept long enough and are gone", code="file_forgotten")
    return vault.unseal_file(file.content, size=file.size)
