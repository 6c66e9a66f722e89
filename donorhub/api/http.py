"""House rules of the API: who asks, how errors are answered (RFC 9457), what OpenAPI says of it."""

from __future__ import annotations

import re
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from http import HTTPStatus
from threading import Lock
from typing import Any, Final, NoReturn, TypeVar

from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask, Response, current_app, g, has_request_context, json, request
from flask_smorest import Api
from marshmallow import Schema
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException, default_exceptions

from donorhub import clock, logs
from donorhub.api.schemas import ProblemSchema
from donorhub.db import db, is_reading, read_only
from donorhub.domain.access.permissions import PERMISSIONS, Principal
from donorhub.errors import (
    Busy,
    Conflict,
    DonorHubError,
    Forbidden,
    Misconfigured,
    NotFound,
    Rejected,
    Unauthenticated,
)
from donorhub.schemas.faults import list_faults
from donorhub.schemas.fields import Instant
from donorhub.services.access import row_scope, users

PREFIX: Final = "/api/v1"
PROBLEM: Final = "application/problem+json"
DOCS: Final = "https://donorhub.invalid/problems/"  # an identifier, not an address: RFC 9457, 3.1.1
STATUS: Final[dict[type[DonorHubError], int]] = {
    NotFound: 404,
    Conflict: 409,
    Rejected: 422,
    Forbidden: 403,
    Unauthenticated: 401,
    Busy: 503,
    Misconfigured: 500,
}
TITLES: Final = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    411: "Length required",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Unsupported media type",
    422: "Invalid",
    428: "If-Match required",
    429: "Too many requests",
    500: "Internal error",
    503: "Busy",
}
CODES: Final = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    411: "length_required",
    412: "changed_meanwhile",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    428: "if_match_required",
    429: "too_many_requests",
    500: "internal",
    503: "busy",
}

_LOCATIONS: Final = frozenset({"json", "query", "upload", "headers"})  # of a request, before the path
View = TypeVar("View", bound=Callable[..., object])


def register(app: Flask) -> HouseApi:
    """Set the API up in the application; blueprints are registered with what this gives back."""
    app.config.update(
        API_TITLE="DonorHub",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = HouseApi(app, spec_kwargs=_make_spec_options())
    app.extensions["donorhub.api"] = api
    app.before_request(_forget_request)
    app.teardown_request(lambda _error: row_scope.see_donors_of(None))
    app.before_request(_admit_token)
    app.after_request(_add_request_id)
    return api


def _make_spec_options() -> dict[str, object]:
    token = {
        "type": "http",
        "scheme": "bearer",
        "description": "A token made with `donorhub token create`; each operation names the scope it needs.",
    }
    return {
        "info": {"description": "Donors, gifts, bank files and receipts. See docs/api.md."},
        "security": [{"token": []}],
        "components": {"securitySchemes": {"token": token}},
        "marshmallow_plugin": MarshmallowPlugin(schema_name_resolver=_name_schema),
    }


def _name_schema(schema: object) -> str:
    """``Donor`` for DonorSchema, ``DonorPatch`` where every field may be left out."""
    kind = schema if isinstance(schema, type) else type(schema)
    name = kind.__name__.removesuffix("Schema")
    return f"{name}Patch" if isinstance(schema, Schema) and schema.partial else name


class HouseApi(Api):  # type: ignore[misc]
    """flask-smorest with our problem answers, which describes the API when somebody asks for that first."""

    ERROR_SCHEMA = ProblemSchema

    def _init_spec(self, **options: object) -> None:
        self._undescribed: deque[tuple[str, Any]] = deque()
        self._describing = Lock()
        super()._init_spec(**options)
        self.ma_plugin.map_to_openapi_type(Instant, "string", "date-time")

    def _register_responses(self) -> None:
        """Document every error as application/problem+json, by the name of its status."""
        self.spec.components.response("NOT_MODIFIED", {"description": "It is as you have it"})
        for status in (status for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST):
            self.spec.components.response(status.name, _describe_problem(status.phrase), lazy=True)
        self.spec.components.response("DEFAULT_ERROR", _describe_problem("Any other problem"), lazy=True)

    def register_blueprint(self, noun: Any) -> None:
        """Add a noun's routes; ``api_`` stands before its name because the pages have the plain names."""
        name = f"api_{noun.name}"
        self._app.extensions["flask-smorest"]["blp_name_to_api"][name] = self
        self._app.register_blueprint(noun, name=name)
        self._undescribed.append((name, noun))

    def _openapi_json(self) -> Any:
        """Answer with what OpenAPI says of the API; to write that took longer than all else of a start."""
        with self._describing:
            while self._undescribed:
                name, noun = self._undescribed.popleft()
                noun.register_views_in_doc(self, self._app, self.spec, name=name, parameters=None)
                self.spec.tag({"name": noun.name, "description": noun.description})
        return super()._openapi_json()

    def handle_http_exception(self, error: HTTPException) -> Any:
        """Return a problem answer for an error of HTTP; app.py calls it for requests of the API only."""
        db.session.rollback()
        status = error.code or 500
        data: Mapping[str, Any] = getattr(error, "data", None) or {}
        response = make_problem(
            status,
            data.get("code") or CODES.get(status, "error"),
            data.get("message") or _write_detail(status, error),
            errors=_list_field_errors(data.get("messages") or data.get("errors") or {}),
        )
        for name, value in error.get_headers():  # Allow on 405, Retry-After on 429
            if name.lower() not in ("content-type", "content-length"):
                response.headers[name] = value
        return response


def _describe_problem(phrase: str) -> dict[str, object]:
    return {"description": phrase, "content": {PROBLEM: {"schema": ProblemSchema}}}


def _write_detail(status: int, error: HTTPException) -> str:
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return "what was sent is not as it should be: see errors"
    return error.description or TITLES.get(status, "")


def refuse_request(status: int, code: str, detail: str, *, pointer: str | None = None) -> NoReturn:
    """Answer with a problem that belongs to HTTP itself: a header, a length, a cursor."""
    errors = [{"pointer": pointer, "detail": detail, "code": code}] if pointer is not None else []
    _raise_problem(status, {"code": code, "message": detail, "errors": errors})


def refuse_fields(messages: object) -> NoReturn:
    """Answer 422 with what a schema says of fields that only the view could look at."""
    _raise_problem(422, {"messages": messages})


def _raise_problem(status: int, data: Mapping[str, object]) -> NoReturn:
    error = default_exceptions[status]()
    error.data = data  # type: ignore[attr-defined]
    raise error


def is_api() -> bool:
    """Return whether the request is for the API, and so answered in JSON."""
    return request.path.startswith("/api/") or request.path == "/api"


def require_permission(permission: str) -> Callable[[View], View]:
    """Declare what a view asks of the caller; 401 for nobody, 403 for somebody who may not."""
    if permission not in PERMISSIONS:
        raise ValueError(f"{permission} is no permission")

    def mark_view(view: View) -> View:
        view._requires = permission  # type: ignore[attr-defined]
        note_facts(view, permission=permission)
        return view

    return mark_view


def note_facts(view: Callable[..., object], **facts: object) -> None:
    """Note on a view what :mod:`donorhub.api.blueprint` is to say of it in the OpenAPI document."""
    view_facts = deepcopy(getattr(view, "_apidoc", {}))
    view_facts.setdefault("house", {}).update(facts)
    view._apidoc = view_facts  # type: ignore[attr-defined]


def get_principal() -> Principal:
    """Return who asks; only inside a view of the API."""
    principal_of_request: Principal = g.principal
    return principal_of_request


def _forget_request() -> None:
    g.pop("request_id", None)
    g.pop("principal", None)
    row_scope.see_donors_of(None)


def _admit_token() -> None:
    """Let in who has a token with the scope that the view declares. A view that declares none is refused."""
    if not request.path.startswith(PREFIX) or request.endpoint is None:
        return
    permission = _find_permission(current_app.view_functions[request.endpoint], request.method)
    if permission is None:
        raise Forbidden(f"{request.endpoint} declares no permission, so nobody may use it")
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise Unauthenticated("send your token as `Authorization: Bearer dhk_…`")
    if is_reading():
        who = users.authenticate_token(text.strip(), now=clock.now())
    else:
        with read_only():  # whoever knocks with a wrong token does not queue for writing
            who = users.authenticate_token(text.strip(), now=clock.now())
            db.session.rollback()
    g.principal = who
    row_scope.see_donors_of(who.owner_ids)
    if not who.has_permission(permission):
        raise Forbidden(f"this token has not the scope {permission}")


@cache
def _find_permission(view: Callable[..., object], method: str) -> str | None:
    """Return the scope that a view declares for a method, None where it forgot to."""
    holder = getattr(view, "view_class", None)
    target = getattr(holder, method.lower(), None) if holder else view
    if method == "HEAD" and holder is not None and target is None:
        target = getattr(holder, "get", None)
    while target is not None and not hasattr(target, "_requires"):
        target = getattr(target, "__wrapped__", None)
    permission = getattr(target, "_requires", None)
    return None if permission is None else str(permission)


def answer_http(error: HTTPException) -> object:
    """Return the problem answer for an error of HTTP."""
    house: HouseApi = current_app.extensions["donorhub.api"]
    return house.handle_http_exception(error)


def answer_error(error: DonorHubError | IntegrityError | OperationalError) -> Any:
    """Return the problem answer for what a service refused, or the database could not do."""
    db.session.rollback()
    if not isinstance(error, DonorHubError):
        logs.report(error, event="database_refused", endpoint=request.endpoint or "")
    error = translate_error(error)
    status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
    wait = error.facts.pop("retry_after", 5 if status == HTTPStatus.SERVICE_UNAVAILABLE else None)
    errors = (
        [{"pointer": error.field, "detail": error.message, "code": error.specific_code}]
        if error.field
        else []
    )
    response = make_problem(status, error.specific_code, error.message, errors=errors, **error.facts)
    if status == HTTPStatus.UNAUTHORIZED:  # RFC 9110, 11.6.1: it names the scheme
        response.headers["WWW-Authenticate"] = "Bearer"
    if wait is not None:
        response.headers["Retry-After"] = str(wait)
    return response


def translate_error(error: DonorHubError | IntegrityError | OperationalError) -> DonorHubError:
    """Return an error of ours; the database's refusal in our own words."""
    if isinstance(error, IntegrityError):
        # A unique key did its work between our look and our write: the same thing came twice at once.
        return Conflict("this was changed at the same moment by somebody else: ask again")
    if isinstance(error, OperationalError):
        return Busy("the database is busy: nothing was changed, ask again in a moment")
    return error


def make_problem(
    status: int, code: str, detail: str, *, errors: list[dict[str, Any]] | None = None, **more: Any
) -> Response:
    """Return an answer in application/problem+json with a stable code."""
    body = make_problem_body(status, code, detail, request_id=get_request_id(), errors=errors, **more)
    return Response(json.dumps(body), status=status, content_type=PROBLEM)


def make_problem_body(
    status: int,
    code: str,
    detail: str,
    *,
    request_id: str,
    errors: list[dict[str, object]] | None = None,
    **more: object,
) -> dict[str, object]:
    """Return what an answer of RFC 9457 says."""
    body = {
        "type": DOCS + code,
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
        **more,
    }
    return {**body, "errors": errors} if errors else body


def find_request_id() -> str | None:
    """Return the id of the request at hand; None outside of one."""
    return get_request_id() if has_request_context() else None


def get_request_id() -> str:
    """Return the id of this request: the caller's where it sent a plausible one, else ours."""
    if "request_id" not in g:
        g.request_id = choose_request_id(request.headers.get("X-Request-Id", ""))
    return str(g.request_id)


def choose_request_id(id_of_caller: str) -> str:
    """Return the id that a caller sent if it is a plausible one, else one of ours."""
    return id_of_caller if re.fullmatch(r"[A-Za-z0-9._-]{8,64}", id_of_caller) else uuid.uuid4().hex


def _add_request_id(response: Response) -> Response:
    response.headers["X-Request-Id"] = get_request_id()
    return response


def _list_field_errors(messages: object) -> list[dict[str, object]]:
    """Return what is wrong as pointers into the body, from marshmallow's nested messages."""
    if isinstance(messages, list) and all(isinstance(error, dict) for error in messages):
        return messages  # of our own refusals, which name their field
    errors: list[dict[str, object]] = []
    for path, fault in list_faults(messages):
        names = [str(name).replace("~", "~0").replace("/", "~1") for name in path if name not in _LOCATIONS]
        errors.append({"pointer": "/" + "/".join(names), "detail": str(fault), "code": fault.code})
    return errors
