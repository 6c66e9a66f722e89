"""Making the answer of one resource: its JSON, its address when it is new, its ETag."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import Schema

from donorhub.api import etags
from donorhub.api.serialiser import serialiser_for_reader, write_json
from donorhub.db import db

CREATED = 201


def shown(
    schema: type[Schema],
    resource: object,
    *,
    status: int = 200,
    at: str | None = None,
    version: int | None = None,
) -> Response:
    """The resource as JSON. ``at`` is its address, given when it is new; ``version`` makes its ETag."""
    db.session.flush()  # what the database fills in is shown too
    response = as_json(serialiser_for_reader(schema).dump(resource), status=status)
    if at is not None:
        response.headers["Location"] = at
    return response if version is None else etags.marked(response, etags.of_version(version))


def created(
    schema: type[Schema], resource: Any, *, is_new: bool = True, version: int | None = None
) -> Response:
    """201 with the address ``<this list>/<id>`` for a new resource, 200 for one that was known."""
    if not is_new:
        return shown(schema, resource, version=version)
    db.session.flush()  # the address needs the id
    id_ = resource["id"] if isinstance(resource, dict) else resource.id
    at = f"{request.path.rstrip('/')}/{id_}"
    return shown(schema, resource, status=CREATED, at=at, version=version)


def tagged(schema: type[Schema], resource: object) -> Response:
    """The resource with an ETag of what it says, for rows that count no versions."""
    return etags.marked(shown(schema, resource), tag(schema, resource))


def tag(schema: type[Schema], resource: object) -> str:
    """What ``If-Match`` has to name for such a resource."""
    return etags.of_content(serialiser_for_reader(schema).dump(resource))


def as_json(values: object, *, status: int = 200) -> Response:
    """Return plain values as a JSON answer."""
    return Response(write_json(values), status=status, content_type="application/json")
