"""The page of one donor: what is known of them, what happened, and the forms by which somebody works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import render_template, request

from donorhub import clock
from donorhub.models import Donor, Instalment, RecurringGift, Term
from donorhub.models.states import find_word
from donorhub.services.access import organisation, users
from donorhub.services.donors import (
    contacts,
    donor_files,
    donor_roles,
    duplicate_review,
    households,
    interactions,
    memberships,
    merging,
    positions,
    relationships,
    tags,
)
from donorhub.services.giving import history, soft_credits
from donorhub.services.messages import consents, gate
from donorhub.services.recurring import promises
from donorhub.services.reports import giving_years, timeline
from donorhub.web import charts
from donorhub.web.admission import get_own_list, get_principal
from donorhub.web.donors import custom_values
from donorhub.web.forms import Form, make_key, write_local_moment
from donorhub.web.message_titles import choose_title
from donorhub.web.reader import get_today

_MOST_SAYINGS = 5  # the newest; the others are on the page of consents


def _start_form(**start: object) -> Form:
    return Form(start={"key": make_key(), **start})


@dataclass(slots=True)
class WorkForms:
    """The forms of the page, empty, or as one of them was sent and is wrong."""

    note: Form = field(default_factory=_start_form)
    contact: Form = field(
        default_factory=lambda: _start_form(kind="call", direction="out", at=write_local_moment(clock.now()))
    )
    no_contact: Form = field(
        default_factory=lambda: Form(start={"no_source": "phone", "no_said_on": get_today().isoformat()})
    )
    tag: Form = field(default_factory=Form)
    file: Form = field(default_factory=Form)
    relation: Form = field(default_factory=Form)
    member: Form = field(default_factory=lambda: Form(start={"is_head": "1"}))
    membership: Form = field(default_factory=lambda: Form(start={"member_since_on": get_today().isoformat()}))
    role: Form = field(default_factory=lambda: Form(start={"role_since_on": get_today().isoformat()}))
    task: Form = field(default_factory=lambda: _start_form(due_on=get_today().isoformat()))


def render_donor(donor: Donor, forms: WorkForms | None = None) -> str:
    """Return the page of a donor."""
    who = get_principal()
    may_work = who.has_permission("tasks:write")
    part = find_word(request.args.get("show"), timeline.TIMELINE_PARTS)
    page = timeline.read_timeline(donor.id, before=request.args.get("after"), limit=25, part=part)
    facts = history.compute_facts(donor.id) if who.has_permission("gifts:read") else None
    members = households.list_other_ends(donor, owner_id=get_own_list())
    owner = f"user:{donor.owner_id}" if who.may_see_field("owner") else ""
    all_contacts = contacts.list_contacts(donor.id, reader=who)
    files = donor_files.list_files(donor.id, reader=who)
    people = {event.facts["actor"] for event in page.rows if event.is_by_person} | {owner}
    people |= {file.added_by for file in files}
    names = users.find_actor_names(people)
    return render_template(
        "donors/donor.html",
        donor=donor,
        contacts=all_contacts,
        contact_people=positions.find_names(all_contacts, owner_id=get_own_list()),
        custom=_show_fields(donor.id),
        facts=facts,
        credited_gifts=soft_credits.list_credited_gifts(donor.id) if facts is not None else [],
        **_draw_giving(facts),
        part=part,
        mail=gate.judge_donor(donor, at=clock.now()),
        consents=consents.list_consents(donor.id)[:_MOST_SAYINGS],
        recurring=_list_recurring_gifts(donor.id) if who.has_permission("recurring:read") else [],
        owner_name=names.get(owner),
        last_contact=interactions.find_last_contact(donor.id),
        page=page,
        actors=names,
        choose_title=choose_title,
        forms=forms or WorkForms(),
        relations=relationships.list_relations(donor.id, owner_id=get_own_list()),
        members=members,
        files=files,
        largest_file_mb=donor_files.LARGEST_MB,
        joint_name=households.propose_name(donor, members) if donor.kind == "household" else "",
        memberships=memberships.list_memberships(donor.id),
        roles=donor_roles.list_roles(donor.id),
        tags=tags.read_tags([donor.id]).get(donor.id, []),
        all_tags=tags.list_tags() if who.has_permission("donors:write") else [],
        questions=duplicate_review.find_questions(donor.id) if who.has_permission("donors:merge") else [],
        merges=merging.list_parts(donor.id) if who.has_permission("donors:merge") else [],
        today=get_today().isoformat(),
        staff=users.list_active_names() if may_work else [],
    )


def _show_fields(donor_id: int) -> list[tuple[str, str, str]]:
    """Return what stands in the fields that were added and that the reader sees."""
    shapes = custom_values.list_shapes()
    return custom_values.show_values(custom_values.read_own_values(donor_id, shapes), shapes)


def _draw_giving(facts: history.GivingFacts | None) -> dict[str, object]:
    """Return the donor's giving by year and its bars; nothing for who sees no amounts."""
    if facts is None:
        return {"giving": None}
    home_currency = organisation.get_organisation().home_currency
    giving = giving_years.compute_years(facts, today=get_today(), home_currency=home_currency)
    columns = [[float(one.recurring.minor), float(one.other.minor)] for one in giving.years]
    return {"giving": giving, "chart": charts.make_chart(columns, charts.SMALL)}


def _list_recurring_gifts(donor_id: int) -> list[tuple[RecurringGift, Term, Sequence[Instalment]]]:
    rows = promises.list_recurring_gifts(donor_id=donor_id, limit=5).rows
    next_instalments = promises.list_next_instalments([row.id for row in rows])
    return [(row, promises.get_term_on(row, get_today()), next_instalments[row.id]) for row in rows]
