"""Donors: the list with its search, one donor, adding and changing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.db import MAX_ID
from donorhub.domain.access.donor_fields import list_hidden_columns
from donorhub.jobs.read_notes import note_read
from donorhub.models import Donor
from donorhub.models.states import STAGES, find_word
from donorhub.schemas.custom import make_values_schema, split_values
from donorhub.schemas.donors import NewDonorSchema
from donorhub.schemas.limits import SHORT
from donorhub.services.access import idempotency, organisation, users
from donorhub.services.donors import donors, duplicates, search, tags, verdicts
from donorhub.services.donors.donor_fields import FIELDS, DonorFields
from donorhub.services.giving import history
from donorhub.services.moving.lists.description import Filters, keep_filters
from donorhub.services.paging import LIMIT, Page
from donorhub.web.admission import get_own_list, get_principal, require_permission
from donorhub.web.donors import custom_values
from donorhub.web.donors.donor_page import render_donor
from donorhub.web.forms import Form, make_key, read_row_id
from donorhub.web.reader import get_today
from donorhub.web.saving import commit, tell_reader
from donorhub.web.words import labels

bp = Blueprint("donors", __name__, url_prefix="/donors")
Answer = Response | str | tuple[str, int]


@bp.get("")
@require_permission("donors:read")
def list_donors() -> Answer:
    """Show the list, or what a search found; a donor's code leads straight to the donor."""
    text = request.args.get("q", "").strip()[:200]
    donor = search.find_by_code(text) if text else None
    if donor is not None and get_own_list() in (None, donor.owner_id):
        return redirect(url_for("donors.show_donor", donor_id=donor.id))
    shapes = custom_values.list_shapes()
    page, wrong_value = read_list(after=request.args.get("after"))
    return render_template(
        "donors/donors.html",
        page=page,
        text=text,
        stage=find_word(request.args.get("stage"), STAGES),
        tags=tags.list_tags(),
        tags_of=tags.read_tags([donor.id for donor in page.rows]),
        shapes=[shape for shape in shapes if shape.kind != "long_text"],
        wrong_value=wrong_value,
        custom_label=custom_values.write_label,
    )


def read_list(*, after: str | None, limit: int = LIMIT) -> tuple[Page[Donor], str]:
    """Return donors of the list as its address narrows it, and what was typed that nothing in a field can
    be.
    """
    conditions = []
    if request.args.get("giving") == "not_again" and get_principal().has_permission("gifts:read"):
        conditions.append(
            history.has_not_given_again(get_today(), organisation.get_organisation().home_currency)
        )
    shapes = custom_values.list_shapes()
    custom, wrong_value = custom_values.read_filter(shapes)
    if wrong_value:
        return Page(()), wrong_value
    page = search.find_donors(
        request.args.get("q", "").strip()[:SHORT],
        *conditions,
        stage=find_word(request.args.get("stage"), STAGES),
        owner_id=get_own_list(),
        lang=find_word(request.args.get("speaks"), labels.LANGS),
        tag_id=read_row_id(request.args.get("tag")),
        custom=custom,
        shapes=shapes,
        hidden_fields=get_principal().hidden_fields,
        after=after,
        limit=limit,
    )
    return page, ""


def read_filters() -> Filters:
    """Return what the list of this address is narrowed by."""
    return keep_filters(
        text=request.args.get("q", "").strip()[:200],
        lang=find_word(request.args.get("speaks"), labels.LANGS),
        stage=find_word(request.args.get("stage"), STAGES),
        giving=find_word(request.args.get("giving"), ("not_again",)),
        tag_id=read_row_id(request.args.get("tag")),
        custom=custom_values.write_filter(custom_values.list_shapes()),
    )


@bp.get("/new")
@require_permission("donors:write")
def show_new_form() -> str:
    """Show an empty form."""
    ours = organisation.get_organisation()
    start = {"key": make_key(), "kind": "person", "country": ours.country}
    texts = {name: request.args.get(name, "") for name in ("name", "then")}
    return _render_form(Form(start=start | texts))


@bp.post("/new")
@require_permission("donors:write")
def add_donor() -> Answer:
    """Add a donor; the same form sent twice adds one, and one who may be there already is asked about."""
    form = Form(request.form)
    key = form.read_key()
    alike: Sequence[Donor] = ()
    with form.start_saving():
        fields = _load_fields(form)
        once = idempotency.take_key(
            get_principal().actor, "form:donors.new", key, fingerprint="form", now=clock.now()
        )
        if not once.status:
            alike = duplicates.list_alike(fields)
            duplicates.refuse_alike(alike, known_ids=form.list_ids("another"))
            if not fields.get("owner_id") and get_principal().default_owner_id is not None:
                fields["owner_id"] = get_principal().default_owner_id
            donor = donors.create_donor(fields, source="form", now=clock.now(), actor=get_principal().actor)
            note_others(donor.id, alike)
            idempotency.store_answer(once, status=302, headers={}, body=str(donor.id).encode())
        donor_id = int(once.body)
        commit()
        tell_reader(gettext("The donor is added."))
        return redirect(_find_way_on(form.get_value("then"), donor_id))
    return _render_form(form, alike=[donors.get_donor(donor.id) for donor in alike]), 422


def note_others(donor_id: int, alike: Sequence[Donor]) -> None:
    """Keep that a donor is another person than those whom the form showed: nobody is asked again."""
    others = [one.id for one in alike]
    verdicts.record_others(donor_id, others, now=clock.now(), actor=get_principal().actor)


def _find_way_on(then: str, donor_id: int) -> str:
    """Return where who came for a donor goes on: to the gift or the receipt that they were at, or to the
    donor.
    """
    if then == "gift" and get_principal().has_permission("gifts:write"):
        return url_for("gifts.show_new_form", donor=donor_id)
    if then == "receipt" and get_principal().has_permission("receipts:issue"):
        return url_for("receipts.show_new_form", donor=donor_id)
    return url_for("donors.show_donor", donor_id=donor_id)


@bp.get("/<int:donor_id>")
@require_permission("donors:read")
def show_donor(donor_id: int) -> Answer:
    """Show one donor: facts, recurring gifts, contact data, timeline."""
    donor = donors.get_donor(donor_id, owner_id=get_own_list())
    if donor.id != donor_id:
        return redirect(url_for("donors.show_donor", donor_id=donor.id))
    page = render_donor(donor)
    note_read(donor_id, actor=get_principal().actor)
    return page


@bp.get("/<int:donor_id>/edit")
@require_permission("donors:write")
def show_edit_form(donor_id: int) -> str:
    """Show the form with what is known."""
    donor = donors.get_donor(donor_id, owner_id=get_own_list())
    hidden_columns = list_hidden_columns(get_principal().hidden_fields)
    start = {name: getattr(donor, name) for name in FIELDS if name not in hidden_columns}
    start["version"] = donor.version
    start["then"] = request.args.get("then", "")
    start["lang"] = donor.lang if donor.lang_is_told else ""
    shapes = custom_values.list_shapes()
    start |= custom_values.start_form(shapes, custom_values.read_own_values(donor.id, shapes))
    return _render_form(Form(start=start), donor)


@bp.post("/<int:donor_id>/edit")
@require_permission("donors:write")
def save_donor(donor_id: int) -> Answer:
    """Save a donor; refused when somebody else saved in the meantime."""
    donor = donors.get_donor(donor_id, owner_id=get_own_list())
    form = Form(request.form)
    version = form.read_number("version", 1, MAX_ID)
    alike: Sequence[Donor] = ()
    with form.start_saving():
        fields = _load_fields(form)
        alike = duplicates.list_newly_alike(donor, fields)
        duplicates.refuse_alike(alike, known_ids=form.list_ids("another"))
        donors.change_donor(
            donor,
            fields,
            now=clock.now(),
            actor=get_principal().actor,
            source="form",
            version=version or 0,
        )
        note_others(donor.id, alike)
        commit()
        tell_reader(gettext("The donor is saved."))
        return redirect(_find_way_on(form.get_value("then"), donor_id))
    return _render_form(form, donors.get_donor(donor_id), [donors.get_donor(one.id) for one in alike]), 422


def _load_fields(form: Form) -> DonorFields:
    """Return what a form says of a donor, with the fields that were added and that the reader sees."""
    shapes = custom_values.list_shapes()
    schema = make_values_schema(shapes, base=NewDonorSchema, prefix=custom_values.PREFIX)
    for column in list_hidden_columns(get_principal().hidden_fields):
        schema.load_fields.pop(column)  # what is hidden is not asked for, and stays as it is
    loaded = form.load_fields(schema)
    own: Any = {name: value for name, value in loaded.items() if not name.startswith(custom_values.PREFIX)}
    fields: DonorFields = own
    fields["custom"] = split_values(loaded, shapes, prefix=custom_values.PREFIX)
    return fields


def _render_form(form: Form, donor: Donor | None = None, alike: Sequence[Donor] = ()) -> str:
    owner_ids = get_principal().owner_ids
    staff = [one for one in users.list_active_names() if owner_ids is None or one.id in owner_ids]
    version = donor.version if donor and "" in form.errors else form.get_value("version")
    may_see_gifts = get_principal().has_permission("gifts:read")
    return render_template(
        "donors/donor_form.html",
        form=form,
        donor=donor,
        staff=staff,
        version=version,
        alike=[(one, history.compute_facts(one.id) if may_see_gifts else None) for one in alike],
        find_way_on=_find_way_on,
        shapes=custom_values.list_shapes(),
        custom_label=custom_values.write_label,
        custom_options=custom_values.list_options,
    )
