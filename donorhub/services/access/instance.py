"""This installation and whether it is held: a copy is not the organisation (the clone guard).

Held, it shows, imports and takes everything in, but nothing leaves it, until a person adopts it. It is held
where it was imported, and where it runs at another place than it did, as a copy or a restored backup does.
The second is judged by each process for itself, so that an old one on the same base cannot hold the new one:
a process may let things leave in the epoch that it fitted, and an adoption begins another.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, bindparam, exists, select

from donorhub.db import db, insert_or_ignore
from donorhub.models import Instance
from donorhub.models.states import HoldReason
from donorhub.services.access import audit, place
from donorhub.services.access.place import Fact
from donorhub.services.shown import compute_digest, refuse_changed

NO_EPOCH: Final = 0  # of a process that does not fit; the first epoch is 1


@dataclass(slots=True)
class _Process:
    """What this process knows of its place."""

    read_facts: Callable[[], Mapping[Fact, str]] = dict
    facts: Mapping[str, str] | None = None  # hashed; None until they were read
    epoch: int | None = None  # in which it fitted; None until that was judged


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing leaves; it is what a person is shown who ends it."""

    epoch: int
    reasons: Sequence[str]  # imported, or the names of the facts that differ
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", compute_digest([self.epoch, list(self.reasons)]))


_process = _Process()


def use_place(read_facts: Callable[[], Mapping[Fact, str]]) -> None:
    """Let this process judge its place by what this function tells; nothing is read yet."""
    global _process  # noqa: PLW0603  one process runs at one place
    _process = _Process(read_facts)


def create_instance(*, now: datetime) -> None:
    """Create the row where it is missing. Again changes nothing."""
    insertion = insert_or_ignore(Instance, on=(Instance.id,))
    db.session.execute(insertion.values(id=1, ref=secrets.token_hex(8), made_at=now, place={}))


def get_instance() -> Instance:
    """Return the row as it is now, whatever this session read before."""
    return db.session.execute(
        select(Instance).filter_by(id=1).execution_options(populate_existing=True)
    ).scalar_one()


def judge_place() -> Hold | None:
    """Read where this process runs, and return why it is held; None where it is not."""
    _process.facts = place.hash_facts(_process.read_facts())
    instance = get_instance()
    hold = find_hold(instance)
    _process.epoch = NO_EPOCH if hold else instance.epoch
    return hold


def find_hold(instance: Instance) -> Hold | None:
    """Return why a process that runs here lets nothing leave; None where things may."""
    if _process.facts is None:
        _process.facts = place.hash_facts(_process.read_facts())
    differing = [name for name, value in instance.place.items() if _process.facts.get(name, value) != value]
    reasons = [*filter(None, [instance.held_reason]), *sorted(differing)]
    return Hold(instance.epoch, reasons) if reasons else None


def has_new_facts() -> bool:
    """Return whether this place has facts that nobody has noted."""
    return not (_process.facts or {}).keys() <= get_instance().place.keys()


def settle_place() -> None:
    """Note the facts of this place beside those that it was found to fit; again changes nothing.

    Only a process that stays calls it: whoever types a command may have other settings.
    """
    instance = db.session.get_one(Instance, 1, with_for_update=True, populate_existing=True)
    if find_hold(instance) is None:
        instance.place = {**(_process.facts or {}), **instance.place}


def may_leave(epoch: ColumnElement[int] | None = None) -> ColumnElement[bool]:
    """Return the condition that something may leave this process now, for the statement that claims it."""
    return exists(
        select(Instance.id).where(
            Instance.id == 1,
            Instance.state == "normal",
            Instance.epoch == (get_epoch() if epoch is None else epoch),
        )
    )


EPOCH: Final = bindparam("epoch", type_=Instance.epoch.type)  # of a statement that is built once


def get_epoch() -> int:
    """Return the epoch in which this process fits its place; :data:`NO_EPOCH` where it does not."""
    if _process.epoch is None:
        judge_place()
    return _process.epoch or NO_EPOCH


def is_held() -> bool:
    """Return whether nothing may leave this process now, as the row says at this moment.

    A process that does not fit is judged anew: somebody may have adopted the base meanwhile.
    """
    return not db.session.scalar(select(may_leave())) and judge_place() is not None


def hold_instance(reason: HoldReason, *, now: datetime, origin: Mapping[str, object] | None = None) -> None:
    """Hold this installation, wherever it runs, until somebody adopts it; again changes nothing.

    The audit tells of it when it is adopted: until then this is a copy, whose audit is the original's.
    """
    instance = get_instance()
    if instance.state == "held":
        return
    instance.state, instance.held_reason, instance.held_at = "held", reason, now
    instance.origin = dict(origin) if origin else None


def adopt_instance(*, now: datetime, actor: str, digest: str | None = None) -> Hold | None:
    """Make this base the organisation's own, at the place where this process runs; return why it was held.

    Who ran elsewhere on the same base is held from then on. Nothing is done, and None returned, where it is
    not held. Raise Changed where that is not what was shown.
    """
    judge_place()
    instance = db.session.get_one(Instance, 1, with_for_update=True, populate_existing=True)
    hold = find_hold(instance)
    if hold is None:
        return None
    refuse_changed(digest, hold)
    instance.epoch += 1
    instance.place, instance.state = dict(_process.facts or {}), "normal"
    instance.held_reason, instance.held_at = None, None
    instance.adopted_at, instance.adopted_by = now, actor
    audit.record_action(
        actor,
        "instance.adopted",
        ("instance", 1),
        now=now,
        data={"reasons": list(hold.reasons), "epoch": instance.epoch, "origin": instance.origin},
    )
    _process.epoch = instance.epoch
    return hold
