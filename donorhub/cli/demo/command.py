"""``donorhub demo``: a made-up organisation in a temporary database, served at once.

The same people, gifts and files every time, dated back from today. Nothing leaves the
machine: messages are shown in the program.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import sqlite3
import tempfile
from pathlib import Path
from typing import Final

import click
from flask import Flask

from donorhub import clock
from donorhub.cli.context import make_app
from donorhub.cli.demo.filling import fill_demo
from donorhub.cli.demo.people import PASSWORD, STAFF
from donorhub.cli.running import serve_embedded
from donorhub.cli.upgrading import bring_up_to_date
from donorhub.config import Settings, load_settings
from donorhub.db import db
from donorhub.errors import Conflict, Misconfigured

FIXED_KEY: Final = "0" * 32 + "demo" * 8  # the base is made once and opened again, and hides nothing
DATABASE: Final = "donorhub.sqlite3"
SAMPLE_FILE: Final = "wyciag-do-wyprobowania.csv"
ROOMS: Final = ("donorhub", "importers", "receipts", "webhooks")  # a change in any may change the demo


@click.command("demo")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option(
    "--prepare",
    type=click.Path(file_okay=False, path_type=Path),
    help="Only make the demo in this folder; do not serve.",
)
def run_demo(host: str, port: int, prepare: Path | None) -> None:
    """Show DonorHub with made-up data: 300 donors, bank files, tasks due today."""
    if prepare is not None:
        home = prepare.absolute()
        refuse_filled_folder(home)
        build_demo(make_settings(home, host, port))
        click.echo(
            f"the demo lies in {prepare}; look at it with DONORHUB_MODE=demo DONORHUB_HOME={home} "
            "before any donorhub command"
        )
        return
    refuse_taken_port(host, port)
    home = Path(tempfile.mkdtemp(prefix="donorhub-demo-"))
    try:
        app = build_demo(make_settings(home, host, port))
        _show_greeting(host, port, home)
        serve_embedded(app, host, port)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def refuse_filled_folder(home: Path) -> None:
    """Raise Conflict for a folder that holds anything: a database or key there is never replaced."""
    if home.exists() and any(home.iterdir()):
        raise Conflict(f"{home} is not empty: choose a new folder for the demo")


def refuse_taken_port(host: str, port: int) -> None:
    """Raise Misconfigured for an address that cannot be listened on, before the data are made."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as e:
        raise Misconfigured(
            f"cannot listen on {host}:{port} ({os.strerror(e.errno or 0)}): choose another with --port"
        ) from e


def make_settings(home: Path, host: str, port: int) -> Settings:
    """Return the demo's settings: SQLite in a folder of its own with the demo's key, no mail, no queue.

    Of the environment only DONORHUB_CLOCK counts.
    """
    home.mkdir(parents=True, exist_ok=True)
    key = home / "field_key"  # what was sealed at an earlier start is opened with it
    key.touch(0o600)
    key.write_text(FIXED_KEY)
    environment = {
        "DONORHUB_HOME": str(home),
        "DONORHUB_MODE": "demo",
        "DONORHUB_PUBLIC_URL": f"http://{host}:{port}",
    }
    return load_settings({**environment, "DONORHUB_CLOCK": os.environ.get("DONORHUB_CLOCK", "")})


def build_demo(settings: Settings) -> Flask:
    """Return the application with its filled base, copied from an earlier start of today if there was one."""
    app = make_app(settings)  # before the clock is asked: it may have been set
    copy, home = _find_copy(), Path(settings.home)
    if copy.exists():
        shutil.copyfile(copy, home / DATABASE)
        shutil.copyfile(copy.with_suffix(".csv"), home / SAMPLE_FILE)
        return app
    click.echo("making the demo data, once a day: this takes some seconds …", err=True)
    with app.app_context():
        bring_up_to_date()
        fill_demo(home / SAMPLE_FILE, now=clock.now())
        _store_copy(copy, home / SAMPLE_FILE)
    return app


def _find_copy() -> Path:
    """Return where today's demo is kept between starts: another day, program or clock has another place."""
    program = Path(__file__).parents[3]
    digest = hashlib.sha256(f"{clock.now():%Y-%m-%d}|{os.getuid()}|{FIXED_KEY}".encode())
    for room in ROOMS:
        for source in sorted((program / room).rglob("*.py")):
            state = source.stat()
            digest.update(f"{source.relative_to(program)}|{state.st_size}|{state.st_mtime_ns}\n".encode())
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "donorhub"
    return folder / f"demo-{digest.hexdigest()[:16]}.sqlite3"


def _store_copy(copy: Path, sample_path: Path) -> None:
    """Keep a copy for the next start; say so and go on where the cache cannot be written."""
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=copy.parent) as folder:
            whole = Path(folder) / copy.name
            connection = db.engine.raw_connection()  # VACUUM works only outside a transaction
            connection.cursor().execute("VACUUM INTO ?", (str(whole),))
            connection.close()
            for earlier_copy in copy.parent.glob("demo-*"):
                earlier_copy.unlink(missing_ok=True)
            shutil.copyfile(sample_path, copy.with_suffix(".csv"))
            whole.replace(copy)  # last and at once: two first starts may happen together
    except (OSError, sqlite3.Error) as e:
        click.echo(f"the demo is not kept for the next start: {type(e).__name__}", err=True)


def _show_greeting(host: str, port: int, home: Path) -> None:
    click.echo(
        f"""
  DonorHub demo        http://{host}:{port}
  sign in with         {STAFF[0][0]}
  password             {PASSWORD}

  others               {", ".join(f"{email} ({roles[0]})" for email, _, roles, _ in STAFF[1:])}
  a bank file to try   {home / SAMPLE_FILE}

  All data is made up and is deleted when you stop the demo with Ctrl-C.
"""
    )
