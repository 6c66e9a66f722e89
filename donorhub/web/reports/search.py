"""The search of every page: what a text finds, grouped; while one types, the best few as a fragment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub.domain.receipts.numbering import format_number
from donorhub.domain.reports.money_questions import names_somebody
from donorhub.money import Money
from donorhub.services.donors.ranked_search import DonorHit
from donorhub.services.giving import history
from donorhub.services.paging import AnyRow
from donorhub.services.reports import whole_search
from donorhub.services.reports.whole_search import Answers
from donorhub.web.addresses import build_address
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.showing import show_day, show_money
from donorhub.web.words import labels

bp = Blueprint("search", __name__)
FRAGMENT: Final = "X-Fragment"
_MOST_ON_PAGE: Final = 20  # of a kind
_LONGEST: Final = 200  # letters


class Answer(NamedTuple):
    """One line of what was found: where it leads, what it is, and what tells it from others."""

    address: str
    name: str
    more: str


class Group(NamedTuple):
    """What was found of one kind."""

    kind: str
    title: str
    answers: Sequence[Answer]

    @property
    def size(self) -> int:
        """How many were found."""
        return len(self.answers)


@bp.get("/search")
@require_permission("donors:read")
def show_answers() -> Response | str:
    """Show what a text finds; a single hit opens at once, and a script gets the best few alone."""
    text = request.args.get("q", "").strip()[:_LONGEST]
    is_typing = FRAGMENT in request.headers
    limit = whole_search.MOST if is_typing else _MOST_ON_PAGE
    answers = whole_search.find_everything(text, get_principal(), limit=limit)
    new_name = text if names_somebody(text) else ""
    if is_typing:
        groups = list_groups(answers.cut_to(whole_search.MOST))
        return render_template("reports/_answers.html", groups=groups, text=text, new_name=new_name)
    groups = list_groups(answers)
    if answers.count == 1:
        return redirect(groups[0].answers[0].address)
    return render_template("reports/search.html", groups=groups, text=text, new_name=new_name)


def list_groups(answers: Answers) -> list[Group]:
    """Return what was found as lines, by kind; a kind without any is left out."""
    taken = history.find_deduction_states(answers.gifts)
    groups = (
        Group("donors", gettext("Donors"), [_describe_donor(hit) for hit in answers.donors]),
        Group("receipts", gettext("Receipts"), [_describe_receipt(row) for row in answers.receipts]),
        Group("gifts", gettext("Gifts"), [_describe_gift(row, taken.get(row.id)) for row in answers.gifts]),
        Group("entries", gettext("Entries"), [_describe_entry(row) for row in answers.entries]),
    )
    return [group for group in groups if group.answers]


def _join_parts(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _describe_donor(hit: DonorHit) -> Answer:
    last = gettext("last gift %(day)s", day=show_day(hit.last_gift_on)) if hit.last_gift_on else ""
    address = build_address("donors.show_donor", donor_id=hit.id)
    return Answer(address, hit.name, _join_parts(hit.town, last, hit.code))


def _describe_receipt(row: AnyRow) -> Answer:
    state = str(labels.RECEIPT_STATES["void"]) if row.state == "void" else ""
    amount = show_money(Money(row.total_minor, row.currency))
    return Answer(
        build_address("receipts.show_receipt", receipt_id=row.id),
        format_number(row.series, row.year, row.number),
        _join_parts(row.donor_name, amount, show_day(row.issued_on), state),
    )


def _describe_gift(row: AnyRow, deduction: str | None) -> Answer:
    state = str(labels.DEDUCTIONS[deduction]) if deduction else ""
    test = gettext("test") if row.is_test else ""
    return Answer(
        build_address("gifts.show_gift", gift_id=row.id),
        show_money(Money(row.amount_minor, row.currency)),
        _join_parts(row.donor_name, show_day(row.received_on), f"#{row.id}", state, test),
    )


def _describe_entry(row: AnyRow) -> Answer:
    amount = show_money(Money(row.amount_minor, row.currency))
    return Answer(
        url_for("bank.show_entry", entry_id=row.id),
        row.counterparty_name or gettext("Nobody is named"),
        _join_parts(amount, show_day(row.booked_on)),
    )
