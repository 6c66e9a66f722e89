"""The one place where the wall clock is read; entry points ask it and pass ``now`` on.

``DONORHUB_CLOCK`` may set it in tests and in the demo: an instant, from which time runs
on, or ``file:PATH``, a file that holds the seconds to add to the real time and may change.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

Clock = Callable[[], datetime]


def read_system_clock() -> datetime:
    """Return the machine's own time, in UTC."""
    return datetime.now(UTC)


def make_clock_starting_at(instant: datetime) -> Clock:
    """Return a clock that shows ``instant`` now and runs on from there."""
    shift = instant.timestamp() - time.time()
    return lambda: datetime.fromtimestamp(time.time() + shift, UTC)


def make_clock_shifted_by_file(path: Path) -> Clock:
    """Return a clock that shows the real time plus the seconds that the file holds at that moment."""
    return lambda: datetime.fromtimestamp(time.time() + float(path.read_text() or 0), UTC)


def parse_clock(text: str) -> Clock:
    """Return the clock that ``DONORHUB_CLOCK`` asks for; raise ValueError when it cannot be read."""
    if not text:
        return read_system_clock
    if text.startswith("file:"):
        return make_clock_shifted_by_file(Path(text.removeprefix("file:")))
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone: write it as 2026-11-22T09:00:00+01:00")
    return make_clock_starting_at(instant)


_current: Clock = read_system_clock


def use_clock(clock: Clock) -> Clock:
    """Let :func:`now` read this clock; return the one before."""
    global _current
    before, _current = _current, clock
    return before


def now() -> datetime:
    """Return the present instant in UTC."""
    return _current()
