"""What donors like to get: by which channel, about what, in which form, how often.

No preference is a consent; how often is a cap that the gate keeps to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict

from sqlalchemy import or_, select

from donorhub.db import db
from donorhub.models import Donor, Preference
from donorhub.models.states import ConsentChannel, PreferenceFormat, PreferenceFrequency, PreferenceTopic
from donorhub.services.access import audit
from donorhub.services.donors import consent_rows


class Wish(TypedDict):
    """What a donor likes to get of one topic by one channel."""

    channel: ConsentChannel
    topic: PreferenceTopic
    format: PreferenceFormat
    frequency: PreferenceFrequency


def set_preference(
    donor: Donor, wish: Wish, *, source: str, now: datetime, actor: str
) -> tuple[Preference, bool]:
    """Keep what a donor likes to get of a topic by a channel, in place of what they liked before; return it
    and whether that is news. ``any`` of both format and frequency is no wish any more.
    """
    consent_rows.lock_donor(donor.id)
    row = _find_preference(donor.id, wish["channel"], wish["topic"])
    wanted = {"format": wish["format"], "frequency": wish["frequency"]}
    before = {name: getattr(row, name) if row else None for name in wanted}
    if row is not None and before == wanted:
        return row, False
    if row is None:
        row = Preference(donor_id=donor.id, channel=wish["channel"], topic=wish["topic"])
        db.session.add(row)
    row.format, row.frequency = wish["format"], wish["frequency"]
    row.source, row.at, row.actor = source, now, actor
    db.session.flush()  # it has an id from here on
    changes = {name: (before[name], wanted[name]) for name in wanted if before[name] != wanted[name]}
    _record_change(donor, row, changes, now=now, actor=actor)
    return row, True


def list_preferences(donor_id: int) -> Sequence[Preference]:
    """Return what a donor likes to get, without what is no wish any more."""
    query = select(Preference).where(
        Preference.donor_id == donor_id,
        or_(Preference.format.is_distinct_from("any"), Preference.frequency.is_distinct_from("any")),
    )
    return db.session.scalars(query.order_by(Preference.channel, Preference.topic)).all()


def _find_preference(donor_id: int, channel: ConsentChannel, topic: PreferenceTopic) -> Preference | None:
    query = select(Preference).filter_by(donor_id=donor_id, channel=channel, topic=topic)
    return db.session.scalar(query.execution_options(populate_existing=True))


def _record_change(
    donor: Donor, row: Preference, changes: Mapping[str, audit.Change], *, now: datetime, actor: str
) -> None:
    audit.record_change(
        actor,
        "donor.preference_changed",
        ("donor", donor.id),
        {"channel": (row.channel, row.channel), "topic": (row.topic, row.topic), **changes},
        now=now,
        personal=["channel", "topic", *changes],
        donor_id=donor.id,
    )
