"""Gifts of a file that are too old to be thanked by themselves: how many, and thanking for chosen ones."""

from __future__ import annotations

from typing import Final

from flask import redirect, render_template, request, url_for
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.models import Gift
from donorhub.services import shown
from donorhub.services.bank.files import imports
from donorhub.services.messages import thank_yous
from donorhub.services.paging import Page, oldest_first, read_page
from donorhub.services.shown import ShownRow
from donorhub.web.admission import require_permission
from donorhub.web.bank.blueprint import bp, get_actor
from donorhub.web.forms import Form, read_row_id
from donorhub.web.saving import commit, tell_reader

ON_A_PAGE: Final = 100


@bp.get("/files/<int:file_id>/old-gifts")
@require_permission("imports:read", "gifts:read")
def show_old_gifts(file_id: int) -> str:
    """Show the gifts of a file that nobody is thanked for unless a person asks for it."""
    return _render_old_gifts(file_id, Form())


def _read_page(file_id: int, after: str | None) -> Page[Gift]:
    return read_page(
        thank_yous.select_held_gifts(file_id),
        oldest_first(Gift.received_on, Gift.id),
        after=after,
        limit=ON_A_PAGE,
    )


def _show_page(page: Page[Gift]) -> ShownRow:
    facts = [[row.id, row.donor_id, row.amount_minor, row.received_on.isoformat()] for row in page.rows]
    return ShownRow(page, shown.compute_digest(facts))


def _render_old_gifts(file_id: int, form: Form) -> str:
    page = _read_page(file_id, request.values.get("after"))
    return render_template(
        "bank/old_gifts.html",
        file=imports.get_file(file_id),
        form=form,
        count=thank_yous.count_held_gifts(file_id),
        page=page,
        digest=_show_page(page).digest,
    )


@bp.post("/files/<int:file_id>/old-gifts")
@require_permission("imports:read", "gifts:write")
def thank_for_old_gifts(file_id: int) -> Response | tuple[str, int]:
    """Thank for the ticked gifts of the page as it was shown; sent twice, each is thanked for once."""
    form = Form(request.form)
    gift_ids = [row_id for text in form.list_values("gift_ids") if (row_id := read_row_id(text))]
    if not gift_ids:
        form.add_error("", gettext("Please tick at least one gift."))
    with form.start_saving() as saving:
        saving.refuse_errors()
        page = _read_page(file_id, form.get_value("after") or None)
        shown.refuse_changed(form.get_value("digest"), _show_page(page))
        asked_ids = thank_yous.ask_for_thanks(gift_ids, now=clock.now(), actor=get_actor())
        commit()
        tell_reader(
            ngettext("%(num)d gift is thanked for.", "%(num)d gifts are thanked for.", len(asked_ids))
        )
        return redirect(url_for("bank.show_old_gifts", file_id=file_id))
    return _render_old_gifts(file_id, form), 422
