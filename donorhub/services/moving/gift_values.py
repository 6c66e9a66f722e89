"""What a file tells of gifts that are here, in fields that were added to gifts: filled in, and taken back.

What was filled in is remembered as a keyed hash alone, so that nothing of it stays when somebody is erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from donorhub import vault
from donorhub.domain.donors.custom_shapes import Value
from donorhub.services.donors import custom_fields, custom_values

FilledValues = list[list[int | str]]  # the gift, the key of the field, and the hash of its value


def fill_values(values_by_gift: Mapping[int, Mapping[str, Value]]) -> FilledValues:
    """Write values of gifts into fields that stand empty, and return what was written."""
    custom_values.write_first_values(
        {gift_id: dict(values) for gift_id, values in values_by_gift.items()},
        custom_fields.list_shapes(entity="gift"),
    )
    return [
        [gift_id, key, _hash_value(gift_id, key, value)]
        for gift_id, values in values_by_gift.items()
        for key, value in sorted(values.items())
    ]


def empty_values(filled_values: Iterable[list[int | str]]) -> None:
    """Take out what a file filled in; what somebody changed since stays."""
    shapes = custom_fields.list_shapes(entity="gift")
    keys = {shape.key for shape in shapes}
    written: dict[int, dict[str, str]] = {}
    for gift_id, key, value_hash in filled_values:
        written.setdefault(int(gift_id), {})[str(key)] = str(value_hash)
    values = custom_values.read_values(sorted(written), shapes)
    for gift_id, hashes in written.items():
        unchanged_keys = [
            key
            for key, value_hash in hashes.items()
            if key in keys and _hash_value(gift_id, key, values[gift_id].get(key)) == value_hash
        ]
        custom_values.write_values(gift_id, dict.fromkeys(unchanged_keys), shapes)


def _hash_value(gift_id: int, key: str, value: Value) -> str:
    return vault.compute_keyed_hash(f"{gift_id}:{key}:{value!r}")
