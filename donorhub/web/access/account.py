"""The reader's own account: language, keys and password."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import login_user
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.models import User
from donorhub.schemas.access import NewPassword, PasswordSchema
from donorhub.services.access import users
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import labels

bp = Blueprint("account", __name__, url_prefix="/account")
Answer = Response | str | tuple[str, int]


@bp.get("")
@require_permission("tasks:read")
def show_account() -> str:
    """Show language, keys and password."""
    return _render_account(Form(start={"lang": users.get_user(get_principal().id).lang}))


@bp.post("/language")
@require_permission("tasks:read")
def set_language() -> Answer:
    """Set the language of pages and of messages to this user."""
    form = Form(request.form)
    lang = form.read_choice("lang", labels.LANGS)
    with form.start_saving() as saving:
        saving.refuse_errors()
        users.set_lang(get_principal().id, lang)
        commit()
        session["lang"] = lang
        tell_reader(gettext("Saved."))
        return redirect(url_for("account.show_account"))
    return _render_account(form), 422


@bp.post("/keys")
@require_permission("tasks:read")
def set_keys() -> Answer:
    """Set whether single letters are keys on this user's pages."""
    users.set_keys(get_principal().id, Form(request.form).is_ticked("uses_keys"))
    commit()
    tell_reader(gettext("Saved."))
    return redirect(url_for("account.show_account"))


@bp.post("/password")
@require_permission("tasks:read")
def set_password() -> Answer:
    """Set another password; all other sessions of the user end."""
    form = Form(request.form)
    user = users.get_user(get_principal().id)
    if not _is_password_right(user, form.get_value("old")):
        form.add_error("old", gettext("This is not your password."))
    if form.get_value("password") != form.get_value("again"):
        form.add_error("again", gettext("The two are not the same."))
    with form.start_saving():
        new: NewPassword = form.load_fields(PasswordSchema())
        users.set_password(user.id, new["password"], now=clock.now(), actor=get_principal().actor)
        login_user(user)  # a session of its own, since all that there were are over
        commit()
        tell_reader(gettext("The password is changed. Elsewhere you have to sign in again."))
        return redirect(url_for("account.show_account"))
    return _render_account(form), 422


def _is_password_right(user: User, password: str) -> bool:
    try:
        return PasswordHasher().verify(user.password, password)
    except (VerifyMismatchError, InvalidHashError):  # the second: an account without a password
        return False


def _render_account(form: Form) -> str:
    user = users.get_user(get_principal().id)
    keys_form = Form(start={"uses_keys": "1" if user.uses_keys else ""})
    return render_template("access/account.html", form=form, keys_form=keys_form, address=user.email)
