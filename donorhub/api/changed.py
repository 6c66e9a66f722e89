"""The answer where what was confirmed is not what would be done now: 409, with the preview of now."""

from __future__ import annotations

from typing import NoReturn

from marshmallow import Schema

from donorhub.errors import Changed


def refuse_changed(error: Changed, schema: type[Schema], preview: object) -> NoReturn:
    """Answer with the preview of now, whose digest confirms it."""
    raise Changed(error.message, now=error.now, preview=schema().dump(preview)) from error
