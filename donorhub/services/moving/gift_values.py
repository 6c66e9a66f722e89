"""What a file tells of gifts that are here, in fields that were added to gifts: filled in, and taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from donorhub.domain.donors.custom_shapes import Value
from donorhub.services.donors import custom_fields, custom_values

FilledValues = list[list[int | str]]  # the gift, the key of the field, and how its value is written


def fill_values(values_by_gift: Mapping[int, Mapping[str, Value]]) -> FilledValues:
    """Write values of gifts into fields that stand empty, and return what was written."""
    custom_values.write_first_values(
        {gift_id: dict(values) for gift_id, values in values_by_gift.items()},
        custom_fields.list_shapes(entity="gift"),
    )
    return [
        [gift_id, key, repr(value)]
        for gift_id, values in values_by_gift.items()
        for key, value in sorted(values.items())
    ]


def empty_values(filled_values: Iterable[list[int | str]]) -> None:
    """Take out what a file filled in; what somebody changed since stays."""
    shapes = custom_fields.list_shapes(entity="gift")
    keys = {shape.key for shape in shapes}
    written: dict[int, dict[str, str]] = {}
    for gift_id, key, text in filled_values:
        written.setdefault(int(gift_id), {})[str(key)] = str(text)
    kept = custom_values.read_values(sorted(written), shapes)
    for gift_id, texts in written.items():
        going = [key for key, text in texts.items() if key in keys and repr(kept[gift_id].get(key)) == text]
        custom_values.write_values(gift_id, dict.fromkeys(going), shapes)
