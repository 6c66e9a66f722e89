"""Donors over the API: find, add, change; and by the key that another system has for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, NotRequired, TypedDict

from flask import Response, url_for
from marshmallow import fields, post_dump, validate

from donorhub import clock
from donorhub.api import etags, pages
from donorhub.api.answers import make_json_answer
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.donors.custom_values import add_values, load_values
from donorhub.api.duplicates import DuplicateQuery
from donorhub.api.http import get_principal, refuse_fields, refuse_request, require_permission
from donorhub.api.idempotency import commit_work, do_once
from donorhub.api.rows import Rows
from donorhub.api.schemas import AnswerSchema
from donorhub.api.serialiser import serialiser_for_reader
from donorhub.db import db
from donorhub.domain.access.donor_fields import FIELD_OF_COLUMN, list_hidden_columns
from donorhub.errors import NotFound
from donorhub.jobs.read_notes import note_read
from donorhub.models import Donor
from donorhub.models.states import STAGES
from donorhub.schemas import faults
from donorhub.schemas.donors import NewDonorSchema
from donorhub.schemas.fields import Instant, Line, QueryId, StrictSchema
from donorhub.schemas.limits import CUSTOM_FILTER
from donorhub.schemas.money import MoneySchema
from donorhub.services.donors import (
    custom_fields,
    custom_values,
    donors,
    duplicates,
    search,
    stages,
    verdicts,
)
from donorhub.services.donors.donor_fields import DonorFields
from donorhub.services.reports import timeline

bp = HouseBlueprint("donors", __name__, path="/donors", description="Whom we keep in the base.")
SORTS: Final = {
    "id": Donor.id,
    "created_at": Donor.created_at,
    "updated_at": Donor.updated_at,
    "name": Donor.name,
}


class DonorRowSchema(AnswerSchema):
    """What stands in a donor's own row."""

    donor_fields = FIELD_OF_COLUMN

    id = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": "What the donor writes in a transfer"})
    kind = fields.String(required=True)
    name = fields.String(required=True)
    given_name = fields.String()
    family_name = fields.String()
    salutation = fields.String()
    email = fields.String()
    phone = fields.String()
    street = fields.String()
    postcode = fields.String()
    city = fields.String()
    country = fields.String()
    tax_number = fields.String()
    born_on = fields.Date(allow_none=True, metadata={"description": "The day on which a person was born"})
    lang = fields.String(required=True, metadata={"description": "Of letters and receipts"})
    lang_is_told = fields.Boolean(required=True, metadata={"description": "False: it follows the country"})
    do_not_contact = fields.Boolean(required=True, metadata={"description": "An opt-out of everything holds"})
    do_not_solicit = fields.Boolean(required=True, metadata={"description": "Is never asked for money"})
    is_deceased = fields.Boolean(required=True)
    owner_id = fields.Integer(allow_none=True)
    source = fields.String(required=True)
    stage = fields.String(
        required=True,
        validate=validate.OneOf(STAGES),
        metadata={
            "description": "Where the donor is in the journey; worked out with each gift and each night"
        },
    )
    stage_as_of = fields.Date(
        required=True, metadata={"description": "On this day the stage was found to be another than before"}
    )
    created_at = Instant(required=True)
    updated_at = Instant(required=True)
    version = fields.Integer(required=True)


class DonorSchema(DonorRowSchema):
    """A donor."""

    custom = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "What stands in each field of `GET /custom-fields`; `null`: nothing"},
    )


ROWS: Final = Rows(
    DonorRowSchema,
    Donor,
    SORTS,
    Donor.merged_into_id.is_(None),
    Donor.removed_at.is_(None),
    also=("merged_into_id", "removed_at"),
)
Query = pages.make_query_schema(
    *SORTS,
    by_time={"created_after": "created_at", "updated_after": "updated_at"},
    q=Line(200, metadata={"description": "Parts of name, e-mail, code, city or phone, without accents"}),
    code=Line(20),
    email=Line(254),
    stage=fields.String(validate=validate.OneOf(STAGES)),
    tag_id=QueryId(metadata={"description": "Donors who have this tag, the newest first, whatever `sort`"}),
    custom=Line(
        CUSTOM_FILTER,
        metadata={
            "description": "`key:value` of a field that was added, for numbers and days also `key:from..to`"
        },
    ),
    created_after=Instant(),
    updated_after=Instant(),
)


@bp.get("")
@require_permission("donors:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(DonorSchema))
def list_donors(arguments: dict[str, object]) -> pages.Page | Response:
    """List donors, without those merged into another. With `q` the best fit comes first, whatever `sort`.

    With `custom` the newest come first, and of a range the lowest value, whatever `sort`.
    """
    page, filters = pages.split_arguments(arguments)
    text, tag_id, stage = filters.pop("q", ""), filters.pop("tag_id", None), filters.pop("stage", None)
    reader = get_principal()
    if "email" in filters and not reader.may_see_field("email"):
        refuse_request(422, "invalid", "there is no such filter", pointer="/email")
    shapes = custom_fields.list_shapes(reader)
    custom = custom_values.read_filter(filters.pop("custom", ""), shapes)
    if not text and tag_id is None and custom is None:
        return ROWS.answer_page(
            page,
            *donors.make_conditions(**filters),
            subset=stages.find_subset(stage) if stage else None,
            complete=lambda answers: add_values(answers, shapes),
        )
    matches = search.find_donors(
        text,
        *donors.make_conditions(**filters),
        stage=stage,
        tag_id=tag_id,
        custom=custom,
        shapes=shapes,
        hidden_fields=reader.hidden_fields,
        after=page.get("after"),
        limit=page["limit"],
    )
    serialiser = serialiser_for_reader(DonorRowSchema)
    answers = [serialiser.dump(row) for row in matches.rows]
    add_values(answers, shapes)
    part = pages.make_page(answers, matches.cursor)
    return make_json_answer({"data": part.data, "has_more": part.has_more, "next": part.next})


@bp.post("")
@require_permission("donors:write")
@do_once
@bp.arguments(DuplicateQuery, location="query")
@bp.arguments(NewDonorSchema)
@bp.response(201, DonorSchema)
@bp.alt_response(409, description="`possible_duplicate`: one like it is there.")
def create_donor(arguments: Mapping[str, bool], new: DonorFields) -> Response:
    """Add a donor. Who may be there already is refused, with `donor_ids`, unless `allow_duplicate` is said.

    Said, it is kept that they are different people, and nobody is asked again. What another system keeps is
    put by its external id, and asks nothing.
    """
    new = load_custom(new)
    if get_principal().default_owner_id is not None:
        new.setdefault("owner_id", get_principal().default_owner_id)
    alike = duplicates.list_alike(new)
    if not arguments["allow_duplicate"]:
        duplicates.refuse_alike(alike)
    donor = donors.create_donor(new, source="api", now=clock.now(), actor=get_principal().actor)
    _note_others(donor.id, alike)
    db.session.flush()  # the address needs the id
    return _answer_donor(donor, at=url_for(".get_donor", donor_id=donor.id))


@bp.get(f"/<{ID}:donor_id>")
@require_permission("donors:read")
@etags.mark_versioned
@bp.response(200, DonorSchema)
@bp.alt_response(308, description="The donor was merged into another, whose address is in Location.")
def get_donor(donor_id: int) -> Response:
    """Show a donor."""
    row = ROWS.find_row(donor_id)
    if row is None or row.removed_at is not None:
        raise NotFound(f"there is no donor {donor_id}")
    if row.merged_into_id is not None:
        return _redirect_to_survivor(".get_donor", row.merged_into_id)
    note_read(donor_id, actor=get_principal().actor)
    shapes = custom_fields.list_shapes(get_principal())
    return ROWS.answer_row(
        row,
        etag=etags.make_etag(row.version, row.stage),
        complete=lambda answers: add_values(answers, shapes),
    )


@bp.patch(f"/<{ID}:donor_id>")
@require_permission("donors:write")
@commit_work
@etags.mark_versioned
@bp.arguments(DuplicateQuery, location="query")
@bp.arguments(NewDonorSchema(partial=True))
@bp.response(200, DonorSchema)
@bp.alt_response(308, description="The donor was merged into another, whose address is in Location.")
@bp.alt_response(409, description="`possible_duplicate`: the change makes the donor one like another.")
def change_donor(arguments: Mapping[str, bool], changes: DonorFields, donor_id: int) -> Response:
    """Change what is known of a donor.

    A change by which the donor gets the e-mail, or the name and place, of another is refused, with
    `donor_ids`, unless `allow_duplicate` is said.
    """
    redirect = _find_redirect(".change_donor", donor_id)
    if redirect is not None:
        return redirect
    donor = donors.get_donor(donor_id)
    etags.require_version(donor.version)
    changes = load_custom(changes, partial=True)
    alike = duplicates.list_newly_alike(donor, changes)
    if not arguments["allow_duplicate"]:
        duplicates.refuse_alike(alike)
    _note_others(donor.id, alike)
    donors.change_donor(
        donor,
        changes,
        now=clock.now(),
        actor=get_principal().actor,
        source="api",
        version=donor.version,
    )
    return _answer_donor(donor)


class EventSchema(AnswerSchema):
    """One thing that happened with a donor."""

    at = Instant(required=True)
    kind = fields.String(required=True, metadata={"description": "gift, refund, receipt, task, message …"})
    id = fields.Integer(required=True)
    has_time = fields.Boolean(required=True, metadata={"description": "False: only the day is known"})
    amount = fields.Nested(MoneySchema, allow_none=True)
    facts = fields.Dict(keys=fields.String())

    @post_dump
    def _hide_amounts(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if not get_principal().has_permission("gifts:read"):
            amount_names = {"before", "after", "subject", "note"}
            data["facts"] = {name: value for name, value in data["facts"].items() if name not in amount_names}
        return data


class TimelineArgs(StrictSchema):
    limit = fields.Integer(load_default=50, validate=validate.Range(1, pages.MOST))
    after = fields.String(validate=validate.Length(1, 200))
    part = fields.String(
        load_default=None,
        validate=validate.OneOf(timeline.TIMELINE_PARTS),
        metadata={"description": "Only this of it; left out: all"},
    )


class AskedTimeline(TypedDict):
    """Which page of a timeline."""

    limit: int
    after: NotRequired[str]
    part: timeline.TimelinePart | None


@bp.get(f"/<{ID}:donor_id>/timeline")
@require_permission("donors:read")
@bp.arguments(TimelineArgs, location="query")
@bp.response(200, pages.make_page_schema(EventSchema))
@bp.alt_response(308, description="The donor was merged into another, whose address is in Location.")
def show_timeline(arguments: AskedTimeline, donor_id: int) -> pages.Page | Response:
    """Tell everything that happened with a donor, the newest first."""
    redirect = _find_redirect(".show_timeline", donor_id)
    if redirect is not None:
        return redirect
    events = timeline.read_timeline(
        donor_id, arguments.get("after"), arguments["limit"], part=arguments["part"]
    )
    return pages.make_page(events.rows, events.cursor)


EXTERNAL: Final = "/by-external-id/<source:source>/<ref:ref>"


@bp.get(EXTERNAL)
@require_permission("donors:read")
@etags.mark_versioned
@bp.response(200, DonorSchema)
def get_by_external_id(source: str, ref: str) -> Response:
    """Show the donor that another system calls `ref`."""
    donor = donors.find_by_external_id(source, ref)
    if donor is None:
        raise NotFound(f"no donor is known as {ref} in {source}")
    return _answer_donor(donor)


@bp.put(EXTERNAL)
@require_permission("donors:write")
@commit_work
@bp.arguments(NewDonorSchema)
@bp.response(200, DonorSchema)
@bp.alt_response(201, schema=DonorSchema, description="The donor is new.")
def put_by_external_id(fields: DonorFields, source: str, ref: str) -> Response:
    """Add the donor that another system calls `ref`, or change it; fields left out stay as they are."""
    fields = load_custom(fields, partial=True)
    if get_principal().default_owner_id is not None:
        fields.setdefault("owner_id", get_principal().default_owner_id)
    donor, is_new = donors.put_by_external_id(
        source, ref, fields, now=clock.now(), actor=get_principal().actor
    )
    db.session.flush()  # the answer shows the version
    return _answer_donor(donor, at=url_for(".get_donor", donor_id=donor.id) if is_new else None)


def _note_others(donor_id: int, alike: Collection[Donor]) -> None:
    """Keep that a donor is another person than these, as the program says that asks no more."""
    others = [one.id for one in alike]
    verdicts.record_others(donor_id, others, now=clock.now(), actor=get_principal().actor)


def _answer_donor(donor: Donor, *, at: str | None = None) -> Response:
    """Return the donor as JSON; ``at`` is the address of a new one."""
    db.session.flush()  # what the database fills in is shown too
    answer = serialiser_for_reader(DonorRowSchema).dump(donor)
    add_values([answer], custom_fields.list_shapes(get_principal()))
    response = make_json_answer(answer, status=201 if at else 200)
    if at is not None:
        response.headers["Location"] = at
    return etags.add_etag(response, etags.make_etag(donor.version, donor.stage))


def load_custom(new: DonorFields, *, partial: bool = False) -> DonorFields:
    """Return the fields of a donor with what is to stand in those that were added as the service takes it.

    A field that the reader does not see is refused as one that there is not.
    """
    reader = get_principal()
    hidden_columns = set(list_hidden_columns(reader.hidden_fields)) & new.keys()
    if hidden_columns:
        refuse_fields({name: [faults.UNKNOWN_FIELD] for name in hidden_columns})
    shapes = custom_fields.list_shapes(reader)
    sent: Any = new.get("custom", {})
    return {**new, "custom": load_values(sent, shapes, partial=partial)}


def _find_redirect(endpoint: str, donor_id: int) -> Response | None:
    """Return 308 to the donor that this one was merged into; None where it was not."""
    survivor = donors.get_donor(donor_id).id
    if survivor == donor_id:
        return None
    return _redirect_to_survivor(endpoint, survivor)


def _redirect_to_survivor(endpoint: str, survivor: int) -> Response:
    return Response(status=308, headers={"Location": url_for(endpoint, donor_id=survivor)})
