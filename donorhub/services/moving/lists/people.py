"""Donors, tasks and messages as lists."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from donorhub.domain.moving.list_columns import Coded, Column
from donorhub.models import Donor
from donorhub.models.states import LANGS, MESSAGE_STATES, STAGES, find_word
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.donors import custom_fields, custom_values, restriction, search, tags
from donorhub.services.giving import history
from donorhub.services.messages import message_lists
from donorhub.services.moving.lists import custom_columns
from donorhub.services.moving.lists.description import (
    Filter,
    Filters,
    ListOut,
    Reader,
    Row,
    convert_rows,
    get_number,
    get_text,
)
from donorhub.services.paging import AnyRow, Page
from donorhub.services.work import worklist
from donorhub.services.work.worklist import VIEWS

WITHOUT_AMOUNT: Final = frozenset({"new_donor"})  # the kinds of messages whose text never names an amount


def _read_donors(filters: Filters, reader: Reader, *, after: str | None, limit: int) -> Page[Row]:
    conditions = [restriction.may_be_listed()]
    if filters.get("giving") == "not_again" and reader.may_see("gifts:read"):
        currency = organisation.get_organisation().home_currency
        conditions.append(history.has_not_given_again(reader.today, currency))
    shapes = custom_fields.list_shapes(reader.who)
    page = search.find_donors(
        get_text(filters, "text"),
        *conditions,
        stage=find_word(get_text(filters, "stage"), STAGES),
        owner_id=reader.owner_id,
        lang=find_word(get_text(filters, "lang"), LANGS),
        tag_id=get_number(filters, "tag_id"),
        custom=custom_values.read_filter(get_text(filters, "custom"), shapes),
        shapes=shapes,
        hidden_fields=reader.who.hidden_fields,
        after=after,
        limit=limit,
    )
    ids = [row.id for row in page.rows]
    tags_of, values_of = tags.read_tags(ids), custom_values.read_values(ids, shapes)

    def convert_row(row: Donor) -> Row:
        names = ", ".join(tag.name for tag in tags_of.get(row.id, ()))
        custom = custom_columns.write_cells(values_of[row.id], shapes)
        return (row.name, Coded(row.kind), Coded(row.stage), row.code, row.email, row.city, names, *custom)

    return convert_rows(page, convert_row)


def _read_tasks(filters: Filters, reader: Reader, *, after: str | None, limit: int) -> Page[Row]:
    page = worklist.list_tasks(
        find_word(get_text(filters, "view"), VIEWS) or "all",
        user_id=reader.who.id,
        end_of_today=organisation.get_midnight(reader.today + timedelta(days=1)),
        is_narrowed=reader.owner_id is not None,
        after=after,
        limit=limit,
    )
    names = worklist.find_donor_names(page.rows)

    def convert_row(row: AnyRow) -> Row:
        amount = Money.parse(row.facts["amount"], row.facts["currency"]) if row.facts.get("amount") else None
        is_done = row.state == "done"
        due_on = None if is_done else organisation.get_day(row.due_at)
        is_overdue = due_on is not None and due_on < reader.today
        return (
            Coded(row.kind),
            row.title,
            names.get(row.donor_id, ""),
            amount,
            due_on,
            Coded("overdue") if is_overdue else None,
            row.done_at if is_done else None,
        )

    return convert_rows(page, convert_row)


def _read_messages(filters: Filters, reader: Reader, *, after: str | None, limit: int) -> Page[Row]:
    page = message_lists.list_messages(
        state=find_word(get_text(filters, "state"), MESSAGE_STATES),
        donor_id=get_number(filters, "donor_id"),
        owner_id=reader.owner_id,
        after=after,
        limit=limit,
    )

    def convert_row(row: AnyRow) -> Row:
        kind = row.template.partition("@")[0]
        is_readable = reader.may_see("gifts:read") or kind in WITHOUT_AMOUNT
        return (row.planned_at, row.to_address, row.subject if is_readable else Coded(kind), Coded(row.state))

    return convert_rows(page, convert_row)


DONORS: Final = ListOut(
    "donors",
    "donors:read",
    filters=(
        Filter("text", "text"),
        Filter("lang", "word", LANGS),
        Filter("stage", "word", STAGES),
        Filter("giving", "word", ("not_again",)),
        Filter("tag_id", "id"),
        Filter("custom", "text"),
    ),
    columns=(
        Column("name"),
        Column("kind", "word", beside="name"),
        Column("stage", "word"),
        Column("code"),
        Column("email", field="email"),
        Column("city", field="address"),
        Column("tags"),
    ),
    read_page=_read_donors,
    list_more_columns=partial(custom_columns.list_columns, "donor"),
)
TASKS: Final = ListOut(
    "tasks",
    "tasks:read",
    filters=(Filter("view", "word", VIEWS),),
    columns=(
        Column("kind", "word"),
        Column("title", beside="kind"),
        Column("donor", permission="donors:read"),
        Column("amount", "money", permission="gifts:read"),
        Column("due_on", "day"),
        Column("overdue", "word", beside="due_on"),
        Column("done_at", "moment"),
    ),
    read_page=_read_tasks,
)
MESSAGES: Final = ListOut(
    "messages",
    "messages:read",
    filters=(Filter("state", "word", MESSAGE_STATES), Filter("donor_id", "id")),
    columns=(
        Column("planned_at", "moment"),
        Column("to_address", field="email"),
        Column("subject"),
        Column("state", "word"),
    ),
    read_page=_read_messages,
)
