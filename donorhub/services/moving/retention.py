"""How long things are kept, and deleting what was kept long enough, with its proof.

Each kind has a clock that the organisation may set. What others delete by themselves (prepared files,
answers for programs, cells of files, backups) is named on the same page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, get_args

from sqlalchemy import ColumnElement, delete, func, select, text, update

from donorhub.db import db, insert_or_update
from donorhub.errors import Rejected
from donorhub.models import (
    DonorRead,
    ImportFile,
    Message,
    ProviderEvent,
    ReceiptKey,
    RetentionClock,
    RetentionRun,
)
from donorhub.models.states import RetentionKind
from donorhub.services.access import audit, organisation
from donorhub.services.bank.files import imports
from donorhub.services.receipts import sealed_receipts

KINDS: Final[tuple[RetentionKind, ...]] = get_args(RetentionKind)
Unit = Literal["days", "years"]  # years count from the end of the year
DEFAULTS: Final[Mapping[RetentionKind, tuple[int, Unit]]] = {
    "provider_message": (400, "days"),
    "message_text": (730, "days"),
    "bank_file": (5, "years"),
    "sealed_receipt": (5, "years"),
    "donor_read": (400, "days"),
}
LONGEST: Final[Mapping[Unit, int]] = {"days": 36_500, "years": 100}
_AT_ONCE: Final = 500
_ENDED_EVENTS: Final = ("done", "ignored")
_ENDED_MESSAGES: Final = ("sent", "failed", "suppressed")
_READ_FILES: Final = ("done", "taken_back", "refused", "failed")


@dataclass(frozen=True, slots=True)
class Clock:
    """How long one kind is kept, and what came of it the last time."""

    kind: RetentionKind
    keep: int
    unit: Unit
    before_on: date  # what is older than this day has had its time
    last_run: RetentionRun | None


def list_clocks(*, today: date) -> list[Clock]:
    """Return all clocks as they stand."""
    own = {row.kind: row.keep for row in db.session.scalars(select(RetentionClock))}
    last_ids = select(func.max(RetentionRun.id)).group_by(RetentionRun.kind)
    runs = {
        row.kind: row for row in db.session.scalars(select(RetentionRun).where(RetentionRun.id.in_(last_ids)))
    }
    clocks = []
    for kind in KINDS:
        default, unit = DEFAULTS[kind]
        keep = own.get(kind, default)
        clocks.append(Clock(kind, keep, unit, _find_limit(keep, unit, today), runs.get(kind)))
    return clocks


def _find_limit(keep: int, unit: Unit, today: date) -> date:
    return today - timedelta(days=keep) if unit == "days" else date(max(today.year - keep, 1), 1, 1)


def set_clock(kind: RetentionKind, keep: int, *, now: datetime, actor: str) -> bool:
    """Keep things of a kind so long from now on; return whether that is new. Again changes nothing."""
    default, unit = DEFAULTS[kind]
    if not 0 < keep <= LONGEST[unit]:
        raise Rejected(
            f"a number from 1 to {LONGEST[unit]}", field="/keep", code="keep_unfit", most=LONGEST[unit]
        )
    row = db.session.get(RetentionClock, kind)
    before = row.keep if row else default
    if before == keep:
        return False
    statement = insert_or_update(
        RetentionClock,
        on=(RetentionClock.kind,),
        columns=(RetentionClock.keep, RetentionClock.changed_at, RetentionClock.changed_by),
    )
    db.session.execute(statement.values(kind=kind, keep=keep, changed_at=now, changed_by=actor))
    data = {"kind": kind, "before": before, "after": keep}
    audit.record_action(actor, "retention.changed", ("organisation", 1), now=now, data=data)
    return True


def delete_old(*, now: datetime) -> int:
    """Delete what was kept long enough, and note how much and what is left over; return how many rows.

    A second call deletes nothing, and notes nothing where nothing was left over.
    """
    total = 0
    for one in list_clocks(today=organisation.get_day(now)):
        is_old = _is_old(one.kind, one.before_on)
        deleted = _DELETERS[one.kind](is_old, one.before_on, now)
        left_over = db.session.scalar(select(func.count()).where(is_old)) or 0
        if deleted or one.last_run is None or one.last_run.left_over != left_over:
            db.session.add(
                RetentionRun(
                    kind=one.kind,
                    ran_at=now,
                    before_on=one.before_on,
                    deleted=deleted,
                    left_over=left_over,
                )
            )
        total += deleted
    return total


def _is_old(kind: RetentionKind, before_on: date) -> ColumnElement[bool]:
    """Return the condition that something of a kind is older than the day and still there, as the indexes of
    what has a body are written: what was emptied is not read each night."""
    before_at = organisation.get_midnight(before_on)
    match kind:
        case "provider_message":
            return (ProviderEvent.received_at < before_at) & text("length(provider_event.body) > 0")
        case "message_text":
            return (Message.planned_at < before_at) & text("length(message.body) > 0")
        case "bank_file":
            return (
                (ImportFile.uploaded_at < before_at)
                & (ImportFile.kind == "statement")
                & (ImportFile.size > 0)
            )
        case "sealed_receipt":
            return (ReceiptKey.year < before_on.year) & ReceiptKey.destroyed_at.is_(None)
        case "donor_read":
            return DonorRead.first_at < before_at


def _empty_provider_messages(is_old: ColumnElement[bool], _before_on: date, _now: datetime) -> int:
    """Empty the bodies of messages that were booked or ignored; ids, states and money stay."""
    condition = is_old & ProviderEvent.state.in_(_ENDED_EVENTS)
    ids = db.session.scalars(
        update(ProviderEvent).where(condition).values(body=b"").returning(ProviderEvent.id)
    ).all()
    return len(ids)


def _empty_messages(is_old: ColumnElement[bool], _before_on: date, _now: datetime) -> int:
    condition = is_old & Message.state.in_(_ENDED_MESSAGES)
    ids = db.session.scalars(
        update(Message).where(condition).values(subject="", body="", last_error="").returning(Message.id)
    ).all()
    return len(ids)


def _forget_bank_files(is_old: ColumnElement[bool], _before_on: date, now: datetime) -> int:
    """Forget the bytes of bank files; what was entered of them stays in the ledger."""
    condition = is_old & ImportFile.state.in_(_READ_FILES)
    query = select(ImportFile).where(condition).order_by(ImportFile.id).limit(_AT_ONCE)
    files = db.session.scalars(query).all()
    for file in files:
        imports.keep_content(file, b"")
        file.size = 0
        audit.record_action("system:0", "import_file.purged", ("import_file", file.id), now=now)
    db.session.flush()  # what is left is counted
    return len(files)


def _destroy_keys(_is_old: ColumnElement[bool], before_on: date, now: datetime) -> int:
    return sealed_receipts.destroy_keys(last_year=before_on.year - 1, now=now)


def _delete_reads(is_old: ColumnElement[bool], _before_on: date, _now: datetime) -> int:
    return len(db.session.scalars(delete(DonorRead).where(is_old).returning(DonorRead.id)).all())


_DELETERS: Final[Mapping[RetentionKind, Callable[[ColumnElement[bool], date, datetime], int]]] = {
    "provider_message": _empty_provider_messages,
    "message_text": _empty_messages,
    "bank_file": _forget_bank_files,
    "sealed_receipt": _destroy_keys,
    "donor_read": _delete_reads,
}
