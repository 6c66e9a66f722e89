"""Where payment providers post: verified over the raw bytes, stored, committed, answered. Nothing else.

It stands before Flask: a message needs no session, language, sign-in or form, and sixteen connections
that post at once would pay for them again and again. A message that is not from the provider leaves
nothing behind but a count. Whatever is wrong with a signed message (unknown type, account or mode) is
still answered 2xx and looked at later: an error answer would only make the provider repeat it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flask import Flask
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import SecurityError
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wsgi import get_content_length, get_host

import webhooks
from donorhub import clock, logs
from donorhub.api.http import PROBLEM, choose_request_id, make_problem_body
from donorhub.db import db, read_only, set_reading
from donorhub.errors import Busy, NotFound
from donorhub.jobs.queue.dispatch import INBOX, Bell
from donorhub.jobs.queue.inbox_writer import InboxWriter
from donorhub.services.providers import endpoints, inbox
from donorhub.services.providers.endpoints import OpenEndpoint
from webhooks.fact import BadBody, BadSignature

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PREFIX: Final = "/webhooks/"
MAX_BODY: Final = 1024 * 1024
CACHE_S: Final = 5.0
_ADDRESS: Final = re.compile(r"/webhooks/([A-Za-z0-9_-]+)/([A-Za-z0-9_-]+)")
_HEADERS: Final = (("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store"))
_LINES: Final = {status: f"{status} {name}" for status, name in HTTP_STATUS_CODES.items()}
_cache: dict[tuple[str, str], tuple[float, OpenEndpoint]] = {}
_lock = Lock()


class Answer(NamedTuple):
    """What is sent back for one message, whoever says it: the adapter, or we in refusing it."""

    status: int
    body: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()


def register(app: Flask) -> None:
    """Let the application answer providers before anything of Flask runs."""
    app.wsgi_app = Door(app, app.wsgi_app)  # type: ignore[method-assign]


class Door:
    """The WSGI application that answers what is posted by providers, and hands on all else."""

    def __init__(self, app: Flask, inner: WSGIApplication) -> None:
        self._app, self._inner = app, inner
        self._writer: InboxWriter = app.extensions["donorhub.inbox_writer"]
        self._bell: Bell = app.extensions["donorhub.bell"]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        address = _ADDRESS.fullmatch(path) if path.startswith(PREFIX) else None
        if address is None:
            return self._inner(environ, start_response)
        request_id = choose_request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        try:
            answer = self._take_message(environ, request_id, *address.groups())
        except Exception as e:  # nobody foresaw it: logged and answered as any other error
            with self._app.request_context(environ):
                return self._app.handle_exception(e)(environ, start_response)
        headers = [("Content-Type", answer.content_type), ("Content-Length", str(len(answer.body)))]
        headers += (*_HEADERS, ("X-Request-Id", request_id), *answer.headers)
        if environ.get("wsgi.url_scheme") == "https":
            headers.append(("Strict-Transport-Security", "max-age=31536000"))
        start_response(_LINES[answer.status], headers)
        return [answer.body]

    def _take_message(self, environ: WSGIEnvironment, request_id: str, provider: str, slug: str) -> Answer:
        """Store the events of one message and return the provider's answer, or what refuses it.

        Nothing is stored of a message that is refused; the same message again adds a delivery and no event.
        """
        refusal = self._refuse_odd(environ, request_id)
        if refusal is not None:
            return refusal
        set_reading(False)
        try:
            endpoint = self._open_endpoint(provider, slug)
        except NotFound:
            return _make_problem(404, "not_found", "nothing listens here", request_id)
        adapter = webhooks.get_provider(endpoint.provider)
        raw = environ["wsgi.input"].read(get_content_length(environ))
        headers, now = _read_headers(environ), clock.now()
        try:
            adapter.verify_message(
                raw, headers, endpoint.seen_by_adapter, endpoint.secrets, int(now.timestamp())
            )
        except BadSignature as e:
            self._count_bad_signature(endpoint)
            return _make_problem(adapter.bad_signature_status, "bad_signature", str(e), request_id)
        try:
            events = adapter.split_message(raw, headers, endpoint.seen_by_adapter)
        except BadBody as e:
            fault = {"pointer": "/", "detail": str(e), "code": "bad_request"}
            return _make_problem(400, "bad_request", str(e), request_id, errors=[fault])
        rows = [
            inbox.make_event_row(endpoint.id, endpoint.provider, event, now=now, source="http")
            for event in events
        ]
        try:
            self._writer.store_rows(rows)
        except (DBAPIError, Busy) as e:  # away, locked, full, or turned read-only
            logs.report(e, event="inbox_cannot_store", endpoint_id=endpoint.id)
            answer = _make_problem(503, "busy", "the message could not be kept: send it again", request_id)
            return answer._replace(headers=(("Retry-After", "30"),))
        self._bell.call_workers((INBOX,))
        return Answer(*adapter.make_answer(len(rows)))

    def _refuse_odd(self, environ: WSGIEnvironment, request_id: str) -> Answer | None:
        """Return the refusal of a request that no provider sends: from another host, or with a body that
        is packed, endless or too large; nothing of it is read. None for any other."""
        hosts = self._app.config["TRUSTED_HOSTS"]
        if hosts:
            try:
                get_host(environ, hosts)
            except SecurityError:
                return _make_problem(400, "bad_request", "the host is not one of ours", request_id)
        if environ["REQUEST_METHOD"] != "POST":
            answer = _make_problem(405, "method_not_allowed", "providers post here", request_id)
            return answer._replace(headers=(("Allow", "POST"),))
        if environ.get("HTTP_CONTENT_ENCODING", "identity") != "identity":
            detail = "send the body unpacked, without Content-Encoding"
            return _make_problem(415, "unsupported_media_type", detail, request_id)
        length = get_content_length(environ)
        if length is None:
            return _make_problem(411, "length_required", "send a Content-Length", request_id)
        if length > MAX_BODY:
            return _make_problem(
                413, "too_large", f"a message has at most {MAX_BODY // 1024} KiB", request_id
            )
        return None

    def _count_bad_signature(self, endpoint: OpenEndpoint) -> None:
        with self._app.app_context():
            endpoints.count_bad_signature(endpoint.id)
            db.session.commit()

    def _open_endpoint(self, provider: str, slug: str) -> OpenEndpoint:
        """Return the endpoint, kept for a few seconds: opening it decrypts its secrets."""
        key = (provider, slug)
        cache_row = _cache.get(key)
        if cache_row is not None and time.monotonic() - cache_row[0] < CACHE_S:
            return cache_row[1]
        with self._app.app_context(), read_only():
            endpoint = endpoints.open_endpoint(provider, slug, now=clock.now())
        with _lock:
            _cache[key] = (time.monotonic(), endpoint)
        return endpoint


def forget_endpoints() -> None:
    """Forget all endpoints that are kept, so that the next message reads its own anew."""
    with _lock:
        _cache.clear()


def _read_headers(environ: WSGIEnvironment) -> dict[str, str]:
    """Return the headers of a request by their names on the wire, as adapters read them."""
    headers = {
        name[5:].replace("_", "-").title(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    return {"Content-Type": environ.get("CONTENT_TYPE", ""), **headers}


def _make_problem(
    status: int, code: str, detail: str, request_id: str, *, errors: list[dict[str, Any]] | None = None
) -> Answer:
    body = make_problem_body(status, code, detail, request_id=request_id, errors=errors)
    return Answer(status, json.dumps(body).encode(), PROBLEM)
