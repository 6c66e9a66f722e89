"""Deciding entries: the tabs, one entry with all that is known of it, and each decision with its way back.

What may be decided, :mod:`donorhub.services.bank.matching.entries` says. A new donor and a split have
forms of their own in :mod:`donorhub.web.bank.parts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from flask import redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from flask_babel.speaklater import LazyString
from markupsafe import Markup
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.models import Donor, Entry, EntryQuestion
from donorhub.models.states import DECIDABLE_ENTRIES, OPEN_ENTRIES, find_word
from donorhub.services.bank.files import bank_accounts, entry_questions
from donorhub.services.bank.matching import (
    entries,
    entry_views,
    gifts_by_hand,
    payer_pages,
    shown_doubts,
    shown_entries,
)
from donorhub.services.bank.matching.shown_doubts import Doubt
from donorhub.services.donors import search
from donorhub.services.moving.lists.description import Filters, keep_filters
from donorhub.services.paging import Page
from donorhub.web.admission import require_permission
from donorhub.web.bank import choices, decided, entry_lists
from donorhub.web.bank.blueprint import bp, get_actor
from donorhub.web.bank.entry_lists import EntryList
from donorhub.web.bank.questions import KINDS
from donorhub.web.forms import Form, read_row_id
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import labels, prepared
from donorhub.web.words.bank import NOT_GIFTS

TAB: Final = "<any('to-decide','doubtful','unclaimed','matched','not-gifts'):tab>"
MOST_FOUND: Final = 12
REFERENCES: Final = {  # columns of an entry that its page shows where they hold something
    "bank_ref": lazy_gettext("Bank's reference"),
    "end_to_end_id": lazy_gettext("End-to-end id"),
    "mandate_id": lazy_gettext("Mandate"),
    "return_code": lazy_gettext("Return code"),
    "virtual_account": lazy_gettext("Virtual account"),
}


@bp.get(f"/{TAB}", endpoint="entries")
@require_permission("imports:read")
def show_entries(tab: str) -> str:
    """Show fifty entries of one tab, of all accounts, one account or one statement."""
    filters = decided.read_filters(request.args)
    return render_template(
        "bank/entries.html",
        tab=tab,
        tabs=labels.ENTRY_TABS,
        filters=filters,
        decided_item=decided.find_decided_item(),
        entry_list=entry_lists.show_list(lambda: _render_list(tab, filters)),
    )


def read_filters() -> Filters:
    """Return what a list of entries is narrowed by: it is always one tab."""
    filters = decided.read_filters(request.args)
    return keep_filters(
        tab=find_word(request.args.get("tab"), labels.ENTRY_TABS) or "to-decide",
        bank_account_id=filters.get("account"),
        statement_id=filters.get("statement"),
    )


def _render_list(tab: str, filters: Mapping[str, int]) -> EntryList:
    page = entry_views.list_entries(
        tab,
        after=request.args.get("after"),
        bank_account_id=filters.get("account"),
        statement_id=filters.get("statement"),
    )
    counts = entry_views.count_waiting(
        bank_account_id=filters.get("account"), statement_id=filters.get("statement")
    )
    html = render_template(
        "bank/_entry_list.html",
        tab=tab,
        tabs=labels.ENTRY_TABS,
        page=page,
        items=choices.list_items(page.rows),
        twins=entry_views.find_twins(page.rows) if tab == "doubtful" else {},
        doubt_digest=shown_entries.compute_entry_digest,
        questions=_find_questions(page.rows),
        question_kinds=KINDS,
        counts={"to-decide": counts["suspense"], "doubtful": counts["doubtful"]},
        filters=filters,
        accounts=bank_accounts.list_accounts(),
        not_gifts=prepared.write_options(NOT_GIFTS),
        list_reasons=choices.list_reasons,
        csrf_token=lambda: entry_lists.TOKEN_MARK,
    )
    return EntryList(bool(page.rows), Markup(html))  # noqa: S704  rendered by our own template


@bp.get("/entries/<int:entry_id>")
@require_permission("imports:read")
def show_entry(entry_id: int) -> str:
    """Show one entry in full: where it came from, who it may be from, what was decided."""
    return render_entry(entry_id, Form())


def render_entry(entry_id: int, form: Form) -> str:
    """Return the page of one entry, with what is wrong in one of its forms."""
    row = entries.get_entry(entry_id)
    text = request.args.get("q", "").strip()
    payouts = entry_views.list_payouts_like(row) if row.state in OPEN_ENTRIES else []
    return render_template(
        "bank/entry.html",
        item=choices.list_items([row])[0],
        details=entry_views.list_details(entry_id) if row.has_details else (),
        statement=entry_views.get_statement_of(row),
        history=entry_views.list_matches(entry_id),
        references=[(label, getattr(row, name)) for name, label in REFERENCES.items() if getattr(row, name)],
        matched_kinds=labels.MATCHED_KINDS,
        twin=entry_views.find_twins([row]).get(row.id) if row.state == "doubtful" else None,
        doubt_digest=shown_entries.compute_entry_digest,
        question=_find_questions([row]).get(entry_id),
        question_kinds=KINDS,
        payer_id=payer_pages.find_payer_of_entry(row),
        payouts=payouts,
        equal_gifts=gifts_by_hand.list_gifts_like(row) if row.state in DECIDABLE_ENTRIES else (),
        not_gifts=prepared.write_options(NOT_GIFTS),
        form=form,
        q=text,
        detail=read_row_id(request.args.get("detail")),
        donors=_find_donors(text),
        list_reasons=choices.list_reasons,
    )


def _find_questions(rows: Sequence[Entry]) -> Mapping[int, EntryQuestion]:
    """Return the questions about those of the rows that are doubtful."""
    ids = [row.id for row in rows if row.state == "doubtful"]
    return entry_questions.find_questions(ids) if ids else {}


def _find_donors(text: str) -> Page[Donor]:
    return search.find_donors(text, limit=MOST_FOUND) if text else Page(())


@bp.post("/entries/<int:entry_id>/accept")
@require_permission("entries:decide")
def accept_choice(entry_id: int) -> Response | tuple[str, int]:
    """Take what was proposed and chosen, as it was shown."""
    form = Form(request.form)
    detail_id, choice = form.read_id("detail"), form.read_line("choice", 2000)
    if not choice:
        form.add_error("", gettext("Please choose one of the donors first."))
    with form.start_saving() as saving:
        saving.refuse_errors()
        entries.accept_choice(
            entry_id,
            choice,
            detail_id=detail_id,
            equal_ids=form.list_ids("another"),
            now=clock.now(),
            actor=get_actor(),
        )
        commit()
        return decided.answer_decision(entry_id)
    return render_entry(entry_id, form), 422


@bp.post("/entries/<int:entry_id>/give")
@require_permission("entries:decide")
def record_gift_of_donor(entry_id: int) -> Response | tuple[str, int]:
    """Say that a payment is the gift of a donor who was looked up."""
    form = Form(request.form)
    donor_id, detail_id = form.read_id("donor"), form.read_id("detail")
    if donor_id is None:
        form.add_error("", gettext("Please choose one of the donors first."))
    with form.start_saving() as saving:
        saving.refuse_errors()
        minor = entry_views.get_amount(entries.get_entry(entry_id), detail_id).minor
        entries.accept_shares(
            entry_id,
            [entries.Share(donor_id or 0, minor)],
            detail_id=detail_id,
            equal_ids=form.list_ids("another"),
            digest=form.get_value("digest"),
            now=clock.now(),
            actor=get_actor(),
        )
        commit()
        return decided.answer_decision(entry_id)
    return render_entry(entry_id, form), 422


@bp.post("/entries/<int:entry_id>/not-a-gift")
@require_permission("entries:decide")
def mark_not_a_gift(entry_id: int) -> Response | tuple[str, int]:
    """Say that a payment is no gift, and what it is."""
    form = Form(request.form)
    reason, detail_id = form.read_choice("reason", NOT_GIFTS), form.read_id("detail")
    with form.start_saving() as saving:
        saving.refuse_errors()
        entries.mark_not_a_gift(
            entry_id,
            reason,
            detail_id=detail_id,
            digest=form.get_value("digest"),
            now=clock.now(),
            actor=get_actor(),
        )
        commit()
        return decided.answer_decision(entry_id)
    return render_entry(entry_id, form), 422


@bp.post("/entries/<int:entry_id>/payout")
@require_permission("entries:decide")
def join_payout(entry_id: int) -> Response | tuple[str, int]:
    """Say which payout of a provider an entry is."""
    form = Form(request.form)
    payout_id = form.read_id("payout")
    if payout_id is None:
        form.add_error("", gettext("Please choose a payout first."))
    with form.start_saving() as saving:
        saving.refuse_errors()
        entries.join_payout(
            entry_id,
            payout_id or 0,
            digest=form.get_value("digest"),
            now=clock.now(),
            actor=get_actor(),
        )
        commit()
        return decided.answer_decision(entry_id)
    return render_entry(entry_id, form), 422


_DOUBTS: Final[Mapping[str, tuple[Doubt, LazyString]]] = {
    "new": ("other_money", lazy_gettext("It counts as other money.")),
    "known": ("known", lazy_gettext("It counts no more: it was known already.")),
    "corrected": ("corrected", lazy_gettext("It counts in place of the entry that the bank corrected.")),
    "outdated": ("outdated", lazy_gettext("It counts no more: the ledger has the newer amount.")),
}


@bp.post("/entries/<int:entry_id>/doubt")
@require_permission("entries:decide")
def settle_doubt(entry_id: int) -> Response | tuple[str, int]:
    """Say whether a doubtful entry is other money, one that the ledger has already, or its correction."""
    form = Form(request.form)
    answer, sentence = _DOUBTS[form.read_choice("answer", _DOUBTS)]
    with form.start_saving() as saving:
        saving.refuse_errors()
        shown_doubts.settle_shown_doubt(
            entry_id, answer, digest=form.get_value("digest"), now=clock.now(), actor=get_actor()
        )
        commit()
        return decided.answer_decision(entry_id, tab="doubtful", sentence=str(sentence))
    return render_entry(entry_id, form), 422


@bp.post("/entries/<int:entry_id>/undo")
@require_permission("entries:decide")
def undo_entry(entry_id: int) -> Response | tuple[str, int]:
    """Take back what was decided; the entry waits again."""
    form = Form(request.form)
    with form.start_saving():
        entries.undo_entry(entry_id, digest=form.get_value("digest"), now=clock.now(), actor=get_actor())
        commit()
        sentence = gettext("Undone: the entry waits to be decided again.")
        if "next" in request.form:  # it was undone beside a list
            return decided.answer_decision(entry_id, sentence=sentence)
        tell_reader(sentence)
        return redirect(url_for("bank.show_entry", entry_id=entry_id))
    return render_entry(entry_id, form), 422
