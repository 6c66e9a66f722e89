"""Importing: reading, keying and storing each format, a second time too, and matching what came.

Run: python -m tests.benchmarks.bench_import [--quick] [--postgres]. It prints and asserts no time,
CPU seconds of our process first, as machines are shared (with PostgreSQL the server's own come on top);
where a goal is missed it prints where the time went. SQLite is FULL, on the disk of the temporary
folder. Each measurement is a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import cProfile
import importlib.util
import json
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("DONORHUB_SHARED") or ROOT.parent / "shared")
GENERATOR = SHARED / "bench" / "gen" / "statement.py"
FORMATS = ("csv", "ofx1", "mt940", "camt")
GOALS = {"csv": 25_000, "ofx1": 25_000, "mt940": 25_000, "camt": 15_000}
MOST_MB, MOST_GROWTH, FASTER_AGAIN = 300, 11.0, 2.0
ACCOUNT = "PL60102010260000042270201111"
DONORS = 20_000
LAYOUT = {
    "name": "bench",
    "columns": [
        {"role": "value_on", "name": "Data operacji"},
        {"role": "booked_on", "name": "Data księgowania"},
        {"role": "name", "name": "Nadawca/Odbiorca"},
        {"role": "account", "name": "Rachunek"},
        {"role": "remittance", "name": "Tytuł"},
        {"role": "amount", "name": "Kwota"},
        {"role": "currency", "name": "Waluta"},
        {"role": "bank_ref", "name": "Nr referencyjny"},
    ],
    "delimiter": ";",
    "header": [
        "Data operacji",
        "Data księgowania",
        "Nadawca/Odbiorca",
        "Rachunek",
        "Tytuł",
        "Kwota",
        "Waluta",
        "Nr referencyjny",
    ],
    "date_order": "ymd",
    "decimal": ",",
}
Figures = dict[str, Any]


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--one"]:
        print(
            json.dumps(_measure_import(arguments[1], Path(arguments[2]), Path(arguments[3]), arguments[4:]))
        )
        return
    sizes = (1_000, 10_000) if "--quick" in arguments else (10_000, 100_000)
    with tempfile.TemporaryDirectory() as folder, _stores("--postgres" in arguments) as stores:
        _head()
        for name in FORMATS:
            files = [_file(name, n, Path(folder)) for n in sizes]
            figures = [_run(name, file, Path(folder), stores) for file in files]
            _judge(name, files[-1], figures, Path(folder), stores)
        _match(_file("camt", sizes[0], Path(folder)), Path(folder), stores)


@contextmanager
def _stores(postgres: bool) -> Iterator[Any]:
    """A function that gives the environment of a new, empty database."""
    if not postgres:
        yield dict
        return
    from tests.servers import create_database, postgres_server

    with postgres_server(durable=True) as url:
        yield lambda: {"DATABASE_URL": create_database(url)}


# ---------------------------------------------------------------- files


def _file(name: str, entries: int, folder: Path) -> Path:
    path = folder / f"{name}_{entries}"
    if path.exists():
        return path
    if GENERATOR.is_file():
        command = [sys.executable, GENERATOR.name, name, str(entries), str(DONORS), str(path)]
        subprocess.run(command, cwd=GENERATOR.parent, check=True)
    else:
        path.write_bytes(_write_file(name, entries))
    return path


def _write_file(name: str, entries: int) -> bytes:
    from tests.importers.bank_writers import Plain, plain_entries, write_mt940
    from tests.importers.camt.camt_writer import write_camt
    from tests.importers.ofx.ofx_writer import write_ofx

    plain = plain_entries(entries, 7)
    if name == "csv":
        return _table(plain)
    writers: dict[str, Any] = {
        "ofx1": lambda: write_ofx(plain, 1),
        "mt940": lambda: write_mt940(plain, "gvc"),
        "camt": lambda: write_camt(plain, 2),
    }
    assert isinstance(plain[0], Plain)
    return bytes(writers[name]())


def _table(plain: list[Any]) -> bytes:
    rows = [";".join(LAYOUT["header"])]  # type: ignore[arg-type]
    for e in plain:
        amount = f"{'-' if e.minor < 0 else ''}{abs(e.minor) // 100},{abs(e.minor) % 100:02d}"
        rows.append(
            f"{e.booked_on};{e.booked_on};{e.name};{e.account};{e.remittance};{amount};{e.currency};{e.ref}"
        )
    return "\r\n".join([*rows, ""]).encode()


# ---------------------------------------------------------------- showing


def _head() -> None:
    print(
        f"{'CPU s':8}{'entries':>9}{'read, key':>11}{'store':>8}{'all':>8}{'(wall)':>8}"
        f"{'entries/s':>11}{'peak MB':>9}{'other bytes':>13}{'new':>5}{'same bytes':>12}"
    )


def _run(name: str, file: Path, folder: Path, stores: Any, *more: str) -> Figures:
    with tempfile.TemporaryDirectory(dir=folder) as home:
        module = ["-W", "ignore", "-m", "tests.benchmarks.bench_import"]
        done = subprocess.run(
            [sys.executable, *module, "--one", name, file, home, *more],
            cwd=ROOT,
            env={**os.environ, **stores()},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
    *profile, last = done.stdout.splitlines()
    print("\n".join(profile)) if profile else None
    figures: Figures = json.loads(last)
    if "entries" in figures and "--profile" not in more:
        print(
            f"{name:8}{figures['entries']:>9,}{figures['draft']:>11.2f}{figures['store']:>8.2f}"
            f"{figures['cpu']:>8.2f}{figures['wall']:>8.2f}{figures['entries'] / figures['cpu']:>11,.0f}"
            f"{figures['peak']:>9}{figures['again']:>13.2f}{figures['again_new']:>5}{figures['known']:>12.3f}"
        )
    return figures


def _judge(name: str, file: Path, figures: list[Figures], folder: Path, stores: Any) -> None:
    small, large = figures
    growth = large["cpu"] / small["cpu"] * (10 * small["entries"] / large["entries"])
    missed = []
    if large["entries"] / large["cpu"] < GOALS[name]:
        missed.append(f"fewer than {GOALS[name]:,} entries a CPU second")
    if large["peak"] > MOST_MB:
        missed.append(f"{large['peak']} MB at the peak, not {MOST_MB}")
    if growth > MOST_GROWTH:
        missed.append(f"{growth:.1f} times the time for ten times the entries")
    faster = f"the same bytes again {large['cpu'] / large['known']:.0f} times as fast, "
    faster += f"in other bytes {large['cpu'] / large['again']:.1f} times"
    if large["cpu"] / large["known"] < FASTER_AGAIN:
        missed.append(f"the same bytes again not {FASTER_AGAIN} times as fast")
    print(f"{name}: growth {growth:.1f}; {faster}; " + ("; ".join(missed) or "every goal reached"))
    if missed:
        _run(name, file, folder, stores, "--profile")


def _match(file: Path, folder: Path, stores: Any) -> None:
    found = _run("camt", file, folder, stores, "--match")
    print(
        f"matching {found['lines']:,} lines against {DONORS:,} donors, lines a CPU second: "
        f"{found['lines'] / found['weigh']:,.0f} looked up and weighed, "
        f"{found['lines'] / found['match']:,.0f} with all that is written; {found['states']}"
    )


# ---------------------------------------------------------------- one measurement


def _measure_import(name: str, file: Path, home: Path, options: list[str]) -> Figures:
    from donorhub import config
    from donorhub.app import create_app
    from donorhub.db import db
    from donorhub.migrations import run
    from donorhub.services.access import organisation
    from donorhub.services.bank.files import bank_accounts

    stores = {key: os.environ[key] for key in ("DATABASE_URL",) if key in os.environ}
    app = create_app(config.load_settings({**stores, "DONORHUB_MODE": "test", "DONORHUB_HOME": str(home)}))
    with app.app_context():
        run.upgrade(db.engine)
        now = datetime.now(UTC)
        organisation.create_organisation("Bench", now=now)
        account = bank_accounts.create_account(ACCOUNT, "PLN", matching="auto", now=now, actor="bench")
        choices: dict[str, Any] = {"create_accounts": True}
        if name == "csv":
            choices |= {"layout": LAYOUT, "bank_account_id": account.id}
        db.session.commit()
        if "--match" in options:
            return _measured_match(file, choices)
        return _measured_import(file, choices, with_profile="--profile" in options)


def _measured_import(file: Path, choices: dict[str, Any], *, with_profile: bool) -> Figures:
    from donorhub.services.bank.files import statement_drafts, statements

    watch = _Watch()
    watch.over(statement_drafts, "draft_statements")
    watch.over(statements, "store_statements")
    profile = cProfile.Profile()
    wall = time.perf_counter()
    with profile if with_profile else nullcontext():
        cpu, first = _time_import(file.read_bytes(), "first", choices)
    wall = time.perf_counter() - wall
    if with_profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(15)
    draft_cpu = watch.took["draft_statements"]
    figures = {
        "entries": first.entries_count,
        "draft": draft_cpu,
        "store": cpu - draft_cpu,
        "wall": wall,
        "cpu": cpu,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    assert (first.state, first.new_count) == ("done", first.entries_count), first.problems
    figures["known"], _ = _time_import(file.read_bytes(), "other name", choices)
    figures["again"], second = _time_import(file.read_bytes() + b"\n", "other bytes", choices)
    figures["again_new"] = second.new_count
    return figures


class _Watch:
    """How long calls took, by name."""

    def __init__(self) -> None:
        self.took: dict[str, float] = {}

    def over(self, module: Any, name: str) -> None:
        inner = getattr(module, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            started = time.process_time()
            try:
                return inner(*args, **kwargs)
            finally:
                self.took.setdefault(name, time.process_time() - started)

        setattr(module, name, timed)


def _time_import(data: bytes, name: str, choices: dict[str, Any]) -> tuple[float, Any]:
    """CPU seconds from the bytes to the commit, and the file's row."""
    from donorhub import clock
    from donorhub.db import db
    from donorhub.jobs.queue.run import run_task
    from donorhub.services.bank.files import imports

    started = time.process_time()
    file, _ = imports.receive_file(data, name, limit_mb=500, now=clock.now(), actor="bench", **choices)
    del data
    file_id = file.id
    db.session.commit()
    for task_id in _open("import_file"):
        run_task(task_id)
    took = time.process_time() - started
    return took, imports.get_file(file_id)


def _open(kind: str) -> list[int]:
    from sqlalchemy import select

    from donorhub.db import db
    from donorhub.models import Task

    ids = db.session.scalars(select(Task.id).where(Task.kind == kind, Task.state == "planned")).all()
    db.session.rollback()
    return list(ids)


def _measured_match(file: Path, choices: dict[str, Any]) -> Figures:
    from sqlalchemy import func, select

    from donorhub.db import db
    from donorhub.jobs.queue.run import run_task
    from donorhub.models import Entry

    _load_donors()
    _time_import(file.read_bytes(), "first", choices)
    weigh = _time_matching()
    started = time.process_time()
    for task_id in _open("match_statement"):
        run_task(task_id)
    match = time.process_time() - started
    states = db.session.execute(select(Entry.state, func.count()).group_by(Entry.state)).all()
    return {
        "lines": sum(count for _, count in states),
        "weigh": weigh,
        "match": match,
        "states": {state: count for state, count in states},  # noqa: C416  a Row is no pair for dict
    }


def _time_matching() -> float:
    """Seconds to read the credits, fetch what is known and propose, writing nothing."""
    from sqlalchemy import select

    from donorhub.db import db
    from donorhub.models import Entry
    from donorhub.services.bank.matching import matching

    ids = db.session.scalars(select(Entry.id).order_by(Entry.id)).all()
    started = time.process_time()
    for at in range(0, len(ids), matching.CHUNK):
        matching.list_proposals(ids[at : at + matching.CHUNK])
    took = time.process_time() - started
    db.session.rollback()
    return took


def _load_donors() -> None:
    if not GENERATOR.is_file():
        return
    from sqlalchemy import insert

    from donorhub.db import db
    from donorhub.domain.donors.codes import format_code
    from donorhub.domain.payer_text import make_name_key
    from donorhub.models import Donor, ExternalId, IdentityKey
    from donorhub.vault import compute_keyed_hash

    spec = importlib.util.spec_from_file_location("dhgen", GENERATOR.with_name("dhgen.py"))
    assert spec is not None and spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    now, donors = datetime.now(UTC), generator.donors(DONORS)
    while chunk := list(islice(donors, 5000)):
        rows = [
            {
                "id": d.id,
                "code": format_code("DH", 1000 + d.id),
                "name": d.name,
                "source": "bench",
                "created_at": now,
                "updated_at": now,
            }
            for d in chunk
        ]
        keys = [
            {"kind": kind, "value_hash": compute_keyed_hash(value), "donor_id": d.id}
            for d in chunk
            for kind, value in (("iban", d.iban), ("name", make_name_key(d.name)))
        ]
        refs = [{"source": "payer_ref", "ref": d.ref, "donor_id": d.id} for d in chunk]
        for model, some in ((Donor, rows), (IdentityKey, keys), (ExternalId, refs)):
            db.session.execute(insert(model), some)
    db.session.commit()


if __name__ == "__main__":
    main(sys.argv[1:])
