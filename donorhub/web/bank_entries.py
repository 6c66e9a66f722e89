"""Entries on pages: the tabs of what waits and what is decided, and one entry with all that is known of it."""

from __future__ import annotations

from flask import render_template, request

from donorhub.services import bank_views
from donorhub.web.bank_blueprint import bp
from donorhub.web.shell import needs


@bp.get("/<any('to-decide','doubtful','matched','not-gifts'):tab>")
@needs("imports:read")
def entries(tab: str) -> str:
    return render_template("bank/entries.html", tab=tab, page=bank_views.entries(tab, after=request.args.get("after")))


@bp.get("/entries/<int:entry_id>")
@needs("imports:read")
def entry(entry_id: int) -> str:
    return str(entry_id)


@bp.get("/files/<int:file_id>/take-back")
@needs("imports:read")
def take_back(file_id: int) -> str:
    return str(file_id)
