"""What every page stands in: sign-in, language, navigation, security headers, error pages.

Sign-in, sessions and password hashing are Flask-Security's. Each view declares with
:func:`needs` which permissions it takes; one that declares none is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple, TypeVar, cast
from urllib.parse import urlencode

from babel.dates import format_date
from flask import Flask, Response, current_app, flash, g, redirect, render_template, request, session, url_for
from flask_babel import Babel, get_locale, gettext, lazy_gettext
from flask_login import current_user, user_logged_in, user_logged_out
from flask_security.core import Security
from flask_wtf.csrf import CSRFProtect
from markupsafe import Markup
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response as WerkzeugResponse

from donorhub import clock
from donorhub.config import Settings
from donorhub.db import MAX_ID, db, set_reading
from donorhub.domain.access.permissions import PERMISSIONS, Principal
from donorhub.jobs.queue.dispatch import dispatch_tasks
from donorhub.models import Role, User
from donorhub.models.states import LANGS, Lang, find_word
from donorhub.money import OFFERED_CURRENCIES, Money
from donorhub.services.access import organisation, users
from donorhub.web import icons, page_hooks, refusals, showing, sign_in_limit, signed_in
from donorhub.web.addresses import build_address
from donorhub.web.sign_in_form import SignInForm
from donorhub.web.words import prepared
from receipts.figures import write_account, write_amount

OWN_WORDS: Final = {"en": "English", "pl": "Polski", "sq": "Shqip"}
PUBLIC: Final = ("static", "security.", "public.", "health")
HEADERS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"),
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
)
_OUR_PATH: Final = re.compile(r"/(?![/\\])[^\x00-\x1f\\]*")
View = TypeVar("View", bound=Callable[..., object])
csrf = CSRFProtect()


class Link(NamedTuple):
    """An entry of the navigation, shown to those who may use it and marked on the pages of its blueprints."""

    endpoint: str
    label: object
    permission: str
    icon: str
    also: tuple[str, ...] = ()

    @property
    def blueprints(self) -> tuple[str, ...]:
        return self.endpoint.partition(".")[0], *self.also


NAVIGATION: Final = (
    Link("dashboard.show_dashboard", lazy_gettext("Dashboard"), "tasks:read", "home"),
    Link("donors.list_donors", lazy_gettext("Donors"), "donors:read", "users"),
    Link("gifts.list_gifts", lazy_gettext("Gifts"), "gifts:read", "coin"),
    Link("recurring.list_recurring_gifts", lazy_gettext("Recurring gifts"), "recurring:read", "repeat"),
    Link("bank.show_bank", lazy_gettext("Bank statements"), "imports:read", "building-bank"),
    Link("tasks.list_tasks", lazy_gettext("Tasks"), "tasks:read", "checklist"),
    Link("receipts.list_receipts", lazy_gettext("Receipts"), "receipts:read", "receipt"),
    Link("messages.list_messages", lazy_gettext("Messages"), "messages:read", "mail"),
    Link("errors.show_error_inbox", lazy_gettext("Error inbox"), "providers:read", "alert-triangle"),
    Link(
        "settings.show_settings",
        lazy_gettext("Settings"),
        "tasks:read",
        "settings",
        ("account", "funds", "organisation", "users", "tokens", "webhooks"),
    ),
)


def register(app: Flask) -> None:
    app.static_folder = "web/static"
    app.template_folder = "web/templates"
    app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=app.send_static_file)
    app.config.update(_settings(app.extensions["donorhub.settings"]))
    app.url_map.converters["int"] = RowId  # the rules that the API has added keep werkzeug's
    app.session_interface = page_hooks.PageSessions()
    Babel(app, locale_selector=_lang, timezone_selector=_time_zone)
    with page_hooks.for_pages_only(app):
        csrf.init_app(app)
        Security(app, signed_in.Staff(db.session, User, Role), login_form=SignInForm)
        app.before_request(csrf.protect)
        app.before_request(_admit)
        sign_in_limit.register(app)
    app.after_request(_headers)
    app.context_processor(_words_of_every_page)
    app.jinja_env.filters.update(
        money=show_money, day=show_day, moment=show_moment, local_day=show_local_day, iban=write_account
    )
    app.jinja_env.globals.update(
        offered_currencies=OFFERED_CURRENCIES,
        icon=icons.draw_icon,
        same_page=same_page,
        url_for=build_address,
        chip=prepared.write_chip,
    )
    showing.register(app, show_money, show_day, date_locale)
    app.extensions["donorhub.style_version"] = _style_version()
    refusals.register(app)
    user_logged_in.connect(signed_in.start_session, app)
    user_logged_out.connect(signed_in.end_session, app)


def _settings(settings: Settings) -> dict[str, object]:
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


def needs(*permissions: str) -> Callable[[View], View]:
    """Declare the permissions that a page takes, all of them; somebody without is told so."""
    for permission in permissions:
        if permission not in PERMISSIONS:
            raise ValueError(f"{permission} is no permission")

    def mark(view: View) -> View:
        view._needs = permissions  # type: ignore[attr-defined]
        return view

    return mark


def principal() -> Principal:
    """Who is signed in; only inside a page that declares what it needs."""
    known: Principal = g.principal
    return known


def own_list() -> int | None:
    """The user whose own list the rows are narrowed to, or None for all rows."""
    return principal().id if principal().row_scope == "own" else None


def _admit() -> WerkzeugResponse | str | tuple[str, int] | None:
    if request.endpoint is None or request.endpoint.startswith(PUBLIC):
        return None
    if not current_user.is_authenticated:
        return redirect(url_for("security.login", next=request.full_path.rstrip("?")))
    signed_in.note_seen(g.signed_in)
    g.principal = users.make_principal(cast(User, current_user._get_current_object()))
    permissions = getattr(current_app.view_functions[request.endpoint], "_needs", ())
    if not permissions or not all(g.principal.has_permission(permission) for permission in permissions):
        signed_in.note_refusal(g.principal.id, request.endpoint)
        return render_template(
            "error.html",
            title=gettext("Not allowed"),
            text=gettext("Your role does not include this page. Ask an administrator."),
        ), 403
    return None


def _lang() -> str:
    wanted = request.args.get("lang") or session.get("lang")
    if wanted in LANGS:
        session["lang"] = wanted
        return str(wanted)
    if current_user and current_user.is_authenticated:
        return str(current_user.lang)
    return request.accept_languages.best_match(LANGS) or "en"


def _time_zone() -> str:
    return our_time_zone()


def our_time_zone() -> str:
    """The organisation's time zone, looked up once a request."""
    return organisation.get_zone().key


def today() -> date:
    """The day it is for the organisation."""
    return organisation.get_day(clock.now())


def lang() -> Lang:
    """The language of this page."""
    locale = get_locale()
    return find_word(locale.language if locale else "en", LANGS) or "en"


def show_money(money: Money) -> str:
    """An amount as the reader's language writes it."""
    return write_amount(money, lang())


def commit() -> None:
    """Keep what this request did, and tell the workers; from here on it only reads.

    SQLite's one write lock is so taken once a request: what a page says of what was kept needs it no more.
    """
    get_locale()  # it is kept for the request: afterwards it would read anew who is signed in
    db.session.commit()
    set_reading(True)
    dispatch_tasks()


def same_page(**changes: object) -> str:
    """The address of this page with other arguments in its query; None takes one out."""
    known: dict[str, object] = {**request.args.to_dict(flat=False), **changes}
    query = {name: value for name, value in known.items() if value is not None}
    return f"{request.path}?{urlencode(query, doseq=True)}" if query else request.path


def show_day(day: date) -> str:
    return _written_day(day, date_locale())


@lru_cache(maxsize=4096)  # a list names the same days again and again
def _written_day(day: date, locale: str) -> str:
    return format_date(day, "medium", locale=locale)


def date_locale() -> str:
    """Whose way of writing dates: English is written as in Europe, the day first."""
    return "en_GB" if lang() == "en" else lang()


def show_moment(moment: datetime) -> str:
    """Day and time without seconds, in the organisation's time zone."""
    local = moment.astimezone(organisation.get_zone())
    return f"{show_day(organisation.get_day(moment))}, {local:%H:%M}"


def show_local_day(moment: datetime) -> str:
    """The day of an instant in the organisation's time zone."""
    return show_day(organisation.get_day(moment))


def _words_of_every_page() -> dict[str, object]:
    who = g.get("principal")
    links = [
        link
        for link in NAVIGATION
        if who and who.has_permission(link.permission) and link.endpoint in current_app.view_functions
    ]
    settings: Settings = current_app.extensions["donorhub.settings"]
    return {
        "navigation": links,
        "who": who,
        "lang": lang(),
        "langs": OWN_WORDS,
        "is_demo": settings.mode == "demo",
        "may": (who.has_permission if who else lambda _permission: False),
        "style_version": current_app.extensions["donorhub.style_version"],
        "words": prepared.labels_in(lang()),
        "_": prepared.translator_in(lang()),
        "onward": onward(),
    }


def onward() -> str:
    """Where a sign-in leads: a path of ours that the request names, else nowhere in particular."""
    wanted = request.values.get("next", "")
    return wanted if _OUR_PATH.fullmatch(wanted) else ""


def _style_version() -> str:
    """Changes with the style sheet, so that no browser keeps an old one."""
    sheet = Path(__file__).with_name("static") / "donorhub.css"
    return hashlib.sha256(sheet.read_bytes()).hexdigest()[:8]


def _headers(response: Response) -> Response:
    """Add what protects an answer, where its view has not said it otherwise."""
    headers = response.headers
    known = {name.lower() for name, _ in headers}
    for name, value in HEADERS:
        if name.lower() not in known:
            headers.add(name, value)
    if request.is_secure and "strict-transport-security" not in known:
        headers.add("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint != "static" and "cache-control" not in known:
        headers.add("Cache-Control", "no-store")
    return response


def say(text: str, kind: str = "ok") -> None:
    """Show a sentence on the next page: ``ok``, ``warn`` or ``no``."""
    flash(Markup.escape(text), kind)
