"""Bank files over the API: sending them in, watching them being read, answering what they ask."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Final, NotRequired, TypedDict

from flask import Response, current_app, request
from marshmallow import fields, validate
from werkzeug.datastructures import FileStorage

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import answer_resource
from donorhub.api.bank.import_answers import ImportSchema, make_answer
from donorhub.api.bank.import_previews import (
    FileProblemSchema,
    ImportPreviewSchema,
    describe_plan,
)
from donorhub.api.bank.import_undoing import ObstacleListSchema, TakingBackSchema, describe_taking_back
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.bodies import takes_upload
from donorhub.api.changed import show_change
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import commit_work, do_once, do_once_by_key
from donorhub.api.schemas import AnswerSchema, UploadedFile
from donorhub.domain.moving.formulas import guard_text
from donorhub.errors import Rejected
from donorhub.models import ImportFile
from donorhub.models.states import IMPORT_FILE_STATES
from donorhub.schemas.bank import (
    Answers,
    AnswersSchema,
    ConfirmedAnswers,
    ConfirmedAnswersSchema,
    TakeBackSchema,
    TakingBack,
)
from donorhub.schemas.fields import Currency, Line, QueryId, StrictSchema
from donorhub.schemas.limits import DIGEST
from donorhub.services.bank import import_undo
from donorhub.services.bank.files import confirmed_imports, deliveries, imports
from donorhub.services.bank.files.import_plans import Choices, Plan
from donorhub.services.bank.import_undo import TakingBackView
from donorhub.services.messages import thank_yous

bp = HouseBlueprint("imports", __name__, path="/imports", description="Files from banks.")
SORTS: Final = {"id": ImportFile.id, "uploaded_at": ImportFile.uploaded_at}

MOST_OLD_GIFTS: Final = 1000
_NOT_IN_A_NAME: Final = re.compile(r"[\x00-\x1f\x7f/\\\ud800-\udfff]+")


class FileAnswersSchema(StrictSchema):
    """What files may not tell themselves."""

    bank_account_id = QueryId(metadata={"description": "For files that do not name their account"})
    currency = Currency()
    create_accounts = fields.Boolean(
        load_default=False, metadata={"description": "Add accounts of ours that the file names"}
    )


class FileToPreviewSchema(FileAnswersSchema):
    """The file as it came from the bank, and what it may not tell itself."""

    file = UploadedFile(required=True)


class NewImportSchema(FileToPreviewSchema):
    """The same, to be imported."""

    digest = Line(DIGEST, metadata={"description": "Of `/imports/preview`: import exactly that, or nothing"})


class FileProblemListSchema(AnswerSchema):
    """All that is wrong with a file."""

    data = fields.List(fields.Nested(FileProblemSchema), required=True)


class OldGiftsSchema(AnswerSchema):
    """Gifts of a file that nobody is thanked for by itself."""

    count = fields.Integer(required=True)
    gift_ids = fields.List(
        fields.Integer(), required=True, metadata={"description": "The oldest first, a thousand at most"}
    )


Query = pages.make_query_schema(
    *SORTS, state=fields.String(validate=validate.OneOf(IMPORT_FILE_STATES)), bank_account_id=QueryId()
)


@bp.get("")
@require_permission("imports:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(ImportSchema))
def list_imports(query: dict[str, object]) -> pages.Page:
    """List bank files."""
    page, filters = pages.split_arguments(query)
    page_of_files = pages.read_page(imports.select_files(**filters), page, SORTS)
    return pages.change_data(page_of_files, lambda rows: [make_answer(row) for row in rows])


class FileAnswers(TypedDict):
    """What files may not tell themselves."""

    create_accounts: bool
    bank_account_id: NotRequired[int]
    currency: NotRequired[str]


class FileToPreview(FileAnswers):
    """A file and what it may not tell itself."""

    file: FileStorage


class NewImport(FileToPreview):
    """The same, to be imported, perhaps as it was shown."""

    digest: NotRequired[str]


@bp.post("")
@takes_upload
@require_permission("imports:write")
@do_once_by_key
@bp.arguments(NewImportSchema, location="upload")
@bp.response(202, ImportSchema)
@bp.alt_response(200, schema=ImportSchema, description="These very bytes came before: nothing is done.")
def send_import(new: NewImport) -> Response:
    """Send a bank file in; it is read a moment later. Ask for it at its address until it is done.

    With the `digest` of a preview exactly that is imported: where the file would do something else by now,
    the answer is 409 `changed` with the new `preview`, and nothing is kept. A ZIP goes to `/imports/several`,
    which answers for each file in it.
    """
    content, filename = _read_upload(new["file"])
    digest, answers = new.get("digest"), list_answers(new)
    with show_change(Plan, ImportPreviewSchema, describe_plan):
        if digest:
            row, is_read = confirmed_imports.import_bytes(
                content,
                filename,
                read_choices(new),
                digest,
                limit_mb=answers["limit_mb"],
                now=answers["now"],
                actor=answers["actor"],
            )
        else:
            row, is_read = imports.receive_file(content, filename, **answers)
    at = f"{request.path}/{row.id}"
    return answer_resource(ImportSchema, make_answer(row), status=202 if is_read else 200, at=at)


@bp.post("/preview")
@takes_upload
@require_permission("imports:write")
@commit_work
@bp.arguments(FileToPreviewSchema, location="upload")
@bp.response(200, ImportPreviewSchema)
def preview_import(new: FileToPreview) -> Response:
    """Show what importing a bank file would do to the ledger as it is. Nothing is kept."""
    content, filename = _read_upload(new["file"])
    answers = list_answers(new)
    plan = confirmed_imports.plan_bytes(
        content, filename, read_choices(new), now=answers["now"], limit_mb=answers["limit_mb"]
    )
    if plan is not None:
        return answer_resource(ImportPreviewSchema, describe_plan(plan))
    row = imports.find_by_bytes(content)
    counts = {"new_count": 0, "known_count": row.entries_count if row else 0, "doubtful_count": 0}
    state = row.state if row else "received"
    nothing: dict[str, object] = {"digest": "", "state": state, "statements": [], "problems": [], **counts}
    return answer_resource(ImportPreviewSchema, nothing)


def _read_upload(file: FileStorage) -> tuple[bytes, str]:
    """Return the bytes of a file and its name; raise Rejected for an empty one, and for a ZIP."""
    content = file.stream.read()
    if not content:
        raise Rejected("the file is empty", field="/file", code="file_empty")
    if deliveries.is_archive(content):
        raise Rejected(
            "a ZIP holds several files: send it to /imports/several, which answers for each",
            field="/file",
            code="several_files",
        )
    return content, make_plain_name(file.filename)


def read_choices(answers: FileAnswers | Answers, layout: dict[str, object] | None = None) -> Choices:
    return Choices(
        layout, answers.get("bank_account_id"), answers.get("currency", ""), answers["create_accounts"]
    )


@bp.get(f"/<{ID}:import_id>")
@require_permission("imports:read")
@bp.response(200, ImportSchema)
def get_import(import_id: int) -> Response:
    """Show a bank file and how far it is."""
    return answer_resource(ImportSchema, make_answer(imports.get_file(import_id)))


@bp.get(f"/<{ID}:import_id>/problems")
@require_permission("imports:read")
@bp.response(200, FileProblemListSchema)
def list_problems(import_id: int) -> Response:
    """List what was found wrong with a file, with the line of each."""
    return answer_resource(FileProblemListSchema, {"data": imports.get_file(import_id).problems})


@bp.get(f"/<{ID}:import_id>/problems.csv")
@require_permission("imports:read")
@bp.response(200, {"type": "string"}, content_type="text/csv")
def fetch_problems(import_id: int) -> Response:
    """Fetch what was found wrong with a file as a table."""
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    columns = ("level", "code", "where", "message")
    writer.writerow(columns)
    writer.writerows(
        _make_harmless_cells(problem, columns) for problem in imports.get_file(import_id).problems
    )
    return Response(table.getvalue(), content_type="text/csv; charset=utf-8")


@bp.post(f"/<{ID}:import_id>/preview")
@require_permission("imports:write")
@commit_work
@bp.arguments(AnswersSchema)
@bp.response(200, ImportPreviewSchema)
def preview_answers(answers: Answers, import_id: int) -> Response:
    """Show what a file that was kept would do under these answers. Nothing is done yet."""
    choices = read_choices(answers, answers.get("layout"))
    plan = confirmed_imports.plan_file(import_id, choices, now=clock.now())
    return answer_resource(ImportPreviewSchema, describe_plan(plan))


@bp.post(f"/<{ID}:import_id>/answers")
@require_permission("imports:write")
@do_once
@bp.arguments(ConfirmedAnswersSchema)
@bp.response(202, ImportSchema)
def answer_import(answers: ConfirmedAnswers, import_id: int) -> Response:
    """Answer what a file asks (state `asking`); it is read again.

    With the `digest` of its preview exactly that is imported, else the answer is 409 `changed` with the new
    `preview`; so confirmed, a file that was refused, failed or taken back is imported again too.
    """
    digest = answers.pop("digest", None)
    choices, now, actor = read_choices(answers, answers.get("layout")), clock.now(), get_principal().actor
    with show_change(Plan, ImportPreviewSchema, describe_plan):
        if digest:
            row = confirmed_imports.import_kept_file(import_id, choices, digest, now=now, actor=actor)
        else:
            row = imports.answer_questions(import_id, **asdict(choices), now=now, actor=actor)
    return answer_resource(ImportSchema, make_answer(row), status=202)


@bp.get(f"/<{ID}:import_id>/old-gifts")
@require_permission("imports:read")
@bp.response(200, OldGiftsSchema)
def list_old_gifts(import_id: int) -> Response:
    """List the gifts of a file that came too long ago to be thanked for by themselves.

    `POST /gifts/{gift_id}/thank-you` thanks for one of them.
    """
    file = imports.get_file(import_id)
    gift_ids = thank_yous.list_held_gift_ids(file.id, limit=MOST_OLD_GIFTS)
    return answer_resource(
        OldGiftsSchema, {"count": thank_yous.count_held_gifts(file.id), "gift_ids": gift_ids}
    )


@bp.get(f"/<{ID}:import_id>/obstacles")
@require_permission("imports:read")
@bp.response(200, ObstacleListSchema)
def list_obstacles(import_id: int) -> Response:
    """List what stands in the way of taking a file back: receipts, then decisions that people made."""
    return answer_resource(ObstacleListSchema, {"data": import_undo.list_obstacles(import_id)})


@bp.get(f"/<{ID}:import_id>/take-back")
@require_permission("imports:read")
@bp.response(200, TakingBackSchema)
def show_taking_back(import_id: int) -> Response:
    """Show what taking a file back would do now, and what stands in the way. Nothing is done."""
    return answer_resource(TakingBackSchema, describe_taking_back(import_undo.show_taking_back(import_id)))


@bp.post(f"/<{ID}:import_id>/take-back")
@require_permission("imports:write")
@do_once
@bp.arguments(TakeBackSchema)
@bp.response(200, ImportSchema)
def take_back_import(request_body: TakingBack, import_id: int) -> Response:
    """Take a whole file back: its gifts are corrected, its entries leave the ledger, the file stays.

    With the `digest` of what was shown exactly that is taken back, else the answer is 409 `changed` with the
    new `preview`.
    """
    with show_change(TakingBackView, TakingBackSchema, describe_taking_back):
        row = import_undo.take_back_import(
            import_id, now=clock.now(), actor=get_principal().actor, **request_body
        )
    return answer_resource(ImportSchema, make_answer(row))


class _Receiving(TypedDict):
    """What every file is kept with."""

    bank_account_id: int | None
    currency: str
    create_accounts: bool
    limit_mb: int
    now: datetime
    actor: str


def list_answers(answers: FileAnswers) -> _Receiving:
    return {
        "bank_account_id": answers.get("bank_account_id"),
        "currency": answers.get("currency", ""),
        "create_accounts": answers["create_accounts"],
        "limit_mb": current_app.extensions["donorhub.settings"].upload_limit_mb,
        "now": clock.now(),
        "actor": get_principal().actor,
    }


def make_plain_name(name: str | None) -> str:
    return _NOT_IN_A_NAME.sub(" ", name or "").strip() or "file"


def _make_harmless_cells(problem: Mapping[str, object], columns: Iterable[str]) -> list[str]:
    """Return cells of which none is taken for a formula when the table is opened in a spreadsheet."""
    return [guard_text(str(problem.get(column) or "")) for column in columns]
