"""What people record of a donor's yes and no: given, withdrawn, an opt-out, an opt-out lifted with a reason.

Nothing is ever edited; a correction is a new row. What holds is for :mod:`donorhub.domain.messages.consents`,
what may be sent for :mod:`donorhub.services.messages.gate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, get_args

from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.messages import consents as rules
from donorhub.domain.messages.consents import COMPLAINT, Saying
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Consent, Donor
from donorhub.models.states import ConsentChannel, ConsentPurpose
from donorhub.services.access import organisation
from donorhub.services.donors import consent_rows
from donorhub.services.donors.consent_rows import NewSaying
from donorhub.services.messages import consent_texts

SaidState = Literal["given", "withdrawn", "opt_out"]  # what people may record
SAID_STATES: Final[tuple[SaidState, ...]] = get_args(SaidState)
SOURCES: Final = ("form", "letter", "phone", "email", "in_person", COMPLAINT, "other")


@dataclass(frozen=True, slots=True)
class NewConsent:
    """What somebody heard or read: a donor's yes or no, on which day and how it was said."""

    state: SaidState
    source: str
    said_on: date
    purpose: ConsentPurpose = "all"
    channel: ConsentChannel = "any"
    reason: str = ""
    text_id: int | None = None
    expires_on: date | None = None  # the last day


def record_consent(donor: Donor, new: NewConsent, *, now: datetime, actor: str) -> tuple[Consent, bool]:
    """Record what a donor said; return its row and whether it is new: what holds already is not said twice.

    Raise Rejected for a day to come and for a yes that is not to a purpose and a channel of its own, and
    Conflict for a yes where an opt-out stands, which somebody has to lift first, with a reason.
    """
    consent_rows.lock_donor(donor.id)
    _refuse_wrong(new, today=organisation.get_day(now))
    at = compute_moment(new.said_on, is_no=new.state != "given", now=now)
    sayings = list_sayings(donor.id)
    earlier = next((one for one in reversed(sayings) if _says_the_same(one, new, at, now, sayings)), None)
    if earlier is not None:
        return get_consent(donor.id, earlier.id), False
    if new.state == "given":
        _refuse_against_opt_out(sayings, new, now)
        consent_texts.refuse_unknown(new.text_id)
    saying = NewSaying(
        donor.id,
        new.state,
        new.source,
        at,
        purpose=new.purpose,
        channel=new.channel,
        reason=new.reason,
        text_id=new.text_id,
        expires_at=_find_end(new.expires_on),
    )
    return consent_rows.add_row(saying, now=now, actor=actor), True


def refuse_contact(
    donor: Donor, *, source: str, reason: str, said_on: date, now: datetime, actor: str
) -> tuple[Consent, bool]:
    """Record that a donor wants no contact: an opt-out of every purpose by every channel."""
    new = NewConsent("opt_out", source, said_on, reason=reason)
    return record_consent(donor, new, now=now, actor=actor)


def lift_opt_out(donor: Donor, consent_id: int, *, reason: str, now: datetime, actor: str) -> Consent:
    """Let an opt-out hold no more, with the reason; return the row that says so, the earlier one if any.

    Consents from before it stay beaten: who shall get marketing again has to say so anew. Raise Conflict for
    a complaint, which only the person takes back, and for a row that is no opt-out.
    """
    consent_rows.lock_donor(donor.id)
    row = get_consent(donor.id, consent_id)
    if row.state != "opt_out":
        raise Conflict("only an opt-out is lifted: record what the donor says now", code="no_opt_out")
    sayings = list_sayings(donor.id)
    same_scope = [one for one in sayings if (one.purpose, one.channel) == (row.purpose, row.channel)]
    open_ones = rules.list_open_opt_outs(same_scope, at=now)
    if any(one.source == COMPLAINT for one in open_ones):
        raise Conflict(
            "this donor complained about our mail: nobody but the person can take that back",
            code="complaint_stays",
        )
    if not any(one.id == row.id for one in open_ones):
        lifted = next(one for one in reversed(same_scope) if one.state == "lifted")
        return get_consent(donor.id, lifted.id)
    saying = NewSaying(
        donor.id, "lifted", "staff", now, purpose=row.purpose, channel=row.channel, reason=reason
    )
    return consent_rows.add_row(saying, now=now, actor=actor)


def list_consents(donor_id: int) -> Sequence[Consent]:
    """Return all that a donor ever said, the newest first."""
    query = select(Consent).where(Consent.donor_id == donor_id)
    return db.session.scalars(query.order_by(Consent.at.desc(), Consent.id.desc())).all()


def get_consent(donor_id: int, consent_id: int) -> Consent:
    """Return one row of a donor; raise NotFound where they have none of this id."""
    row = db.session.get(Consent, consent_id)
    if row is None or row.donor_id != donor_id:
        raise NotFound(f"donor {donor_id} has no consent {consent_id}")
    return row


def list_sayings(donor_id: int) -> list[Saying]:
    """Return the same as the rules read it, the oldest first."""
    return consent_rows.read_sayings([donor_id]).get(donor_id, [])


def list_open_opt_out_ids(donor_id: int, *, now: datetime) -> set[int]:
    """Return the opt-outs of a donor that staff may lift."""
    open_ones = rules.list_open_opt_outs(list_sayings(donor_id), at=now)
    complaints = {(one.purpose, one.channel) for one in open_ones if one.source == COMPLAINT}
    return {one.id for one in open_ones if (one.purpose, one.channel) not in complaints}


def compute_moment(day: date, *, is_no: bool, now: datetime) -> datetime:
    """Return the instant that a day without an hour stands for: a yes at its start, a no at its end, so that
    of both on one day the no counts. Of today, it is now.
    """
    if day == organisation.get_day(now):
        return now
    if not is_no:
        return organisation.get_midnight(day)
    return organisation.get_midnight(day + timedelta(days=1)) - timedelta(microseconds=1)


def _refuse_wrong(new: NewConsent, *, today: date) -> None:
    if new.said_on > today:
        raise Rejected("this day is still to come", field="/said_on", code="day_to_come")
    if new.state != "given":
        if new.expires_on is not None or new.text_id is not None:
            raise Rejected("only a consent has a wording and an end", field="/state", code="only_of_a_yes")
        return
    sentence = "a consent is to one purpose and one channel: record each that was given"
    if new.purpose == "all":
        raise Rejected(sentence, field="/purpose", code="consent_too_wide")
    if new.channel == "any":
        raise Rejected(sentence, field="/channel", code="consent_too_wide")
    if new.expires_on is not None and new.expires_on < new.said_on:
        raise Rejected("it ends before it begins", field="/expires_on", code="ends_before_start")


def _refuse_against_opt_out(sayings: Sequence[Saying], new: NewConsent, now: datetime) -> None:
    standing = rules.find_standing(sayings, new.purpose, new.channel, at=now)
    if standing.answer == "opt_out":
        raise Conflict(
            "an opt-out stands against this consent: lift it first, with the reason why",
            code="opt_out_stands",
        )


def _says_the_same(
    saying: Saying, new: NewConsent, at: datetime, now: datetime, sayings: Sequence[Saying]
) -> bool:
    """Return whether a row says this already, so that one more would change nothing."""
    if (saying.purpose, saying.channel, saying.state) != (new.purpose, new.channel, new.state):
        return False
    if new.state == "opt_out":
        is_open = saying.id in {one.id for one in rules.list_open_opt_outs(sayings, at=now)}
        return is_open and (saying.at >= at or not _is_answered_since(saying, sayings))
    standing = rules.find_standing(sayings, new.purpose, new.channel, at=now)
    holds = standing.saying is not None and standing.saying.id == saying.id
    return holds and saying.source == new.source and organisation.get_day(saying.at) == new.said_on


def _is_answered_since(opt_out: Saying, sayings: Sequence[Saying]) -> bool:
    """Return whether the donor agreed, after an opt-out, to something that it spoke of."""
    return any(
        one.state == "given" and one.at > opt_out.at and opt_out.speaks_of(one.purpose, one.channel)
        for one in sayings
    )


def _find_end(last_day: date | None) -> datetime | None:
    return None if last_day is None else organisation.get_midnight(last_day + timedelta(days=1))
