"""Our own organisation: creating it at the first start, reading and changing its settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select

from donorhub.db import db, insert_or_ignore
from donorhub.domain.donors import tax_numbers
from donorhub.errors import Misconfigured, Rejected
from donorhub.models import Fund, Organisation, Role
from donorhub.models.states import ROLES
from donorhub.services.access import audit
from donorhub.services.access import instance as own_instance

FIELDS: Final = (
    "legal_name",
    "street",
    "postcode",
    "city",
    "country",
    "ids",
    "contact",
    "signatory_name",
    "signatory_role",
    "exemption",
    "lang",
    "time_zone",
    "home_currency",
    "jurisdiction",
    "receipt_series",
    "words_against",
    "ask_above",
    "merges_alone",
    "merge_from_points",
    "ask_from_points",
    "unmerge_days",
    "recurring_from_points",
    "propose_from_points",
    "suspense_days",
    "closed_until",
)

PERSONAL_FIELDS: Final = ("contact", "signatory_name", "signatory_role")
_ORGANISATION: Final = "organisation"
DEFAULT_NAME: Final = "Our organisation"  # until somebody says who we are: no paper may bear it


def create_organisation(legal_name: str = DEFAULT_NAME, *, now: datetime) -> Organisation:
    """Create the organisation, its instance, the roles and the general fund where missing; return it.

    Again changes nothing.
    """
    own_instance.create_instance(now=now)
    for role in ROLES:
        db.session.execute(insert_or_ignore(Role, on=(Role.name,)).values(name=role))
    db.session.execute(
        insert_or_ignore(Fund, on=(Fund.code,)).values(code="general", name="General", is_closed=False)
    )
    organisation = db.session.scalar(select(Organisation))
    if organisation is None:
        organisation = Organisation(id=1, legal_name=legal_name, created_at=now)
        db.session.add(organisation)
        db.session.flush()  # other services read it in the same transaction
    return organisation


def get_organisation() -> Organisation:
    """Return the organisation; raise Misconfigured before the first start made it.

    It is read once a transaction, and so once a request: the session holds its rows only as long as
    somebody else does, which is here the session itself. Each day that a list shows asks for it.
    """
    session = db.session()
    organisation: Organisation | None = session.info.get(_ORGANISATION)
    if organisation is not None and organisation in session:
        return organisation
    organisation = session.get(Organisation, 1)
    if organisation is None:
        raise Misconfigured("the database is empty: run `donorhub db upgrade`")
    keep_organisation(organisation)
    return organisation


def find_organisation() -> Organisation | None:
    """Return the organisation as :func:`get_organisation` does, or None before the first start made it."""
    organisation: Organisation | None = db.session.get(Organisation, 1)
    keep_organisation(organisation)
    return organisation


def keep_organisation(organisation: Organisation | None) -> None:
    """Let the session hold the organisation that another statement read, so that nobody asks again."""
    db.session.info[_ORGANISATION] = organisation


def get_home_country() -> str:
    """Return the country of a donor who has none on record: the organisation's; "" where it has none."""
    own_organisation = find_organisation()
    return own_organisation.country if own_organisation else ""


def get_zone() -> ZoneInfo:
    """Return the organisation's time zone, in which its days begin and end."""
    return ZoneInfo(get_organisation().time_zone)


def find_deadline(now: datetime) -> date | None:
    """Return the last day on which a person should say whose money is that begins to wait now; None: it waits
    for ever.
    """
    days = get_organisation().suspense_days
    return get_day(now) + timedelta(days=days) if days else None


def get_day(moment: datetime) -> date:
    """Return the organisation's calendar day of an instant; of the present one, it is today.

    No rule asks for another: a day of UTC ends an hour or two late in Warsaw and Tirana.
    """
    return find_day(moment, get_zone())


def find_day(moment: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day of an instant where the organisation's zone is at hand."""
    return moment.astimezone(zone).date()


def get_local(moment: datetime) -> datetime:
    """Return an instant as the organisation's clocks show it, by which nights are quiet."""
    return moment.astimezone(get_zone())


def get_past_day(moment: datetime | None, now: datetime) -> date:
    """Return the organisation's calendar day of an instant that others name, never later than today."""
    return get_day(min(moment or now, now))


def get_midnight(day: date) -> datetime:
    """Return the instant at which a day of the organisation begins."""
    return datetime.combine(day, time(0), get_zone())


def change_organisation(fields: Mapping[str, object], *, now: datetime, actor: str) -> Organisation:
    """Change settings of the organisation and return it; the audit tells what they were and became.

    Raise Rejected for a number whose form is wrong, and for books closed beyond today.
    """
    organisation = get_organisation()
    _refuse_wrong_values(organisation, fields, today=get_day(now))
    changes = {
        name: (getattr(organisation, name), fields[name])
        for name in FIELDS
        if name in fields and getattr(organisation, name) != fields[name]
    }
    for name in changes:
        setattr(organisation, name, fields[name])
    if changes:
        audit.record_change(
            actor, "organisation.changed", ("organisation", 1), changes, now=now, personal=PERSONAL_FIELDS
        )
    return organisation


def has_wrong_digits(name: str, number: str) -> bool:
    """Return whether one of our numbers cannot be right: of older ones, which were not checked when saved."""
    return not tax_numbers.is_number_of_organisation(name, number)


def is_legal_name(name: str) -> bool:
    """Return whether somebody has said who we are; the name that a new installation has is nobody's."""
    return name.strip().casefold() not in ("", DEFAULT_NAME.casefold())


def _refuse_wrong_values(own: Organisation, fields: Mapping[str, Any], *, today: date) -> None:
    """Raise Rejected for values that are new and cannot be right; what stands already may stay."""
    for name, number in fields.get("ids", {}).items():
        is_new = number and number != own.ids.get(name)
        if is_new and has_wrong_digits(name, str(number)):
            raise Rejected(
                f"this is no {name}: compare its digits",
                field=f"/ids/{name}",
                code="number_invalid",
                name=name,
            )
    merge_from = fields.get("merge_from_points", own.merge_from_points)
    if merge_from < fields.get("ask_from_points", own.ask_from_points):
        raise Rejected(
            "what is made one without a person needs more points than what a person is asked about",
            field="/merge_from_points",
            code="merging_asks_for_more",
        )
    closed_until = fields.get("closed_until")
    if closed_until is not None and closed_until != own.closed_until and closed_until > today:
        raise Rejected(
            "the books of days to come cannot be closed: nothing could be recorded any more",
            field="/closed_until",
            code="closed_too_far",
        )
