"""Where the large base is kept: made once a run by whoever comes first, copied for each who wants it.

On SQLite it is a file, on PostgreSQL a database in a server of its own; the maker stays until the
last copy is given back.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from tests.processes import shared_directory
from tests.servers import Postgres, create_database, drop_database

Fill = Callable[[dict[str, str], Path], None]


class Store:
    """The base of a run, ready to be copied."""

    def __init__(self, directory: Path, *, is_postgres: bool) -> None:
        self.home = directory / "home"
        self.url_file = directory / "url"
        self._is_postgres = is_postgres

    def url(self) -> str:
        """Of the base itself, which nobody opens once it is made."""
        return self.url_file.read_text()

    @contextmanager
    def copy(self, place: Path) -> Iterator[dict[str, str]]:
        """The variables of a copy in an empty folder, gone at the end."""
        shutil.copytree(self.home, place, dirs_exist_ok=True)
        if not self._is_postgres:
            yield {"DONORHUB_HOME": str(place)}
            shutil.rmtree(place)
            return
        url = create_database(self.url(), self.url())
        yield {"DONORHUB_HOME": str(place), "DATABASE_URL": url}
        shutil.rmtree(place)
        drop_database(url)


@contextmanager
def large_base(name: str, fill: Fill, *, is_postgres: bool) -> Iterator[Store]:
    """The base of this run; ``fill`` makes it in the database of the variables it gets, once."""
    with ExitStack() as stack:
        directory, lock = stack.enter_context(_lock_directory(f"large-base-{name}"))
        store = Store(directory, is_postgres=is_postgres)
        is_maker = not store.url_file.exists()
        if is_maker:
            store.home.mkdir()
            url = stack.enter_context(_server(directory)) if is_postgres else ""
            environ = {"DONORHUB_HOME": str(store.home), **({"DATABASE_URL": url} if url else {})}
            fill(environ, store.home)
            store.url_file.write_text(url)
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield store
        if is_maker:
            fcntl.flock(lock, fcntl.LOCK_EX)  # until the others have given theirs back
            shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _lock_directory(name: str) -> Iterator[tuple[Path, IO[str]]]:
    """A directory of the whole run, locked; what a maker has taken away meanwhile is made anew."""
    while True:
        directory = shared_directory(name)
        try:
            lock = (directory / "lock").open("w")
        except FileNotFoundError:
            continue
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock.fileno()).st_nlink:
            break
        lock.close()
    with lock:
        yield directory, lock


@contextmanager
def _server(directory: Path) -> Iterator[str]:
    cluster = directory / "cluster"
    cluster.mkdir()
    server = Postgres(cluster)
    try:
        server.start()
        yield create_database(server.url)
    finally:
        server.stop()
