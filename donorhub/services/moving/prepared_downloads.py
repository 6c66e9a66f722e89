"""Lists that are too long to wait for: asked for, made by a worker, and kept for whoever asked, for a day."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import IO, Final

from sqlalchemy import delete, insert, select, update

from donorhub import vault
from donorhub.db import db, insert_or_ignore, read_only
from donorhub.errors import NotFound
from donorhub.models import Download, DownloadPart, Task, User
from donorhub.models.states import Lang, find_word
from donorhub.services.access import organisation, users
from donorhub.services.moving.downloads import FileForm
from donorhub.services.moving.lists import LISTS
from donorhub.services.moving.lists.description import Filters, ListOut, ListRequest, Reader
from donorhub.services.work import tasks

KEPT_FOR: Final = timedelta(days=1)  # from when it was asked for
MOST_SHOWN: Final = 50
_PART: Final = 1024 * 1024  # bytes in a row
_ENDED_STATES: Final = ("dead", "cancelled")


def ask_for_file(
    list_request: ListRequest, *, form: FileForm, lang: Lang, key: str, user_id: int, now: datetime
) -> bool:
    """Have a list prepared as a file for a user; return whether it was not asked for with this key before."""
    filters = {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in list_request.filters.items()
    }
    statement = insert_or_ignore(Download, on=(Download.key,)).values(
        key=key,
        user_id=user_id,
        list_name=list_request.list_out.name,
        filters=filters,
        form=form,
        lang=lang,
        asked_at=now,
        row_count=0,
        expires_at=now + KEPT_FOR,
    )
    download_id = db.session.scalar(statement.returning(Download.id))
    if download_id is None:
        return False
    tasks.plan_task(
        _name_task(download_id),
        kind="prepare_download",
        performer="worker",
        subject=("download", download_id),
        now=now,
    )
    return True


def _name_task(download_id: int) -> str:
    return f"prepare_download:{download_id}"


def read_request(download: Download, *, now: datetime) -> ListRequest | None:
    """Return the list that is to be prepared, with the rights that its user has now; None without any."""
    list_out = get_list(download)
    user = db.session.get_one(User, download.user_id)
    reader = Reader(users.make_principal(user), now=now, today=organisation.get_day(now))
    if not user.active or not reader.may_see(list_out.permission):
        return None
    kinds = {one.key: one.kind for one in list_out.filters}
    filters: Filters = {
        key: date.fromisoformat(value) if kinds[key] == "day" else value
        for key, value in download.filters.items()
    }
    return ListRequest(list_out, filters, reader)


def get_list(download: Download) -> ListOut:
    """Return the list of a file; raise NotFound for one that there is no more."""
    name = find_word(download.list_name, LISTS)
    if name is None:
        raise NotFound(f"there is no list {download.list_name}")
    return LISTS[name]


def find_waiting(download_id: int, *, now: datetime) -> Download | None:
    """Return a file that is still to be prepared; None when it is ready, refused, expired or gone."""
    return db.session.scalar(
        select(Download).where(
            Download.id == download_id,
            Download.ready_at.is_(None),
            Download.refused_at.is_(None),
            Download.expires_at > now,
        )
    )


def note_progress(download_id: int, count: int) -> None:
    """Let the page say how many rows are written so far."""
    db.session.execute(update(Download).where(Download.id == download_id).values(row_count=count))


def refuse_file(download_id: int, *, now: datetime) -> None:
    """Say that who asked may see the list no more."""
    db.session.execute(update(Download).where(Download.id == download_id).values(refused_at=now))


def keep_file(download_id: int, file: IO[bytes], *, count: int, now: datetime) -> None:
    """Keep a file that was made, in place of what an earlier try left; it is ready once this is committed."""
    db.session.execute(delete(DownloadPart).where(DownloadPart.download_id == download_id))
    file.seek(0)
    position = 0
    while part := file.read(_PART):
        sealed_bytes = vault.seal_bytes(part)
        db.session.execute(
            insert(DownloadPart),
            {"download_id": download_id, "position": position, "content": sealed_bytes},
        )
        position += 1
    db.session.execute(
        update(Download).where(Download.id == download_id).values(row_count=count, ready_at=now)
    )


def list_downloads(user_id: int, *, now: datetime) -> Sequence[Download]:
    """Return a user's files, the newest first, without those that have expired."""
    return db.session.scalars(
        select(Download)
        .where(Download.user_id == user_id, Download.expires_at > now)
        .order_by(Download.id.desc())
        .limit(MOST_SHOWN)
    ).all()


def find_failed(downloads: Collection[Download]) -> set[int]:
    """Return the ids of those that no worker will try again."""
    ids = {_name_task(row.id): row.id for row in downloads if row.ready_at is None}
    if not ids:
        return set()
    keys = db.session.scalars(select(Task.key).where(Task.key.in_(ids), Task.state.in_(_ENDED_STATES)))
    return {ids[key] for key in keys}


def get_ready(download_id: int, user_id: int, *, now: datetime) -> Download:
    """Return a file that is ready for this user; raise NotFound for any other."""
    download = db.session.get(Download, download_id)
    if download is None or download.user_id != user_id or download.expires_at <= now:
        raise NotFound(f"there is no file {download_id}")
    if download.ready_at is None:
        raise NotFound(f"file {download_id} is not ready")
    return download


def send_parts(download_id: int) -> Iterator[bytes]:
    """Give a file part by part, each read by itself."""
    position = 0
    while True:
        with read_only():
            sealed_bytes = db.session.scalar(
                select(DownloadPart.content).where(
                    DownloadPart.download_id == download_id, DownloadPart.position == position
                )
            )
            db.session.rollback()
        if sealed_bytes is None:
            return
        yield vault.unseal_bytes(sealed_bytes)
        position += 1


def delete_expired(*, now: datetime) -> int:
    """Delete the files whose day is over; return how many."""
    ids: Mapping[int, None] = dict.fromkeys(
        db.session.scalars(select(Download.id).where(Download.expires_at <= now).limit(100))
    )
    db.session.execute(delete(DownloadPart).where(DownloadPart.download_id.in_(ids)))
    db.session.execute(delete(Download).where(Download.id.in_(ids)))
    return len(ids)
