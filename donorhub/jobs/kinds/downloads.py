"""Preparing a long list as a file: read in parts, so that it holds nobody up, and stored when whole."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from flask import current_app

from donorhub import clock
from donorhub.config import Settings
from donorhub.db import db, read_only
from donorhub.models import Task
from donorhub.models.states import DownloadForm, Lang
from donorhub.services.moving import downloads, prepared_downloads
from donorhub.services.moving.lists.description import AT_ONCE, ListRequest
from donorhub.services.moving.wording import Wording
from donorhub.services.work import claims

PROGRESS: Final = 5000  # rows after which the page is told, and the lease renewed
OpenWording = Callable[[Lang], AbstractContextManager[Wording]]


def prepare_download(task: Task, _settings: Settings) -> str:
    """Make a file that was asked for; return how many rows it has. The caller commits.

    A second run changes nothing. It is made with the rights that its user has now.
    """
    download_id, task_id = task.subject_id, task.id
    db.session.rollback()  # nobody waits for us while we read
    with read_only():
        order = _read_order(download_id)
        db.session.rollback()
    if order is None:
        return "nothing to prepare"
    list_request, form, lang = order
    if list_request is None:
        prepared_downloads.refuse_file(download_id, now=clock.now())
        return "not allowed any more"
    open_wording: OpenWording = current_app.extensions["donorhub.list_wording"]
    with tempfile.TemporaryFile() as file:
        with open_wording(lang) as wording:
            count = downloads.write_file(
                list_request,
                file,
                form=form,
                wording=wording,
                note_progress=lambda count: _note_progress(task_id, download_id, count),
            )
        prepared_downloads.keep_file(download_id, file, count=count, now=clock.now())
    downloads.record_download(list_request, form=form, count=count, actor=list_request.reader.who.actor)
    return f"{count} rows"


def _read_order(download_id: int) -> tuple[ListRequest | None, DownloadForm, Lang] | None:
    """Return the list, its form and language; None where nothing is to be prepared any more."""
    now = clock.now()
    download = prepared_downloads.find_waiting(download_id, now=now)
    if download is None:
        return None
    return prepared_downloads.read_request(download, now=now), download.form, download.lang


def _note_progress(task_id: int, download_id: int, count: int) -> None:
    if count % PROGRESS < AT_ONCE:
        claims.renew_lease(task_id, now=clock.now())
        prepared_downloads.note_progress(download_id, count)
        db.session.commit()
