"""The application: the only module that imports all rooms."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from types import TracebackType

from flask import Flask, request
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import Rule

from donorhub import api, clock, config, jobs, logs, vault, web
from donorhub.config import Settings
from donorhub.db import db, set_reading, set_up_engine
from donorhub.errors import DonorHubError
from donorhub.services.access import instance, place
from donorhub.services.bank import erased_entries
from donorhub.services.bank.matching import erased_payers
from donorhub.services.donors import erased_answers, erasure, stage_upkeep
from donorhub.services.giving import new_gifts
from donorhub.services.messages import erased_messages, united_consents
from donorhub.services.moving import erased_files
from donorhub.services.providers import erased_objects
from donorhub.services.receipts import sealed_receipts
from donorhub.services.recurring import erased_promises

# What each area does about a donor who is erased, before the rows go by which it finds them.
ERASING_STEPS = (
    erased_promises.end_promises,
    erased_messages.stop_messages,
    sealed_receipts.seal_receipts,
    erased_objects.redact_objects,
    erased_entries.empty_entries,
    erased_entries.blank_file_texts,
    erased_payers.erase_payers,
    erased_files.empty_record_rows,
    erased_files.delete_downloads,
    erased_answers.blank_answers,
)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)  # of sys.exc_info


class LateRule(Rule):
    """A route that compiles what writes its addresses with the first of them: most processes write few."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        name = "_build_unknown" if append_unknown else "_build"
        compile_builder = super()._compile_builder

        def build_first(rule: Rule, /, **values: object) -> tuple[str, str]:
            build: Callable[..., tuple[str, str]] = compile_builder(append_unknown).__get__(rule, None)
            setattr(rule, name, build)
            return build(**values)

        return build_first


class DonorHub(Flask):
    """Flask that logs errors without their text, and looks for no coroutines among hooks and views."""

    url_rule_class = LateRule

    def ensure_sync(self, func: Callable[..., object]) -> Callable[..., object]:
        """Return the function as it is: Flask would ask at each call whether it is a coroutine."""
        return func

    def log_exception(self, exc_info: ExceptionInfo) -> None:
        """Report the error of a request by its kind and frames; Flask's own log would quote its text."""
        if exc_info[1] is not None:
            logs.report(exc_info[1], event="request_failed", endpoint=request.endpoint or "")


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application, made from its settings or those of the environment.

    It starts no worker and reads no data.
    """
    settings = settings or config.load_settings()
    vault.use_key(settings.field_key)
    clock.use_clock(clock.parse_clock(settings.clock))
    stage_upkeep.use_clock(clock.now)
    erasure.use_steps(ERASING_STEPS)
    united_consents.register()
    new_gifts.set_thank_delay(timedelta(seconds=settings.settle_s))
    instance.use_place(partial(place.read_place, settings.public_url))
    app = DonorHub("donorhub", static_folder=None)
    app.config.update(_make_flask_config(settings))
    app.extensions["donorhub.settings"] = settings
    if settings.uses_sqlite:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    db.init_app(app)
    with app.app_context():
        set_up_engine(db.engine)
    app.before_request(_set_reading)
    jobs.register(app)
    api.register(app)
    logs.use_request_ids(api.http.find_request_id)
    for refusal in (DonorHubError, IntegrityError, OperationalError):
        app.register_error_handler(refusal, api.http.answer_error)  # pages answer theirs themselves
    web.register(app)
    if settings.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=settings.proxies
        )
    return app


def _set_reading() -> None:
    set_reading(request.method in SAFE_METHODS)


def _make_flask_config(settings: Settings) -> dict[str, object]:
    is_https = settings.public_url.startswith("https:")
    return {
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": _make_engine_options(settings),
        "MAX_CONTENT_LENGTH": settings.upload_limit_mb * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 256 * 1024,
        "MAX_FORM_PARTS": 1000,
        "TRUSTED_HOSTS": list(settings.trusted_hosts) or None,
        "SESSION_COOKIE_NAME": "__Host-donorhub" if is_https else "donorhub",
        "SESSION_COOKIE_SECURE": is_https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "TESTING": settings.mode == "test",
    }


def _make_engine_options(settings: Settings) -> dict[str, object]:
    if settings.uses_sqlite:
        # The connection used last comes first: it has its statements compiled and its pages read.
        return {"pool_size": 64, "max_overflow": 64, "pool_use_lifo": True}
    limits = "-c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000"
    # To compile a plan takes longer than a page may: none of ours reads enough rows to earn it back.
    options = f"{limits} -c jit=off"
    return {"pool_size": settings.threads + 2, "pool_pre_ping": True, "connect_args": {"options": options}}


# What is imported stays: no full collection of garbage walks its hundred thousands of objects again.
gc.freeze()
