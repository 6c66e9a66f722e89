"""What a request may bring: its length, its type, and JSON that means one thing only.

Looked at before anything is read or any row is locked; what it says is the schemas' business.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final, TypeVar

from flask import Flask, Request, current_app, request
from marshmallow import EXCLUDE, RAISE, Schema
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import CombinedMultiDict

from donorhub.api.http import PREFIX, note_facts, refuse_request
from webhooks import strict_json
from webhooks.fact import BadBody

MAX_JSON: Final = 256 * 1024
JSON: Final = "application/json"
MULTIPART: Final = "multipart/form-data"
WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})

View = TypeVar("View", bound=Callable[..., object])


def register(app: Flask) -> None:
    app.before_request(_refuse_odd_body)
    app.before_request(_refuse_unknown_query)


def takes_upload(view: View) -> View:
    """Let a view take a multipart upload as large as the settings allow, instead of JSON."""
    view._takes_upload = True  # type: ignore[attr-defined]
    note_facts(view, takes_upload=True)
    return view


def _refuse_odd_body() -> None:
    """Answer 415 for another type or a packed body, 411 for one without length, 413 for one too large."""
    if not request.path.startswith(PREFIX) or request.endpoint is None or request.method not in WITH_BODY:
        return
    if request.headers.get("Content-Encoding", "identity") != "identity":
        refuse_request(415, "unsupported_media_type", "send the body unpacked, without Content-Encoding")
    if request.content_length is None and "Transfer-Encoding" in request.headers:
        refuse_request(411, "length_required", "send a Content-Length")
    is_upload = getattr(current_app.view_functions[request.endpoint], "_takes_upload", False)
    if not is_upload:
        request.max_content_length = MAX_JSON
        if (request.content_length or 0) > MAX_JSON:
            refuse_request(413, "too_large", f"a body has at most {MAX_JSON // 1024} KiB here")
    media_type = MULTIPART if is_upload else JSON
    if request.content_length and request.mimetype != media_type:
        refuse_request(415, "unsupported_media_type", f"send the body as {media_type}")


def _refuse_unknown_query() -> None:
    """Answer 422 for a query sent to an operation that takes none; where one is taken, its schema judges."""
    if not request.path.startswith(PREFIX) or request.endpoint is None or not request.args:
        return
    if not _takes_query(current_app.view_functions[request.endpoint]):
        name = next(iter(request.args)).replace("~", "~0").replace("/", "~1")
        refuse_request(422, "invalid", "this operation takes no query", pointer=f"/{name}")


@cache
def _takes_query(view: Callable[..., object]) -> bool:
    arguments = getattr(view, "_apidoc", {}).get("arguments", {})
    return any(parameter["in"] == "query" for parameter in arguments.get("parameters", ()))


class StrictParser(FlaskParser):
    """Reads JSON as webhooks are read: no key twice, no NaN, no depth; unknown fields are errors.

    The location ``upload`` is a multipart body: its files and fields together.
    """

    __location_map__: Final = {**FlaskParser.__location_map__, "upload": "load_upload"}  # type: ignore[misc]

    DEFAULT_UNKNOWN_BY_LOCATION: Final = {  # type: ignore[misc]
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
        "upload": RAISE,
        "headers": EXCLUDE,
    }

    def load_upload(self, req: Request, schema: Schema) -> object:
        return self._makeproxy(CombinedMultiDict([req.files, req.form]), schema)

    def load_json(self, req: Request, schema: Schema) -> object:
        raw = req.get_data(cache=True)
        if not raw:
            refuse_request(400, "bad_request", "the body is empty: send a JSON object", pointer="/")
        try:
            return strict_json.read_json(raw)
        except BadBody as e:
            refuse_request(400, "bad_request", str(e), pointer="/")
