"""Making two records one donor, seen before it is done; the merges there were, and taking one apart."""

from __future__ import annotations

from collections.abc import Sequence

from flask import redirect, render_template, request, url_for
from flask_babel import gettext

from donorhub import clock
from donorhub.errors import DonorHubError
from donorhub.models import Donor
from donorhub.services.access import users
from donorhub.services.donors import donors, duplicate_review, merging, search, unmerging
from donorhub.services.donors.merge_fields import CHOSEN_FIELDS
from donorhub.services.donors.merging import MergePlan
from donorhub.services.donors.unmerging import UndoPlan
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.donors.donors import Answer
from donorhub.web.donors.duplicates import bp
from donorhub.web.forms import Form, read_row_id
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import likeness, refusals

__all__ = ["bp"]


@bp.get("/<int:donor_id>/merge")
@require_permission("donors:merge")
def show_merge(donor_id: int) -> Answer:
    """Show who may be the same as this donor; once one is chosen, what making both one would do."""
    donor = donors.get_donor(donor_id)
    other_id = read_row_id(request.args.get("other"))
    if other_id is None:
        return _render_choice(donor)
    return _render_merge(donor, other_id, Form(request.args))


@bp.post("/<int:donor_id>/merge")
@require_permission("donors:merge")
def merge_donors(donor_id: int) -> Answer:
    """Make two records one donor, as was shown; or show it anew with other choices, and write nothing."""
    donor = donors.get_donor(donor_id)
    form = Form(request.form)
    other_id = read_row_id(form.get_value("other")) or 0
    if form.get_value("act") == "show":
        return _render_merge(donor, other_id, form)
    with form.start_saving():
        log, _ = duplicate_review.join_pair(
            donor.id,
            other_id,
            taken_names=form.list_values("taken"),
            shown_digest=form.get_value("digest"),
            now=clock.now(),
            actor=get_principal().actor,
        )
        commit()
        tell_reader(gettext("The two records are one donor."))
        return redirect(url_for("donors.show_merged", merge_id=log.id))
    return _render_merge(donors.get_donor(donor_id), other_id, form), 422


def _render_choice(donor: Donor) -> str:
    text = request.args.get("q", "").strip()[:200]
    page = search.find_donors(text, limit=20) if text else None
    others = [one for one in page.rows if one.id != donor.id] if page else []
    return render_template("donors/merge_choice.html", donor=donor, text=text, others=others)


def _render_merge(donor: Donor, other_id: int, form: Form) -> str:
    plan: MergePlan | None = None
    try:
        known_names = [name for name in form.list_values("taken") if name in CHOSEN_FIELDS]
        plan = merging.plan_merge(donor.id, other_id, taken_names=known_names)
    except DonorHubError as error:
        form.add_error("", refusals.write_refusal(error))
    return render_template(
        "donors/merge.html",
        donor=donor,
        plan=plan,
        form=form,
        counts=likeness.group_counts(plan.moved_counts) if plan else {},
        write_evidence=likeness.write_evidence,
        names=users.list_active_names(),
    )


@bp.get("/merges")
@require_permission("donors:merge")
def list_merges() -> str:
    """List what was merged, the newest first."""
    page = merging.list_merges(after=request.args.get("after"))
    ids = {id_ for log in page.rows for id_ in (log.survivor_id, log.loser_id)}
    return render_template(
        "donors/merges.html",
        page=page,
        names=donors.find_names(ids),
        actors=users.find_actor_names({log.actor for log in page.rows}),
    )


@bp.get("/merges/<int:merge_id>")
@require_permission("donors:merge")
def show_merged(merge_id: int) -> str:
    """Show a merge, and what taking it apart would do."""
    return _render_merged(merge_id, Form())


@bp.post("/merges/<int:merge_id>/undo")
@require_permission("donors:merge")
def undo_merge(merge_id: int) -> Answer:
    """Take a merge apart, as was shown, with what is ticked going along."""
    form = Form(request.form)
    with form.start_saving():
        log, _ = duplicate_review.take_apart(
            merge_id,
            given_back=_read_rows(form.list_values("given_back")),
            shown_digest=form.get_value("digest"),
            now=clock.now(),
            actor=get_principal().actor,
        )
        commit()
        tell_reader(gettext("The merge is taken apart: both are donors of their own again."))
        return redirect(url_for("donors.show_donor", donor_id=log.loser_id))
    return _render_merged(merge_id, form), 422


def _read_rows(texts: Sequence[str]) -> list[tuple[str, int]]:
    """Return the rows that are ticked, such as ``gift-7``."""
    rows = []
    for text in texts:
        table_name, _, row_id = text.rpartition("-")
        if row_id.isdecimal():
            rows.append((table_name, int(row_id)))
    return rows


def _render_merged(merge_id: int, form: Form) -> str:
    log = unmerging.get_merge(merge_id)
    plan: UndoPlan | None = None
    reason = ""
    try:
        plan = unmerging.plan_undo(merge_id, now=clock.now())
    except DonorHubError as error:
        reason = refusals.write_refusal(error)
    moved_count, folded_count = merging.count_merge(log.id)
    return render_template(
        "donors/merged.html",
        log=log,
        plan=plan,
        reason=reason,
        form=form,
        moved_count=moved_count,
        folded_count=folded_count,
        last_day=unmerging.find_last_day(log),
        names=donors.find_names([log.survivor_id, log.loser_id]),
        actor=users.find_actor_names({log.actor}).get(log.actor, log.actor),
        rows=likeness.ROWS,
        reasons=likeness.REASONS,
    )
