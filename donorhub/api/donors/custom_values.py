"""What stands in the fields that were added to donors and gifts, as the API takes it and answers with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError

from donorhub.api.http import refuse_fields
from donorhub.domain.donors.custom_shapes import Shape, Value
from donorhub.schemas.custom import make_values_schema, split_values
from donorhub.services.donors import custom_values


def load_values(
    sent: Mapping[str, Any], shapes: Sequence[Shape], *, partial: bool = False
) -> dict[str, Value]:
    """Return what is to stand in these fields, as the services take it; any other is refused as unknown."""
    try:
        loaded = make_values_schema(shapes, partial=partial).load(sent)
    except ValidationError as e:
        refuse_fields({"custom": e.messages})
    return split_values(loaded, shapes)


def add_values(answers: Sequence[dict[str, Any]], shapes: Sequence[Shape]) -> None:
    """Add to donors, or gifts, what stands in the fields that were added and that the reader sees."""
    values = custom_values.read_values([answer["id"] for answer in answers], shapes)
    for answer in answers:
        answer["custom"] = custom_values.describe_values(values[answer["id"]], shapes)
