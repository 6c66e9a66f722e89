"""Held rows whose gift is here with other values in fields that were added: both values, as the reader may
see them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from donorhub.models import RecordRow
from donorhub.services.donors import custom_values as kept_values
from donorhub.web.donors.custom_values import list_shapes, write_label, write_value

Difference = tuple[str, str, str]  # the field, what stands here, what the file says


def list_differences(
    rows: Sequence[RecordRow], columns: Sequence[Mapping[str, Any]]
) -> dict[int, list[Difference]]:
    """Return what differs of each of these rows, without the fields that are hidden from the reader."""
    differing_rows = [row for row in rows if row.plan.get("differs") and row.gift_id is not None]
    if not differing_rows:
        return {}
    shapes = list_shapes("gift")
    places = {
        column["custom_key"]: column["position"] for column in columns if column["field"] == "gift_custom"
    }
    values = kept_values.read_values({row.gift_id for row in differing_rows if row.gift_id}, shapes)
    return {
        row.id: [
            (
                write_label(shape),
                write_value(shape, values[row.gift_id or 0].get(shape.key)),
                row.raw[places[shape.key]],
            )
            for shape in shapes
            if shape.key in row.plan["differs"] and shape.key in places
        ]
        for row in differing_rows
    }
