"""What two donors said, once they are one: the more restrictive of what held of each stands.

A merge moves the rows of both; where together they would allow more than either did, it writes a no beside
them, which goes again when the merge is taken apart.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.messages import consents as rules
from donorhub.domain.messages.consents import Saying
from donorhub.models import Consent, MergeMove
from donorhub.models.states import CHANNELS, CONSENT_PURPOSES
from donorhub.services.donors import consent_rows, merging
from donorhub.services.donors.consent_rows import NewSaying
from donorhub.services.donors.merge_rows import Merging

SOURCE: Final = "merge"
_PURPOSES: Final = tuple(purpose for purpose in CONSENT_PURPOSES if purpose != "all")


def restrict_united(step: Merging) -> None:
    """Write what has to be said of the one donor, lest they are told more than either allowed."""
    moved_ids = set(
        db.session.scalars(
            select(MergeMove.row_id).where(
                MergeMove.merge_id == step.log.id, MergeMove.table_name == Consent.__tablename__
            )
        )
    )
    sayings = consent_rows.read_sayings([step.survivor_id]).get(step.survivor_id, [])
    mine = [one for one in sayings if one.id not in moved_ids]
    theirs = [one for one in sayings if one.id in moved_ids]
    for restriction in rules.unite_sayings(mine, theirs, _PURPOSES, CHANNELS, at=step.now):
        step.add_row(
            Consent.__tablename__,
            {
                "donor_id": step.survivor_id,
                "purpose": restriction.purpose,
                "channel": restriction.channel,
                "state": restriction.state,
                "source": SOURCE,
                "reason": "",
                "at": step.now,
                "recorded_at": step.now,
                "actor": step.actor,
            },
        )


def keep_later_noes(step: Merging) -> None:
    """Let each no that was said while two records were one hold for both: nobody knows whose it was."""
    both = (step.survivor_id, step.loser_id)
    later = db.session.scalars(
        select(Consent)
        .where(Consent.donor_id.in_(both), Consent.recorded_at > step.log.at)
        .where(Consent.state.in_(("opt_out", "withdrawn")))
        .order_by(Consent.id)
    ).all()
    sayings = consent_rows.read_sayings(both)
    new = [
        NewSaying(other_id, row.state, SOURCE, row.at, row.purpose, row.channel)
        for row in later
        for other_id in both
        if other_id != row.donor_id and not any(_says_so(one, row) for one in sayings.get(other_id, ()))
    ]
    consent_rows.insert_rows(new, now=step.now, actor=step.actor)


def _says_so(saying: Saying, row: Consent) -> bool:
    """Return whether a donor has the same no, said then or later."""
    return (saying.purpose, saying.channel, saying.state) == (row.purpose, row.channel, row.state) and (
        saying.at >= row.at
    )


def register() -> None:
    """Have it done after each merge and each undo."""
    merging.register_step("consents", restrict_united, keep_later_noes)
