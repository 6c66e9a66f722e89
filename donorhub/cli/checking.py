"""``donorhub verify``, ``pending`` and ``doctor``: is all well, what waits, is this installation sound."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Final

import click
from sqlalchemy.exc import SQLAlchemyError

from donorhub import clock
from donorhub.cli.adopting import describe_reasons
from donorhub.cli.context import make_app, run_in_app
from donorhub.cli.upgrading import refuse_old_database
from donorhub.config import load_settings
from donorhub.db import db, read_only
from donorhub.errors import DonorHubError
from donorhub.jobs import soundness
from donorhub.jobs.soundness import Finding, FindingCode, Level
from donorhub.models import ProvenHead
from donorhub.services.access import audit, organisation
from donorhub.services.reports import invariants, proven_head
from donorhub.services.work import pending as pending_service

_Line = tuple[Level, str, str]  # what is wrong, and the way out
_SENTENCES: Final[Mapping[FindingCode, tuple[str, str]]] = {
    "address_not_https": (
        "DONORHUB_PUBLIC_URL is not https: passwords and donors' data would travel openly",
        "put a reverse proxy with a certificate in front and set DONORHUB_PUBLIC_URL=https://…",
    ),
    "hosts_missing": (
        "DONORHUB_HOST is open to the network and DONORHUB_TRUSTED_HOSTS is empty",
        "set DONORHUB_TRUSTED_HOSTS to the names people type, separated by commas",
    ),
    "mode_not_production": ("DONORHUB_MODE is {mode}", "leave it out for real use"),
    "key_short": ("{name} is short", "use `openssl rand -hex 32`"),
    "database_missing": ("REDIS_URL is set but DATABASE_URL is not", "set both, or neither"),
    "folder_readable": ("others can read {path}{more}", "chmod -R go= {home}"),
    "sqlite_old": ("SQLite {version} is too old", "3.35 or newer is needed"),
    "pango_missing": (
        "receipts cannot be made: Pango is missing",
        "apt-get install --no-install-recommends libpangoft2-1.0-0 libharfbuzz-subset0",
    ),
    "disk_full": ("less than 500 MB are free at {home}", "make room"),
    "redis_silent": ("Redis does not answer: {error}", "start it, or correct REDIS_URL"),
    "redis_forgets": (
        "Redis keeps nothing on disk; nothing is lost, but work waits for the sweep",
        "redis-cli config set appendonly yes",
    ),
    "mail_missing": (
        "no mail leaves this program: messages stay in its outbox",
        "set DONORHUB_SMTP_URL=smtp://user:password@host:587",
    ),
    "mail_fails": (
        "the mail server {host} did not let us in: {error}",
        "correct DONORHUB_SMTP_URL, or ask whoever runs the mail server",
    ),
    "mail_address_wrong": (
        "DONORHUB_SMTP_URL must look like smtp://user:password@host:587",
        "correct DONORHUB_SMTP_URL",
    ),
    "backup_none": (
        "no backup was made yet",
        "one is made each night; `donorhub backup` makes one now",
    ),
    "backlog_old": (
        "payment providers' messages have waited unread for {minutes} minutes",
        "start `donorhub serve`, or with Redis `donorhub worker`",
    ),
    "backup_missing": ("no backup is made", "set DONORHUB_BACKUP_DIR, and `donorhub backup --new-key FILE`"),
    "backup_key_missing": (
        "no backup is made: there is no key to encrypt it to",
        "`donorhub backup --new-key FILE`, and keep that file elsewhere",
    ),
    "backup_old": ("the last backup is of {made}", "look at the log of the timer: disk full, folder gone?"),
    "erasure_waits": (
        "bytes of somebody erased more than a day ago may be left",
        "start a worker; a program that reads all the time may stand in the way",
    ),
    "held": ("nothing leaves this installation: {reasons}", "donorhub adopt, if this is no copy"),
}


@click.command("verify")
@click.option("--thorough", is_flag=True, help="Look at everything, not only at what came since all held.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@run_in_app
def verify_invariants(thorough: bool, as_json: bool) -> None:
    """Check that all money, receipts, tasks and the audit are as they must be. Exit code 1 when not.

    Goes on from where all held and says from where; --thorough looks at every row.
    """
    while audit.seal_records():
        db.session.commit()
    db.session.commit()
    now = clock.now()
    with read_only():
        head = None if thorough else proven_head.find_head()
        span = _describe_span(head)
        mark = proven_head.read_mark()
        results = invariants.check_scope(proven_head.make_scope(head), now=now)
        db.session.rollback()
    if not any(results.values()):
        proven_head.move_head(mark, now=now)
    if thorough:
        proven_head.note_whole(now=now)
    db.session.commit()
    click.echo(span, err=as_json)
    if as_json:
        click.echo(json.dumps(results, ensure_ascii=False, indent=1))
    else:
        _show_results(results)
    sys.exit(1 if any(results.values()) else 0)


def _describe_span(head: ProvenHead | None) -> str:
    """Return from where a check looks: everything, or what came after rows that were proved."""
    if head is None or head.proved_at is None:
        return "checked: every row, from the first on"
    zone = organisation.get_zone()
    rows = ", ".join(f"{table} {head.ids.get(table, 0) + 1}" for table in ("gift", "entry", "receipt"))
    whole = f"on {head.whole_at.astimezone(zone):%Y-%m-%d %H:%M}" if head.whole_at else "never"
    return (
        f"checked: what came since {head.proved_at.astimezone(zone):%Y-%m-%d %H:%M} (from {rows} on, the"
        f" audit from record {head.audit_seq + 1} on) and what that changed; every row was checked {whole}:"
        " `donorhub verify --thorough` does"
    )


def _show_results(results: Mapping[str, list[str]]) -> None:
    for name, sentences in results.items():
        click.echo(f"{'broken' if sentences else 'holds '}  {name}")
        for sentence in sentences:
            click.echo(f"        {sentence}")


@click.command("pending")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@run_in_app
@read_only()
def show_pending(as_json: bool) -> None:
    """Show what waits for workers and for people, and what lies in the error inbox."""
    waits = pending_service.count_pending(now=clock.now())
    if as_json:
        click.echo(json.dumps(waits, indent=1))
        return
    for name, counts in waits.items():
        total = sum(counts.values())
        click.echo(f"{name}: {total}" + "".join(f"\n    {kind}: {n}" for kind, n in counts.items()))


@click.command("doctor")
def examine_installation() -> None:
    """Look over this installation: unsafe settings, what is missing, the way out. Exit code 1 for errors."""
    lines = _examine_all()
    for level, sentence, way_out in lines:
        click.echo(f"{level:7}  {sentence}")
        if way_out:
            click.echo(f"         -> {way_out}")
    if not lines:
        click.echo("all is well")
    sys.exit(1 if any(level == "error" for level, _sentence, _way_out in lines) else 0)


def _examine_all() -> list[_Line]:
    """Return what is wrong, errors first, each with its way out; an installation that cannot start, too."""
    try:
        settings = load_settings()
    except DonorHubError as e:
        return [("error", e.message, "")]
    base_findings: list[Finding] = []
    lines: list[_Line] = []
    try:
        with make_app(settings).app_context(), read_only():
            refuse_old_database()
            base_findings = soundness.check_database(now=clock.now())
    except DonorHubError as e:
        lines.append(("error", e.message, "donorhub db upgrade"))
    except SQLAlchemyError as e:
        lines.append(("error", f"the database does not answer: {type(e).__name__}", "correct DATABASE_URL"))
    lines += map(_describe_finding, soundness.list_findings(settings, base_findings))
    return sorted(lines, key=lambda line: line[0])


def _describe_finding(finding: Finding) -> _Line:
    sentence, way_out = _SENTENCES[finding.code]
    facts = dict(finding.facts)
    if finding.code == "held":
        facts["reasons"] = describe_reasons(facts["reasons"].split())
    if finding.code == "folder_readable":
        facts["more"] = f" and {facts['more']} more" if facts["more"] != "0" else ""
    return finding.level, sentence.format(**facts), way_out.format(**facts)
