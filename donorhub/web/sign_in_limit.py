"""How often somebody may try to sign in: from one address for one name, from one address, for one name.

The counts live in Redis where there is one, else in this process. A name is counted by
its digest, so that no address of a person is stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Final

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from donorhub.config import Settings

LIMIT: Final = "10 per minute"
ADDRESS_LIMIT: Final = "60 per 15 minutes"  # an office behind one address signs in at nine o'clock
NAME_LIMIT: Final = "50 per 15 minutes"  # however many addresses guess


def register(app: Flask) -> None:
    """Limit the sign-in of an application; in tests it stands by until a test switches it on."""
    settings: Settings = app.extensions["donorhub.settings"]
    limiter = Limiter(
        _make_key,
        app=app,
        storage_uri=settings.redis_url or "memory://",
        strategy="moving-window",
        enabled=True,
        swallow_errors=True,  # a Redis that is away must not keep everybody out
        headers_enabled=True,
    )
    limiter.enabled = settings.mode != "test"
    app.extensions["donorhub.limiter"] = limiter
    view: Callable[..., Any] = app.view_functions["security.login"]
    for limit, key in ((LIMIT, _make_key), (ADDRESS_LIMIT, get_remote_address), (NAME_LIMIT, _hash_name)):
        view = limiter.limit(limit, key_func=key, methods=["POST"])(view)
    app.view_functions["security.login"] = view


def _make_key() -> str:
    return f"{get_remote_address()}:{_hash_name()}"


def _hash_name() -> str:
    name = request.form.get("email", "").strip().lower()
    return hashlib.sha256(name.encode()).hexdigest()[:16]
