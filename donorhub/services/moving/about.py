"""Where a list is from: what it was narrowed by, when, for whom, and up to which day the bank was known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from donorhub.domain.moving.list_columns import Coded, Value
from donorhub.services.bank import bank_views
from donorhub.services.donors import donors, tags
from donorhub.services.moving.lists.description import FilterValue, ListRequest
from donorhub.services.moving.wording import Wording
from donorhub.services.recurring import waiting_instalments

_OF_MONEY: Final = ("gifts", "recurring-gifts", "late-instalments", "entries")  # lists that wait for the bank
_OF_PEOPLE: Final = ("donors", "late-instalments")  # without those whose data is only kept


def list_facts(request: ListRequest, count: int, wording: Wording) -> Iterator[tuple[str, Value]]:
    """Return what the sheet on a list says, as names with values."""
    name = wording.name_part
    yield name("about", "list"), name("lists", request.list_out.name)
    if not request.filters:
        yield name("about", "filter"), name("about", "no_filter")
    for key, value in request.filters.items():
        yield (
            f"{name('about', 'filter')}: {name('filters', key)}",
            _find_filter_value(request, key, value, wording),
        )
    if request.list_out.name in _OF_PEOPLE:
        yield name("about", "left_out"), name("about", "restricted")
    yield name("about", "made_at"), request.reader.now
    yield name("about", "time_zone"), str(wording.zone or "UTC")
    yield name("about", "made_for"), request.reader.who.name
    yield name("about", "rows"), count
    yield from _list_coverage(request, wording)


def _find_filter_value(request: ListRequest, key: str, value: FilterValue, wording: Wording) -> Value:
    if key == "donor_id" and isinstance(value, int) and request.reader.may_see("donors:read"):
        return donors.find_names([value]).get(value, str(value))
    if key == "tag_id" and isinstance(value, int):
        return next((tag.name for tag in tags.list_tags() if tag.id == value), str(value))
    if key == "bank_account_id" and isinstance(value, int):
        return bank_views.list_account_names().get(value, str(value))
    kind = next(one.kind for one in request.list_out.filters if one.key == key)
    if kind == "word":
        return wording.write_code(request.list_out.name, key, Coded(str(value)))
    return str(value) if kind in ("id", "year") else value


def _list_coverage(request: ListRequest, wording: Wording) -> Iterator[tuple[str, Value]]:
    """Return up to which day each of our accounts is known, for lists of what the bank tells."""
    if request.list_out.name not in _OF_MONEY:
        return
    reader = request.reader
    for row in waiting_instalments.list_bank_days(today=reader.today, now=reader.now):
        label = f"{wording.name_part('about', 'known_to')}: {row.account.name}"
        yield label, row.known_to or wording.name_part("about", "not_known")
