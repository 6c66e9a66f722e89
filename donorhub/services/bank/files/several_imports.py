"""Several files imported together as they were shown: what they do one after the other has one digest.

A file that overlaps one before it brings only the rest, so that the sums of all are those of the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from donorhub.db import db
from donorhub.models import ImportFile
from donorhub.services import shown
from donorhub.services.bank.files import confirmed_imports, deliveries, import_plans, imports
from donorhub.services.bank.files.deliveries import Arrival, SentFile
from donorhub.services.bank.files.import_plans import Choices, Plan
from importers.statement import Problem

_NOBODY: Final = "system:0"
_UNKNOWN_ACCOUNT: Final = "account_unknown"


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One of several files: what it would do after those before it; None where it came before, or cannot be
    opened, as its ``problem`` says.
    """

    filename: str
    sha256: str
    plan: Plan | None = None
    problem: Problem | None = None
    file_id: int = 0  # of one that is kept


@dataclass(frozen=True, slots=True)
class SeveralPlans:
    """What several files would do, in their order."""

    files: Sequence[PlannedFile]

    @property
    def digest(self) -> str:
        """The digest of all of them, and of what each would do."""
        return shown.compute_digest(
            [
                [one.filename, one.sha256, one.plan.digest if one.plan else "", one.problem is not None]
                for one in self.files
            ]
        )


def plan_kept_files(file_ids: Sequence[int], *, now: datetime) -> SeveralPlans:
    """Return what those of the files would do that ask only whether the accounts which they name are ours,
    if they are; the others are left out. Each plan is kept, nothing else.

    It needs a transaction that may write.
    """
    rehearsal = db.session.begin_nested()
    try:
        planned_files = [
            PlannedFile(file.filename, file.sha256, plan, file_id=file.id)
            for file in (imports.get_file(id_) for id_ in file_ids)
            if _asks_for_accounts(file)
            for plan in [import_plans.rehearse_import(file, Choices(create_accounts=True), now=now)]
            if plan.state != "asking"
        ]
    finally:
        rehearsal.rollback()
    for one in planned_files:
        if one.plan is not None:
            import_plans.keep_plan(imports.get_file(one.file_id), one.plan, now=now)
    return SeveralPlans(planned_files)


def _asks_for_accounts(file: ImportFile) -> bool:
    codes = {str(problem["code"]) for problem in file.problems}
    return file.state == "asking" and _UNKNOWN_ACCOUNT in codes


def import_kept_files(file_ids: Sequence[int], digest: str, *, now: datetime, actor: str) -> int:
    """Plan the import of the files as they were shown under this digest; return how many. A second call finds
    none that asks.

    Raise Changed with what they would do now where that is another.
    """
    for id_ in sorted(set(file_ids)):
        imports.lock_file(id_)
    plans = plan_kept_files(file_ids, now=now)
    if not plans.files:
        return 0
    shown.refuse_changed(digest, plans)
    for one in plans.files:
        if one.plan is not None:
            file = imports.get_file(one.file_id)
            confirmed_imports.start_import(file, one.plan.choices, one.plan.digest, now=now, actor=actor)
    return len(plans.files)


def plan_sent_files(
    files: Sequence[SentFile], choices: Choices, *, now: datetime, limit_mb: int
) -> SeveralPlans:
    """Return what importing these bytes would do, those in a ZIP too. Nothing is kept.

    It needs a transaction that may write.
    """
    imports.refuse_unknown_answers(choices.bank_account_id, choices.layout)
    rehearsal = db.session.begin_nested()
    try:
        return SeveralPlans(
            [
                _plan_sent_file(one, choices, now=now)
                for one in deliveries.open_sent_files(files, limit_mb=limit_mb)
            ]
        )
    finally:
        rehearsal.rollback()


def _plan_sent_file(one: SentFile | Arrival, choices: Choices, *, now: datetime) -> PlannedFile:
    if isinstance(one, Arrival):
        return PlannedFile(one.filename, "", problem=one.problem)
    file, is_new = imports.keep_file(one.content, one.name, now=now, actor=_NOBODY)
    can_import = is_new or imports.can_import(file)
    plan = import_plans.rehearse_import(file, choices, now=now) if can_import else None
    return PlannedFile(one.name, file.sha256, plan)


def import_sent_files(
    files: Sequence[SentFile],
    choices: Choices,
    digest: str,
    *,
    now: datetime,
    actor: str,
    limit_mb: int,
) -> list[Arrival]:
    """Keep files and plan their import as it was shown under this digest, in their order; tell what became of
    each. Raise Changed with what they would do now where that is another. Where all came before nothing
    changes.
    """
    plans = plan_sent_files(files, choices, now=now, limit_mb=limit_mb)
    if any(one.plan for one in plans.files):
        shown.refuse_changed(digest, plans)
    return [
        one if isinstance(one, Arrival) else _import_sent_file(one, planned_file, now=now, actor=actor)
        for one, planned_file in zip(
            deliveries.open_sent_files(files, limit_mb=limit_mb), plans.files, strict=True
        )
    ]


def _import_sent_file(one: SentFile, planned_file: PlannedFile, *, now: datetime, actor: str) -> Arrival:
    plan = planned_file.plan
    if plan is None:
        return Arrival(one.name, imports.keep_file(one.content, one.name, now=now, actor=actor)[0])
    file, is_read = imports.receive_file(
        one.content, one.name, **asdict(plan.choices), plan_digest=plan.digest, now=now, actor=actor
    )
    if not is_read:  # it asks or is held, and was told nothing new
        confirmed_imports.start_import(file, plan.choices, plan.digest, now=now, actor=actor)
    import_plans.keep_plan(file, plan, now=now)
    return Arrival(one.name, file, is_read=True)
