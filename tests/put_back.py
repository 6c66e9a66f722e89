"""SQLite's base of a test process is put back from an image while its connections stay open.

A new connection reads the whole schema and compiles every statement of its test anew, which takes longer
than most tests. So the pages that a test changed are written back beneath the connections that it left;
where it left none, or one that still works, the file is replaced and they are made anew.
"""

from __future__ import annotations

import mmap
import os
import shutil
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import QueuePool

from donorhub.db import db

_MOST_CONNECTIONS: Final = 4  # of what threads opened more, each keeps pages in memory
_MOST_REST: Final = 16 * 1024 * 1024
_PIECE: Final = 64 * 1024


def put_back(path: Path, image: Path) -> None:
    """Let the base at a path be what an image of one holds."""
    db.session.remove()
    pool = db.engine.pool
    assert isinstance(pool, QueuePool)
    is_kept = path.exists() and pool.checkedout() == 0 and 0 < pool.checkedin() <= _MOST_CONNECTIONS
    content = _read_image(image, image.stat().st_mtime_ns)
    if is_kept and _empty_log() and 0 <= path.stat().st_size - len(content) < _MOST_REST:
        _write_pages(path, content)
        _tell_connections(path)
    else:
        _replace(path, image)


def _replace(path: Path, image: Path) -> None:
    db.engine.dispose()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.unlink(missing_ok=True)  # who reads the old file still shares its log with nobody
    shutil.copy(image, path)


def _empty_log() -> bool:
    """Write what is in the log into the file, and cut it; return False where somebody reads it still."""
    connection = db.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        is_busy, *_ = cursor.fetchone()
    except sqlite3.OperationalError:  # a query of this connection was never read to its end
        return False
    finally:
        connection.close()  # gives it back
    return not is_busy


@cache
def _read_image(image: Path, _changed_at: int) -> bytes:
    return image.read_bytes()


@cache
def _open(path: Path, _inode: int) -> int:
    """Return the open file; to close it would take the locks away that the connections hold."""
    return os.open(path, os.O_RDWR)


def _write_pages(path: Path, content: bytes) -> None:
    """Write what differs. The file stays as long as the connections know it to be; the rest is nothing."""
    file = _open(path, path.stat().st_ino)
    with mmap.mmap(file, 0) as pages:
        content = content.ljust(len(pages), b"\0")
        for at in range(0, len(content), _PIECE):
            if pages[at : at + _PIECE] != content[at : at + _PIECE]:
                pages[at : at + _PIECE] = content[at : at + _PIECE]


def _tell_connections(path: Path) -> None:
    """Let all connections forget the pages that they have read: another one has written."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        version = other.execute("PRAGMA user_version").fetchone()[0]
        other.execute("BEGIN IMMEDIATE")
        other.execute(f"PRAGMA user_version={version}")
        other.execute("COMMIT")
