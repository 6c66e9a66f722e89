"""The blueprint of a noun: flask-smorest's, with our parser and with every refusal documented."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Final, TypeVar

from flask import Flask, Response
from flask_smorest import Api, Blueprint
from werkzeug.routing import BaseConverter

from donorhub.api.answers import make_json_answer
from donorhub.api.bodies import JSON, MULTIPART, StrictParser
from donorhub.api.http import PREFIX
from donorhub.api.serialiser import serialiser_for_reader
from donorhub.db import MAX_ID

View = TypeVar("View", bound=Callable[..., object])
ID: Final = f"int(min=1, max={MAX_ID})"  # an id that no database could hold is simply not found
WRITES: Final = ("post", "put", "patch", "delete")
KEY_HEADER: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key and body again give the first answer and change nothing; kept 30 days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
MATCH_HEADER: Final = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of the version that is changed.",
    "schema": {"type": "string"},
}
NONE_MATCH_HEADER: Final = {
    "name": "If-None-Match",
    "in": "header",
    "description": "An ETag that is held already: 304 where it is still right.",
    "schema": {"type": "string"},
}


class SourceConverter(BaseConverter):
    """The name of another system in a path."""

    regex = "[a-z0-9][a-z0-9_.-]{0,39}"


class RefConverter(BaseConverter):
    """Another system's key in a path: printable, without a slash."""

    regex = "[!-.0-~]{1,200}"


def add_converters(app: Flask, api: Api) -> None:
    """Let paths hold ``<source:…>`` and ``<ref:…>``, and document them."""
    for name, converter in (("source", SourceConverter), ("ref", RefConverter)):
        app.url_map.converters[name] = converter
        schema = {"type": "string", "pattern": f"^{converter.regex}$"}
        api.register_converter(converter, lambda _converter, schema=schema: dict(schema))


class HouseBlueprint(Blueprint):  # type: ignore[misc]
    """Routes of one noun under /api/v1."""

    ARGUMENTS_PARSER = StrictParser()
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING: Final = {"json": JSON, "upload": MULTIPART}

    def __init__(self, name: str, import_name: str, *, path: str, description: str) -> None:
        super().__init__(name, import_name, url_prefix=PREFIX + path, description=description)
        self._prepare_doc_cbks.append(self._document_house_rules)

    def arguments(self, schema: object, **options: object) -> Callable[[View], View]:
        """Read what a view takes by one instance of its schema, which is as good for every request."""
        instance = schema() if isinstance(schema, type) else schema
        mark: Callable[[View], View] = super().arguments(instance, **options)
        return mark

    def response(self, status_code: int, schema: Any = None, **facts: Any) -> Callable[[View], View]:
        """Document an answer, and make it of what the view returns by the compiled serialiser."""
        mark = super().response(status_code, schema, **facts)

        def decorate(view: View) -> View:
            @wraps(view)
            def answer_request(*args: Any, **kwargs: Any) -> Response:
                resource = view(*args, **kwargs)
                if isinstance(resource, Response):
                    return resource
                return make_json_answer(serialiser_for_reader(schema).dump(resource), status=status_code)

            documented_view: View = mark(answer_request)
            return documented_view

        return decorate

    def _store_endpoint_docs(
        self, endpoint: str, obj: object, parameters: object, tags: object, **options: object
    ) -> None:
        super()._store_endpoint_docs(endpoint, obj, parameters, tags or [self.name], **options)

    def _document_house_rules(
        self, doc: dict[str, Any], doc_info: dict[str, Any], *, method: str, **_: Any
    ) -> dict[str, Any]:
        """Add to an operation what holds for all: its scope, headers, and what it may be refused with."""
        house_facts = doc_info.get("house", {})
        permission = house_facts.get("permission", "")
        doc["x-scope"] = permission
        if "key" in house_facts:
            doc.setdefault("parameters", []).append(
                {**KEY_HEADER, "required": house_facts["key"] == "required"}
            )
        if house_facts.get("etag"):
            header = MATCH_HEADER if method == "patch" else NONE_MATCH_HEADER
            doc.setdefault("parameters", []).append(dict(header))
            if method == "get":
                doc["responses"]["304"] = "NOT_MODIFIED"
            self._document_etag(doc)
        for status in _list_refusals(method, house_facts, has_body="requestBody" in doc):
            doc["responses"].setdefault(str(status), status.name)
        return doc

    @staticmethod
    def _document_etag(doc: dict[str, Any]) -> None:
        for status, response in doc["responses"].items():
            if str(status).startswith("2") and isinstance(response, dict):
                response["headers"] = {"ETag": {"schema": {"type": "string"}}}


def _list_refusals(method: str, house_facts: dict[str, object], *, has_body: bool) -> list[HTTPStatus]:
    codes = [400, 401, 403, 404, 422]
    if method in WRITES:
        codes += [409, 503]
    if has_body:
        codes += [411, 413, 415]
    if house_facts.get("etag") and method == "patch":
        codes += [412, 428]
    return [HTTPStatus(code) for code in codes]
