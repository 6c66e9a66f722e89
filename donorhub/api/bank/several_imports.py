"""Several bank files sent over the API at once, or in a ZIP: what they would do, and doing it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NotRequired

from flask import Response
from werkzeug.datastructures import FileStorage

from donorhub.api.answers import answer_resource
from donorhub.api.bank.import_answers import ArrivalListSchema, describe_arrival
from donorhub.api.bank.import_previews import ImportPreviewsSchema, describe_plans
from donorhub.api.bank.imports import (
    FileAnswers,
    FileAnswersSchema,
    bp,
    list_answers,
    make_plain_name,
    read_choices,
)
from donorhub.api.bodies import takes_upload
from donorhub.api.changed import show_change
from donorhub.api.http import require_permission
from donorhub.api.idempotency import commit_work, do_once_by_key
from donorhub.api.schemas import UploadedFile
from donorhub.schemas.fields import Line, Several
from donorhub.schemas.limits import DIGEST
from donorhub.services.bank.files import deliveries, several_imports
from donorhub.services.bank.files.deliveries import MOST_FILES, SentFile
from donorhub.services.bank.files.several_imports import SeveralPlans

__all__ = ["bp"]


class FilesToPreviewSchema(FileAnswersSchema):
    """Files as they came from the bank, and what they may not tell themselves."""

    file = Several(
        UploadedFile(),
        1,
        MOST_FILES,
        required=True,
        metadata={"description": "A part for each file; those in a ZIP are taken one by one"},
    )


class NewImportsSchema(FilesToPreviewSchema):
    """The same, to be imported."""

    digest = Line(
        DIGEST, metadata={"description": "Of `/imports/several/preview`: import exactly that, or nothing"}
    )


class FilesToPreview(FileAnswers):
    """Files and what they may not tell themselves."""

    file: list[FileStorage]


class NewImports(FilesToPreview):
    """The same, to be imported, perhaps as it was shown."""

    digest: NotRequired[str]


@bp.post("/several")
@takes_upload
@require_permission("imports:write")
@do_once_by_key
@bp.arguments(NewImportsSchema, location="upload")
@bp.response(202, ArrivalListSchema)
def send_imports(new: NewImports) -> Response:
    """Send several bank files in, also in a ZIP; each is read a moment later as if it had come alone.

    Nothing that is wrong with one stops the others. Ask for each at its address until it is done.

    With the `digest` of their preview exactly that is imported: where one of them would do something else by
    now, the answer is 409 `changed` with the new `preview`, and none is kept.
    """
    files, answers = _read_files(new["file"]), list_answers(new)
    if "digest" in new:
        with show_change(SeveralPlans, ImportPreviewsSchema, describe_plans):
            arrivals = several_imports.import_sent_files(
                files,
                read_choices(new),
                new["digest"],
                now=answers["now"],
                actor=answers["actor"],
                limit_mb=answers["limit_mb"],
            )
    else:
        arrivals = deliveries.receive_files(files, **answers)
    return answer_resource(ArrivalListSchema, {"data": list(map(describe_arrival, arrivals))}, status=202)


@bp.post("/several/preview")
@takes_upload
@require_permission("imports:write")
@commit_work
@bp.arguments(FilesToPreviewSchema, location="upload")
@bp.response(200, ImportPreviewsSchema)
def preview_imports(new: FilesToPreview) -> Response:
    """Show what importing several bank files one after the other would do. Nothing is kept."""
    answers = list_answers(new)
    plans = several_imports.plan_sent_files(
        _read_files(new["file"]), read_choices(new), now=answers["now"], limit_mb=answers["limit_mb"]
    )
    return answer_resource(ImportPreviewsSchema, describe_plans(plans))


def _read_files(files: Iterable[FileStorage]) -> list[SentFile]:
    return [SentFile(make_plain_name(file.filename), file.stream.read()) for file in files]
