"""How much CPU something takes, here and in the database, and how that grows with the base."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import text

from donorhub.db import db

Timings = dict[str, tuple[float, float]]


class Yardstick:
    """How much slower than at its best this machine is just now, by a fixed piece of work of its own.

    What others do beside makes CPU time longer too, up to twice: they share cores and caches.
    """

    _best_s = math.inf

    def __init__(self) -> None:
        self._times: list[float] = []

    def look(self) -> None:
        """Do the piece of work once more."""
        began = time.process_time()
        sum(number * number for number in range(5000))
        self._times.append(time.process_time() - began)
        Yardstick._best_s = min(Yardstick._best_s, self._times[-1])

    @property
    def factor(self) -> float:
        """Return how many times longer it took than at best, in the middle of what was seen."""
        return max(statistics.median(self._times) / self._best_s, 1.0)


def measure(kind: str, acts: Sequence[Callable[[], Any]]) -> tuple[float, float]:
    """Do each thing, print how long that took, and return p50 and p95 in milliseconds of CPU on an idle
    machine: of this process and of PostgreSQL's that work for it."""
    acts[0]()
    pids, yardstick = list_backends(), Yardstick()
    spent, waited = [], []
    for act in acts:
        yardstick.look()
        began, began_at = take_time(pids), time.perf_counter()
        act()
        spent.append((take_time(pids) - began) * 1000)
        waited.append((time.perf_counter() - began_at) * 1000)
    p50, p95, factor = statistics.median(spent), cut_at_95(spent), yardstick.factor
    print(
        f"{kind:46} CPU p50 {p50:7.2f} p95 {p95:7.2f}, idle p50 {p50 / factor:7.2f} p95 {p95 / factor:7.2f},"
        f" wall p95 {cut_at_95(waited):8.2f} ms",
        flush=True,
    )
    return p50 / factor, p95 / factor


def cut_at_95(figures: Sequence[float]) -> float:
    """Return the figure that ninety-five of a hundred do not exceed."""
    return sorted(figures)[max(math.ceil(len(figures) * 0.95) - 1, 0)]


def list_backends() -> Sequence[int]:
    """Return the process of PostgreSQL that works for this one."""
    if db.engine.dialect.name == "sqlite":
        return ()
    pid = db.session.execute(text("SELECT pg_backend_pid()")).scalar_one()
    db.session.rollback()
    return [pid] if Path(f"/proc/{pid}/schedstat").exists() else []


def take_time(pids: Sequence[int]) -> float:
    """Return the seconds of CPU that were spent until now."""
    times = [Path(f"/proc/{pid}/schedstat").read_text().split()[0] for pid in pids]
    return time.process_time() + sum(map(int, times)) / 1e9


def print_growth(small: Timings, large: Timings) -> None:
    """Print how much slower each thing is among ten times as many."""
    print(f"\n{'growth from a hundred thousand to a million':46} p50          p95")
    for kind in [kind for kind in large if kind in small]:
        growth = [value / max(before, 0.01) for value, before in zip(large[kind], small[kind], strict=True)]
        print(f"{kind:46} {growth[0]:5.1f} x      {growth[1]:5.1f} x")
