"""Several bank files sent at once, or in a ZIP: what became of each, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import redirect, render_template, request, url_for
from flask_babel import lazy_gettext, ngettext
from werkzeug.wrappers import Response

from donorhub.models import ImportFile
from donorhub.models.states import ImportFileState
from donorhub.services.bank import bank_views
from donorhub.services.bank.files.deliveries import MOST_FILES, Arrival
from donorhub.web.admission import require_permission
from donorhub.web.bank.blueprint import bp
from donorhub.web.saving import tell_reader
from donorhub.web.words import bank_problems
from donorhub.web.words.labels import Words
from importers.statement import Problem

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
    ids = [int(text) for text in request.args.getlist("file")[:MOST_FILES] if text.isdigit()]
    views = [_make_view(row) for row in bank_views.list_files_by_id(ids)]
    waiting_count = sum(view.file.state == "received" for view in views)
    return render_template("bank/sent_files.html", views=views, waiting_count=waiting_count)


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
