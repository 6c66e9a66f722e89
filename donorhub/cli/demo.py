"""``donorhub demo``: a made-up organisation in a temporary database, served at once.

The same people, gifts and files every time, dated back from today. Nothing leaves the
machine: messages are shown in the program.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from datetime import datetime
from pathlib import Path

import click
from flask import Flask

from donorhub import clock, logs
from donorhub.cli import demo_bank, demo_giving, demo_people
from donorhub.cli.context import make_app
from donorhub.cli.database import bring_up_to_date
from donorhub.config import Settings, load
from donorhub.db import db
from donorhub.migrations.run import newest
from donorhub.services import access

PASSWORD = "demo-demo-demo"  # noqa: S105  a password for made-up data, printed on purpose
FIXED_KEY = "0" * 32 + "demo" * 8  # the base is made once and opened again, and hides nothing
STAFF = (
    ("marta@demo.example", "Marta Zielińska", ("admin",), "en"),
    ("ksiegowosc@demo.example", "Piotr Księgowy", ("accountant",), "pl"),
    ("arta@demo.example", "Arta Gashi", ("fundraiser",), "sq"),
    ("caller@demo.example", "Emma Caller", ("caller",), "en"),
)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=8080, show_default=True)
@click.option(
    "--prepare", type=click.Path(path_type=Path), help="Only make the demo in this folder; do not serve."
)
def demo(host: str, port: int, prepare: Path | None) -> None:
    """Show DonorHub with made-up data: 300 donors, bank files, tasks due today."""
    if prepare is not None:
        build(settings_for(prepare.absolute(), host, port))
        click.echo(f"the demo lies in {prepare}")
        return
    home = Path(tempfile.mkdtemp(prefix="donorhub-demo-"))
    try:
        click.echo("making the demo data …", err=True)
        app = build(settings_for(home, host, port))
        _greet(host, port, home)
        from donorhub.cli.running import serve_embedded

        serve_embedded(app, host, port)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def settings_for(home: Path, host: str, port: int) -> Settings:
    """The demo's settings: SQLite in a folder of its own, no mail, no queue. Of the environment only
    DONORHUB_CLOCK counts."""
    environment = {
        "DONORHUB_HOME": str(home),
        "DONORHUB_MODE": "demo",
        "DONORHUB_PUBLIC_URL": f"http://{host}:{port}",
    }
    return load({**environment, "DONORHUB_CLOCK": os.environ.get("DONORHUB_CLOCK", "")})


def build(settings: Settings) -> Flask:
    """Make the application with its filled base: or take the copy of an earlier start."""
    logs.configure("console")
    kept, place = _kept_copy(), Path(settings.home) / "donorhub.sqlite3"
    if kept.exists():
        shutil.copyfile(kept, place)
        to_try = kept.with_suffix(".csv")
        shutil.copyfile(to_try, place.parent / demo_bank.TO_TRY)
        return make_app(settings)
    app = make_app(settings)
    with app.app_context():
        bring_up_to_date()
        fill(app, now=clock.now())
        _keep_copy(kept, place.parent / demo_bank.TO_TRY)
    return app


def _kept_copy() -> Path:
    """Where today's demo is kept between starts: another day, program or clock makes another."""
    sources = sorted(Path(__file__).parent.glob("demo*.py"))
    made_by = hashlib.sha256(b"".join(source.read_bytes() for source in sources))
    made_by.update(f"{newest()}|{clock.now():%Y-%m-%d}|{os.getuid()}".encode())
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "donorhub"
    return folder / f"demo-{made_by.hexdigest()[:16]}.sqlite3"


def _keep_copy(kept: Path, to_try: Path) -> None:
    """Keep a copy for the next start; a home that cannot be written costs seconds, nothing else."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        for old in kept.parent.glob("demo-*"):
            old.unlink()
        shutil.copyfile(to_try, kept.with_suffix(".csv"))
        raw = db.engine.raw_connection()  # VACUUM works only outside a transaction
        raw.cursor().execute("VACUUM INTO ?", (str(kept),))
        raw.close()
    except OSError as e:
        click.echo(f"the demo is not kept for the next start: {type(e).__name__}", err=True)


def fill(app: Flask, *, now: datetime) -> None:
    """Fill the base: staff, donors, giving, bank files, receipts. Commits as it goes."""
    for email, name, roles, lang in STAFF:
        access.create_user(
            email, name=name, password=PASSWORD, roles=roles, lang=lang, now=now, actor="cli:demo"
        )
    people = demo_people.add(now=now)
    demo_giving.add(people, now=now)
    db.session.commit()
    demo_bank.add(app, people, now=now)
    demo_giving.issue_receipts(now=now)
    db.session.commit()
    db.session.remove()


def _greet(host: str, port: int, home: Path) -> None:
    click.echo(
        f"""
  DonorHub demo        http://{host}:{port}
  sign in with         {STAFF[0][0]}
  password             {PASSWORD}

  others               {", ".join(f"{email} ({roles[0]})" for email, _, roles, _ in STAFF[1:])}
  a bank file to try   {home / demo_bank.TO_TRY}

  All data is made up and is deleted when you stop the demo with Ctrl-C.
"""
    )
