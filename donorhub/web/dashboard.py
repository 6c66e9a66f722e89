"""The first page: what came in, what waits, what needs attention."""

from __future__ import annotations

from flask import Blueprint, render_template

from donorhub.web.shell import needs

bp = Blueprint("dashboard", __name__)


@bp.get("/")
@needs("tasks:read")
def show() -> str:
    """The dashboard."""
    return render_template("dashboard.html")
