"""A bank statement on a page: its figures, its entries, and releasing one that was held."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.schemas.bank import ReleaseSchema
from donorhub.schemas.fields import Reason
from donorhub.services.bank import bank_views
from donorhub.services.bank.files import imports, statements
from donorhub.services.bank.matching import entry_views
from donorhub.web.admission import require_permission
from donorhub.web.bank.blueprint import bp, get_actor
from donorhub.web.forms import Form
from donorhub.web.saving import commit, tell_reader


@bp.get("/statements/<int:statement_id>")
@require_permission("imports:read")
def show_statement(statement_id: int) -> str:
    """Show one statement: opening, credits, debits, closing, and the entries it brought."""
    return _render_statement(statement_id, Form())


def _render_statement(statement_id: int, form: Form) -> str:
    row = statements.get_statement(statement_id)
    return render_template(
        "bank/statement.html",
        form=form,
        view=bank_views.make_statement_view(row),
        file=imports.get_file(row.import_file_id),
        page=entry_views.list_entries_of_statement(statement_id, after=request.args.get("after")),
        waiting=sum(entry_views.count_waiting(statement_id=statement_id).values()),
    )


@bp.post("/statements/<int:statement_id>/release")
@require_permission("statements:release")
def release_statement(statement_id: int) -> Response | tuple[str, int]:
    """Take a held statement into the ledger all the same; who and why is kept."""
    form = Form(request.form)
    with form.start_saving():
        new: Reason = form.load_fields(ReleaseSchema())
        row = statements.release_statement(
            statement_id,
            reason=new["reason"],
            digest=form.get_value("digest"),
            now=clock.now(),
            actor=get_actor(),
        )
        file_id = row.import_file_id
        commit()
        tell_reader(gettext("Released: the statement is being taken into the ledger."))
        return redirect(url_for("bank.show_file", file_id=file_id))
    return _render_statement(statement_id, form), 422
