"""Users of the staff: adding them, their roles, a new password, letting them in no more."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.models import User
from donorhub.models.states import RowScope
from donorhub.schemas.access import NewUser, NewUserSchema, ScopeSchema, UserChanges, UserChangesSchema
from donorhub.services.access import organisation, users
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader

bp = Blueprint("users", __name__, url_prefix="/settings/users")
Answer = Response | str | tuple[str, int]


@bp.get("")
@require_permission("users:write")
def list_users() -> str:
    """Show the staff."""
    start = {"lang": organisation.get_organisation().lang}
    return render_template("access/users.html", users=users.list_users(), form=Form(start=start))


@bp.post("")
@require_permission("users:write")
def add_user() -> Answer:
    """Add somebody; their first password is shown this once."""
    form = Form(request.form)
    password = users.make_one_time_password()
    with form.start_saving():
        new: NewUser = form.load_fields(NewUserSchema(exclude=("password",)))
        user = users.create_user(
            new["email"],
            name=new["name"],
            password=password,
            roles=new["roles"],
            lang=new["lang"],
            now=clock.now(),
            actor=get_principal().actor,
        )
        commit()
        return render_template("access/secret.html", secret=password, user=user, kind="password")
    return render_template("access/users.html", users=users.list_users(), form=form), 422


@bp.get("/<int:user_id>")
@require_permission("users:write")
def show_user(user_id: int) -> str:
    """Show one of the staff."""
    user = users.get_user(user_id)
    return _render_user(
        user, Form(start={"roles": [role.name for role in user.roles], "row_scope": user.row_scope})
    )


@bp.post("/<int:user_id>/roles")
@require_permission("users:write")
def set_roles(user_id: int) -> Answer:
    """Give a user exactly these roles."""
    form = Form(request.form)
    with form.start_saving():
        changes: UserChanges = form.load_fields(UserChangesSchema(only=("roles",)))
        users.set_roles(user_id, changes["roles"], now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(gettext("The roles are saved."))
        return redirect(url_for("users.show_user", user_id=user_id))
    return _render_user(users.get_user(user_id), form), 422


@bp.post("/<int:user_id>/scope")
@require_permission("users:write")
def set_scope(user_id: int) -> Answer:
    """Say whose donors a user sees."""
    form = Form(request.form)
    with form.start_saving():
        row_scope: RowScope | None = form.load_fields(ScopeSchema())["row_scope"]
        users.set_row_scope(user_id, row_scope, now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(gettext("Saved."))
        return redirect(url_for("users.show_user", user_id=user_id))
    user = users.get_user(user_id)
    form.start = {"roles": [role.name for role in user.roles]}
    return _render_user(user, form), 422


@bp.post("/<int:user_id>/active")
@require_permission("users:write")
def set_active(user_id: int) -> Answer:
    """Let a user in no more, or again."""
    form = Form(request.form)
    answer = form.read_choice("active", ("yes", "no"))
    with form.start_saving() as saving:
        saving.refuse_errors()
        act = users.activate_user if answer == "yes" else users.deactivate_user
        act(user_id, now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(gettext("Saved."))
        return redirect(url_for("users.show_user", user_id=user_id))
    user = users.get_user(user_id)
    form.texts = None
    form.start = {"roles": [role.name for role in user.roles]}
    return _render_user(user, form), 422


@bp.post("/<int:user_id>/password")
@require_permission("users:write")
def reset_password(user_id: int) -> Answer:
    """Make a new password, shown this once; every session of the user ends."""
    password = users.make_one_time_password()
    user = users.set_password(user_id, password, now=clock.now(), actor=get_principal().actor)
    commit()
    return render_template("access/secret.html", secret=password, user=user, kind="password")


def _render_user(user: User, form: Form) -> str:
    return render_template("access/user.html", user=user, form=form)
