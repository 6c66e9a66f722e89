"""The answer where what was confirmed is not what would be done now: 409, with the preview of now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from marshmallow import Schema

from donorhub.errors import Changed
from donorhub.services.shown import ShownRow

View = TypeVar("View")


def show_changed_row(schema: type[Schema], describe: Callable[[Any], object]) -> AbstractContextManager[None]:
    """Around what decides one row as it was shown: answer with the row of now, as ``describe`` tells it."""
    return show_change(ShownRow, schema, lambda view: describe(view.row))


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
