"""Versions of a resource as ETags: 304 for who has it already, 412 for who would overwrite a change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, TypeVar

from flask import Response, json, request

from donorhub.api.http import note_facts, refuse_request

_CONDITIONS: Final = frozenset({"HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH", "HTTP_IF_MODIFIED_SINCE"})
View = TypeVar("View", bound=Callable[..., object])


def mark_versioned(view: View) -> View:
    """Document that a view speaks of ETags."""
    note_facts(view, etag=True)
    return view


def make_etag(version: int, *derived_values: str) -> str:
    """Return the ETag of a row that counts its versions, with what is shown of it and is worked out."""
    return "-".join((str(version), *derived_values))


def digest_content(values: object) -> str:
    """Return the ETag of a resource whose rows count no versions: a digest of what it says."""
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def require_match(etag: str) -> None:
    """Let a change through only where ``If-Match`` names the present version."""
    if not request.if_match:
        refuse_request(428, "if_match_required", "send If-Match with the ETag you were shown")
    if not request.if_match.contains(etag):
        refuse_request(412, "changed_meanwhile", "somebody else changed this in the meantime: look again")


def require_version(version: int) -> None:
    """Let a change through only where ``If-Match`` names the present version, whatever was worked out since:
    that a gift came overwrites nobody's change.
    """
    tags = (tag for tag in request.if_match.as_set() if tag.partition("-")[0] == str(version))
    require_match(next(tags, str(version)))


def add_etag(response: Response, etag: str) -> Response:
    """Return the answer with its ETag; of a GET, 304 without body where the caller has this version."""
    response.set_etag(etag)
    if request.method in ("GET", "HEAD") and not _CONDITIONS.isdisjoint(request.environ):
        response.make_conditional(request)
    return response
