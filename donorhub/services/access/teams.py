"""Teams of users: whoever sees the donors of their team sees those of each member of each of their teams."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, insert, select

from donorhub.db import db
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import Team, TeamMember, User
from donorhub.models.states import RowScope
from donorhub.services.access import audit


def list_teams() -> list[Team]:
    """Return all teams by name."""
    return list(db.session.scalars(select(Team).order_by(Team.name)))


def list_members(team_ids: Collection[int]) -> dict[int, list[int]]:
    """Return the ids of the users in each team."""
    members: dict[int, list[int]] = {team_id: [] for team_id in team_ids}
    query = select(TeamMember.team_id, TeamMember.user_id).where(TeamMember.team_id.in_(team_ids))
    for team_id, user_id in db.session.execute(query.order_by(TeamMember.user_id)):
        members[team_id].append(user_id)
    return members


def find_team_mates(user_id: int) -> frozenset[int]:
    """Return everybody who is in a team with a user, and the user."""
    own = select(TeamMember.team_id).where(TeamMember.user_id == user_id)
    query = select(TeamMember.user_id).where(TeamMember.team_id.in_(own))
    return frozenset({user_id, *db.session.scalars(query)})


def find_owners(row_scope: RowScope, user_id: int | None) -> frozenset[int] | None:
    """Return whose donors a user sees with a scope, None for all; nobody's where no user is named."""
    if row_scope == "all":
        return None
    if user_id is None:
        return frozenset()
    return find_team_mates(user_id) if row_scope == "team" else frozenset({user_id})


def get_team(team_id: int) -> Team:
    """Return a team; raise NotFound when there is none of this id."""
    team = db.session.get(Team, team_id)
    if team is None:
        raise NotFound(f"there is no team {team_id}")
    return team


def create_team(name: str, user_ids: Collection[int], *, now: datetime, actor: str) -> Team:
    """Create a team of these users; raise Conflict where its name is taken."""
    if db.session.scalar(select(Team.id).where(Team.name == name)) is not None:
        raise Conflict(f"there is a team {name} already", field="/name", code="team_known")
    team = Team(name=name, created_at=now)
    db.session.add(team)
    db.session.flush()  # its members need its id
    audit.record_action(actor, "team.created", ("team", team.id), now=now)
    set_members(team, user_ids, now=now, actor=actor)
    return team


def set_members(team: Team, user_ids: Collection[int], *, now: datetime, actor: str) -> bool:
    """Let exactly these users be in a team, from their next request on; return whether that is another."""
    before, after = list_members([team.id])[team.id], sorted(set(user_ids))
    if before == after:
        return False
    if len(after) != len(db.session.scalars(select(User.id).where(User.id.in_(after))).all()):
        raise Rejected("a team is of users that there are", field="/user_ids", code="unknown_choice")
    db.session.execute(delete(TeamMember).where(TeamMember.team_id == team.id))
    if after:
        rows = [{"team_id": team.id, "user_id": user_id} for user_id in after]
        db.session.execute(insert(TeamMember), rows)
    audit.record_action(
        actor, "team.changed", ("team", team.id), now=now, data={"before": before, "after": after}
    )
    return True
