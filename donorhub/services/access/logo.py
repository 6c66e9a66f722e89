"""The organisation's logo, which letters and e-mails bear: kept, read, taken away.

Receipts bear none: what is issued stays as it was frozen.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from sqlalchemy import delete

from donorhub.db import db, insert_or_ignore
from donorhub.domain.access import logo_picture
from donorhub.domain.access.logo_picture import LogoFault, RefusedLogo
from donorhub.errors import NotFound, Rejected
from donorhub.models import Logo
from donorhub.services.access import audit

_ID: Final = 1


def find_logo() -> Logo | None:
    """Return the logo, or None where the organisation has sent none."""
    return db.session.get(Logo, _ID)


def get_logo() -> Logo:
    """Return the logo; raise NotFound where there is none."""
    row = find_logo()
    if row is None:
        raise NotFound("there is no logo")
    return row


def keep_logo(content: bytes, *, now: datetime, actor: str) -> tuple[Logo, bool]:
    """Draw a picture anew and let it be the logo from now on; return it and whether anything changed.

    Raise Rejected for what is no PNG or JPEG, or too large.
    """
    if not content:
        raise Rejected("the file is empty", field="/file", code="file_empty")
    try:
        drawn = logo_picture.redraw_logo(content)
    except RefusedLogo as e:
        raise _make_refusal(e.code) from e
    digest = hashlib.sha256(drawn.content).hexdigest()
    first_id = db.session.scalar(
        insert_or_ignore(Logo, on=(Logo.id,))
        .values(
            id=_ID,
            content=drawn.content,
            width=drawn.width,
            height=drawn.height,
            sha256=digest,
            kept_at=now,
            kept_by=actor,
        )
        .returning(Logo.id)
    )
    row = db.session.get_one(Logo, _ID, populate_existing=True)  # of two who send one, the later stays
    earlier_digest = None if first_id else row.sha256
    if earlier_digest == digest:
        return row, False
    row.content, row.width, row.height, row.sha256 = drawn.content, drawn.width, drawn.height, digest
    row.kept_at, row.kept_by = now, actor
    _record_change(earlier_digest, digest, now=now, actor=actor)
    return row, True


def remove_logo(*, now: datetime, actor: str) -> bool:
    """Take the logo away; return whether there was one."""
    digest = db.session.scalar(delete(Logo).returning(Logo.sha256))
    if digest is None:
        return False
    _record_change(digest, None, now=now, actor=actor)
    return True


def _make_refusal(fault: LogoFault) -> Rejected:
    if fault == "logo_kind":
        return Rejected(
            "a logo is a PNG or JPEG picture: save it as one of these", field="/file", code="logo_kind"
        )
    if fault == "logo_too_large":
        most_mb = logo_picture.LARGEST_MB
        return Rejected(
            f"a logo has at most {most_mb} MB: save it smaller",
            field="/file",
            code="logo_too_large",
            most_mb=most_mb,
        )
    most_megapixels = logo_picture.MOST_MEGAPIXELS
    return Rejected(
        f"a logo has at most {most_megapixels} million pixels: save it smaller",
        field="/file",
        code="logo_too_many_pixels",
        most_megapixels=most_megapixels,
    )


def _record_change(before: str | None, after: str | None, *, now: datetime, actor: str) -> None:
    audit.record_change(
        actor, "organisation.changed", ("organisation", 1), {"logo": (before, after)}, now=now
    )
