"""A base of so many donors to measure on: made once, and kept where a folder is named for that.

``BENCH_BASES`` names the folder in which bases on SQLite stay, else they are gone at the end. On
PostgreSQL ``DATABASE_URL`` names an empty database, or one that an earlier run has filled; for a million
donors ``DATABASE_URL_OF_A_MILLION`` does.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from flask import Flask
from sqlalchemy import func, select

from donorhub import clock, config
from donorhub.app import create_app
from donorhub.db import db, set_reading
from donorhub.migrations import run
from donorhub.models import Donor
from tests.benchmarks.search_base import NOW, analyse_base, make_base
from tests.queries.large_base import FIRST

HUNDRED_THOUSAND: Final = 100_000
MILLION: Final = 1_000_000
KEYS: Final = {"DONORHUB_MODE": "test", "DONORHUB_SECRET_KEY": "bench", "DONORHUB_FIELD_KEY": "bench"}


@contextmanager
def open_base(count: int) -> Iterator[Flask]:
    """The application in its context, on a base of so many donors, for reading; time stands still."""
    url = os.environ.get("DATABASE_URL_OF_A_MILLION" if count == MILLION else "DATABASE_URL", "")
    with ExitStack() as stack:
        home = stack.enter_context(_find_home(count, is_sqlite=not url))
        app = create_app(
            config.load_settings(
                {**KEYS, "DONORHUB_HOME": str(home), **({"DATABASE_URL": url} if url else {})}
            )
        )
        clock.use_clock(lambda: NOW)
        with app.app_context():
            _fill(count)
            set_reading(True)
            yield app
            set_reading(False)
            db.session.remove()
            db.engine.dispose()


@contextmanager
def _find_home(count: int, *, is_sqlite: bool) -> Iterator[Path]:
    folder = os.environ.get("BENCH_BASES")
    if folder and is_sqlite:
        home = Path(folder) / f"donors-{count}"
        home.mkdir(parents=True, exist_ok=True)
        yield home
        return
    with tempfile.TemporaryDirectory() as home:
        yield Path(home)


def _fill(count: int) -> None:
    what = f"\n{count:,} donors, {db.engine.dialect.name}"
    with db.engine.connect() as connection:
        revision = run.read_current_revision(connection)
    if revision is not None:
        if revision != run.find_newest_revision():
            raise SystemExit(f"the base was made by another version ({revision}): take it away first")
        donors_count = db.session.scalar(select(func.count()).where(Donor.id >= FIRST))
        db.session.rollback()
        if donors_count != count:
            raise SystemExit(f"the base has {donors_count} donors, and not {count}")
        print(f"{what}, made earlier", flush=True)
        return
    run.upgrade(db.engine)
    began, wall = time.process_time(), time.perf_counter()
    make_base(count)
    analyse_base()
    db.session.remove()
    db.engine.dispose()  # its connection wrote without a journal, and none could begin to write with one
    spent = time.process_time() - began, time.perf_counter() - wall
    print(f"{what}, made in {spent[0]:.0f} CPU s, {spent[1]:.0f} s of the clock", flush=True)
