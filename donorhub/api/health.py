"""Whether this process and its database answer. Needs no token and tells nothing of the data."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from sqlalchemy import text

from donorhub.db import db

bp = Blueprint("health", __name__)


@bp.get("/api/health")
def show_health() -> Response:
    """Return ``{"state": "ok"}``; 503 as a problem when the database does not answer."""
    db.session.execute(text("SELECT 1"))
    return jsonify(state="ok")
