"""Breaches of personal data written down: once each, with whom to tell by when, and that they were told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, get_args

from sqlalchemy import Select, select

from donorhub.db import db, insert_or_ignore
from donorhub.errors import NotFound, Rejected
from donorhub.models import Breach
from donorhub.services.access import audit, organisation
from donorhub.services.moving import breach_reports
from donorhub.services.moving.breach_reports import BreachReport

TIME_TO_TELL: Final = timedelta(hours=72)  # the authority, from noticing (Art. 33 (1))
Addressee = Literal["authority", "donors"]
ADDRESSEES: Final[tuple[Addressee, ...]] = get_args(Addressee)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBreach:
    """What somebody writes down of a breach."""

    noticed_at: datetime
    first_on: date
    last_on: date
    suspect: str
    text: str


def read_report(first_on: date, last_on: date, suspect: str) -> BreachReport:
    """Return whose data somebody had before them in these days, of one actor where one is named; raise
    Rejected for days that end before they begin.
    """
    if last_on < first_on:
        raise Rejected("these days end before they begin", field="/last_on", code="days_reversed")
    return breach_reports.make_report(
        since=organisation.get_midnight(first_on),
        until=organisation.get_midnight(last_on + timedelta(days=1)),
        actor=suspect,
    )


def record_breach(new: NewBreach, *, key: str, now: datetime, actor: str) -> tuple[Breach, bool]:
    """Write a breach down with whom it reached, and return it and whether it is new; the same key again
    changes nothing. Raise Rejected for one without words, or that is noticed only later.
    """
    if not new.text:
        raise Rejected("write what happened", field="/text", code="nothing_written")
    if new.noticed_at > now:
        raise Rejected("it was noticed already", field="/noticed_at", code="not_yet")
    report = read_report(new.first_on, new.last_on, new.suspect)
    breach_id = db.session.scalar(
        insert_or_ignore(Breach, on=(Breach.key,))
        .values(
            key=f"{actor}:{key}",
            noticed_at=new.noticed_at,
            first_on=new.first_on,
            last_on=new.last_on,
            suspect=new.suspect,
            text=new.text,
            donor_count=len(report.donor_ids),
            concerns_all=report.concerns_all,
            recorded_at=now,
            recorded_by=actor,
        )
        .returning(Breach.id)
    )
    if breach_id is None:
        return db.session.scalars(select(Breach).filter_by(key=f"{actor}:{key}")).one(), False
    data = {"donors": len(report.donor_ids), "concerns_all": report.concerns_all}
    audit.record_action(actor, "breach.recorded", ("breach", breach_id), now=now, data=data)
    return get_breach(breach_id), True


def mark_as_told(breach: Breach, whom: Addressee, *, now: datetime, actor: str) -> bool:
    """Keep that the authority or the donors were told; return whether anything changed."""
    if whom == "authority":
        if breach.authority_told_at is not None:
            return False
        breach.authority_told_at = now
    else:
        if breach.donors_told_at is not None:
            return False
        breach.donors_told_at = now
    audit.record_action(actor, "breach.told", ("breach", breach.id), now=now, data={"whom": whom})
    return True


def get_breach(breach_id: int) -> Breach:
    """Return a breach; raise NotFound where there is none."""
    breach = db.session.get(Breach, breach_id)
    if breach is None:
        raise NotFound(f"there is no breach {breach_id}")
    return breach


def select_breaches() -> Select[Breach]:
    """Return a query for all that were written down."""
    return select(Breach)
