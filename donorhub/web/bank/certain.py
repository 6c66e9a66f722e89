"""What is certain among the entries that wait: shown with what each becomes, then accepted at one click."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.domain.bank.matching.matching_facts import Credit
from donorhub.errors import Changed
from donorhub.models import Donor, Gift, Payout
from donorhub.money import Money
from donorhub.services.bank.matching import certain_entries
from donorhub.services.bank.matching.certain_entries import CertainPayments
from donorhub.web.admission import require_permission
from donorhub.web.bank import choices, decided
from donorhub.web.bank.blueprint import bp, get_actor
from donorhub.web.forms import read_row_id
from donorhub.web.saving import commit, tell_reader


@dataclass(frozen=True, slots=True)
class CertainView:
    """A payment, and what it becomes when it is accepted."""

    credit: Credit
    donors: Sequence[tuple[Donor, Money]]
    payout: Payout | None
    gift: Gift | None


@bp.get("/accept-sure")
@require_permission("entries:decide")
def show_certain() -> str:
    """Show what is certain in the list as it is narrowed, and what each payment becomes."""
    filters, behind_id = decided.read_filters(request.args), read_row_id(request.args.get("behind"))
    payments = certain_entries.list_certain_payments(**_name_filters(filters), after_entry_id=behind_id)
    return _render_payments(payments, filters, behind_id)


def _name_filters(filters: Mapping[str, int]) -> dict[str, int]:
    names = {"statement": "statement_id", "account": "bank_account_id"}
    return {names[name]: id_ for name, id_ in filters.items()}


def _render_payments(
    payments: CertainPayments,
    filters: Mapping[str, int],
    behind_id: int | None,
    *,
    has_changed: bool = False,
) -> str:
    names = choices.fetch_names(payments.decisions)
    views = [
        CertainView(
            decision.place.credit,
            [
                (names.donors[part.donor_id], Money(part.minor, decision.place.credit.amount.currency))
                for part in decision.parts
            ],
            names.payouts.get(decision.payout_id or 0),
            names.gifts.get(decision.gift_id or 0),
        )
        for decision in payments.decisions
    ]
    return render_template(
        "bank/certain.html",
        payments=payments,
        views=views,
        filters=filters,
        behind_id=behind_id,
        has_changed=has_changed,
    )


@bp.post("/accept-sure")
@require_permission("entries:decide")
def accept_sure() -> Response | tuple[str, int]:
    """Accept the payments that the page showed; where they are others by now, show those instead."""
    filters, digest = decided.read_filters(request.form), request.form.get("digest", "")
    behind_id = read_row_id(request.form.get("behind"))
    if not digest:  # nobody saw them yet
        return redirect(url_for("bank.show_certain", **decided.make_query(filters)))
    try:
        count = certain_entries.accept_shown_payments(
            digest,
            **_name_filters(filters),
            after_entry_id=behind_id,
            now=clock.now(),
            actor=get_actor(),
        )
    except Changed as e:
        if not isinstance(e.now, CertainPayments):
            raise
        return _render_payments(e.now, filters, behind_id, has_changed=True), 422
    commit()
    if count:
        tell_reader(
            gettext("Accepted what is certain: %(count)s. Each can be undone under Matched.", count=count)
        )
    else:
        tell_reader(gettext("Nothing here is certain enough to be accepted without a look."), "info")
    return redirect(url_for("bank.entries", tab="to-decide", **decided.make_query(filters)))
