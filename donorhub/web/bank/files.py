"""Sending a bank's file, watching it being read, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, TypedDict

from flask import current_app, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.config import Settings
from donorhub.errors import Changed
from donorhub.models import ImportFile
from donorhub.models.states import READ_FILES
from donorhub.services.bank import bank_views
from donorhub.services.bank.bank_views import StatementView
from donorhub.services.bank.files import confirmed_imports, deliveries, import_plans, import_rows, imports
from donorhub.services.bank.files.deliveries import SentFile
from donorhub.services.bank.files.import_plans import Choices, Plan
from donorhub.services.messages import thank_yous
from donorhub.web.admission import require_permission
from donorhub.web.bank import file_plans
from donorhub.web.bank.blueprint import bp, get_actor
from donorhub.web.bank.file_plans import ShownPlan
from donorhub.web.bank.sent_files import lead_to_arrivals, list_faults
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words.problem_groups import group_problems
from importers.statement import Problem
from importers.table.opening import WORKBOOKS

TABLES: Final = ("table", "csv", *WORKBOOKS)
ABOUT_ACCOUNTS: Final = frozenset(("account_missing", "account_unknown", "account_currency"))
ABOUT_DAYS: Final = frozenset(("ambiguous_dates", "mixed_dates"))
PHASES: Final = {
    "reading": lazy_gettext("Reading"),
    "storing": lazy_gettext("Storing"),
    "matching": lazy_gettext("Matching"),
}
MATCHING_TAKES: Final = timedelta(minutes=5)  # after which the page waits no longer for the worker


@bp.get("")
@require_permission("imports:read")
def show_bank() -> str:
    """Show our accounts, a place to drop a file, and the files of late."""
    return render_bank(Form())


def render_bank(form: Form) -> str:
    """Return the first page of the bank, with what is wrong in one of its forms."""
    accounts = bank_views.list_account_rows()
    return render_template(
        "bank/index.html",
        form=form,
        accounts=accounts,
        waiting=sum(row.to_decide for row in accounts),
        files=bank_views.list_files(limit=8),
        limit_mb=_get_settings().upload_limit_mb,
    )


def _get_settings() -> Settings:
    settings: Settings = current_app.extensions["donorhub.settings"]
    return settings


@bp.get("/files")
@require_permission("imports:read")
def list_files() -> str:
    """List every file that was sent."""
    return render_template("bank/files.html", page=bank_views.list_files(after=request.args.get("after")))


@bp.post("/files")
@require_permission("imports:write")
def upload_file() -> Response | tuple[str, int]:
    """Keep files and let them be read; the same file again leads to what came of it.

    Several, or a ZIP, lead to a page with what became of each.
    """
    form = Form(request.form)
    files = [
        SentFile(upload.filename or "statement", upload.read()) for upload in request.files.getlist("file")
    ]
    if not any(file.content for file in files):
        form.add_error("file", gettext("Please choose a file; it may not be empty."))
    account_id = form.choose_row("account", [row.account.id for row in bank_views.list_account_rows()])
    currency = form.read_currency("currency")
    with form.start_saving() as saving:
        saving.refuse_errors()
        answers = _Answers(bank_account_id=account_id, currency=currency)
        if len(files) > 1 or deliveries.is_archive(files[0].content):
            answer = _receive_files(files, form, answers)
        else:
            answer = _receive_file(files[0], answers)
        if answer is not None:
            return answer
    return render_bank(form), 422


class _Answers(TypedDict):
    """What a person said of all files that were sent."""

    bank_account_id: int | None
    currency: str


def _receive_file(sent_file: SentFile, answers: _Answers) -> Response:
    file, is_read = imports.receive_file(
        sent_file.content,
        sent_file.name,
        **answers,
        limit_mb=_get_settings().upload_limit_mb,
        now=clock.now(),
        actor=get_actor(),
    )
    commit()
    if not is_read:
        tell_reader(gettext("This file came before: here is what became of it. Nothing was changed."), "info")
    return redirect(url_for("bank.show_file", file_id=file.id))


def _receive_files(files: Sequence[SentFile], form: Form, answers: _Answers) -> Response | None:
    """Return the way to what became of the files; None, and what is wrong in the form, where none is kept."""
    arrivals = deliveries.receive_files(
        files, **answers, limit_mb=_get_settings().upload_limit_mb, now=clock.now(), actor=get_actor()
    )
    commit()
    answer = lead_to_arrivals(arrivals)
    if answer is None:
        form.add_error("file", " ".join(list_faults(arrivals)))
    return answer


@bp.get("/files/<int:file_id>")
@require_permission("imports:read")
def show_file(file_id: int) -> str | Response:
    """Show what became of a file: its progress, then its statements, problems and what it asks.

    One of donors and gifts has a page of its own.
    """
    row = imports.get_file(file_id)
    if row.kind == "records":
        return redirect(url_for("moving.show_file", file_id=file_id))
    return _render_file(row, Form(), file_plans.show_plan(row, _list_codes(row)))


def _list_codes(row: ImportFile) -> set[str]:
    return {str(problem["code"]) for problem in row.problems}


def _render_file(row: ImportFile, form: Form, plan: ShownPlan | None = None) -> str:
    views = bank_views.list_statements_of_file(row)
    codes = _list_codes(row)
    return render_template(
        "bank/file.html",
        file=row,
        form=form,
        shown=plan,
        changed_rows=import_rows.list_changes(row.id),
        can_change_rows=imports.can_import(row) and row.state == "held",
        views=views,
        phase=_find_phase(row, views),
        phases=PHASES,
        problem_groups=group_problems([Problem(**problem) for problem in row.problems]),
        is_table=row.format in TABLES,
        old_gift_count=thank_yous.count_held_gifts(row.id),
        asks_account=bool(codes & ABOUT_ACCOUNTS),
        asks_days=bool(codes & ABOUT_DAYS) and row.format not in TABLES,
        asks_currency="currency_needed" in codes,
        unknown=[summary for summary in row.summaries if summary["account"]]
        if "account_unknown" in codes
        else [],
        accounts=[account.account for account in bank_views.list_account_rows()],
    )


def _find_phase(row: ImportFile, views: list[StatementView]) -> str:
    """Return where the work stands: ``reading``, ``storing``, ``matching``, or "" when nothing goes on."""
    if row.state == "received":
        return "storing" if row.progress else "reading"
    is_young = row.finished_at is not None and clock.now() - row.finished_at < MATCHING_TAKES
    waits = any(view.row.new_count and view.row.matching_done_at is None for view in views)
    return "matching" if is_young and waits and row.state in READ_FILES else ""


@bp.post("/files/<int:file_id>/answer")
@require_permission("imports:write")
def answer_file(file_id: int) -> Response | tuple[str, int]:
    """Say what a file leaves open: whose account it is, its currency, the order of its days.

    What comes of the answers is shown first, and a form with its digest confirms exactly that. Where the
    file still asks nothing is booked, and the answers are kept.
    """
    form = Form(request.form)
    choices, digest = file_plans.read_choices(form), form.get_value("digest")
    if choices == Choices() and not digest:
        form.add_error("", gettext("Please answer what the file asks."))
    with form.start_saving() as saving:
        saving.refuse_errors()
        if not digest:
            plan = confirmed_imports.plan_file(file_id, choices, now=clock.now())
            if plan.state != "asking":
                commit()
                return _render_file(imports.get_file(file_id), form, file_plans.word_plan(plan)), 200
        return _import_file(file_id, choices, digest or plan.digest)
    return _render_file(imports.get_file(file_id), form), 422


def _import_file(file_id: int, choices: Choices, digest: str) -> Response | tuple[str, int]:
    """Import a file as it was shown; where it does something else now, show that instead."""
    try:
        confirmed_imports.import_kept_file(file_id, choices, digest, now=clock.now(), actor=get_actor())
    except Changed as e:
        if not isinstance(e.now, Plan):
            raise
        earlier_plan = import_plans.find_plan(file_id, digest)
        commit()  # the plan of now is kept
        plan = file_plans.word_plan(e.now, earlier_plan or e.now)
        return _render_file(imports.get_file(file_id), Form(), plan), 422
    commit()
    return redirect(url_for("bank.show_file", file_id=file_id))


@bp.post("/files/<int:file_id>/again")
@require_permission("imports:write")
def read_file_again(file_id: int) -> Response:
    """Read a file once more that failed, was refused or was taken back; of a ZIP the files in it."""
    row = imports.get_file(file_id)
    content = imports.read_content(row)
    if deliveries.is_archive(content):
        arrivals = deliveries.receive_files(
            [SentFile(row.filename, content)],
            limit_mb=_get_settings().upload_limit_mb,
            now=clock.now(),
            actor=get_actor(),
        )
        commit()
        answer = lead_to_arrivals(arrivals)
        if answer is not None:
            return answer
    _, is_read = imports.receive_file(
        content,
        row.filename,
        limit_mb=_get_settings().upload_limit_mb,
        now=clock.now(),
        actor=get_actor(),
    )
    commit()
    if not is_read:
        tell_reader(gettext("This file needs no second reading: nothing was changed."), "info")
    return redirect(url_for("bank.show_file", file_id=file_id))
