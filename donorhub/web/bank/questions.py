"""Questions about entries: by file and reason, both rows side by side, answered one by one or all at once.

What may be answered, :mod:`donorhub.services.bank.matching.entry_answers` says.
"""

from __future__ import annotations

from typing import Final

from flask import redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.db import db
from donorhub.errors import Changed, Rejected
from donorhub.models.states import QUESTION_ANSWERS, QUESTION_KINDS, QuestionAnswer, QuestionKind, find_word
from donorhub.services.bank.files import entry_questions, imports
from donorhub.services.bank.matching import entry_answers, question_groups, question_views
from donorhub.web.admission import require_permission
from donorhub.web.bank.blueprint import bp, get_actor
from donorhub.web.forms import read_row_id
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words.labels import Words

KINDS: Final[Words[QuestionKind]] = {
    "other_bank_ref": lazy_gettext("The bank gave another id"),
    "text_changed": lazy_gettext("The text or the payer is another"),
    "part_of_a_day": lazy_gettext("Each file holds only a part of the day"),
    "unsure_order": lazy_gettext("The balances leave open which statement comes first"),
    "other_day": lazy_gettext("The bank tells it on another day"),
    "amount_changed": lazy_gettext("The bank changed the amount"),
    "no_longer_told": lazy_gettext("The bank no longer tells this entry"),
    "not_in_ledger": lazy_gettext("The bank tells this entry, and the ledger lacks it"),
}
ANSWERS: Final[Words[QuestionAnswer]] = {
    "known": lazy_gettext("It is the same: leave it out"),
    "other_money": lazy_gettext("It is other money: both count"),
    "corrected": lazy_gettext("The bank corrected it: replace"),
    "outdated": lazy_gettext("This file is older: the amount stays"),
    "withdrawn": lazy_gettext("The bank took it back: take it out"),
    "stays": lazy_gettext("It stays"),
}
KIND: Final = f"<any({', '.join(repr(kind) for kind in QUESTION_KINDS)}):kind>"
# Where nothing in the ledger may be the same, an answer says only whether the entry counts.
ANSWERS_ALONE: Final[Words[QuestionAnswer]] = {
    **ANSWERS,
    "known": lazy_gettext("The ledger has this money otherwise: leave it out"),
    "other_money": lazy_gettext("It was left out by mistake: it counts"),
}
COLUMNS: Final = (
    ("booked_on", lazy_gettext("Day")),
    ("amount_minor", lazy_gettext("Amount")),
    ("counterparty_name", lazy_gettext("Name")),
    ("counterparty_account", lazy_gettext("Account")),
    ("remittance", lazy_gettext("Text")),
    ("bank_ref", lazy_gettext("Bank's reference")),
)


@bp.get("/questions")
@require_permission("imports:read")
def show_questions() -> str:
    """Show the open questions by file and reason, and the answered ones, which can be undone."""
    return _render_questions()


def _render_questions(*, has_changed: bool = False) -> str:
    page = question_views.list_answered_questions(after=request.args.get("after"))
    return render_template(
        "bank/questions.html",
        groups=entry_questions.list_groups(),
        page=page,
        views=question_views.make_views(page.rows),
        kinds=KINDS,
        answers=ANSWERS,
        has_changed=has_changed,
    )


@bp.get(f"/questions/<int:file_id>/{KIND}")
@require_permission("imports:read")
def show_question_group(file_id: int, kind: QuestionKind) -> str:
    """Show the open questions of one file that have one reason, both rows side by side."""
    return _render_group(file_id, kind)


def _render_group(
    file_id: int, kind: QuestionKind, *, has_changed: bool = False, answered_count: int = 0
) -> str:
    page = question_views.list_open_questions(file_id, kind, after=request.args.get("after"))
    return render_template(
        "bank/question_group.html",
        file=imports.get_file(file_id),
        kind=kind,
        kinds=KINDS,
        answers=ANSWERS_ALONE if kind == "not_in_ledger" else ANSWERS,
        columns=COLUMNS,
        page=page,
        views=question_views.make_views(page.rows),
        choices=entry_answers.ANSWERS[kind],
        group=question_groups.show_group(file_id, kind),
        has_changed=has_changed,
        answered_count=answered_count,
    )


@bp.post(f"/questions/<int:file_id>/{KIND}")
@require_permission("entries:decide")
def answer_question_group(file_id: int, kind: QuestionKind) -> Response | tuple[str, int]:
    """Give all open questions of one file that have one reason the same answer, as the page showed them.

    Where they are others by now, or tell something else, none is answered and the page shows them anew.
    """
    count = 0
    try:
        for chunk_count in question_groups.answer_shown_group(
            file_id,
            kind,
            _read_answer(),
            request.form.get("digest", ""),
            now=clock.now(),
            actor=get_actor(),
        ):
            count += chunk_count
            if chunk_count == entry_answers.MOST_AT_ONCE:
                db.session.commit()  # nobody else can write while a chunk is answered: let them in between
    except Changed:
        return _render_group(file_id, kind, has_changed=True, answered_count=count), 422
    commit()
    tell_reader(gettext("Questions answered: %(count)s. Each can be undone.", count=count))
    return redirect(url_for("bank.show_questions"))


@bp.post("/questions/<int:question_id>/answer")
@require_permission("entries:decide")
def answer_question(question_id: int) -> Response | tuple[str, int]:
    """Answer one question, as the page showed it; where that changed, show the others of its file anew."""
    try:
        question = question_groups.answer_shown_question(
            question_id,
            _read_answer(),
            request.form.get("digest", ""),
            now=clock.now(),
            actor=get_actor(),
        )
    except Changed:
        row = entry_answers.get_question(question_id)
        return _render_group(row.import_file_id, row.kind, has_changed=True), 422
    commit()
    tell_reader(gettext("Answered: it can be undone."))
    next_id = read_row_id(request.form.get("next"))
    return redirect(
        url_for(
            "bank.show_question_group",
            file_id=question.import_file_id,
            kind=question.kind,
            _anchor=f"q{next_id}" if next_id else None,
        )
    )


@bp.post("/questions/<int:question_id>/undo")
@require_permission("entries:decide")
def undo_answer(question_id: int) -> Response | tuple[str, int]:
    """Take an answer back, as the page showed it; the question is open again."""
    try:
        question = question_groups.undo_shown_answer(
            question_id, request.form.get("digest", ""), now=clock.now(), actor=get_actor()
        )
    except Changed:
        return _render_questions(has_changed=True), 422
    commit()
    tell_reader(gettext("Undone: the question is open again."))
    return redirect(url_for("bank.show_question_group", file_id=question.import_file_id, kind=question.kind))


def _read_answer() -> QuestionAnswer:
    answer = find_word(request.form.get("answer"), QUESTION_ANSWERS)
    if answer is None:
        raise Rejected("choose one of the answers", code="no_such_answer")
    return answer
