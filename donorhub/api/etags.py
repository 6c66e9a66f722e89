"""Versions of a resource as ETags: 304 for who has it already, 412 for who would overwrite a change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, TypeVar

from flask import Response, json, request

from donorhub.api.http import document, refuse

_CONDITIONS: Final = frozenset({"HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH", "HTTP_IF_MODIFIED_SINCE"})
View = TypeVar("View", bound=Callable[..., object])


def versioned(view: View) -> View:
    """Document that a view speaks of ETags."""
    document(view, etag=True)
    return view


def of_version(version: int) -> str:
    return str(version)


def of_content(values: object) -> str:
    """The ETag of a resource whose rows count no versions: a digest of what it says."""
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def require(etag: str) -> None:
    """Let a change through only where ``If-Match`` names the present version."""
    if not request.if_match:
        refuse(428, "if_match_required", "send If-Match with the ETag you were shown")
    if not request.if_match.contains(etag):
        refuse(412, "changed_meanwhile", "somebody else changed this in the meantime: look again")


def marked(response: Response, etag: str) -> Response:
    """The answer with its ETag; of a GET, 304 without body where the caller has this version."""
    response.set_etag(etag)
    if request.method in ("GET", "HEAD") and not _CONDITIONS.isdisjoint(request.environ):
        response.make_conditional(request)
    return response
