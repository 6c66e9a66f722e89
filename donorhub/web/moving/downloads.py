"""A whole list as a file, from the page that shows it: with its filter, and the rights of who reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from flask import Blueprint, redirect, render_template, request, stream_with_context, url_for
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.db import db, set_reading
from donorhub.errors import Forbidden, NotFound, Rejected
from donorhub.models.states import find_word
from donorhub.services.access import organisation
from donorhub.services.moving import downloads, prepared_downloads
from donorhub.services.moving.downloads import FORMS, MEDIA_TYPES, FileForm
from donorhub.services.moving.lists import LISTS
from donorhub.services.moving.lists.description import Filters, ListName, ListRequest, Reader
from donorhub.web.access import audit
from donorhub.web.addresses import build_address
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.bank import entries
from donorhub.web.donors import donors
from donorhub.web.forms import Form, make_key
from donorhub.web.giving import gifts
from donorhub.web.messages import messages
from donorhub.web.moving.wording import open_wording
from donorhub.web.reader import get_lang, get_today
from donorhub.web.receipts import receipts
from donorhub.web.recurring import recurring_gifts
from donorhub.web.saving import commit
from donorhub.web.words import lists
from donorhub.web.work import tasks

bp = Blueprint("downloads", __name__)
Answer = Response | str | tuple[str, int]
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


def _make_view(name: ListName) -> Callable[[], Answer]:
    def send_list() -> Answer:
        return _answer_file(_make_request(name))

    return send_list


def _make_request(name: ListName) -> ListRequest:
    reader = Reader(get_principal(), now=clock.now(), today=get_today())
    return ListRequest(LISTS[name], PAGES[name][1](), reader)


def _answer_file(list_request: ListRequest) -> Answer:
    """Make the file, record it, and only then send it: nobody has a file that the audit does not tell of."""
    form = read_form()
    try:
        with open_wording(get_lang()) as wording:
            file, count = downloads.make_file(
                list_request, form=form, wording=wording, most=downloads.MOST_AT_ONCE
            )
    except Rejected as e:
        if e.specific_code != "list_too_long":
            raise
        return _offer_to_prepare(list_request)
    set_reading(False)
    downloads.record_download(list_request, form=form, count=count, actor=list_request.reader.who.actor)
    db.session.commit()
    set_reading(True)
    size = file.tell()
    response = _make_answer(
        downloads.send_parts(file),
        name=f"{list_request.list_out.name}-{list_request.reader.today}",
        form=form,
    )
    response.call_on_close(file.close)
    response.content_length = size
    return response


def _offer_to_prepare(list_request: ListRequest) -> Answer:
    """Say that the list is too long to wait for, and offer to have its file prepared."""
    filters: dict[str, object] = {**request.args.to_dict(flat=False)}
    return render_template(
        "moving/long_list.html",
        title=lists.TITLES[list_request.list_out.name],
        most=downloads.MOST_AT_ONCE,
        action=build_address("downloads.prepare_file", list=list_request.list_out.name, **filters),
        key=make_key(),
    ), 422


@bp.post("/downloads")
@require_permission("tasks:read")
def prepare_file() -> Answer:
    """Have the file of a long list prepared, narrowed as its page was; the same form twice asks once."""
    name = find_word(request.args.get("list"), PAGES)
    if name is None:
        raise NotFound("there is no such list")
    list_request, form = _make_request(name), Form(request.form)
    if not list_request.reader.may_see(list_request.list_out.permission):
        raise Forbidden("this list is not for you")
    key = form.read_key()
    with form.start_saving() as saving:
        saving.refuse_errors()
        prepared_downloads.ask_for_file(
            list_request,
            form=read_form(),
            lang=get_lang(),
            key=key,
            user_id=list_request.reader.who.id,
            now=clock.now(),
        )
        commit()
        return redirect(url_for("downloads.list_files"))
    return _offer_to_prepare(list_request)


@bp.get("/downloads")
@require_permission("tasks:read")
def list_files() -> str:
    """Show the reader's own files: those that are being prepared, and those that can be fetched."""
    rows = prepared_downloads.list_downloads(get_principal().id, now=clock.now())
    return render_template(
        "moving/downloads.html",
        rows=[(row, lists.TITLES.get(row.list_name, row.list_name)) for row in rows],
        failed=prepared_downloads.find_failed(rows),
    )


@bp.get("/downloads/<int:download_id>/file")
@require_permission("tasks:read")
def send_prepared_file(download_id: int) -> Response:
    """Send a file that was prepared for the reader, who may still see its list."""
    who = get_principal()
    download = prepared_downloads.get_ready(download_id, who.id, now=clock.now())
    list_out = prepared_downloads.get_list(download)
    if not who.has_permission(list_out.permission):
        raise Forbidden("this list is not for you")
    name = f"{list_out.name}-{organisation.get_day(download.asked_at)}"
    parts = stream_with_context(prepared_downloads.send_parts(download_id))
    return _make_answer(parts, name=name, form=download.form)


def read_form() -> FileForm:
    """Return the form of file that the address asks for; CSV where it names none."""
    return find_word(request.args.get("form"), FORMS) or "csv"


def _make_answer(parts: Iterator[bytes], *, name: str, form: FileForm) -> Response:
    """Return an answer that sends a file part by part."""
    response = Response(parts, content_type=MEDIA_TYPES[form])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


_add_addresses()
