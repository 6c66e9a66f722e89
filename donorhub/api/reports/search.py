"""One search over the API: the best donors, receipts, gifts and entries of a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from marshmallow import fields, validate

from donorhub.api.blueprint import HouseBlueprint
from donorhub.api.http import get_principal, require_permission
from donorhub.api.schemas import AnswerSchema
from donorhub.domain.receipts.numbering import format_number
from donorhub.money import Money
from donorhub.schemas.fields import Line, StrictSchema
from donorhub.schemas.money import MoneySchema
from donorhub.services.paging import AnyRow
from donorhub.services.reports import whole_search

bp = HouseBlueprint("search", __name__, path="/search", description="One search over everything.")
_MOST = 20


class SearchQuery(StrictSchema):
    """What is searched for."""

    q = Line(
        200,
        required=True,
        metadata={
            "description": "A name, also with a typo, an e-mail, a phone, an account or its end, a postcode, "
            "a code, an amount (`123,45`, `about 120`), the number of a receipt or gift"
        },
    )
    limit = fields.Integer(load_default=whole_search.MOST, validate=validate.Range(1, _MOST))


class DonorHitSchema(AnswerSchema):
    """A donor who fits."""

    donor_fields: ClassVar[Mapping[str, str]] = {"town": "city"}

    id = fields.Integer(required=True)
    code = fields.String(required=True)
    kind = fields.String(required=True)
    name = fields.String(required=True)
    town = fields.String()
    last_gift_on = fields.Date(allow_none=True, metadata={"description": "None without `gifts:read`"})


class ReceiptHitSchema(AnswerSchema):
    """A receipt with the number."""

    id = fields.Integer(required=True)
    number = fields.String(required=True)
    state = fields.String(required=True)
    donor_name = fields.String(required=True)
    issued_on = fields.Date(required=True)
    total = fields.Nested(MoneySchema)


class GiftHitSchema(AnswerSchema):
    """A gift with the number or amount."""

    id = fields.Integer(required=True)
    donor_id = fields.Integer(required=True)
    donor_name = fields.String(required=True)
    received_on = fields.Date(required=True)
    amount = fields.Nested(MoneySchema)


class EntryHitSchema(AnswerSchema):
    """An entry with the amount, or of the payer."""

    id = fields.Integer(required=True)
    counterparty_name = fields.String(required=True)
    booked_on = fields.Date(required=True)
    state = fields.String(required=True)
    amount = fields.Nested(MoneySchema)


class SearchHitsSchema(AnswerSchema):
    """What a text finds, the best of each kind first; what the token may not see is empty."""

    donors = fields.List(fields.Nested(DonorHitSchema), required=True)
    receipts = fields.List(fields.Nested(ReceiptHitSchema), required=True)
    gifts = fields.List(fields.Nested(GiftHitSchema), required=True)
    entries = fields.List(fields.Nested(EntryHitSchema), required=True)


@bp.get("")
@require_permission("donors:read")
@bp.arguments(SearchQuery, location="query")
@bp.response(200, SearchHitsSchema)
def search_everything(arguments: dict[str, object]) -> dict[str, object]:
    """Find donors, receipts, gifts and entries, up to `limit` of each.

    Donors come in this order: exact code, exact e-mail, exact number, words that begin so, names with a typo,
    parts of words; of equal ones who gave last.
    """
    text, limit = str(arguments["q"]), arguments["limit"]
    answers = whole_search.find_everything(text, get_principal(), limit=int(str(limit)))
    return {
        "donors": answers.donors,
        "receipts": [_describe_receipt(row) for row in answers.receipts],
        "gifts": _add_amounts(answers.gifts),
        "entries": _add_amounts(answers.entries),
    }


def _describe_receipt(row: AnyRow) -> dict[str, object]:
    number = format_number(row.series, row.year, row.number)
    return {**row._mapping, "number": number, "total": Money(row.total_minor, row.currency)}


def _add_amounts(rows: Sequence[AnyRow]) -> list[dict[str, object]]:
    return [{**row._mapping, "amount": Money(row.amount_minor, row.currency)} for row in rows]
