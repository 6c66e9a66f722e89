"""The stage of each donor, kept in ``donor_stage``: worked out with what it follows from, and each night.

It looks upwards, at gifts and recurring gifts, and is placed here because whoever changes one of them writes
it, in the same transaction: see :mod:`.stage_upkeep`. The rules: :mod:`donorhub.domain.recurring.stages`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Date,
    ScalarSelect,
    String,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from donorhub.db import cut_query_values, db, insert_or_update, write_literal
from donorhub.domain.recurring.stages import (
    RULE_VERSION,
    DonorGiving,
    RecurringFacts,
    compute_stage,
    list_overlays,
)
from donorhub.models import (
    BankAccount,
    Coverage,
    Donor,
    DonorStage,
    Gift,
    Instalment,
    RecurringGift,
)
from donorhub.models.gift import TAKEN_MINOR
from donorhub.models.states import RUNNING_PROMISES, Stage
from donorhub.services.paging import Subset

_IDS: Final[BindParameter[int]] = bindparam("donor_ids", expanding=True)
_TODAY: Final[BindParameter[date]] = bindparam("today", type_=Date)
_LONG_AGO: Final = date(1, 1, 1)


class Finding(NamedTuple):
    """What was worked out of a donor today."""

    donor_id: int
    stage: Stage
    overlays: Sequence[str]
    as_of: date


def _select_gift_day(place: int) -> ScalarSelect[date]:
    """Return the day of a donor's last gift of which something is left (place 0), or the one before (1)."""
    return (
        select(Gift.received_on)
        .where(Gift.donor_id == Donor.id, Gift.is_test.is_(False), Gift.received_on <= _TODAY)
        .where(Gift.amount_minor > TAKEN_MINOR)
        .order_by(Gift.received_on.desc())
        .limit(1)
        .offset(place)
        .correlate(Donor)
        .scalar_subquery()
    )


_OF_DONOR: Final = (RecurringGift.donor_id == Donor.id, RecurringGift.is_test.is_(False))
_PAID_INSTALMENT: Final = aliased(Instalment)
_LAST_PAID: Final = (
    select(func.max(_PAID_INSTALMENT.due_on))
    .where(_PAID_INSTALMENT.recurring_gift_id == RecurringGift.id, _PAID_INSTALMENT.state == "paid")
    .correlate(RecurringGift)
    .scalar_subquery()
)
# Only those are missed whose days the statements cover (services.recurring.overdue); one before the last
# that was paid is old history.
_MISSED_SINCE: Final = (
    select(func.min(Instalment.due_on))
    .join(RecurringGift, RecurringGift.id == Instalment.recurring_gift_id)
    .where(*_OF_DONOR, RecurringGift.state.in_(RUNNING_PROMISES))
    .where(func.coalesce(Instalment.state, "") == "missed")  # found by its donor, not among all missed
    .where(Instalment.due_on > func.coalesce(_LAST_PAID, _LONG_AGO))
    .correlate(Donor)
    .scalar_subquery()
)
# An account of which no statement was ever read holds nothing up, nor does one that is closed.
_KNOWN_TO: Final = (
    select(func.min(Coverage.known_to))
    .where(
        Coverage.id.in_(select(func.max(Coverage.id)).group_by(Coverage.source)),
        Coverage.source.in_(
            select(literal("bank:", String()).op("||")(BankAccount.id)).where(
                or_(BankAccount.closed_on.is_(None), BankAccount.closed_on > _TODAY)
            )
        ),
    )
    .scalar_subquery()
)
_FACTS: Final = (
    select(
        Donor.id,
        Donor.is_deceased,
        _select_gift_day(0).label("last_on"),
        _select_gift_day(1).label("before_on"),
        exists().where(*_OF_DONOR, RecurringGift.state.in_(RUNNING_PROMISES)).label("has_running"),
        _MISSED_SINCE.label("missed_since"),
        exists().where(*_OF_DONOR, RecurringGift.state == "lapsed").label("has_lapsed"),
        _KNOWN_TO.label("known_to"),
        DonorStage.stage.label("kept_stage"),
        DonorStage.overlays.label("kept_overlays"),
        DonorStage.as_of,
        DonorStage.rule_version,
    )
    .outerjoin(DonorStage, DonorStage.donor_id == Donor.id)
    .where(Donor.id.in_(_IDS), Donor.removed_at.is_(None))
)


def begin_stage(donor: Donor, *, today: date) -> None:
    """Keep the stage of a new donor, who has given nothing yet."""
    stage: Stage = "deceased" if donor.is_deceased else "prospect"
    _keep_findings([Finding(donor.id, stage, [], today)])


def begin_stages(new: Iterable[tuple[int, bool]], *, today: date) -> None:
    """Keep the stages of new donors, each by id and whether they are deceased."""
    _keep_findings(
        Finding(id_, "deceased" if is_deceased else "prospect", [], today) for id_, is_deceased in new
    )


def refresh_stages(donor_ids: Collection[int], *, today: date) -> int:
    """Work out the stages of these donors anew and keep them; return how many are others than before.

    Of two who change the same donor at once the second waits, and sees what the first did.
    """
    count = 0
    for ids in cut_query_values(sorted(set(donor_ids))):
        _lock_stages(ids)
        changes = _find_changes(ids, today)
        count += len(changes)
        if changes:
            _keep_findings(changes)
    return count


def find_stale_ids(after_id: int, *, today: date, most: int) -> tuple[list[int], int | None]:
    """Return which of the next so many donors are in another stage today than is kept, and the last donor
    that was looked at; None after the last of all.
    """
    ids = db.session.scalars(select(Donor.id).where(Donor.id > after_id).order_by(Donor.id).limit(most)).all()
    stale_ids = [one.donor_id for part in cut_query_values(ids) for one in _find_changes(part, today)]
    return stale_ids, ids[-1] if ids else None


def read_stages(donor_ids: Collection[int]) -> dict[int, Stage]:
    """Return the stage of each of these donors, by id."""
    rows = db.session.execute(
        select(DonorStage.donor_id, DonorStage.stage).where(DonorStage.donor_id.in_(donor_ids))
    )
    return {donor_id: stage for donor_id, stage in rows}  # noqa: C416  a Row is no pair for dict


def find_subset(stage: Stage) -> Subset:
    """Return the donors who are in a stage, for a list of donors."""
    kept_stage = aliased(DonorStage)  # a list reads the table for the stage that it shows, too
    return Subset(kept_stage, kept_stage.donor_id, _is_in_stage(kept_stage, stage))


def is_in_stage(stage: Stage) -> ColumnElement[bool]:
    """Return the condition that a donor is in a stage, where the donors that are looked at are few."""
    kept_stage = aliased(DonorStage)
    return exists().where(_is_in_stage(kept_stage, stage))


def _is_in_stage(kept_stage: type[DonorStage], stage: Stage) -> ColumnElement[bool]:
    return and_(kept_stage.donor_id == Donor.id, kept_stage.stage == write_literal(stage))


def _lock_stages(ids: Sequence[int]) -> None:
    """Hold the rows of these donors until the transaction ends, in the order of their ids; SQLite has one
    writer.
    """
    if db.session.get_bind().dialect.name == "postgresql":
        query = select(DonorStage.donor_id).where(DonorStage.donor_id.in_(ids))
        db.session.execute(query.order_by(DonorStage.donor_id).with_for_update()).all()


def _find_changes(ids: Sequence[int], today: date) -> list[Finding]:
    rows = db.session.execute(_FACTS, {"donor_ids": list(ids), "today": today})
    changes = []
    for row in rows:
        finding = _find_stage(row, today)
        kept_values = (row.kept_stage, row.kept_overlays, row.rule_version)
        if kept_values != (finding.stage, finding.overlays, RULE_VERSION):
            changes.append(finding)
    return changes


def _find_stage(row: Any, today: date) -> Finding:
    recurring = [RecurringFacts(overdue_since=row.missed_since)] if row.has_running else []
    if row.has_lapsed:
        recurring.append(RecurringFacts(is_lapsed=True))
    gift_days = [day for day in (row.before_on, row.last_on) if day is not None]
    giving = DonorGiving(gift_days, recurring, is_gone=row.is_deceased)
    stage = compute_stage(today, giving, known_to=row.known_to)
    overlays = list_overlays(stage, today, giving, known_to=row.known_to)
    return Finding(row.id, stage, overlays, row.as_of if stage == row.kept_stage else today)


def _keep_findings(findings: Iterable[Finding]) -> None:
    statement = insert_or_update(
        DonorStage,
        on=(DonorStage.donor_id,),
        columns=(DonorStage.stage, DonorStage.overlays, DonorStage.as_of, DonorStage.rule_version),
    )
    db.session.execute(
        statement,
        [
            {
                "donor_id": one.donor_id,
                "stage": one.stage,
                "overlays": [*one.overlays],
                "as_of": one.as_of,
                "rule_version": RULE_VERSION,
            }
            for one in findings
        ],
    )
