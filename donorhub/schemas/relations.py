"""What may be said of donors' relationships, households, memberships and roles, whoever says it."""

from __future__ import annotations

from datetime import date
from typing import TypedDict

from donorhub.models.states import (
    MEMBER_ROLES,
    RELATIONSHIP_KINDS,
    ROLES_OF_DONORS,
    MemberRole,
    RelationshipKind,
    RoleOfDonor,
)
from donorhub.money import Money
from donorhub.schemas.fields import Choice, Day, Id, Line, StrictSchema, Tick
from donorhub.schemas.limits import TAG
from donorhub.schemas.money import Amount

_SINCE = {"description": "The first day; left out: nobody knows"}
_UNTIL = {"description": "The last day; left out: it goes on"}


class NewRelationshipSchema(StrictSchema):
    """What the donor of the address is to another: ``spouse``, ``parent`` of them, ``employee_of`` …"""

    kind = Choice(RELATIONSHIP_KINDS, required=True)
    to_id = Id(required=True, metadata={"description": "The other donor"})
    title = Line(load_default="", metadata={"description": "Such as a position: `treasurer`"})
    since_on = Day(allow_none=True, load_default=None, metadata=_SINCE)
    until_on = Day(allow_none=True, load_default=None, metadata=_UNTIL)


class NewRelationship(TypedDict):
    """What one donor is to another."""

    kind: RelationshipKind
    to_id: int
    title: str
    since_on: date | None
    until_on: date | None


class EndSchema(StrictSchema):
    """The last day of something that goes on."""

    until_on = Day(required=True)


class End(TypedDict):
    """The last day of something."""

    until_on: date


class NewMemberSchema(StrictSchema):
    """Who belongs to a household, and as what."""

    donor_id = Id(required=True)
    role = Choice(MEMBER_ROLES, required=True)
    is_head = Tick(load_default=False, metadata={"description": "Whether letters to the household name them"})


class NewMember(TypedDict):
    """Who belongs to a household."""

    donor_id: int
    role: MemberRole
    is_head: bool


class NewMembershipSchema(StrictSchema):
    """A membership in the organisation."""

    kind = Line(TAG, shortest=1, required=True, metadata={"description": "In your words: `regular`"})
    since_on = Day(required=True)
    until_on = Day(allow_none=True, load_default=None, metadata=_UNTIL)
    fee = Amount(load_default=None, allow_none=True)


class NewMembership(TypedDict):
    """A membership in the organisation."""

    kind: str
    since_on: date
    until_on: date | None
    fee: Money | None


class NewRoleSchema(StrictSchema):
    """What a donor is to the organisation beside giving. Who is a `target` is never asked nor thanked."""

    role = Choice(ROLES_OF_DONORS, required=True)
    stance = Line(load_default="", metadata={"description": "Of a target: what they stand for"})
    since_on = Day(required=True)
    until_on = Day(allow_none=True, load_default=None, metadata=_UNTIL)


class NewRole(TypedDict):
    """What a donor is to the organisation."""

    role: RoleOfDonor
    stance: str
    since_on: date
    until_on: date | None
