"""What is said to issue, void or replace a receipt, whoever says it."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from donorhub.models.states import LANGS, Lang
from donorhub.schemas.fields import Choice, Id, Line, Several, StrictSchema
from donorhub.schemas.limits import REASON

MOST_GIFTS = 500


class NewReceiptSchema(StrictSchema):
    """Gifts of one donor; without a language, in the donor's."""

    gift_ids = Several(Id(), 1, MOST_GIFTS, required=True, metadata={"description": "Of one donor"})
    lang = Choice(LANGS, metadata={"description": "Else the donor's"})


class NewReceipt(TypedDict):
    """Which gifts a receipt is asked for, and in which language."""

    gift_ids: list[int]
    lang: NotRequired[Lang]


class VoidSchema(StrictSchema):
    """A receipt is never void without a reason."""

    reason = Line(REASON, shortest=1, required=True)


class ReplacementSchema(StrictSchema):
    """Without a language, the new receipt is in the donor's."""

    lang = Choice(LANGS, metadata={"description": "Else the donor's"})


class Replacement(TypedDict):
    """In which language a receipt is issued anew."""

    lang: NotRequired[Lang]
