"""Funds, campaigns and appeals: what gifts are for and what asked for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Appeal, Campaign, Fund
from donorhub.money import Money
from donorhub.services.access import audit

Purpose = TypeVar("Purpose", Fund, Campaign, Appeal)


def create_purpose(kind: type[Purpose], fields: Mapping[str, Any], *, now: datetime, actor: str) -> Purpose:
    """Create a fund, campaign or appeal and return it; raise Conflict when its code is taken."""
    if db.session.scalar(select(kind.id).where(kind.code == fields["code"])) is not None:
        raise Conflict(f"the code {fields['code']} is taken", field="/code")
    _refuse_unknown_campaign(fields)
    row = kind(**fields)
    db.session.add(row)
    db.session.flush()  # the audit needs its id
    word = kind.__tablename__
    audit.record_action(actor, f"{word}.created", (word, row.id), now=now)
    return row


def change_purpose(
    row: Fund | Campaign | Appeal, fields: Mapping[str, Any], *, now: datetime, actor: str
) -> bool:
    """Change name or dates, close a fund; return whether anything changed. The code stays.

    Raise Rejected for an unknown campaign and for one that would end before it starts.
    """
    _refuse_unknown_campaign(fields)
    changes: dict[str, audit.Change] = {
        name: (getattr(row, name), fields[name])
        for name in sorted(fields)
        if getattr(row, name) != fields[name]
    }
    before = _write_goal(row)
    for name in changes:
        setattr(row, name, fields[name])
    if isinstance(row, Campaign) and row.starts_on and row.ends_on and row.ends_on < row.starts_on:
        raise Rejected("it would end before it starts", field="/ends_on")
    if "goal_minor" in changes or "currency" in changes:
        changes = {name: change for name, change in changes.items() if name not in ("goal_minor", "currency")}
        changes["goal"] = (before, _write_goal(row))
    if changes:
        word = row.__tablename__
        audit.record_change(actor, f"{word}.changed", (word, row.id), changes, now=now)
    return bool(changes)


def _write_goal(row: Fund | Campaign | Appeal) -> str:
    """Return a campaign's goal as the audit tells it, ``1000.00 PLN``; nothing where there is none."""
    if not isinstance(row, Campaign) or row.goal_minor is None or row.currency is None:
        return ""
    return str(Money(row.goal_minor, row.currency))


def get_purpose(kind: type[Purpose], id_: int) -> Purpose:
    """Return a fund, campaign or appeal; raise NotFound when there is none of this id."""
    row = db.session.get(kind, id_)
    if row is None:
        raise NotFound(f"there is no {kind.__tablename__} {id_}")
    return row


def list_purposes(kind: type[Purpose]) -> list[Purpose]:
    """Return all funds, campaigns or appeals, by name."""
    return list(db.session.scalars(select(kind).order_by(kind.name, kind.id)))


def list_open_funds() -> list[Fund]:
    """Return the funds that gifts may still go to, by name."""
    return [fund for fund in list_purposes(Fund) if not fund.is_closed]


def _refuse_unknown_campaign(fields: Mapping[str, object]) -> None:
    campaign_id = fields.get("campaign_id")
    if campaign_id is not None and db.session.get(Campaign, campaign_id) is None:
        raise Rejected(f"there is no campaign {campaign_id}", field="/campaign_id")
