"""What may stand in a donor, whoever writes it."""

from __future__ import annotations

from marshmallow import ValidationError, fields, validates_schema

from donorhub.models.states import DONOR_KINDS, LANGS
from donorhub.schemas import faults
from donorhub.schemas.fields import Choice, Country, Day, EmailAddress, Id, Line, StrictSchema, Text, Tick
from donorhub.schemas.limits import DONOR_NOTE, POSTCODE, TAG, TAX_NUMBER

NAMES = ("name", "given_name", "family_name")


class NewDonorSchema(StrictSchema):
    """A name, or a given and family name of which it is made; all else may be left out."""

    kind = Choice(DONOR_KINDS)
    name = Line()
    given_name = Line()
    family_name = Line()
    salutation = Line(metadata={"description": "What the donor wants to be called, such as `Dear Anna`"})
    email = EmailAddress(metadata={"description": "Or empty"})
    phone = Line()
    street = Line()
    postcode = Line(POSTCODE)
    city = Line()
    country = Country(can_be_empty=True)
    tax_number = Line(
        TAX_NUMBER, metadata={"description": "NIP, NIPT, NUI; as the donor's country has it, or empty"}
    )
    born_on = Day(allow_none=True, metadata={"description": "The day on which a person was born"})
    lang = Choice(
        LANGS,
        allow_none=True,
        metadata={"description": "`null` or left out: not told, so that it follows the country"},
    )
    note = Text(
        DONOR_NOTE,
        metadata={"description": "A note to add to the donor's interactions; one that is there adds nothing"},
    )
    do_not_contact = Tick(
        metadata={"description": "An opt-out of everything; `false` takes none back, which needs a reason"}
    )
    do_not_solicit = Tick(metadata={"description": "Is told of our work, and never asked for money"})
    is_deceased = Tick()
    owner_id = Id(allow_none=True, metadata={"description": "The user on whose list the donor is"})

    custom = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(allow_none=True),
        metadata={"description": "By the keys of `GET /custom-fields`; `null` takes what stands there away"},
    )

    @validates_schema
    def _has_a_name(self, data: dict[str, object], **_: object) -> None:
        if not self.partial and not any(data.get(name) for name in NAMES):
            raise ValidationError(faults.NO_NAME, "name")
        if self.partial and data.get("name") == "":
            raise ValidationError(faults.NAME_TAKEN_AWAY, "name")


class FileNoteSchema(StrictSchema):
    """What a file of a donor is, in somebody's words."""

    note = Line(load_default="", metadata={"description": "Such as `declaration of 2024, signed`"})


class NewTagSchema(StrictSchema):
    """A tag by its name."""

    name = Line(TAG, shortest=1, required=True)
