"""Where payment providers post: verified over the raw bytes, stored, committed, answered. Nothing else.

A message that is not from the provider leaves nothing behind but a count. Whatever is
wrong with a signed message (unknown type, account or mode) is still answered 2xx and
looked at later: an error answer would only make the provider repeat it.
"""

from __future__ import annotations

import time
from threading import Lock

from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import DBAPIError
from structlog import get_logger

import webhooks
from donorhub import clock
from donorhub.api.http import problem
from donorhub.db import db, read_only
from donorhub.errors import Busy, NotFound
from donorhub.jobs.queue.dispatch import ring_inbox
from donorhub.jobs.queue.inbox_writer import InboxWriter
from donorhub.services.providers import endpoints, inbox
from donorhub.services.providers.endpoints import Opened
from webhooks.fact import BadBody, BadSignature

log = get_logger(__name__)
bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")
MAX_BODY = 1024 * 1024
CACHE_S = 5.0
_opened: dict[tuple[str, str], tuple[float, Opened]] = {}
_lock = Lock()


@bp.post("/<provider>/<slug>")
def receive(provider: str, slug: str) -> Response:
    """Take in one message of a provider."""
    too_odd = _refuse_odd()
    if too_odd is not None:
        return too_odd
    try:
        endpoint = _endpoint(provider, slug)
    except NotFound:
        return problem(404, "not_found", "nothing listens here")
    adapter = webhooks.provider(endpoint.provider)
    raw, now = request.get_data(cache=False), clock.now()
    try:
        adapter.verify(
            raw, dict(request.headers), endpoint.seen_by_adapter, endpoint.secrets, int(now.timestamp())
        )
    except BadSignature as e:
        _count_bad_signature(endpoint)
        return problem(adapter.bad_signature_status, "bad_signature", str(e))
    try:
        found = adapter.split(raw, dict(request.headers), endpoint.seen_by_adapter)
    except BadBody as e:
        return problem(400, "bad_request", str(e), errors=[_at_the_body(str(e))])
    rows = [inbox.columns(endpoint.id, endpoint.provider, event, now=now, source="http") for event in found]
    try:
        _writer().store(rows)
    except (DBAPIError, Busy) as e:  # away, locked, full, or turned read-only
        log.warning("inbox_cannot_store", error=type(e).__name__)
        answer = problem(503, "busy", "the message could not be kept: send it again")
        answer.headers["Retry-After"] = "30"
        return answer
    ring_inbox()
    status, body, content_type = adapter.ack(len(rows))
    return Response(body, status=status, content_type=content_type)


def _refuse_odd() -> Response | None:
    """Bodies that no provider sends: packed, endless or too large. Nothing of them is read."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        return problem(415, "unsupported_media_type", "send the body unpacked, without Content-Encoding")
    if request.content_length is None:
        return problem(411, "length_required", "send a Content-Length")
    if request.content_length > MAX_BODY:
        return problem(413, "too_large", f"a message has at most {MAX_BODY // 1024} KiB")
    return None


def _count_bad_signature(endpoint: Opened) -> None:
    db.session.rollback()
    endpoints.count_bad_signature(endpoint.id)
    db.session.commit()


def _at_the_body(said: str) -> dict[str, str]:
    return {"pointer": "/", "detail": said, "code": "bad_request"}


def _endpoint(provider: str, slug: str) -> Opened:
    """The endpoint, kept for a few seconds: opening it decrypts its secrets."""
    key = (provider, slug)
    held = _opened.get(key)
    if held is not None and time.monotonic() - held[0] < CACHE_S:
        return held[1]
    with read_only():
        db.session.rollback()
        found = endpoints.open_endpoint(provider, slug, now=clock.now())
        db.session.rollback()
    with _lock:
        _opened[key] = (time.monotonic(), found)
    return found


def forget_endpoints() -> None:
    """Read endpoints anew at the next message; for tests and after a change in this process."""
    with _lock:
        _opened.clear()


def _writer() -> InboxWriter:
    writer: InboxWriter = current_app.extensions["donorhub.inbox_writer"]
    return writer
