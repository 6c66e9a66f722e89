"""What of a file of donors and gifts a reader does not see: the cells of fields that are hidden from them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from donorhub.domain.access.permissions import Principal
from donorhub.domain.moving.custom_names import name_custom
from donorhub.models import ImportFile


def list_hidden_places(file: ImportFile, reader: Principal) -> set[int]:
    """Return the places of the columns that are fields which the reader does not see."""
    columns: Iterable[Mapping[str, Any]] = file.summaries[0].get("columns", ()) if file.summaries else ()
    return {
        column["position"]
        for column in columns
        if column.get("custom_key")
        and not reader.may_see_field(name_custom(column["field"], column["custom_key"]))
    }


def hide_samples(
    columns: Sequence[Mapping[str, Any]], hidden_places: Collection[int]
) -> list[dict[str, Any]]:
    """Return the columns of a plan, those in these places without what stands in them."""
    return [
        {**column, "samples": [], "custom_key": ""} if column["position"] in hidden_places else dict(column)
        for column in columns
    ]


def hide_examples(
    questions: Sequence[Mapping[str, Any]], hidden_places: Collection[int]
) -> list[dict[str, Any]]:
    """Return the questions of a plan, those about these places without their examples."""
    return [
        {**question, "examples": []} if question["position"] in hidden_places else dict(question)
        for question in questions
    ]


def hide_cells(cells: Sequence[str], hidden_places: Collection[int]) -> list[str]:
    """Return the cells of a row, empty in these places."""
    return ["" if place in hidden_places else cell for place, cell in enumerate(cells)]
