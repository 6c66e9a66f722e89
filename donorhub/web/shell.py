"""What every page stands in, put together: sign-in, language, navigation, headers, error pages.

Sign-in, sessions and password hashing are Flask-Security's.
"""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from flask import Flask, current_app, g, request
from flask_babel import Babel
from flask_login import user_logged_in, user_logged_out
from flask_security.core import Security
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.routing import IntegerConverter, Map

from donorhub.config import Settings
from donorhub.db import MAX_ID, db, is_reading
from donorhub.errors import Busy
from donorhub.models import Instance, Role, User
from donorhub.money import OFFERED_CURRENCIES
from donorhub.services.access import instance
from donorhub.web import icons, page_hooks, refusals, showing, sign_in_limit, signed_in
from donorhub.web.addresses import build_download_address, make_builder
from donorhub.web.admission import admit_reader
from donorhub.web.navigation import list_links
from donorhub.web.protection import add_headers
from donorhub.web.reader import choose_lang, get_lang, get_time_zone
from donorhub.web.sign_in_form import SignInForm
from donorhub.web.words import lists, prepared
from receipts.figures import write_account

OWN_WORDS: Final = {"en": "English", "pl": "Polski", "sq": "Shqip"}
_OUR_PATH: Final = re.compile(r"/(?![/\\])[^\x00-\x1f\\]*")
csrf = CSRFProtect()


def register(app: Flask) -> None:
    """Put the pages' surroundings into the application."""
    app.static_folder = "web/static"
    app.template_folder = "web/templates"
    app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=app.send_static_file)
    app.config.update(_make_settings(app.extensions["donorhub.settings"]))
    app.url_map.converters["int"] = RowId  # the rules that the API has added keep werkzeug's
    app.session_interface = page_hooks.PageSessions()
    Babel(app, locale_selector=choose_lang, timezone_selector=get_time_zone)
    with page_hooks.for_pages_only(app):
        csrf.init_app(app)
        Security(app, signed_in.Staff(db.session, User, Role), login_form=SignInForm)
        app.before_request(csrf.protect)
        app.before_request(admit_reader)
        sign_in_limit.register(app)
    app.after_request(add_headers)
    app.context_processor(_list_words_of_every_page)
    app.jinja_env.filters.update(iban=write_account)
    app.jinja_env.globals.update(
        offered_currencies=OFFERED_CURRENCIES,
        icon=icons.draw_icon,
        same_page=make_same_page_address,
        list_download=build_download_address,
        list_heads=lambda name: lists.list_heads(name, g.principal, get_lang()),
        chip=prepared.write_chip,
    )
    showing.register(app)
    app.extensions["donorhub.style_version"] = _compute_style_version()
    refusals.register(app)
    user_logged_in.connect(signed_in.start_session, app)
    user_logged_out.connect(signed_in.end_session, app)


def _make_settings(settings: Settings) -> dict[str, object]:
    return {
        "SEND_FILE_MAX_AGE_DEFAULT": 3600,
        "BABEL_TRANSLATION_DIRECTORIES": "web/translations",
        "WTF_CSRF_CHECK_DEFAULT": False,  # register() has all pages checked, before it is asked who reads
        "WTF_CSRF_TIME_LIMIT": None,
        "SECURITY_LOGIN_URL": "/sign-in",
        "SECURITY_LOGOUT_URL": "/sign-out",
        "SECURITY_LOGOUT_METHODS": ["POST"],
        "SECURITY_LOGIN_USER_TEMPLATE": "access/sign_in.html",
        "SECURITY_POST_LOGIN_VIEW": "/",
        "SECURITY_POST_LOGOUT_VIEW": "/sign-in",
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SINGLE_HASH": ["argon2"],
        "SECURITY_PASSWORD_SCHEMES": ["argon2"],
        "SECURITY_DEPRECATED_PASSWORD_SCHEMES": [],
        "SECURITY_RETURN_GENERIC_RESPONSES": True,
        "SECURITY_CACHE_CONTROL": None,  # it would write no-store=True, which no browser knows; _headers does
        "SECURITY_FRESHNESS": timedelta(seconds=-1),  # no page asks for the password again
        "SECURITY_REDIRECT_VALIDATE_MODE": ["absolute", "regex"],
        "SECURITY_EMAIL_VALIDATOR_ARGS": {"check_deliverability": False},
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_SECURE": settings.public_url.startswith("https:"),
    }


class RowId(IntegerConverter):
    """An id in an address: what no row can have leads nowhere, before a database that cannot hold it."""

    regex = f"[0-9]{{1,{len(str(MAX_ID))}}}"

    def __init__(self, map: Map) -> None:
        super().__init__(map, min=1, max=MAX_ID)


def make_same_page_address(**changes: object) -> str:
    """Return the address of this page with other arguments in its query; None takes one out."""
    arguments: dict[str, object] = {**request.args.to_dict(flat=False), **changes}
    query = {name: value for name, value in arguments.items() if value is not None}
    return f"{request.path}?{urlencode(query, doseq=True)}" if query else request.path


def _list_words_of_every_page() -> dict[str, object]:
    who = g.get("principal")
    settings: Settings = current_app.extensions["donorhub.settings"]
    lang = get_lang()
    return {
        "navigation": list_links(who, lang),
        "who": who,
        "lang": lang,
        showing.PAGE_LANG: lang,
        showing.PAGE_ZONE: g.signed_in.zone if "signed_in" in g else None,
        "langs": OWN_WORDS,
        "is_demo": settings.mode == "demo",
        "is_held": is_held,
        "uses_keys": g.get("uses_keys", True),
        "may": (who.has_permission if who else lambda _permission: False),
        "sees": (who.may_see_field if who else lambda _field: False),
        "style_version": current_app.extensions["donorhub.style_version"],
        "words": prepared.labels_in(lang),
        "_": prepared.translator_in(lang),
        "url_for": make_builder(request.script_root),
        "onward": find_way_onward(),
    }


def is_held() -> bool:
    """Return whether the page says that nothing leaves; to a stranger only one that is asked for."""
    if "signed_in" in g:
        return g.signed_in.hold is not None
    if not is_reading():
        return False
    try:
        row = db.session.get(Instance, 1)
        return row is not None and instance.find_hold(row) is not None
    except (SQLAlchemyError, Busy):  # the page that says so is shown without
        db.session.rollback()
        return False


def find_way_onward() -> str:
    """Return where a sign-in leads: a path of ours that the request names, else nowhere in particular."""
    path = request.values.get("next", "")
    return path if _OUR_PATH.fullmatch(path) else ""


def _compute_style_version() -> str:
    """Return what changes with style sheet and script of every page, so that no browser keeps old ones."""
    static = Path(__file__).with_name("static")
    files = [(static / name).read_bytes() for name in ("donorhub.css", "search.js", "waiting.js")]
    return hashlib.sha256(b"".join(files)).hexdigest()[:8]
