"""What holds of every form that the tests of pages send."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, request, request_started, request_tearing_down
from sqlalchemy import event

from donorhub.db import db

IN_CHUNKS = {"bank.answer_question_group"}  # lets others write between its chunks


@pytest.fixture(autouse=True)
def one_write_lock_a_post(request: pytest.FixtureRequest, app: Flask) -> Iterator[None]:
    """No form takes SQLite's write lock twice: not to read, once more, what it has just kept."""
    locks = LocksOfPosts()
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", locks.note)
    with request_started.connected_to(locks.begin, app), request_tearing_down.connected_to(locks.end, app):
        yield
    event.remove(engine, "before_cursor_execute", locks.note)
    assert locks.too_many == []


class LocksOfPosts:
    """Counts how often each POST takes the write lock."""

    def __init__(self) -> None:
        self.too_many: list[str] = []
        self._count: int | None = None

    def begin(self, *_: Any, **__: Any) -> None:
        self._count = 0 if request.method == "POST" and request.endpoint not in IN_CHUNKS else None

    def note(self, _connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        if self._count is not None and text == "BEGIN IMMEDIATE":
            self._count += 1

    def end(self, *_: Any, **__: Any) -> None:
        if (self._count or 0) > 1:
            self.too_many.append(f"{request.path} took the write lock {self._count} times")
        self._count = None
