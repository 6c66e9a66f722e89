"""What is said to a question about what may be there already: that this is another."""

from __future__ import annotations

from marshmallow import fields

from donorhub.schemas.fields import StrictSchema


class DuplicateQuery(StrictSchema):
    """The answer to a refusal with ``possible_duplicate`` or ``possible_duplicate_gift``."""

    allow_duplicate = fields.Boolean(
        load_default=False,
        metadata={"description": "It is another: a person of the same name or e-mail, or a gift"},
    )
