"""What may stand in fields that the organisation added, and what such a field may be, whoever writes it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypedDict, Unpack, get_args

from marshmallow import ValidationError, fields, validates_schema

from donorhub.domain.access.donor_fields import HIDEABLE
from donorhub.domain.donors.custom_shapes import LONGEST_KEY, Shape, Value, scale_number
from donorhub.models.states import CUSTOM_KINDS, LANGS, ROLES, CustomEntity, RoleName
from donorhub.schemas import faults
from donorhub.schemas.fields import (
    MESSAGES,
    Body,
    Choice,
    Coded,
    Day,
    Line,
    Options,
    Several,
    StrictSchema,
    Text,
    Tick,
    Whole,
)
from donorhub.schemas.limits import CUSTOM_LABEL, DONOR_NOTE, SHORT

HIDEABLE_ROLES: Final = tuple(role for role in ROLES if role != "admin")  # who sets fields up sees them
MOST_DECIMALS: Final = 6


class Number(fields.Field[int]):
    """A number with so many decimals, whole or as text in plain digits; it is loaded scaled."""

    default_error_messages = MESSAGES

    def __init__(self, decimals: int, **more: Unpack[Options]) -> None:
        self.decimals = decimals
        super().__init__(**more)

    def _deserialize(self, value: object, attr: str | None, data: Body, **more: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValidationError(faults.NO_NUMBER.format(places=self.decimals))
        try:
            return scale_number(str(value), self.decimals)
        except ValueError as e:
            raise ValidationError(faults.NO_NUMBER.format(places=self.decimals)) from e


class YesNo(Tick):
    """Yes, no, or not said."""


class LabelsSchema(StrictSchema):
    """A name in each language; one at least."""

    en = Line(CUSTOM_LABEL)
    pl = Line(CUSTOM_LABEL)
    sq = Line(CUSTOM_LABEL)

    @validates_schema
    def _has_a_name(self, data: Mapping[str, str], **_: object) -> None:
        if not any(data.get(lang, "").strip() for lang in LANGS):
            raise ValidationError(faults.REQUIRED, "en")


class CustomFieldChangesSchema(StrictSchema):
    """What may be changed of a field; what is left out stays."""

    labels = fields.Nested(LabelsSchema)
    is_required = Tick(metadata={"description": "People and programs who add a donor have to fill it in"})
    is_archived = Tick(
        metadata={"description": "It is shown and asked for no more; what stands in it is kept"}
    )
    place = Whole(1, 1000, metadata={"description": "Where it stands among the fields in use, from 1"})
    hidden_roles = Several(
        Choice(HIDEABLE_ROLES), 0, len(HIDEABLE_ROLES), metadata={"description": "Roles that do not see it"}
    )


class NewCustomFieldSchema(StrictSchema):
    """A field to add; its key and kind stay for good."""

    entity = Choice(get_args(CustomEntity), metadata={"description": "What it is added to; else to donors"})
    key = Coded(
        rf"^([a-z][a-z0-9_]{{0,{LONGEST_KEY - 1}}})?$", metadata={"description": "Left out: of its name"}
    )
    labels = fields.Nested(LabelsSchema, required=True)
    kind = Choice(CUSTOM_KINDS, required=True)
    decimals = Whole(0, MOST_DECIMALS, metadata={"description": "Of a number"})
    is_required = Tick()
    hidden_roles = Several(Choice(HIDEABLE_ROLES), 0, len(HIDEABLE_ROLES))


class HidingSchema(StrictSchema):
    """A field of ours, and the roles that do not see it."""

    field = Choice(sorted(HIDEABLE), required=True)
    hidden_roles = Several(Choice(HIDEABLE_ROLES), 0, len(HIDEABLE_ROLES), required=True)


class Hiding(TypedDict):
    """Which field which roles do not see."""

    field: str
    hidden_roles: list[RoleName]


class NewOptionSchema(StrictSchema):
    """An option to add to a field of choices."""

    key = Coded(
        rf"^([a-z][a-z0-9_]{{0,{LONGEST_KEY - 1}}})?$", metadata={"description": "Left out: of its name"}
    )
    labels = fields.Nested(LabelsSchema, required=True)


class OptionChangesSchema(StrictSchema):
    """What may be changed of an option; what is left out stays."""

    labels = fields.Nested(LabelsSchema)
    is_archived = Tick(metadata={"description": "Nobody chooses it any more; who has it keeps it"})


def make_values_schema(
    shapes: Collection[Shape],
    *,
    base: type[StrictSchema] = StrictSchema,
    prefix: str = "",
    partial: bool = False,
) -> StrictSchema:
    """Return the schema of what stands in these fields, with those of ``base`` before them.

    A field is called by its key behind ``prefix``. With ``partial`` what is required may be left out, and
    still not be taken away.
    """
    members: dict[str, Any] = {prefix + shape.key: _make_field(shape, partial) for shape in shapes}
    schema: type[StrictSchema] = type(f"{base.__name__.removesuffix('Schema')}CustomSchema", (base,), members)
    return schema(partial=partial)


def split_values(loaded: Mapping[str, Any], shapes: Sequence[Shape], *, prefix: str = "") -> dict[str, Value]:
    """Return of what such a schema loaded the values of the fields, by their keys; nothing is None."""
    return {
        shape.key: _clean_value(loaded[prefix + shape.key])
        for shape in shapes
        if prefix + shape.key in loaded
    }


def _clean_value(value: Any) -> Value:
    if isinstance(value, list):
        return tuple(dict.fromkeys(value)) or None
    plain: Value = None if value == "" else value
    return plain


def _make_field(shape: Shape, partial: bool) -> fields.Field[Any]:
    more: Options = {"required": shape.is_required and not partial, "allow_none": not shape.is_required}
    shortest = 1 if shape.is_required else 0
    keys = [option.key for option in shape.options]
    makers: Mapping[str, Callable[[], fields.Field[Any]]] = {
        "text": lambda: Line(SHORT, shortest=shortest, **more),
        "long_text": lambda: Text(DONOR_NOTE, shortest=shortest, **more),
        "number": lambda: Number(shape.decimals, **more),
        "day": lambda: Day(**more),
        "yes_no": lambda: YesNo(**more),
        "choice": lambda: Choice(keys, **more),
        "choices": lambda: Several(Choice(keys), shortest, max(1, len(keys)), **more),
    }
    return makers[shape.kind]()
