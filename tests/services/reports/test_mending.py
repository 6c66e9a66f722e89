"""What an upgrade mends: each kind once, noted with what it was, also when a step fails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.cli import upgrading
from donorhub.db import db
from donorhub.models import AuditRecord, UpgradeNote
from donorhub.services.reports import mending
from donorhub.services.reports.mending import Step
from donorhub.services.work import upgrade_notes


def plan_steps(monkeypatch: pytest.MonkeyPatch, *steps: Step) -> None:
    db.session.execute(UpgradeNote.__table__.delete())  # type: ignore[attr-defined]
    db.session.commit()
    monkeypatch.setattr(mending, "STEPS", steps)


def notes() -> list[tuple[str, int, list[int]]]:
    rows = db.session.scalars(select(UpgradeNote).order_by(UpgradeNote.id))
    return [(row.kind, row.count, row.subject_ids) for row in rows]


def test_each_fault_is_mended_once(database: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """A second start mends nothing again, and the note with its audit record stands once."""
    calls: list[datetime] = []

    def mend(at: datetime) -> Sequence[int]:
        calls.append(at)
        return [7, 3]

    step = Step("ledger_differs", "bank_account", mend)
    plan_steps(monkeypatch, step)
    for _ in range(2):
        upgrading.mend_old_faults()
    assert mending.do_step(step, now=now) == 0  # as a second process would
    db.session.commit()
    assert (len(calls), notes()) == (1, [("ledger_differs", 2, [3, 7])])
    words = db.session.scalars(select(AuditRecord.data).where(AuditRecord.what == "upgrade.mended")).all()
    assert words == [{"kind": "ledger_differs", "count": 2}]


def test_failed_mending_is_tried_again(database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step that fails leaves nothing, holds up no other, and is tried again at the next start."""
    faults = [RuntimeError("torn")]

    def mend(_at: datetime) -> Sequence[int]:
        if faults:
            raise faults.pop()
        return [1]

    plan_steps(
        monkeypatch,
        Step("ledger_differs", "bank_account", mend),
        Step("doubts_asked", "entry", lambda _at: []),
    )
    upgrading.mend_old_faults()
    assert notes() == [("doubts_asked", 0, [])]
    assert upgrade_notes.list_notes() == []  # nothing needed mending there: nobody is shown it
    upgrading.mend_old_faults()
    assert notes() == [("doubts_asked", 0, []), ("ledger_differs", 1, [1])]
