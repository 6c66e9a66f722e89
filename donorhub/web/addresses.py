"""Addresses of our pages for templates: ``url_for`` for what is the same page with another id in each row."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from flask import request, url_for

_MARK = 2_147_480_000  # stands for an id while a pattern is made; no text of ours holds such a number

_url_for: Callable[..., str] = url_for


def build_address(endpoint: str, **values: object) -> str:
    """Return what ``url_for`` returns; quicker where all values are ids, or none is given."""
    return make_builder(request.script_root)(endpoint, **values)


@lru_cache(maxsize=16)
def make_builder(_root: str) -> Callable[..., str]:
    """Return :func:`build_address` for pages under a root: each asks for its root once."""
    patterns: dict[tuple[str, ...], str] = {}
    files: dict[tuple[tuple[str, object], ...], str] = {}

    def build_one(endpoint: str, **values: object) -> str:
        if endpoint == "static":  # only our own templates name files
            file = tuple(values.items())
            return files.get(file) or files.setdefault(file, _url_for(endpoint, **values))
        for value in values.values():
            if type(value) is not int:
                return _url_for(endpoint, **values)
        key = (endpoint, *values)
        pattern = patterns.get(key)
        if pattern is None:
            if endpoint.startswith("."):
                return _url_for(endpoint, **values)
            pattern = patterns[key] = _make_pattern(endpoint, tuple(values))
        return pattern % values

    return build_one


def _make_pattern(endpoint: str, names: tuple[str, ...]) -> str:
    """Return the address of an endpoint with a place for each id."""
    marks = {name: _MARK + position for position, name in enumerate(names)}
    pattern = _url_for(endpoint, **marks).replace("%", "%%")
    for name, mark in marks.items():
        pattern = pattern.replace(str(mark), f"%({name})d")
    return pattern


def build_download_address(list_name: str, form: str) -> str:
    """Return the address of the whole list that this page shows a part of, as a file."""
    here: dict[str, object] = {**(request.view_args or {}), **request.args.to_dict(flat=False)}
    filters = {name: value for name, value in here.items() if name not in ("after", "form", "lang")}
    return _url_for(f"downloads.send_{list_name}", **filters, form=form)
