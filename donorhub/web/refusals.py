"""What a page answers when something is refused: nothing was changed, and a sentence says why."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask, current_app, render_template, request
from flask_babel import gettext
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException, SecurityError

from donorhub import logs
from donorhub.db import db, set_reading
from donorhub.errors import Busy, Conflict, DonorHubError
from donorhub.web.words import refusals

STATUS: Final = {"not_found": 404, "forbidden": 403, "conflict": 409, "busy": 503, "misconfigured": 500}


def register(app: Flask) -> None:
    """Answer errors on pages with pages; the API's own answers stay as they are."""
    for kind in (DonorHubError, HTTPException, IntegrityError, OperationalError):
        _answer_pages(app, kind)


def is_page() -> bool:
    """Return whether the request is for a page, and not for the API or from a provider."""
    return is_path_of_page(request.path)


def is_path_of_page(path: str) -> bool:
    """Return whether an address is that of a page."""
    return not path.startswith(("/api/", "/webhooks/"))


def _answer_pages(app: Flask, kind: type[Exception]) -> None:
    """Answer an error on a page with a page; on the API, what was registered for it before answers."""
    before = app.error_handler_spec[None][None].get(kind)

    def answer_page(error: Exception) -> Any:
        if not is_page():
            return before(error) if before else error
        db.session.rollback()
        set_reading(True)  # the page that says why writes nothing
        return _answer_http(error) if isinstance(error, HTTPException) else _answer_error(error)

    app.register_error_handler(kind, answer_page)


def _answer_error(error: Exception) -> object:
    """Answer an error of ours or of the database with a page: nothing was changed, and it says why."""
    if not isinstance(error, DonorHubError):
        logs.report(error, event="database_refused", endpoint=request.endpoint or "")
    if isinstance(error, IntegrityError):
        error = Conflict("this was changed at the same moment by somebody else", code="same_moment")
    if isinstance(error, OperationalError) or not isinstance(error, DonorHubError):
        error = Busy("the database is busy: nothing was changed")
    title = gettext("There is no such page") if error.code == "not_found" else gettext("This cannot be done")
    page = render_template("error.html", title=title, text=refusals.write_refusal(error))
    return page, STATUS.get(error.code, 422)


def _answer_http(error: HTTPException) -> object:
    if isinstance(error, SecurityError):  # a name that is not ours: no page of ours can be linked from it
        return error
    texts = {
        400: (gettext("This form is out of date"), gettext("Please load the page anew and send it again.")),
        404: (gettext("There is no such page"), gettext("Perhaps the address is not complete.")),
        413: (gettext("This is too large"), gettext("Please choose a smaller file.")),
        429: (gettext("Too many attempts"), gettext("Please wait a minute, then try again.")),
    }
    title, text = texts.get(error.code or 500, (gettext("This did not work"), gettext("Nothing was saved.")))
    response = current_app.make_response(
        (render_template("error.html", title=title, text=text), error.code or 500)
    )
    for name, value in error.get_headers():  # Allow, Retry-After
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response
