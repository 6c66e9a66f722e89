"""Rows of a table that cannot be read, said anew beside the wizard: mended, left out, or as the file has."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.services.bank.files import import_rows, imports
from donorhub.web.admission import require_permission
from donorhub.web.bank.blueprint import bp, get_actor
from donorhub.web.bank.wizard import find_layout, show_columns_again
from donorhub.web.forms import Form
from donorhub.web.saving import commit


@bp.post("/files/<int:file_id>/rows/<int:line>")
@require_permission("imports:write")
def change_row(file_id: int, line: int) -> Response | tuple[str, int]:
    """Say what a row holds that cannot be read, that it stays out, or that it is as the file has it; then
    show the columns again as they were.
    """
    form = Form(request.form)
    query, action = form.get_value("query"), form.get_value("deed")
    now, actor = clock.now(), get_actor()
    with form.start_saving():
        layout = find_layout(imports.get_file(file_id), query)
        if action == "restore":
            import_rows.restore_row(file_id, line, now=now, actor=actor)
        elif action == "leave_out":
            import_rows.leave_row_out(file_id, line, layout=layout, now=now, actor=actor)
        else:
            import_rows.mend_row(
                file_id, line, request.form.getlist("cell"), layout=layout, now=now, actor=actor
            )
        commit()
        address = url_for("bank.show_columns", file_id=file_id)
        return redirect(f"{address}?{query}#rows" if query else f"{address}#rows")
    form.add_error("", gettext("This row was not changed."))
    return show_columns_again(file_id, query, form.errors.get("", "")), 422
