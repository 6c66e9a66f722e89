"""The answer where what was confirmed is not what would be done now: 409, with the preview of now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from marshmallow import Schema

from donorhub.errors import Changed

View = TypeVar("View")


@contextmanager
def show_change(view: type[View], schema: type[Schema], describe: Callable[[View], object]) -> Iterator[None]:
    """Around what confirms such a view: answer with the preview of now, whose digest confirms it."""
    try:
        yield
    except Changed as error:
        if not isinstance(error.now, view):
            raise
        preview = schema().dump(describe(error.now))
        raise Changed(error.message, now=error.now, preview=preview) from error
