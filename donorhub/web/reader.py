"""For whom a page is written: the reader's language and the organisation's day."""

from __future__ import annotations

from datetime import date

from flask import request, session
from flask_babel import get_locale
from flask_login import current_user

from donorhub import clock
from donorhub.models.states import LANGS, Lang, find_word
from donorhub.services.access import organisation


def choose_lang() -> str:
    """Return the language that the request names, else the one of who is signed in, else the browser's."""
    lang = request.args.get("lang") or session.get("lang")
    if lang in LANGS:
        session["lang"] = lang
        return str(lang)
    if current_user and current_user.is_authenticated:
        return str(current_user.lang)
    return request.accept_languages.best_match(LANGS) or "en"


def get_time_zone() -> str:
    """Return the organisation's time zone, looked up once a request."""
    return organisation.get_zone().key


def get_today() -> date:
    """Return the day it is for the organisation."""
    return organisation.get_day(clock.now())


def get_lang() -> Lang:
    """Return the language of this page."""
    locale = get_locale()
    return find_word(locale.language if locale else "en", LANGS) or "en"


def get_date_locale() -> str:
    """Return whose way of writing dates this page uses."""
    return find_date_locale(get_lang())


def find_date_locale(lang: Lang) -> str:
    """Return whose way of writing dates a language uses: English as in Europe, the day first."""
    return "en_GB" if lang == "en" else lang
