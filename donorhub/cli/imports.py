"""``donorhub import``: bank files in, at once, with what each says and whether its balances hold."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import click
from flask import current_app
from sqlalchemy import select

from donorhub import clock
from donorhub.cli import confirming, import_previews, tables
from donorhub.cli.arguments import load_arguments
from donorhub.cli.context import get_actor, run_in_app
from donorhub.config import Settings
from donorhub.db import db, read_only
from donorhub.errors import Changed, NotFound, Rejected
from donorhub.jobs.kinds.imports import report_progress
from donorhub.jobs.queue import hold, timer
from donorhub.jobs.queue.run import run_task
from donorhub.jobs.queue.worker import stay_at_work
from donorhub.models import ColumnMapping, ImportFile, Statement, Task
from donorhub.models.states import UNTRIED_TASKS, TaskKind
from donorhub.money import Money
from donorhub.schemas.bank import Answers, AnswersSchema, ReleaseSchema
from donorhub.schemas.fields import Reason
from donorhub.services.access import organisation
from donorhub.services.bank.files import (
    bank_accounts,
    column_mappings,
    confirmed_imports,
    deliveries,
    file_reading,
    statement_checks,
    statement_drafts,
    statements,
)
from donorhub.services.bank.files import imports as kept_files
from donorhub.services.bank.files.deliveries import SentFile
from donorhub.services.bank.files.import_plans import Choices
from donorhub.services.bank.files.statement_drafts import Drafts
from importers.profiles import list_profiles
from importers.statement import Problem

Summary = Mapping[str, Any]  # what a file says of itself, as it is kept
SOUND: Final = ("done",)
_WAIT_S: Final = 0.2  # between two looks at a file that another worker has
_PATIENCE_S: Final = 600


@dataclass(frozen=True, slots=True)
class Arguments:
    """What was said on the command line, for every file."""

    account: int | None
    currency: str
    layout: Summary | None
    accept_held: str
    quiet: bool
    yes: bool
    digest: str

    def make_choices(self) -> Choices:
        """Return what is said of each file."""
        return Choices(self.layout, self.account, self.currency, create_accounts=True)


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--account", help="Our account's number or id, for files that do not name it.")
@click.option("--currency", default="", metavar="PLN", help="For files that do not tell theirs.")
@click.option("--layout", help="A saved column mapping or a known bank layout, by its name.")
@click.option("--dry-run", is_flag=True, help="Read and show; store nothing.")
@click.option("--yes", is_flag=True, help="Import without showing first what it would do.")
@click.option("--digest", default="", metavar="DIGEST", help="Import what was shown under this digest.")
@click.option(
    "--accept-held", default="", metavar="REASON", help="Take in statements that do not add up, too."
)
@click.option("--quiet", is_flag=True, help="Only files that are not simply done.")
@run_in_app
def import_files(
    paths: Sequence[Path],
    account: str | None,
    currency: str,
    layout: str | None,
    dry_run: bool,
    yes: bool,
    digest: str,
    accept_held: str,
    quiet: bool,
) -> None:
    """Import bank files: OFX, QFX, camt, MT940, CSV, XLSX, QIF. Folders are walked, ZIPs opened.

    Donors and past gifts of other systems: donorhub import people --help, donorhub import gifts --help.

    For each file it shows what it would do, with a digest, and asks. Without a terminal to ask at it stores
    nothing: say the digest then, and exactly what was shown is imported. Exit code 1 when a file was
    refused, is held because its figures do not add up, asks something or was not confirmed.
    """
    answers: Answers = load_arguments(AnswersSchema(), currency=currency or None)
    currency = answers.get("currency", "")
    if accept_held:
        release: Reason = load_arguments(ReleaseSchema(), reason=accept_held)
        accept_held = release["reason"]
    arguments = Arguments(
        _find_account_id(account, currency), currency, _find_layout(layout), accept_held, quiet, yes, digest
    )
    unsound = 0
    with stay_at_work(current_app):
        timer.bury_dead_tasks()  # a file that is sent again may wait for a task that nobody will try any more
        for path, file in _list_files(paths):
            if isinstance(file, Problem):
                click.echo(f"{path}: refused\n  error {file.code}: {file.message}")
                unsound += 1
            else:
                unsound += not (_show_only if dry_run else _import_file)(path, file, arguments)
    if unsound:
        click.echo(f"{unsound} of the files need a person.", err=True)
        sys.exit(1)


def _list_files(paths: Sequence[Path]) -> Iterator[tuple[str, SentFile | Problem]]:
    """Yield the files under their paths, those of a folder or of a ZIP one by one; a problem for one that is
    not opened.
    """
    for path in paths:
        for file in sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]:
            for one in deliveries.open_files([SentFile(file.name, _read_bytes(file))]):
                name = one.where or "" if isinstance(one, Problem) else one.name
                yield str(file) + name.removeprefix(file.name), one


def _find_account_id(text: str | None, currency: str) -> int | None:
    """Return the id of the account with this id or number, in one currency where it has several.

    Raise NotFound where it is none or more than one.
    """
    if not text:
        return None
    with read_only():
        number = bank_accounts.normalise_number(text)
        rows = [
            row
            for row in bank_accounts.list_accounts()
            if number == row.number and currency in ("", row.currency)
        ]
        account_id = rows[0].id if len(rows) == 1 else None
        if account_id is None and text.isdigit() and not rows:
            account_id = bank_accounts.get_account(int(text)).id
        db.session.rollback()
    if account_id is None:
        raise NotFound(f"there is no single bank account {text}: add it, or name its currency too")
    return account_id


def _find_layout(name: str | None) -> Mapping[str, object] | None:
    if name is None:
        return None
    with read_only():
        mapping = db.session.scalar(
            select(ColumnMapping).filter_by(name=name).order_by(ColumnMapping.version.desc()).limit(1)
        )
        saved_layout = mapping.layout if mapping is not None else None
        db.session.rollback()
    bank_layout = next((profile.to_dict() for profile in list_profiles() if profile.name == name), None)
    if saved_layout is None and bank_layout is None:
        raise NotFound(f"there is no layout {name}: save one in the mapping wizard")
    return saved_layout or bank_layout


def _import_file(path: str, sent_file: SentFile, arguments: Arguments) -> bool:
    """Import one file and print how it went; return whether nothing is left to a person."""
    try:
        digest = "" if arguments.yes else _confirm_plan(path, sent_file, arguments)
        if digest is None:
            return False
        file, is_new = _receive_file(sent_file, arguments, digest)
    except Rejected as e:
        db.session.rollback()
        click.echo(f"{path}: refused\n  error {e.specific_code}: {e.message}")
        return False
    except Changed as e:
        db.session.rollback()
        import_previews.show_change(path, e)
        return False
    file_id = file.id
    db.session.commit()
    with ExitStack() as stack:
        _report_to(stack, sent_file.name, arguments)
        _work_off(file_id)
        if arguments.accept_held:
            _accept_held(file_id, arguments.accept_held)
    return _show_outcome(path, file_id, is_new=is_new, quiet=arguments.quiet)


def _confirm_plan(path: str, sent_file: SentFile, arguments: Arguments) -> str | None:
    """Return the digest of what a person confirmed, "" where nothing would be done, None for a no."""
    plan = confirmed_imports.plan_bytes(
        sent_file.content,
        sent_file.name,
        arguments.make_choices(),
        now=clock.now(),
        limit_mb=_get_settings().upload_limit_mb,
    )
    db.session.rollback()  # nobody waits for us while a person reads
    if plan is None:
        return ""
    is_wanted = confirming.is_confirmed(
        plan.digest,
        arguments.digest,
        lambda: import_previews.show_plan(path, plan),
        "Import exactly this?",
    )
    return plan.digest if is_wanted else None


def _receive_file(sent_file: SentFile, arguments: Arguments, digest: str) -> tuple[ImportFile, bool]:
    """Keep a file and plan its import, as it was confirmed under a digest where there is one."""
    choices, limit_mb = arguments.make_choices(), _get_settings().upload_limit_mb
    content, name, now = sent_file.content, sent_file.name, clock.now()
    if digest:
        return confirmed_imports.import_bytes(
            content, name, choices, digest, limit_mb=limit_mb, now=now, actor=get_actor()
        )
    return kept_files.receive_file(
        content, name, **asdict(choices), limit_mb=limit_mb, now=now, actor=get_actor()
    )


def _read_bytes(path: Path) -> bytes:
    limit = _get_settings().upload_limit_mb * 1024 * 1024
    with path.open("rb") as file:
        return file.read(limit + 1)  # one byte more shows that it is too large


def _get_settings() -> Settings:
    settings: Settings = current_app.extensions["donorhub.settings"]
    return settings


def _report_to(stack: ExitStack, name: str, arguments: Arguments) -> None:
    if arguments.quiet or not sys.stderr.isatty():
        return
    stack.enter_context(
        report_progress(lambda doing, count: click.echo(f"\r{name}: {doing} {count:,}", err=True, nl=False))
    )
    stack.callback(click.echo, "\r\033[K", err=True, nl=False)


def _work_off(file_id: int) -> None:
    """Do the work of this file here and now; where a worker was faster, wait for it."""
    steps: tuple[tuple[TaskKind, list[int] | None], ...] = (
        ("import_file", [file_id]),
        ("match_statement", None),
    )
    for kind, subject_ids in steps:
        for task_id in _list_open_tasks(kind, subject_ids or _list_statement_ids(file_id)):
            if not run_task(task_id):
                _wait_for(task_id)


def _list_open_tasks(kind: TaskKind, subject_ids: Sequence[int]) -> list[int]:
    with read_only():
        ids = db.session.scalars(
            select(Task.id)
            .where(Task.kind == kind, Task.subject_id.in_(subject_ids), Task.state.in_(UNTRIED_TASKS))
            .order_by(Task.id)
        ).all()
        db.session.rollback()
    return list(ids)


def _list_statement_ids(file_id: int) -> list[int]:
    with read_only():
        ids = db.session.scalars(select(Statement.id).where(Statement.import_file_id == file_id)).all()
        db.session.rollback()
    return list(ids)


def _wait_for(task_id: int) -> None:
    """Wait for the worker that has this task, and do it here when that one died."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        hold.free_abandoned_tasks(now=clock.now())  # else its lease would be waited for
        with read_only():
            state = db.session.scalar(select(Task.state).where(Task.id == task_id))
            db.session.rollback()
        if state not in UNTRIED_TASKS or run_task(task_id):
            return
        time.sleep(_WAIT_S)


def _accept_held(file_id: int, reason: str) -> None:
    """Add the accounts that the file names, release what is held, and import again."""
    file = kept_files.get_file(file_id)
    if file.state == "asking" and any(problem["code"] == "account_unknown" for problem in file.problems):
        for summary in file.summaries:
            bank_accounts.create_account(
                summary["account"], summary["currency"], now=clock.now(), actor=get_actor()
            )
        kept_files.answer_questions(file_id, create_accounts=True, now=clock.now(), actor=get_actor())
    db.session.commit()
    _work_off(file_id)
    held_ids = db.session.scalars(
        select(Statement.id).where(Statement.import_file_id == file_id, Statement.state == "held")
    ).all()
    for statement_id in held_ids:
        statements.release_statement(statement_id, reason=reason, now=clock.now(), actor=get_actor())
    db.session.commit()
    if held_ids:
        _work_off(file_id)


# ---------------------------------------------------------------- what is said


def _show_outcome(path: str, file_id: int, *, is_new: bool, quiet: bool) -> bool:
    with read_only():
        file = kept_files.get_file(file_id)
        rows = {
            row.number: row
            for row in db.session.scalars(select(Statement).where(Statement.import_file_id == file_id))
        }
        is_sound = file.state in SOUND
        if not (quiet and is_sound):
            again = "" if is_new else ", known already: nothing changed"
            click.echo(f"{path}: {file.format or 'unknown format'}, {file.state}{again}")
            for number, summary in enumerate(file.summaries):
                click.echo(f"  {_write_sentence(summary, rows.get(number), is_new=is_new)}")
            import_previews.show_problems(file.problems)
            _show_waiting(file)
        db.session.rollback()
    return is_sound


def _show_waiting(file: ImportFile) -> None:
    """Print why a file is not read yet, where an attempt failed."""
    task = kept_files.find_reading_task(file)
    if file.state == "received" and task is not None and task.next_attempt_at is not None:
        at = f"{task.next_attempt_at:%Y-%m-%d %H:%M} UTC"
        click.echo(f"  error reading_failed: {task.last_error}; it is tried again at {at}")


def _write_sentence(summary: Summary, row: Statement | None, *, is_new: bool) -> str:
    currency = summary["currency"]
    new = (row.new_count if is_new else 0) if row is not None and row.posted_at else 0
    counts = f"{summary['entries']} entries"
    if row is not None and row.state == "held":
        counts += ", held"
    elif row is not None and not row.is_advice:
        counts += f": {new} new, {summary['entries'] - new} known"
        counts += f", {row.doubtful_count} of the new doubtful" if is_new and row.doubtful_count else ""
    days = f"{summary['from_on']} to {summary['to_on']}" if summary["from_on"] else "no days"
    money_in, money_out = (Money(summary[name], currency).as_text() for name in ("in_minor", "out_minor"))
    account = summary["account"] or (_get_account_number(row) if row is not None else "no account")
    sums = f"in {money_in}, out {money_out}; {import_previews.describe_balance(summary)}"
    return f"{account} {currency}, {days}, {counts}; {sums}"


def _get_account_number(row: Statement) -> str:
    """Return the number of the account that a file went to which does not name one."""
    return bank_accounts.get_account(row.bank_account_id).number


def _show_only(path: str, sent_file: SentFile, arguments: Arguments) -> bool:
    """Read one file and print what is in it, storing nothing; return whether a person need not look."""
    drafts = _read_drafts(sent_file, arguments)
    problems, today = list(drafts.problems), organisation.get_day(clock.now())
    is_held = False
    click.echo(f"{path}: {drafts.format or 'unknown format'}, only read")
    for draft in drafts.statements:
        problems += statement_checks.list_remarks(draft, drafts.problems, today=today)
        is_held |= bool(statement_checks.list_hold_reasons(draft, drafts.problems, today=today))
        click.echo(f"  {_write_sentence(statement_drafts.summarise_draft(draft), None, is_new=True)}")
    import_previews.show_problems(statement_drafts.make_plain_problems(problems))
    if tables.LAYOUT_PROBLEMS & {problem.code for problem in problems}:
        with read_only():
            tables.show_draft(column_mappings.draft_layout(sent_file.content))
            db.session.rollback()
    return bool(drafts.statements) and not is_held


def _read_drafts(sent_file: SentFile, arguments: Arguments) -> Drafts:
    with read_only():
        to_read = file_reading.prepare_reading(
            sent_file.content,
            sent_file.name,
            layout=arguments.layout,
            bank_account_id=arguments.account,
            currency=arguments.currency,
        )
        db.session.rollback()
    return statement_drafts.draft_statements(to_read.content, to_read.filename, **to_read.options)
