"""Several bank files sent at once, or in a ZIP: what became of each, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import redirect, render_template, request, url_for
from flask_babel import lazy_gettext, ngettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.db import db, set_reading
from donorhub.errors import Changed
from donorhub.models import ImportFile
from donorhub.models.states import ImportFileState
from donorhub.services.bank import bank_views
from donorhub.services.bank.files import several_imports
from donorhub.services.bank.files.deliveries import MOST_FILES, Arrival
from donorhub.services.bank.files.several_imports import SeveralPlans
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.bank import samples
from donorhub.web.bank.blueprint import bp, get_actor
from donorhub.web.forms import read_row_id
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import bank_problems
from donorhub.web.words.labels import Words
from importers.statement import Problem

_MOST_PLANNED: Final = 20  # files that are tried out at once for one page
_MOST_TOLD: Final = 10  # files that were not kept, each in a sentence
_NEXT_STEPS: Final[Words[ImportFileState]] = {
    "received": "",
    "done": "",
    "asking": lazy_gettext("Open it and answer what it asks."),
    "held": lazy_gettext("Open it, compare its figures with the bank's, then release it or send it anew."),
    "refused": lazy_gettext("Nothing of it was taken in."),
    "failed": lazy_gettext("Open it and let it be read again."),
    "taken_back": lazy_gettext("It was taken back before: open it to let it be read again."),
}


@dataclass(frozen=True, slots=True)
class SentFileView:
    """A file among others: what is to be done about it, "" where nothing is, and what to know."""

    file: ImportFile
    to_do: str
    problem: str = ""


@bp.get("/files/sent")
@require_permission("imports:read")
def show_sent_files() -> str:
    """Show what became of each of several files: its state, and what is to be done about it."""
    return _render_sent_files(_read_file_ids(request.args))


def _read_file_ids(fields: MultiDict[str, str]) -> list[int]:
    ids = [read_row_id(text) for text in fields.getlist("file")[:MOST_FILES]]
    return [id_ for id_ in ids if id_ is not None]


def _render_sent_files(ids: Sequence[int], *, has_changed: bool = False) -> str:
    rows = bank_views.list_files_by_id(ids)
    plans = _find_plans(rows)
    views = [_make_view(row) for row in (bank_views.list_files_by_id(ids) if plans else rows)]
    return render_template(
        "bank/sent_files.html",
        views=views,
        waiting_count=sum(view.file.state == "received" for view in views),
        plans=plans,
        plan_words=[(one, samples.word_plan(one.plan)) for one in plans.files if one.plan] if plans else (),
        has_changed=has_changed,
    )


def _find_plans(rows: Sequence[ImportFile]) -> SeveralPlans | None:
    """Return what one click would do with several files that ask only whose accounts they name."""
    asking_ids = [row.id for row in rows if row.state == "asking"]
    is_reading = any(row.state == "received" for row in rows)
    if is_reading or not 1 < len(asking_ids) <= _MOST_PLANNED:
        return None
    if not get_principal().has_permission("imports:write"):
        return None
    db.session.rollback()
    set_reading(False)  # the plans are found out by doing it, and taking it back
    plans = several_imports.plan_kept_files(asking_ids, now=clock.now())
    commit()
    return plans if len(plans.files) > 1 else None


@bp.post("/files/sent")
@require_permission("imports:write")
def import_sent_files() -> Response | tuple[str, int]:
    """Import several files as their page showed it; where they do something else now, show that instead."""
    ids = _read_file_ids(request.form)
    try:
        count = several_imports.import_kept_files(
            ids, request.form.get("digest", ""), now=clock.now(), actor=get_actor()
        )
    except Changed:
        db.session.rollback()
        return _render_sent_files(ids, has_changed=True), 422
    commit()
    if count:
        tell_reader(ngettext("%(num)d file is imported now.", "%(num)d files are imported now.", count))
    return redirect(url_for("bank.show_sent_files", file=ids))


def lead_to_arrivals(arrivals: Sequence[Arrival]) -> Response | None:
    """Return the way to what became of the files, and tell which of them were not kept, or came before; None
    where none was kept.
    """
    kept_arrivals = [arrival for arrival in arrivals if arrival.file is not None]
    if not kept_arrivals:
        return None
    for sentence in list_faults(arrivals)[:_MOST_TOLD]:
        tell_reader(sentence, "no")
    known_count = sum(not arrival.is_read for arrival in kept_arrivals)
    if known_count:
        tell_reader(
            ngettext(
                "%(num)d of the files came before: nothing was changed by it.",
                "%(num)d of the files came before: nothing was changed by them.",
                known_count,
            ),
            "info",
        )
    ids = dict.fromkeys(arrival.file.id for arrival in kept_arrivals if arrival.file is not None)
    return redirect(url_for("bank.show_sent_files", file=list(ids)))


def list_faults(arrivals: Sequence[Arrival]) -> list[str]:
    """Return a sentence for each file that was not kept: its name, and why."""
    return [
        f"{arrival.filename}: {_word_problem(arrival.problem)}"
        for arrival in arrivals
        if arrival.problem is not None
    ]


def _word_problem(problem: Problem) -> str:
    words = bank_problems.word_problem(problem)
    return words.detail or words.means or words.english


def _make_view(row: ImportFile) -> SentFileView:
    problems = [Problem(**problem) for problem in row.problems]
    error = next((problem for problem in problems if problem.level == "error"), None)
    return SentFileView(row, _word_next_step(row), _word_problem(error) if error is not None else "")


def _word_next_step(row: ImportFile) -> str:
    if row.state == "done" and row.doubtful_count:
        sentence = ngettext(
            "%(num)d entry may be known already: answer its question.",
            "%(num)d entries may be known already: answer their questions.",
            row.doubtful_count,
        )
        return str(sentence)
    return str(_NEXT_STEPS[row.state])
