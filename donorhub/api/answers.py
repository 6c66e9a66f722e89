"""Making the answer of one resource: its JSON, its address when it is new, its ETag."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import Schema

from donorhub.api import etags
from donorhub.api.serialiser import serialiser_for_reader, write_json
from donorhub.db import db

NEW_RESOURCE = 201


def answer_resource(
    schema: type[Schema],
    resource: object,
    *,
    status: int = 200,
    at: str | None = None,
    version: int | None = None,
    etag: str | None = None,
) -> Response:
    """Return the resource as JSON. ``at`` is its address, where it is new; its ETag is ``etag``, or made of
    ``version``.
    """
    db.session.flush()  # what the database fills in is shown too
    response = make_json_answer(serialiser_for_reader(schema).dump(resource), status=status)
    if at is not None:
        response.headers["Location"] = at
    if version is not None:
        etag = etags.make_etag(version)
    return response if etag is None else etags.add_etag(response, etag)


def answer_new_resource(
    schema: type[Schema], resource: Any, *, is_new: bool = True, version: int | None = None
) -> Response:
    """Return 201 with the address ``<this list>/<id>`` for a new resource, 200 for one that was known."""
    if not is_new:
        return answer_resource(schema, resource, version=version)
    db.session.flush()  # the address needs the id
    id_ = resource["id"] if isinstance(resource, dict) else resource.id
    at = f"{request.path.rstrip('/')}/{id_}"
    return answer_resource(schema, resource, status=NEW_RESOURCE, at=at, version=version)


def answer_with_etag(schema: type[Schema], resource: object) -> Response:
    """Return the resource with an ETag of what it says, for rows that count no versions."""
    return etags.add_etag(answer_resource(schema, resource), compute_etag(schema, resource))


def compute_etag(schema: type[Schema], resource: object) -> str:
    """Return what ``If-Match`` has to name for such a resource."""
    return etags.digest_content(serialiser_for_reader(schema).dump(resource))


def make_json_answer(values: object, *, status: int = 200) -> Response:
    """Return plain values as a JSON answer."""
    return Response(write_json(values), status=status, content_type="application/json")
