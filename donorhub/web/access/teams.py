"""Teams of users: who is in which; whoever has the scope of their team sees the donors of its members."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.schemas.access import NewTeam, NewTeamSchema, TeamMembersSchema
from donorhub.services.access import teams, users
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader

bp = Blueprint("teams", __name__, url_prefix="/settings/teams")
Answer = Response | str | tuple[str, int]
_MEMBERS: Final = TeamMembersSchema()


@bp.get("")
@require_permission("users:write")
def list_teams() -> str:
    """Show the teams with their members."""
    return _render_teams(Form())


@bp.post("")
@require_permission("users:write")
def add_team() -> Answer:
    """Add a team."""
    form = Form(request.form)
    with form.start_saving():
        new: NewTeam = form.load_fields(NewTeamSchema())
        teams.create_team(new["name"], new["user_ids"], now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(gettext("Added."))
        return redirect(url_for("teams.list_teams"))
    return _render_teams(form), 422


@bp.post("/<int:team_id>")
@require_permission("users:write")
def set_members(team_id: int) -> Answer:
    """Let exactly the users who are ticked be in a team."""
    team = teams.get_team(team_id)
    form = Form(request.form)
    with form.start_saving():
        user_ids: list[int] = form.load_fields(_MEMBERS)["user_ids"]
        teams.set_members(team, user_ids, now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(gettext("The team is saved."))
        return redirect(url_for("teams.list_teams"))
    return _render_teams(form), 422


def _render_teams(form: Form) -> str:
    rows = teams.list_teams()
    return render_template(
        "access/teams.html",
        form=form,
        teams=rows,
        members=teams.list_members([team.id for team in rows]),
        staff=users.list_active_names(),
    )
