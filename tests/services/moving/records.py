"""Files of donors and gifts brought as a person brings them: shown, confirmed, written by the job."""

from __future__ import annotations

from sqlalchemy import func, select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.jobs.queue.run import run_task
from donorhub.models import Correction, Donor, Gift, ImportFile, Message, Receipt, Task
from donorhub.services.bank.files import imports
from donorhub.services.moving import record_files, record_plans
from donorhub.services.moving.record_plans import RecordPlan

ME = "user:1"
PLN = Answers(currency="PLN", funds={"Dzieci": "new", "Psy": "none"})


def show(data: bytes, answers: Answers = PLN, filename: str = "plik.xlsx") -> tuple[ImportFile, RecordPlan]:
    """Keep a file and return it with what bringing it would do."""
    file, _ = record_files.receive_file(data, filename, now=clock.now(), actor=ME, answers=answers)
    plan = record_plans.plan_file(file, now=clock.now())
    db.session.commit()
    return file, plan


def bring(data: bytes, answers: Answers = PLN, filename: str = "plik.xlsx") -> ImportFile:
    """Bring a file whole: shown, confirmed, written; return it."""
    file, plan = show(data, answers, filename)
    assert plan.questions == ()
    confirm(file, plan.digest)
    return file


def confirm(file: ImportFile, digest: str) -> None:
    """Confirm what was shown under a digest, and let the job write it."""
    record_files.plan_writing(file, digest, now=clock.now(), actor=ME)
    db.session.commit()
    task = imports.find_reading_task(file)
    assert task is not None
    run_task(task.id)
    db.session.expire_all()


def count(kind: type[Donor | Gift | Correction | Message | Receipt | Task]) -> int:
    """Return how many rows of a kind there are."""
    return db.session.scalar(select(func.count()).select_from(kind)) or 0
