"""A whole list as a file, from the page that shows it: with its filter, and the rights of who reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO, Final

from flask import Blueprint, request
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.db import db, set_reading
from donorhub.models.states import find_word
from donorhub.services.moving import downloads
from donorhub.services.moving.downloads import FORMS, MEDIA_TYPES, FileForm
from donorhub.services.moving.lists import LISTS
from donorhub.services.moving.lists.description import Filters, ListName, ListRequest, Reader
from donorhub.web.access import audit
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.bank import entries
from donorhub.web.donors import donors
from donorhub.web.giving import gifts
from donorhub.web.messages import messages
from donorhub.web.moving.wording import open_wording
from donorhub.web.reader import get_lang, get_today
from donorhub.web.receipts import receipts
from donorhub.web.recurring import recurring_gifts
from donorhub.web.work import tasks

bp = Blueprint("downloads", __name__)
ReadFilters = Callable[[], Filters]
# The page of each list, and what reads from its address what the list is narrowed by.
PAGES: Final[Mapping[ListName, tuple[str, ReadFilters]]] = {
    "donors": ("/donors", donors.read_filters),
    "gifts": ("/gifts", gifts.read_filters),
    "recurring-gifts": ("/recurring-gifts", recurring_gifts.read_filters),
    "late-instalments": ("/recurring-gifts/late", recurring_gifts.read_late_filters),
    "receipts": ("/receipts", receipts.read_filters),
    "tasks": ("/tasks", tasks.read_filters),
    "entries": ("/bank/entries", entries.read_filters),
    "messages": ("/messages", messages.read_filters),
    "audit-records": ("/audit", audit.read_filters),
}


def _add_addresses() -> None:
    for name, (path, _) in PAGES.items():
        view = require_permission(LISTS[name].permission)(_make_view(name))
        bp.add_url_rule(f"{path}/download", f"send_{name}", view, methods=["GET"])


def _make_view(name: ListName) -> Callable[[], Response]:
    def send_list() -> Response:
        return _answer_file(_make_request(name))

    return send_list


def _make_request(name: ListName) -> ListRequest:
    reader = Reader(get_principal(), now=clock.now(), today=get_today())
    return ListRequest(LISTS[name], PAGES[name][1](), reader)


def _answer_file(asked: ListRequest) -> Response:
    """Make the file, record it, and only then send it: nobody has a file that the audit does not tell of."""
    form = read_form()
    with open_wording(get_lang()) as wording:
        file, count = downloads.make_file(asked, form=form, wording=wording, most=downloads.MOST_AT_ONCE)
    set_reading(False)
    downloads.record_download(asked, form=form, count=count, actor=asked.reader.who.actor)
    db.session.commit()
    set_reading(True)
    return send_file(file, name=f"{asked.list_out.name}-{asked.reader.today}", form=form)


def read_form() -> FileForm:
    """Return the form of file that the address asks for; CSV where it names none."""
    return find_word(request.args.get("form"), FORMS) or "csv"


def send_file(file: IO[bytes], *, name: str, form: FileForm) -> Response:
    """Return an answer that sends a file part by part, and closes it."""
    size = file.tell()
    response = Response(downloads.send_parts(file), content_type=MEDIA_TYPES[form])
    response.call_on_close(file.close)
    response.content_length = size
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


_add_addresses()
