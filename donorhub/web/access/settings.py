"""Settings: what each user may set, the organisation, and what gifts are for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import available_timezones

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from donorhub import clock
from donorhub.models import Appeal, Campaign, Fund
from donorhub.models.states import PurposeKind
from donorhub.schemas.access import OrganisationFieldsSchema
from donorhub.schemas.fields import StrictSchema
from donorhub.schemas.giving import NewAppealSchema, NewCampaignSchema, NewFundSchema
from donorhub.schemas.limits import ORGANISATION_NUMBER
from donorhub.services.access import organisation
from donorhub.services.giving import funds, purpose_sums
from donorhub.services.giving.purpose_sums import KeptSums
from donorhub.services.receipts import receipt_drafts
from donorhub.web.admission import get_principal, require_permission
from donorhub.web.forms import Form
from donorhub.web.reader import get_lang, get_today
from donorhub.web.saving import commit, tell_reader
from receipts.packs import find_pack, list_jurisdictions

bp = Blueprint("settings", __name__, url_prefix="/settings")
Answer = Response | str | tuple[str, int]
PURPOSES: Final = {
    "fund": lazy_gettext("Fund"),
    "campaign": lazy_gettext("Campaign"),
    "appeal": lazy_gettext("Appeal"),
}
PURPOSE_SCHEMAS: Final[Mapping[str, type[StrictSchema]]] = {
    "fund": NewFundSchema,
    "campaign": NewCampaignSchema,
    "appeal": NewAppealSchema,
}
ORGANISATION: Final = OrganisationFieldsSchema(exclude=("ids",))  # each number has a field of its own
NUMBERS: Final = ("KRS", "NIP", "REGON", "NUI", "NIPT")


@bp.get("")
@require_permission("tasks:read")
def show_settings() -> str:
    """Show the parts that the reader may set."""
    return render_template("access/settings.html")


@bp.get("/organisation")
@require_permission("settings:write")
def show_organisation() -> str:
    """Show our own name, address and numbers."""
    ours = organisation.get_organisation()
    start = {name: getattr(ours, name) for name in organisation.FIELDS}
    start |= {f"id_{name}": value for name, value in ours.ids.items()}
    if ours.legal_name == organisation.DEFAULT_NAME:  # nobody has chosen yet in which language it writes
        start["lang"] = get_lang()
    return render_template("access/organisation.html", form=Form(start=start), **_list_offers())


@bp.post("/organisation")
@require_permission("settings:write")
def save_organisation() -> Answer:
    """Save the organisation; where this was the first step, the others come next."""
    form = Form(request.form)
    ids = {name: form.read_line(f"id_{name}", ORGANISATION_NUMBER) for name in NUMBERS}
    with form.start_saving():
        fields = form.load_fields(ORGANISATION) | {"ids": {name: text for name, text in ids.items() if text}}
        was_whole = not receipt_drafts.list_own_gaps(today=get_today())
        organisation.change_organisation(fields, now=clock.now(), actor=get_principal().actor)
        commit()
        tell_reader(gettext("The organisation is saved."))
        is_first_step = not was_whole and not receipt_drafts.list_own_gaps(today=get_today())
        return redirect(
            url_for("dashboard.show_dashboard" if is_first_step else "settings.show_organisation")
        )
    for name in form.errors.keys() & set(NUMBERS):
        form.errors[f"id_{name}"] = form.errors.pop(name)
    return render_template("access/organisation.html", form=form, **_list_offers()), 422


@bp.get("/funds")
@require_permission("gifts:read")
def list_purposes() -> str:
    """Show funds, campaigns and appeals."""
    return _render_purposes(Form())


@bp.post("/funds")
@require_permission("funds:write")
def add_purpose() -> Answer:
    """Add a fund, campaign or appeal."""
    form = Form(request.form)
    kind = form.read_choice("kind", PURPOSES)
    with form.start_saving():
        _create_purpose(kind, form.load_fields(PURPOSE_SCHEMAS[kind]()))
        commit()
        tell_reader(gettext("Added."))
        return redirect(url_for("settings.list_purposes"))
    return _render_purposes(form), 422


@bp.post("/funds/<int:fund_id>")
@require_permission("funds:write")
def close_fund(fund_id: int) -> Response:
    """Close a fund to new gifts, or open it again."""
    fund = funds.get_purpose(Fund, fund_id)
    is_closed = request.form.get("is_closed") == "1"
    funds.change_purpose(fund, {"is_closed": is_closed}, now=clock.now(), actor=get_principal().actor)
    commit()
    tell_reader(gettext("The fund is closed.") if is_closed else gettext("The fund is open again."))
    return redirect(url_for("settings.list_purposes"))


def _create_purpose(kind: str, fields: dict[str, object]) -> None:
    now, actor = clock.now(), get_principal().actor
    if kind == "fund":
        funds.create_purpose(Fund, fields, now=now, actor=actor)
    elif kind == "campaign":
        funds.create_purpose(Campaign, fields, now=now, actor=actor)
    else:
        funds.create_purpose(Appeal, fields, now=now, actor=actor)


def _list_offers() -> dict[str, object]:
    names = {"XX": gettext("no country")}
    packs = [
        (code, f"{names.get(code, code)} · {find_pack(code, get_today()).version}")
        for code in list_jurisdictions()
    ]
    return {
        "numbers": NUMBERS,
        "packs": packs,
        "zones": sorted(zone for zone in available_timezones() if zone.startswith("Europe/")),
    }


def _render_purposes(form: Form) -> str:
    rows: dict[PurposeKind, Sequence[Fund | Campaign | Appeal]] = {
        "fund": funds.list_purposes(Fund),
        "campaign": funds.list_purposes(Campaign),
        "appeal": funds.list_purposes(Appeal),
    }
    return render_template(
        "giving/funds.html",
        form=form,
        kinds=PURPOSES,
        funds=rows["fund"],
        campaigns=rows["campaign"],
        appeals=rows["appeal"],
        # What was received is of all donors: who sees some only is shown none of it.
        received=purpose_sums.read_sums(
            {kind: [row.id for row in some_rows] for kind, some_rows in rows.items()}
        )
        if get_principal().owner_ids is None
        else {kind: KeptSums({}, None, is_missing=True) for kind in rows},
    )
