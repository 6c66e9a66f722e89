"""One payer: what they pay for, by which words, what they paid in a year, and ending a use."""

from __future__ import annotations

from typing import Final

from flask import redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.domain.bank.matching.other_payers import CODED
from donorhub.services.access import organisation
from donorhub.services.bank.matching import payer_pages
from donorhub.web.admission import require_permission
from donorhub.web.bank.blueprint import bp, get_actor
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words.labels import Words

OUTCOMES: Final[Words[payer_pages.Outcome]] = {
    "same": lazy_gettext("the same, without asking"),
    "asks": lazy_gettext("you would be asked"),
    "other": lazy_gettext("another donor's"),
}


@bp.get("/payers/<int:payer_id>")
@require_permission("imports:read")
def show_payer(payer_id: int) -> str:
    """Show a payer with the preview of a year."""
    return _render_payer(payer_id, Form())


@bp.post("/payers/<int:payer_id>/uses/<int:use_id>/end")
@require_permission("entries:decide")
def end_payer_use(payer_id: int, use_id: int) -> Response | tuple[str, int]:
    """Let a use count no more; where the payer is another than was shown, show them again."""
    form = Form(request.form)
    with form.start_saving():
        now = clock.now()
        payer_pages.end_use(
            payer_id,
            use_id,
            today=organisation.get_day(now),
            now=now,
            actor=get_actor(),
            digest=request.form.get("digest", ""),
        )
        commit()
        tell_reader(gettext("Ended: the next money like it waits for your answer."))
        return redirect(url_for("bank.show_payer", payer_id=payer_id))
    return _render_payer(payer_id, form), 422


def _render_payer(payer_id: int, form: Form) -> str:
    view = payer_pages.view_payer(payer_id, today=organisation.get_day(clock.now()))
    return render_template("bank/payer.html", view=view, outcomes=OUTCOMES, coded=CODED, form=form)
