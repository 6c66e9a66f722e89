"""What may stand in a contact of a donor, whoever writes it."""

from __future__ import annotations

from typing import Final

from marshmallow import ValidationError, validates_schema

from donorhub.models.states import CONTACT_POINT_KINDS, CONTACT_ROLES, MARKED_CONTACTS
from donorhub.schemas import faults
from donorhub.schemas.fields import Choice, Country, Day, Id, Line, StrictSchema, Tick, check_email
from donorhub.schemas.limits import POSTCODE

PARTS: Final = ("street", "postcode", "town", "country")


class _PartsSchema(StrictSchema):
    value = Line(
        metadata={"description": "The e-mail, phone or IBAN; a postal address has its parts instead"}
    )
    street = Line()
    postcode = Line(POSTCODE)
    town = Line()
    country = Country(can_be_empty=True)
    label = Line(metadata={"description": "Such as `at work`"})
    role = Choice(
        CONTACT_ROLES,
        allow_none=True,
        metadata={"description": "Of an organisation: whose it is, whoever works there; `null`: of no role"},
    )
    person_id = Id(
        allow_none=True,
        metadata={"description": "Of an organisation: the person with a position there whom it reaches"},
    )
    is_preferred = Tick(metadata={"description": "Written to, and named in lists; not of accounts"})
    since_on = Day(allow_none=True, metadata={"description": "`null`: for as long as it is known"})


class NewContactSchema(_PartsSchema):
    """An e-mail, phone or account with its value, or a postal address with its parts."""

    kind = Choice(CONTACT_POINT_KINDS, required=True)

    @validates_schema
    def _has_its_value(self, data: dict[str, object], **_: object) -> None:
        if data.get("kind") == "post":
            _refuse_more(data, ("value",))
            if not (data.get("street") or data.get("postcode") or data.get("town")):
                raise ValidationError(faults.REQUIRED, "street")
            return
        _refuse_more(data, PARTS)
        if not data.get("value"):
            raise ValidationError(faults.REQUIRED, "value")
        if data.get("kind") == "email":
            _check_email(str(data["value"]))


class ContactChangesSchema(_PartsSchema):
    """What is to be another: the value of an e-mail, phone or account, the parts of an address, its state.

    Which of value and parts a contact has, its kind decides, and that stays.
    """

    state = Choice(
        MARKED_CONTACTS, metadata={"description": "`bounced`, `complained`: nothing is sent there"}
    )
    until_on = Day(allow_none=True, metadata={"description": "Its last day; `null`: it is live again"})


def _refuse_more(data: dict[str, object], names: tuple[str, ...]) -> None:
    for name in names:
        if data.get(name):
            raise ValidationError(faults.UNKNOWN_FIELD, name)


def _check_email(address: str) -> None:
    try:
        check_email(address)
    except ValidationError as e:
        raise ValidationError(e.messages, "value") from e
