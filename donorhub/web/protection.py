"""Headers that protect every answer: what a browser may run, frame, guess and keep."""

from __future__ import annotations

from typing import Final

from flask import Response, request

HEADERS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"),
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
)


def add_headers(response: Response) -> Response:
    """Add what protects an answer, where its view has not said it otherwise."""
    headers = response.headers
    names = {name.lower() for name, _ in headers}
    for name, value in HEADERS:
        if name.lower() not in names:
            headers.add(name, value)
    if request.is_secure and "strict-transport-security" not in names:
        headers.add("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint != "static" and "cache-control" not in names:
        headers.add("Cache-Control", "no-store")
    return response
