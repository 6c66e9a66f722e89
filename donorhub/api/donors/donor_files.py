"""Files kept with a donor over the API: listed, sent as multipart, fetched as they came, taken away."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from donorhub import clock
from donorhub.api.answers import answer_new_resource, make_json_answer
from donorhub.api.blueprint import ID
from donorhub.api.bodies import takes_upload
from donorhub.api.donors.rights import bp
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.schemas import AnswerSchema, UploadedFile
from donorhub.api.serialiser import serialiser_for_reader
from donorhub.domain.donors.file_kinds import FILE_KINDS, write_disposition
from donorhub.schemas.donors import FileNoteSchema
from donorhub.schemas.fields import Instant, NothingSchema
from donorhub.services.donors import donor_files, donors

__all__ = ["bp"]


class DonorFileSchema(AnswerSchema):
    """A file of a donor, without its bytes. What kind it is, its bytes told, and not its name."""

    id = fields.Integer(required=True)
    donor_id = fields.Integer(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(list(FILE_KINDS)))
    name = fields.String(required=True)
    note = fields.String(required=True)
    size = fields.Integer(required=True, metadata={"description": "Bytes"})
    sha256 = fields.String(required=True)
    added_by = fields.String(required=True)
    added_at = Instant(required=True)


class DonorFilesSchema(AnswerSchema):
    """All files of a donor, the newest first."""

    data = fields.List(fields.Nested(DonorFileSchema), required=True)


class NewDonorFileSchema(FileNoteSchema):
    """A file to keep with a donor, and what it is."""

    file = UploadedFile(required=True)


@bp.get(f"/<{ID}:donor_id>/files")
@require_permission("donors:read")
@bp.response(200, DonorFilesSchema)
def list_files(donor_id: int) -> Response:
    """List the files of a donor; there are none where files are hidden from the reader."""
    return _answer_files(donors.get_donor(donor_id).id)


@bp.post(f"/<{ID}:donor_id>/files")
@takes_upload
@require_permission("donors:write")
@do_once
@bp.arguments(NewDonorFileSchema, location="upload")
@bp.response(201, DonorFileSchema)
@bp.alt_response(200, schema=DonorFileSchema, description="These very bytes are kept with the donor already.")
def add_file(new: dict[str, Any], donor_id: int) -> Response:
    """Keep a file with a donor, encrypted: PDF, pictures, DOCX, XLSX, ODT, ODS or plain text."""
    donor = donors.get_donor(donor_id)
    donor_files.require_shown(get_principal())
    file, is_new = donor_files.add_file(
        donor.id,
        new["file"].stream.read(),
        new["file"].filename or "",
        note=new["note"],
        now=clock.now(),
        actor=get_principal().actor,
    )
    return answer_new_resource(DonorFileSchema, file, is_new=is_new)


@bp.get(f"/<{ID}:donor_id>/files/<{ID}:donor_file_id>/content")
@require_permission("donors:read")
@bp.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
def fetch_file(donor_id: int, donor_file_id: int) -> Response:
    """Fetch a file as it came, to be saved."""
    file = donor_files.get_file(donors.get_donor(donor_id).id, donor_file_id, reader=get_principal())
    response = Response(donor_files.read_content(file), content_type="application/octet-stream")
    response.headers["Content-Disposition"] = write_disposition(file.name)
    return response


@bp.post(f"/<{ID}:donor_id>/files/<{ID}:donor_file_id>/remove")
@require_permission("donors:write")
@do_once
@bp.arguments(NothingSchema)
@bp.response(200, DonorFilesSchema)
def remove_file(_nothing: object, donor_id: int, donor_file_id: int) -> Response:
    """Take a file away from a donor for good, and answer with those that are left."""
    file = donor_files.get_file(donors.get_donor(donor_id).id, donor_file_id, reader=get_principal())
    donor_files.remove_file(file, now=clock.now(), actor=get_principal().actor)
    return _answer_files(donor_id)


def _answer_files(donor_id: int) -> Response:
    serialiser = serialiser_for_reader(DonorFileSchema)
    files = donor_files.list_files(donor_id, reader=get_principal())
    return make_json_answer({"data": [serialiser.dump(file) for file in files]})
