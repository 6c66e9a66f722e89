"""What an upgrade mended, over the API. Read only."""

from __future__ import annotations

from typing import Final

from marshmallow import fields, validate

from donorhub.api import pages
from donorhub.api.blueprint import HouseBlueprint
from donorhub.api.http import require_permission
from donorhub.api.schemas import AnswerSchema
from donorhub.models import UpgradeNote
from donorhub.models.states import UPGRADE_NOTE_KINDS, UPGRADE_SUBJECTS
from donorhub.schemas.fields import Instant
from donorhub.services.work import upgrade_notes

bp = HouseBlueprint(
    "upgrade_notes", __name__, path="/upgrade-notes", description="What an upgrade mended of older versions."
)
SORTS: Final = {"id": UpgradeNote.id}


class UpgradeNoteSchema(AnswerSchema):
    """`subject_ids` are the first rows of `subject_type` that were mended, `count` says how many in all."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(UPGRADE_NOTE_KINDS))
    count = fields.Integer(required=True)
    subject_type = fields.String(required=True, validate=validate.OneOf(UPGRADE_SUBJECTS))
    subject_ids = fields.List(fields.Integer(), required=True)
    noted_at = Instant(required=True)
    seen_at = Instant(allow_none=True)


Query = pages.make_query_schema(*SORTS)


@bp.get("")
@require_permission("settings:write")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(UpgradeNoteSchema))
def list_upgrade_notes(arguments: dict[str, object]) -> pages.Page:
    """List what an upgrade mended."""
    page, _filters = pages.split_arguments(arguments)
    return pages.read_page(upgrade_notes.select_notes(), page, SORTS)
