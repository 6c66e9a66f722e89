"""What answers share: amounts hidden from whoever may not see gifts, problems; and files in a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from flask import g
from flask_smorest.fields import Upload
from marshmallow import INCLUDE, Schema, ValidationError, fields, post_dump
from werkzeug.datastructures import FileStorage

from donorhub.schemas import faults
from donorhub.schemas.money import MoneySchema


class UploadedFile(Upload):  # type: ignore[misc]
    """A file part of a multipart body, not a text field of the same name."""

    def _deserialize(self, value: object, attr: str | None, data: object, **more: object) -> FileStorage:
        if not isinstance(value, FileStorage):
            raise ValidationError(faults.NO_FILE)
        return value


class AnswerSchema(Schema):
    """An answer: amounts are left out for who has no ``gifts:read``, and what is hidden from the reader.

    ``donor_fields`` names for a part of the answer the field of a donor that it tells.
    """

    donor_fields: ClassVar[Mapping[str, str]] = {}

    @post_dump
    def hide_parts(self, data: dict[str, object], **_: object) -> dict[str, object]:
        """Return the answer with the parts that the reader may see."""
        shows_money = g.principal.has_permission("gifts:read")
        hidden_fields = g.principal.hidden_fields
        return {
            name: value for name, value in data.items() if self.shows_part(name, shows_money, hidden_fields)
        }

    def shows_part(self, name: str, shows_money: bool, hidden_fields: frozenset[str]) -> bool:
        """Return whether a part is shown to who sees amounts or not, but not these fields."""
        return (shows_money or not is_money(self.fields[name])) and (
            self.donor_fields.get(name, "") not in hidden_fields
        )


def is_money(field: fields.Field[object]) -> bool:
    """Return whether a field holds an amount."""
    return isinstance(field, fields.Nested) and isinstance(field.schema, MoneySchema)


class SumSchema(AnswerSchema):
    """A sum in one currency."""

    amount = fields.Nested(MoneySchema)


class FieldProblemSchema(Schema):
    pointer = fields.String(metadata={"description": "JSON pointer into the request"})
    detail = fields.String()
    code = fields.String()


class ProblemSchema(Schema):
    """RFC 9457 problem details; ``code`` is stable, ``title`` and ``detail`` are for people."""

    class Meta:
        """Some codes come with facts of their own, such as ``reasons`` or ``digest``."""

        unknown = INCLUDE

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    request_id = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldProblemSchema))
