"""Who is let in to which page: each view declares the permissions that it takes, or is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar, cast

from flask import current_app, g, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user
from werkzeug.wrappers import Response

from donorhub.domain.access.permissions import PERMISSIONS, Principal
from donorhub.models import User
from donorhub.services.access import row_scope, users
from donorhub.web import signed_in

PUBLIC: Final = ("static", "security.", "public.", "health")
View = TypeVar("View", bound=Callable[..., object])


def require_permission(*permissions: str) -> Callable[[View], View]:
    """Declare the permissions that a page takes, all of them; somebody without is told so."""
    for permission in permissions:
        if permission not in PERMISSIONS:
            raise ValueError(f"{permission} is no permission")

    def mark_view(view: View) -> View:
        view._needs = permissions  # type: ignore[attr-defined]
        return view

    return mark_view


def get_principal() -> Principal:
    """Return who is signed in; only inside a page that declares what it needs."""
    principal: Principal = g.principal
    return principal


def get_own_list() -> int | None:
    """Return the user whose own list the rows are narrowed to, or None for all rows."""
    return get_principal().id if get_principal().row_scope == "own" else None


def admit_reader() -> Response | str | tuple[str, int] | None:
    """Answer who may not see the page that is asked for; return None where the view may go on."""
    if request.endpoint is None or request.endpoint.startswith(PUBLIC):
        return None
    if not current_user.is_authenticated:
        return redirect(url_for("security.login", next=request.full_path.rstrip("?")))
    signed_in.note_seen(g.signed_in)
    g.principal = users.make_principal(cast(User, current_user._get_current_object()))
    row_scope.see_donors_of(g.principal.owner_ids)
    permissions = getattr(current_app.view_functions[request.endpoint], "_needs", ())
    if not permissions or not all(g.principal.has_permission(permission) for permission in permissions):
        signed_in.note_refusal(g.principal.id, request.endpoint)
        return render_template(
            "error.html",
            title=gettext("Not allowed"),
            text=gettext("Your role does not include this page. Ask an administrator."),
        ), 403
    return None
