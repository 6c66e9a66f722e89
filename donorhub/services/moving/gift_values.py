"""What a file tells of gifts that are here, in fields that were added to gifts: filled in, and taken back;
or changed, where a person said so, which stays and which the audit tells.

What was filled in is remembered as a keyed hash alone, so that nothing of it stays when somebody is erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from donorhub import vault
from donorhub.domain.donors.custom_shapes import Value
from donorhub.services.donors import custom_fields, custom_values
from donorhub.services.giving import gift_changes

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


def change_values(values_by_gift: Mapping[int, Mapping[str, Value]], *, now: datetime, actor: str) -> None:
    """Write values of gifts in place of others that stand there; the audit tells from what to what."""
    shapes = custom_fields.list_shapes(entity="gift")
    for gift_id, values in sorted(values_by_gift.items()):
        gift_changes.change_gift(gift_id, {"custom": dict(values)}, now=now, actor=actor, shapes=shapes)


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
