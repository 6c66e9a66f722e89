"""``donorhub serve``, ``worker`` and ``timer``: the processes that run."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import click
from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # it has no types

from donorhub import logs
from donorhub.cli import serving
from donorhub.cli.adopting import warn_of_hold
from donorhub.cli.context import make_app, refuse_absent_database, refuse_unready
from donorhub.cli.upgrading import bring_up_to_date
from donorhub.config import Settings
from donorhub.db import db
from donorhub.errors import Misconfigured
from donorhub.jobs.queue.timer import run_timer
from donorhub.jobs.queue.worker import WorkerThread, lower_priority, run_rq_worker, stay_at_work, work_once


@click.command("serve")
@click.option("--host", help="Address to listen on; else DONORHUB_HOST.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; else DONORHUB_PORT.")
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Web processes (needs REDIS_URL).",
)
def serve_site(host: str | None, port: int | None, processes: int) -> None:
    """Serve the web pages, the API and the webhooks. Without Redis it also does all the work."""
    app = make_app()
    settings: Settings = app.extensions["donorhub.settings"]
    refuse_unsafe_processes(settings, processes)
    address = host or settings.host, port or settings.port
    with app.app_context(), refuse_absent_database():
        bring_up_to_date()
        warn_of_hold()
    if settings.is_embedded:
        serve_embedded(app, *address)
    else:
        _serve_many(app, *address, processes)


@click.command("worker")
@click.option("--burst", is_flag=True, help="Work off what waits, then end.")
@click.option("--name", help="Name of this worker in Redis.")
def run_worker(burst: bool, name: str | None) -> None:
    """Work off what waits. With Redis; start as many as wanted."""
    app = make_app()
    settings: Settings = app.extensions["donorhub.settings"]
    refuse_unsafe_processes(settings)
    if settings.is_embedded and not burst:
        raise Misconfigured(
            "REDIS_URL is not set: `donorhub serve` does the work itself; here only --burst helps"
        )
    with app.app_context():
        refuse_unready()
        warn_of_hold()
    if settings.is_embedded:
        with stay_at_work(app):
            while work_once(app):
                pass
        return
    run_rq_worker(app, burst=burst, name=name)


@click.command("timer")
def keep_time() -> None:
    """Keep time where there is Redis: sweep, seal, instalments, checks. One is enough, two do no harm."""
    app = make_app()
    settings: Settings = app.extensions["donorhub.settings"]
    refuse_unsafe_processes(settings)
    if settings.is_embedded:
        raise Misconfigured("REDIS_URL is not set: `donorhub serve` keeps the time itself")
    with app.app_context():
        refuse_unready()
        warn_of_hold()
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stopping.set())
    lower_priority()
    run_timer(app, stop=stopping.is_set)


def refuse_unsafe_processes(settings: Settings, processes: int = 1) -> None:
    """Raise Misconfigured for processes without a queue and a database that all of them share."""
    if processes > 1 and (settings.is_embedded or settings.uses_sqlite):
        raise Misconfigured("several processes need DATABASE_URL (PostgreSQL) and REDIS_URL")
    if not settings.is_embedded and settings.uses_sqlite:
        raise Misconfigured("REDIS_URL is set but DATABASE_URL is not: workers need PostgreSQL")


def serve_embedded(app: Flask, host: str, port: int) -> None:
    """Serve with threads and the worker in this process, until SIGTERM or Ctrl-C."""
    settings: Settings = app.extensions["donorhub.settings"]
    try:
        server = serving.make_server(app, settings, host, port)
    except OSError as e:
        raise Misconfigured(
            f"cannot listen on {host}:{port} ({e.strerror}): choose another with --port"
        ) from e
    worker_thread = WorkerThread(app)
    worker_thread.start_thread()

    def stop_server(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop_server)
    click.echo(f"DonorHub listens on http://{host}:{port}", err=True)
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        worker_thread.stop_thread()
        server.close()


def _serve_many(app: Flask, host: str, port: int, processes: int) -> None:
    """Serve with several processes that gunicorn keeps, until SIGTERM. They share the application that
    is loaded already, but no connection."""
    settings: Settings = app.extensions["donorhub.settings"]

    class WebProcesses(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            options = {
                "bind": f"{host}:{port}",
                "workers": processes,
                "worker_class": "gthread",
                "threads": settings.threads,
                "timeout": 60,
                "umask": 0o077,
                "control_socket_disable": True,
                "loglevel": "warning",
                "on_starting": _route_logs,
                "on_reload": _route_logs,
            }
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            return app

    with app.app_context():
        db.engine.dispose()
    WebProcesses().run()


def _route_logs(_server: object) -> None:
    """Let gunicorn's lines go through our log, without the handlers that it just brought."""
    logs.route_libraries()
