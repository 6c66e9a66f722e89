"""A base that runs at a place of the test's choosing: what a copy looks like from inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from donorhub.db import db
from donorhub.services.access import instance
from donorhub.services.access.place import Fact

HOME: Mapping[Fact, str] = {
    "path": "/srv/donorhub/donorhub.sqlite3",
    "file": "inode 4711",
    "machine": "machine one",
}
COPY: Mapping[Fact, str] = {**HOME, "path": "/home/marta/try/donorhub.sqlite3", "file": "inode 4712"}


@contextmanager
def running_at(facts: Mapping[Fact, str]) -> Iterator[None]:
    """A process that starts at this place."""
    before = instance._process
    instance.use_place(lambda: facts)
    try:
        yield
    finally:
        instance._process = before


def settle_at(facts: Mapping[Fact, str] = HOME) -> None:
    """Let a server have started at this place before."""
    with running_at(facts):
        instance.judge_place()
        instance.settle_place()
        db.session.commit()


@contextmanager
def copied() -> Iterator[None]:
    """A process on a copy of the base."""
    settle_at(HOME)
    with running_at(COPY):
        yield
