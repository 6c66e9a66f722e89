"""How a bank file is told over the API, and what became of several that came at once."""

from __future__ import annotations

from marshmallow import fields, validate

from donorhub.api.bank.import_previews import FileProblemSchema
from donorhub.api.schemas import AnswerSchema
from donorhub.models import ImportFile
from donorhub.models.states import IMPORT_FILE_STATES
from donorhub.schemas.fields import Instant
from donorhub.services.bank.files.deliveries import Arrival
from donorhub.services.bank.files.statement_drafts import make_plain_problems


class ImportSchema(AnswerSchema):
    """A bank file and how far it is."""

    id = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(IMPORT_FILE_STATES))
    filename = fields.String(required=True)
    sha256 = fields.String(required=True)
    size = fields.Integer(required=True)
    format = fields.String()
    profile = fields.String()
    bank_account_id = fields.Integer(allow_none=True)
    currency = fields.String()
    statements_count = fields.Integer(required=True)
    entries_count = fields.Integer(required=True)
    new_count = fields.Integer(required=True)
    known_count = fields.Integer(required=True)
    doubtful_count = fields.Integer(required=True)
    problems_count = fields.Integer(required=True)
    progress = fields.Integer(required=True, metadata={"description": "Entries done, while it is read"})
    uploaded_by = fields.String(required=True)
    uploaded_at = Instant(required=True)
    finished_at = Instant(allow_none=True)


class ArrivalSchema(AnswerSchema):
    """What became of one of several files."""

    filename = fields.String(required=True, metadata={"description": "Of a file in a ZIP with the ZIP's"})
    is_read = fields.Boolean(
        required=True, metadata={"description": "False: these very bytes came before, or `problem` says why"}
    )
    file = fields.Nested(ImportSchema, allow_none=True, metadata={"description": "None: it was not kept"})
    problem = fields.Nested(FileProblemSchema, allow_none=True)


class ArrivalListSchema(AnswerSchema):
    """What became of each file."""

    data = fields.List(fields.Nested(ArrivalSchema), required=True)


def make_answer(row: ImportFile) -> dict[str, object]:
    """Return a bank file as its schema tells it."""
    names = [name for name in ImportSchema().fields if name != "problems_count"]
    return {name: getattr(row, name) for name in names} | {"problems_count": len(row.problems)}


def describe_arrival(arrival: Arrival) -> dict[str, object]:
    """Return what became of one of several files."""
    return {
        "filename": arrival.filename,
        "is_read": arrival.is_read,
        "file": make_answer(arrival.file) if arrival.file is not None else None,
        "problem": make_plain_problems([arrival.problem])[0] if arrival.problem is not None else None,
    }
