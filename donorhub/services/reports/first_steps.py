"""What an empty installation needs first, ticked by facts: nobody ticks a step, but it can be put off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from sqlalchemy import ColumnElement, delete, exists, func, select

from donorhub.db import db, insert_or_ignore
from donorhub.models import BankAccount, Donor, FirstStepDelay, Gift, MailTest, Receipt, User
from donorhub.models.states import FIRST_STEPS, FirstStepKind
from donorhub.services.access import audit
from donorhub.services.messages import mail_tests
from donorhub.services.messages.mail_tests import MailTrial
from donorhub.services.receipts import receipt_drafts

StepState = Literal["done", "open", "put_off"]
_FACTS: Final[Mapping[FirstStepKind, ColumnElement[bool]]] = {
    "bank_account": exists().where(BankAccount.id > 0),
    "mail": exists().where(MailTest.arrived_at.is_not(None)),
    "people": (
        select(Donor.id).where(Donor.removed_at.is_(None)).order_by(Donor.id).limit(1).scalar_subquery() > 0
    ),
    "colleague": select(func.count()).where(User.active).scalar_subquery() > 1,
    "receipt": exists().where(Receipt.id > 0),
}

_SELECT_FACTS: Final = select(
    *(fact.label(kind) for kind, fact in _FACTS.items()), exists().where(Gift.id > 0).label("gift")
)


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """Each step and its state, in the order in which they are taken; ``trial`` is of the mail, while none
    arrived.
    """

    states: Mapping[FirstStepKind, StepState]
    trial: MailTrial | None
    has_gifts: bool

    @property
    def is_over(self) -> bool:
        """Return whether nothing is left to do: each step is done or put off."""
        return "open" not in self.states.values()


def read_steps(*, today: date) -> FirstSteps:
    """Return how far this installation came."""
    *facts, has_gifts = db.session.execute(_SELECT_FACTS).one()
    done: dict[FirstStepKind, bool] = dict(zip(_FACTS, map(bool, facts), strict=True))
    done["organisation"] = not receipt_drafts.list_own_gaps(today=today)
    put_off = set() if all(done.values()) else set(db.session.scalars(select(FirstStepDelay.kind)))
    trial = None if done["mail"] else mail_tests.find_trial()
    states: dict[FirstStepKind, StepState] = {
        kind: "done" if done[kind] else "put_off" if kind in put_off else "open" for kind in FIRST_STEPS
    }
    return FirstSteps(states, trial, bool(has_gifts))


def put_off_step(kind: FirstStepKind, *, now: datetime, actor: str) -> None:
    """Leave a step for later; again changes nothing."""
    is_new = db.session.scalar(
        insert_or_ignore(FirstStepDelay, on=(FirstStepDelay.kind,))
        .values(kind=kind, put_off_at=now, put_off_by=actor)
        .returning(FirstStepDelay.kind)
    )
    if is_new is not None:
        _record_step("first_step.put_off", kind, now=now, actor=actor)


def resume_step(kind: FirstStepKind, *, now: datetime, actor: str) -> None:
    """Take up a step that was put off; again changes nothing."""
    was_put_off = db.session.scalar(
        delete(FirstStepDelay).where(FirstStepDelay.kind == kind).returning(FirstStepDelay.kind)
    )
    if was_put_off is not None:
        _record_step("first_step.resumed", kind, now=now, actor=actor)


def _record_step(what: str, kind: FirstStepKind, *, now: datetime, actor: str) -> None:
    audit.record_action(actor, what, ("organisation", 1), now=now, data={"step": kind})
