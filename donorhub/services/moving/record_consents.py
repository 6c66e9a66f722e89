"""What a file of people says of being written to: each no with its day, a yes only as far as it is proved.

A file never opts anybody in again: where a no stands, its yes is kept as one that means nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import select

from donorhub.db import cut_query_values, db
from donorhub.domain.messages import consents as rules
from donorhub.domain.messages.consents import Saying
from donorhub.domain.moving.answered_people import list_no_channels
from donorhub.domain.moving.plan_rows import DonorPlan
from donorhub.domain.moving.records import Person
from donorhub.models import Consent, ContactPoint
from donorhub.models.states import CONSENT_CHANNELS, SuppressionScope, find_word
from donorhub.services.access import organisation
from donorhub.services.donors import consent_rows
from donorhub.services.donors.consent_rows import NewSaying
from donorhub.services.messages import consents, suppressions

# The least that a yes may be to: a file that says no more is proof of no more.
PURPOSE: Final = "bulletin"
CHANNEL: Final = "email"


def read_noes(donor_ids: Iterable[int], *, now: datetime) -> dict[int, frozenset[str]]:
    """Return by which channels each of these donors said no to everything; "any" is all of them."""
    sayings = consent_rows.read_sayings(set(donor_ids))
    return {
        donor_id: frozenset(
            one.channel for one in rules.list_open_opt_outs(some, at=now) if one.purpose == "all"
        )
        for donor_id, some in sayings.items()
    }


def read_answers(donor_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """Return what is recorded of each donor's consent to the bulletin, to compare a file's yes with."""
    return {
        donor_id: frozenset(
            word
            for one in some
            if (one.purpose, one.channel) == (PURPOSE, CHANNEL)
            for word in (one.state, f"given {organisation.get_day(one.at)}")
        )
        for donor_id, some in consent_rows.read_sayings(set(donor_ids)).items()
    }


def find_refusers(donor_ids: Iterable[int], *, now: datetime) -> frozenset[int]:
    """Return which of these donors said no to the bulletin by e-mail, or took their consent back."""
    return frozenset(
        donor_id
        for donor_id, some in consent_rows.read_sayings(set(donor_ids)).items()
        if rules.find_standing(some, PURPOSE, CHANNEL, at=now).answer in ("opt_out", "withdrawn")
    )


def write_sayings(
    people: Sequence[tuple[int, DonorPlan]],
    noes: Mapping[int, frozenset[str]],
    *,
    source: str,
    filename: str,
    now: datetime,
    actor: str,
) -> list[int]:
    """Record what a file says of these donors; return the ids of the consents that it gives."""
    new: list[NewSaying] = []
    for donor_id, plan in people:
        person = plan.group.person
        channels = [one for one in list_no_channels(person) if one not in noes.get(donor_id, frozenset())]
        for word in channels if "any" not in noes.get(donor_id, frozenset()) else ():
            channel = find_word(word, CONSENT_CHANNELS)
            assert channel is not None  # noqa: S101  the domain names channels of ours
            at = _date_no(person.no_on, now)
            new.append(NewSaying(donor_id, "opt_out", source, at, channel=channel, reason=filename))
        if plan.answer:
            new.append(_make_yes(donor_id, plan, source, filename, now))
    ids = consent_rows.insert_rows(new, now=now, actor=actor)
    return [id_ for id_, one in zip(ids, new, strict=True) if one.state == "given"]


def _make_yes(donor_id: int, plan: DonorPlan, source: str, filename: str, now: datetime) -> NewSaying:
    """Return the row of a yes: given where the plan says that it is proved, else unknown."""
    person = plan.group.person
    is_proved = plan.answer.startswith("given")
    day = person.consent_on if is_proved else None
    return NewSaying(
        donor_id,
        "given" if is_proved else "unknown",
        source,
        now if day is None else consents.compute_moment(day, is_no=False, now=now),
        purpose=PURPOSE,
        channel=CHANNEL,
        reason=": ".join(part for part in (filename, person.consent_source) if part),
    )


def _date_no(day: date | None, now: datetime) -> datetime:
    """Return when a no was said: at the end of its day, and now where nobody noted it."""
    return now if day is None else min(now, consents.compute_moment(day, is_no=True, now=now))


def suppress_people(
    people: Iterable[tuple[Person, bool]], *, source: str, filename: str, now: datetime, actor: str
) -> None:
    """Suppress the addresses from which mail came back, and those of a no that no donor stands for.

    Of each person it is told whether they are a donor, whose own no is on record.
    """
    for person, is_donor in people:
        scope: SuppressionScope = "everything" if person.is_bounced else "all_but_legal"
        if not person.is_bounced and (is_donor or not person.opt_out):
            continue
        for email in (person.email, *person.more_emails):
            if email:
                suppressions.suppress_address(
                    email,
                    reason=f"{source}: {filename}",
                    source="bounced" if person.is_bounced else "told",
                    scope=scope,
                    now=now,
                    actor=actor,
                )


# ---------------------------------------------------------------- taking a file back


def end_consents(
    consent_ids: Sequence[int], *, but_donor_ids: Collection[int], source: str, now: datetime, actor: str
) -> None:
    """End the consents that a file gave, each by a row; one that ended or was given anew since stays, and
    those of donors who are taken away end with them.
    """
    going_ids = set(but_donor_ids)
    ended: list[NewSaying] = []
    for chunk in cut_query_values(consent_ids):
        for row in db.session.scalars(select(Consent).where(Consent.id.in_(chunk))):
            if row.donor_id in going_ids:
                continue
            sayings = consent_rows.read_sayings([row.donor_id]).get(row.donor_id, ())
            standing = rules.find_standing(sayings, row.purpose, row.channel, at=now)
            if standing.saying is not None and standing.saying.id == row.id:
                ended.append(NewSaying(row.donor_id, "withdrawn", source, now, row.purpose, row.channel))
    consent_rows.insert_rows(ended, now=now, actor=actor)


def keep_noes(donor_ids: Sequence[int], *, source: str, now: datetime, actor: str) -> None:
    """Suppress the addresses of donors who are taken away and said no: whoever brings them again finds it."""
    sayings = consent_rows.read_sayings(donor_ids)
    scopes = {donor_id: _find_scope(some, now) for donor_id, some in sayings.items()}
    for chunk in cut_query_values([donor_id for donor_id, scope in scopes.items() if scope]):
        query = select(ContactPoint.donor_id, ContactPoint.value).where(
            ContactPoint.donor_id.in_(chunk), ContactPoint.kind == "email"
        )
        for donor_id, address in db.session.execute(query):
            scope = scopes[donor_id]
            if scope is not None:
                suppressions.suppress_address(address, reason=source, scope=scope, now=now, actor=actor)


def _find_scope(sayings: Sequence[Saying], now: datetime) -> SuppressionScope | None:
    """Return how much a donor's no to e-mail stops; None where they said none."""
    answers = {
        purpose: rules.find_standing(sayings, purpose, "email", at=now).answer
        for purpose in ("thanks", "stewardship", "bulletin", "appeal")
    }
    if answers["thanks"] == "opt_out":
        return "all_but_legal"
    return "marketing" if "opt_out" in answers.values() else None
