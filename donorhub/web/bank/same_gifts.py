"""Waiting entries that are gifts recorded already: each shown with its gift, then joined at one click."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.domain.bank.matching.matching_facts import Credit
from donorhub.errors import Changed
from donorhub.models import Gift
from donorhub.services.bank.matching import same_gifts
from donorhub.services.bank.matching.same_gifts import SameGifts
from donorhub.services.giving import gifts
from donorhub.web.admission import require_permission
from donorhub.web.bank import decided
from donorhub.web.bank.blueprint import bp, get_actor
from donorhub.web.forms import read_row_id
from donorhub.web.saving import commit, tell_reader

FILTERS = {"statement": "statement_id", "account": "bank_account_id", "entry": "entry_id"}


@dataclass(frozen=True, slots=True)
class JoinedView:
    """A payment, and the gift that it is."""

    credit: Credit
    gift: Gift


@bp.get("/same-gifts")
@require_permission("entries:decide")
def show_same_gifts() -> str:
    """Show the entries of the list as it is narrowed that are gifts recorded already, each with its gift."""
    return _render_gifts(same_gifts.list_same_gifts(**_read_names(request.args)))


def _read_names(fields: Mapping[str, str]) -> dict[str, int]:
    """Return what the list is narrowed to, and the entry behind which it looks."""
    names = {**FILTERS, "behind": "after_entry_id"}
    row_ids = {names[name]: read_row_id(fields.get(name)) for name in names}
    return {name: id_ for name, id_ in row_ids.items() if id_ is not None}


def _render_gifts(view: SameGifts, *, has_changed: bool = False) -> str:
    gifts_by_id = gifts.read_gifts([one.known_gift_id or 0 for one in view.decisions])
    views = [JoinedView(one.place.credit, gifts_by_id[one.known_gift_id or 0]) for one in view.decisions]
    filters = {name: request.values[name] for name in FILTERS if request.values.get(name)}
    return render_template(
        "bank/same_gifts.html",
        view=view,
        views=views,
        filters=filters,
        behind_id=read_row_id(request.values.get("behind")),
        has_changed=has_changed,
    )


@bp.post("/same-gifts")
@require_permission("entries:decide")
def join_same_gifts() -> Response | tuple[str, int]:
    """Join the entries that the page showed to their gifts; where they are others by now, show those."""
    try:
        count = same_gifts.join_shown_gifts(
            request.form.get("digest", ""), **_read_names(request.form), now=clock.now(), actor=get_actor()
        )
    except Changed as e:
        if not isinstance(e.now, SameGifts):
            raise
        return _render_gifts(e.now, has_changed=True), 422
    commit()
    if count:
        tell_reader(
            ngettext(
                "%(num)d entry is joined to its gift.", "%(num)d entries are joined to their gifts.", count
            )
        )
    else:
        tell_reader(gettext("No entry here is a gift that is recorded already."), "info")
    filters = decided.make_query(decided.read_filters(request.form))
    return redirect(url_for("bank.entries", tab="to-decide", **filters))
