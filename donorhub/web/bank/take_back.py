"""Taking a whole import back: first what stands in the way, then a reason and one button."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.schemas.bank import TakeBackSchema, TakingBack
from donorhub.services import shown
from donorhub.services.bank import import_undo
from donorhub.services.bank.files import imports
from donorhub.services.giving import closed_books
from donorhub.web.admission import require_permission
from donorhub.web.bank.blueprint import bp, get_actor
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader


@bp.get("/files/<int:file_id>/take-back")
@require_permission("imports:write")
def show_take_back(file_id: int) -> str:
    """Show what taking the import back would undo, and what stands in the way."""
    return _render_take_back(file_id, Form())


def _render_take_back(file_id: int, form: Form) -> str:
    file = imports.get_file(file_id)
    view = import_undo.show_taking_back(file_id)
    obstacles = view.obstacles
    decisions = [one for one in obstacles if one.kind == "decision"]
    return render_template(
        "bank/take_back.html",
        file=file,
        form=form,
        view=view,
        closed_until=closed_books.find_last_closed_day()
        if "closed_books" in {one.kind for one in obstacles}
        else None,
        receipts=[one for one in obstacles if one.kind == "receipt"],
        decisions=decisions,
        decided_count=len({one.entry_id for one in decisions}),
    )


@bp.post("/files/<int:file_id>/take-back")
@require_permission("imports:write")
def take_back_file(file_id: int) -> Response | tuple[str, int]:
    """Take the import back as the page showed it; people's decisions on it only when that was ticked.

    Where it would do something else by now, or a form of before tells no digest, the page is shown anew.
    """
    form = Form(request.form)
    with form.start_saving():
        new: TakingBack = form.load_fields(TakeBackSchema())
        if not new.get("digest") and imports.get_file(file_id).state != "taken_back":
            shown.refuse_changed("", import_undo.show_taking_back(file_id))
        import_undo.take_back_import(file_id, now=clock.now(), actor=get_actor(), **new)
        commit()
        tell_reader(gettext("The import is taken back: nothing of it counts any more."))
        return redirect(url_for("bank.show_file", file_id=file_id))
    return _render_take_back(file_id, form), 422
