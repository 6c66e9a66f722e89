"""One write, one transaction, once: committing a view's work, with its answer where it has a key.

After draft-ietf-httpapi-idempotency-key-header-07. Only answers of success are kept: a
refusal changed nothing, so the same request may be tried again with the same key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

from flask import Response, request

from donorhub import clock
from donorhub.api.http import get_principal, note_facts, refuse_request
from donorhub.db import db, set_reading
from donorhub.jobs.queue.dispatch import dispatch_tasks
from donorhub.models import IdempotencyKey
from donorhub.services.access import idempotency

HEADER: Final = "Idempotency-Key"
KEPT_HEADERS: Final = ("Content-Type", "Location", "ETag")
_KEY: Final = re.compile(r"[!-~]{1,255}")
_SUCCESS: Final = range(200, 300)

View = TypeVar("View", bound=Callable[..., Any])


def commit_work(view: View) -> View:
    """Commit what the view did when it answers with success, then ring for the workers."""

    @wraps(view)
    def wrapper(*args: object, **kwargs: object) -> Response:
        return _finish_request(view(*args, **kwargs))

    wrapper._commits = True  # type: ignore[attr-defined]
    return wrapper  # type: ignore[return-value]


def do_once(view: View) -> View:
    """Commit as :func:`commit_work` does; a request that names a key is done once."""
    return _wrap_with_key(view, "optional")


def do_once_by_key(view: View) -> View:
    """Do as :func:`do_once`, but answer 400 without a key: doing it twice would be about money."""
    return _wrap_with_key(view, "required")


def _wrap_with_key(view: View, key_is: str) -> View:
    @wraps(view)
    def wrapper(*args: object, **kwargs: object) -> Response:
        key = read_key()
        if key is None:
            if key_is == "required":
                refuse_request(
                    400, "idempotency_key_missing", f"send an {HEADER}, a new one for each new thing"
                )
            return _finish_request(view(*args, **kwargs))
        row = idempotency.take_key(
            get_principal().actor, _name_route(), key, fingerprint=make_fingerprint(), now=clock.now()
        )
        if row.status:
            return _replay_answer(row)
        response: Response = view(*args, **kwargs)
        if response.status_code in _SUCCESS:
            headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
            idempotency.store_answer(
                row, status=response.status_code, headers=headers, body=response.get_data()
            )
        return _finish_request(response)

    wrapper._commits = True  # type: ignore[attr-defined]
    note_facts(wrapper, key=key_is)
    return wrapper  # type: ignore[return-value]


def read_key() -> str | None:
    """Return the key of this request, or None; answer 400 where it is none that we can keep."""
    key = request.headers.get(HEADER)
    if key is not None and not _KEY.fullmatch(key):
        refuse_request(400, "idempotency_key_invalid", f"an {HEADER} has 1 to 255 printable ASCII characters")
    return key


def make_fingerprint() -> str:
    """Return what makes two requests the same: method, path and body. Of an upload it is what the parts
    hold, since a client draws a new boundary line for each try."""
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    if request.mimetype == "multipart/form-data":
        for name, text in sorted(request.form.items(multi=True)):
            digest.update(f"{name}={text}\n".encode())
        for name, file in sorted(request.files.items(multi=True), key=lambda part: part[0]):
            digest.update(f"{name}:{file.filename}\n".encode() + hashlib.sha256(file.stream.read()).digest())
            file.stream.seek(0)
    else:
        digest.update(request.get_data(cache=True))
    return digest.hexdigest()


def _name_route() -> str:
    return f"{request.method} {request.url_rule}"


def _finish_request(response: Response) -> Response:
    if response.status_code not in _SUCCESS:
        db.session.rollback()
        return response
    db.session.commit()
    set_reading(True)  # whatever is still looked at takes no second write lock
    dispatch_tasks()
    return response


def _replay_answer(row: IdempotencyKey) -> Response:
    response = Response(row.body, status=row.status)
    response.headers.update(row.headers)
    response.headers["Idempotent-Replayed"] = "true"
    db.session.rollback()
    return response
