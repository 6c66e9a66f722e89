"""Whole lists as files: CSV and XLSX of what their pages show, by stable keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Final

from flask import Response

from donorhub import clock
from donorhub.api.blueprint import HouseBlueprint
from donorhub.api.http import get_principal, require_permission
from donorhub.db import db, set_reading
from donorhub.schemas.moving import make_filter_schema
from donorhub.services.access import organisation
from donorhub.services.moving import downloads
from donorhub.services.moving.downloads import FORMS, MEDIA_TYPES, FileForm
from donorhub.services.moving.lists import LISTS
from donorhub.services.moving.lists.description import Filters, ListName, ListOut, ListRequest, Reader
from donorhub.services.moving.wording import KEYS

bp = HouseBlueprint("lists", __name__, path="", description="Whole lists as files.")
_FILE: Final = {"type": "string", "format": "binary"}


def _add_operations() -> None:
    for name, list_out in LISTS.items():
        for form in FORMS:
            view = _make_view(list_out, form)
            view = bp.response(200, _FILE, content_type=MEDIA_TYPES[form].partition(";")[0])(view)
            view = bp.arguments(make_filter_schema(name), location="query")(view)
            view = require_permission(list_out.permission)(view)
            bp.route(f"/{name}.{form}", endpoint=_name_endpoint(name, form), methods=["GET"])(view)


def _name_endpoint(name: ListName, form: FileForm) -> str:
    return f"fetch_{name.replace('-', '_')}_{form}"


def _make_view(list_out: ListOut, form: FileForm) -> Callable[[Filters], Response]:
    def fetch_list(filters: Filters) -> Response:
        now = clock.now()
        reader = Reader(get_principal(), now=now, today=organisation.get_day(now))
        return _answer_file(ListRequest(list_out, filters, reader), form)

    words = list_out.name.replace("-", " ")
    fetch_list.__doc__ = f"Fetch all {words} that are asked for as {form.upper()}."
    return fetch_list


def _answer_file(list_request: ListRequest, form: FileForm) -> Response:
    """Make the file, record it, and only then send it: nobody has a file that the audit does not tell of."""
    file, count = downloads.make_file(list_request, form=form, wording=KEYS, most=downloads.MOST_AT_ONCE)
    set_reading(False)
    downloads.record_download(list_request, form=form, count=count, actor=list_request.reader.who.actor)
    db.session.commit()
    set_reading(True)
    return _send_file(file, form)


def _send_file(file: IO[bytes], form: FileForm) -> Response:
    size = file.tell()
    response = Response(downloads.send_parts(file), content_type=MEDIA_TYPES[form])
    response.call_on_close(file.close)
    response.content_length = size
    return response


_add_operations()
