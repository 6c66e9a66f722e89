"""Records that may be one person: the list of questions, and one with its records side by side."""

from __future__ import annotations

from typing import Final, get_args

from flask import redirect, render_template, request, url_for
from flask_babel import gettext

from donorhub import clock
from donorhub.models.states import DuplicateAnswer, find_word
from donorhub.services.donors import duplicate_review
from donorhub.services.donors.duplicate_review import Review
from donorhub.services.giving import history
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.donors.donor_files import bp
from donorhub.web.donors.donors import Answer
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import likeness

__all__ = ["bp"]
_ANSWERS: Final[tuple[DuplicateAnswer, ...]] = get_args(DuplicateAnswer)


@bp.get("/duplicates")
@require_permission("donors:merge")
def list_duplicates() -> str:
    """List the groups of records that wait for an answer, the oldest first."""
    page = duplicate_review.list_questions(after=request.args.get("after"))
    members = duplicate_review.read_members([question.id for question in page.rows])
    return render_template("donors/duplicates.html", page=page, members=members)


@bp.get("/duplicates/<int:question_id>")
@require_permission("donors:merge")
def show_duplicate(question_id: int) -> str:
    """Show the records of a group side by side, and what speaks for and against."""
    return _render_review(duplicate_review.get_review(question_id), Form())


@bp.post("/duplicates/<int:question_id>")
@require_permission("donors:merge")
def answer_duplicate(question_id: int) -> Answer:
    """Answer how many people the records are, as they were shown."""
    form = Form(request.form)
    with form.start_saving() as saving:
        answer = find_word(form.get_value("answer"), _ANSWERS)
        if answer is None:
            form.add_error("", gettext("Please say how many people they are."))
        saving.refuse_errors()
        assert answer is not None  # noqa: S101  refused just before
        duplicate_review.answer_question(
            question_id,
            answer,
            people=_read_people(form, duplicate_review.get_review(question_id)) if answer == "people" else (),
            shown_digest=form.get_value("digest"),
            now=clock.now(),
            actor=get_principal().actor,
        )
        commit()
        tell_reader(gettext("The answer is kept: nobody is asked about them again."))
        return redirect(url_for("donors.list_duplicates"))
    return _render_review(duplicate_review.get_review(question_id), form), 422


def _read_people(form: Form, review: Review) -> list[list[int]]:
    """Return who is whom: records with the same number in their fields are one person."""
    people: dict[str, list[int]] = {}
    for donor in review.donors:
        people.setdefault(form.get_value(f"person-{donor.id}") or f"alone-{donor.id}", []).append(donor.id)
    return list(people.values())


def _render_review(review: Review, form: Form) -> str:
    may_see_gifts = get_principal().has_permission("gifts:read")
    numbers = {id_: at for at, person in enumerate(review.people, start=1) for id_ in person}
    return render_template(
        "donors/duplicate.html",
        review=review,
        form=form,
        numbers=numbers,
        facts={donor.id: history.compute_facts(donor.id) for donor in review.donors} if may_see_gifts else {},
        names={donor.id: donor for donor in review.donors},
        write_evidence=likeness.write_evidence,
    )
