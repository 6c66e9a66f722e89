"""What may stand in the organisation, a user and a token, whoever writes it."""

from __future__ import annotations

from datetime import date
from typing import TypedDict

from marshmallow import fields

from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.models.states import LANGS, ROLES, ROW_SCOPES, Lang, RoleName, RowScope
from donorhub.schemas import faults
from donorhub.schemas.fields import (
    AmountLines,
    Choice,
    Coded,
    Count,
    Country,
    Currency,
    Day,
    EmailAddress,
    Id,
    Line,
    Secret,
    Several,
    StrictSchema,
    Text,
    Tick,
    TimeZone,
    Whole,
)
from donorhub.schemas.limits import (
    AMOUNT_LINES,
    CONTACT,
    EXEMPTION,
    ORGANISATION_NUMBER,
    POSTCODE,
    TAG,
    WORDS_AGAINST,
)
from donorhub.services.access.users import MAX_PASSWORD, MIN_PASSWORD
from receipts.packs import list_jurisdictions

MOST_NUMBERS = 20
LEAST_POINTS = 52  # a name and a postcode alone come to less, and are no question
MOST_POINTS = 200
MOST_SURE = 100  # of a series of payments
MOST_DAYS = 365
MOST_MEMBERS = 500  # of a team


class OrganisationFieldsSchema(StrictSchema):
    """What people may set of the organisation; what is left out stays as it is."""

    legal_name = Line(shortest=1)
    street = Line()
    postcode = Line(POSTCODE)
    city = Line()
    country = Country()
    ids = fields.Dict(
        keys=Line(20, shortest=1),
        values=Line(ORGANISATION_NUMBER),
        validate=Count(max=MOST_NUMBERS),
        metadata={"description": 'Such as `{"KRS": "0000123456"}`'},
    )
    contact = Line(CONTACT)
    signatory_name = Line()
    signatory_role = Line()
    exemption = Text(EXEMPTION)
    lang = Choice(LANGS)
    time_zone = TimeZone(metadata={"examples": ["Europe/Warsaw"]})
    home_currency = Currency()
    jurisdiction = Choice(list_jurisdictions())
    receipt_series = Coded(r"^[A-Z0-9-]{1,10}$", error=faults.NO_SERIES)
    words_against = Text(
        WORDS_AGAINST,
        metadata={
            "description": "What in a bank's text says that money is no gift, one a line, `*` for any ending"
        },
    )
    ask_above = AmountLines(
        AMOUNT_LINES,
        metadata={
            "description": "Above these amounts no gift is booked without a person, one a line",
            "examples": ["10000 PLN"],
        },
    )
    merges_alone = Tick(
        metadata={"description": "Records that are surely one become one without a person; off at first"}
    )
    merge_from_points = Whole(
        LEAST_POINTS, MOST_POINTS, metadata={"description": "From so many points on, where that is wanted"}
    )
    ask_from_points = Whole(
        LEAST_POINTS, MOST_POINTS, metadata={"description": "From so many points on a person is asked"}
    )
    unmerge_days = Whole(1, MOST_DAYS, metadata={"description": "How long a merge can be taken apart"})
    recurring_from_points = Whole(
        1,
        MOST_SURE,
        metadata={"description": "From so many points on a series of payments is a recurring gift"},
    )
    propose_from_points = Whole(
        1, MOST_SURE, metadata={"description": "From so many points on a series of payments is proposed"}
    )
    suspense_days = Whole(
        0,
        MOST_DAYS,
        metadata={
            "description": "After so many days money that waits is an unknown donor's gift; 0: it waits on"
        },
    )
    closed_until = Day(
        allow_none=True, metadata={"description": "What was received up to this day, people change no more"}
    )


class NewUserSchema(StrictSchema):
    email = EmailAddress(required=True)
    name = Line(shortest=1, required=True)
    password = Secret(MIN_PASSWORD, MAX_PASSWORD, required=True)
    roles = Several(Choice(ROLES), 1, len(ROLES), required=True)
    lang = Choice(LANGS, load_default="en")


class NewUser(TypedDict):
    """One of the staff, with the first password."""

    email: str
    name: str
    password: str
    roles: list[RoleName]
    lang: Lang


class UserChangesSchema(StrictSchema):
    """What may be changed of a user: the roles, and that they come in no more."""

    roles = Several(Choice(ROLES), 1, len(ROLES))
    is_active = Tick(
        truthy=(),
        metadata={"description": "`false` ends every session at once", "enum": [False]},
    )
    row_scope = Choice(
        ROW_SCOPES,
        allow_none=True,
        metadata={"description": "Whose donors they see; `null`: as their roles have it"},
    )


class ScopeSchema(StrictSchema):
    """Whose donors a user sees; null: as their roles have it."""

    row_scope = Choice(ROW_SCOPES, allow_none=True, required=True)


class TeamMembersSchema(StrictSchema):
    """The users in a team."""

    user_ids = Several(Id(), 0, MOST_MEMBERS, required=True)


class NewTeamSchema(TeamMembersSchema):
    """A team, and the users in it."""

    name = Line(TAG, shortest=1, required=True)


class NewTeam(TypedDict):
    """A team by its name and members."""

    name: str
    user_ids: list[int]


class UserChanges(TypedDict, total=False):
    """What is to be other of a user."""

    roles: list[RoleName]
    is_active: bool
    row_scope: RowScope | None


class PasswordSchema(StrictSchema):
    """A password that a user chose; the one before is asked by the page."""

    password = Secret(MIN_PASSWORD, MAX_PASSWORD, required=True)


class NewPassword(TypedDict):
    """The password that a user chose."""

    password: str


class NewTokenSchema(StrictSchema):
    """A key for a program; the API makes none, since it is made with one."""

    name = Line(shortest=1, required=True)
    scopes = Several(Choice(sorted(PERMISSIONS)), 1, len(PERMISSIONS), required=True)
    expires_on = Day(allow_none=True, load_default=None)
    role = Choice(ROLES, allow_none=True, load_default=None)
    row_scope = Choice(ROW_SCOPES, load_default="all")
    user_id = Id(allow_none=True, load_default=None)


class NewToken(TypedDict):
    """What a program is called and may do, and until when."""

    name: str
    scopes: list[str]
    expires_on: date | None
    role: RoleName | None
    row_scope: RowScope
    user_id: int | None
