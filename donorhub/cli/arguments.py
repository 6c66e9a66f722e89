"""Arguments of commands, judged by the schema that API and pages load."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError

from donorhub.errors import Rejected
from donorhub.schemas.faults import list_faults


def load_arguments(schema: Schema, **arguments: object) -> Any:
    """Return what the schema makes of the arguments, without those that are None.

    Raise Rejected for the first that is wrong, with its name and the code of its fault.
    """
    try:
        return schema.load({name: value for name, value in arguments.items() if value is not None})
    except ValidationError as e:
        path, fault = next(iter(list_faults(e.messages)))
        place = "/".join(str(part) for part in path)
        raise Rejected(f"{place}: {fault}", code=fault.code, field=f"/{place}") from e
