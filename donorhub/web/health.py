"""Whether this process and its database answer: for load balancers and supervisors, without sign-in."""

from __future__ import annotations

from flask import Blueprint, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from donorhub.db import db
from donorhub.errors import Busy

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def check_health() -> Response:
    """Answer ``ok``, or 503 while the database does not answer."""
    try:
        db.session.execute(text("SELECT 1"))
    except (SQLAlchemyError, Busy):
        db.session.rollback()
        return Response("the database does not answer\n", status=503, content_type="text/plain")
    return Response("ok\n", content_type="text/plain")
