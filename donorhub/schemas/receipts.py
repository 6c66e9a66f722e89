"""What is said to issue, void or replace a receipt, whoever says it."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from donorhub.models.states import LANGS, Lang
from donorhub.schemas.fields import Choice, Coded, Id, Line, Several, StrictSchema
from donorhub.schemas.limits import REASON
from donorhub.schemas.shown import ShownSchema

MOST_GIFTS = 500


class ReceiptPreviewSchema(StrictSchema):
    """Gifts of one donor; without a language, in the donor's."""

    gift_ids = Several(Id(), 1, MOST_GIFTS, required=True, metadata={"description": "Of one donor"})
    lang = Choice(LANGS, metadata={"description": "Else the donor's"})


class ReceiptPreview(TypedDict):
    """Which gifts a receipt is looked at for, and in which language."""

    gift_ids: list[int]
    lang: NotRequired[Lang]


class _Digest(Coded):
    """The digest of a preview."""

    def __init__(self) -> None:
        super().__init__(
            r"^[0-9a-f]{64}$",
            metadata={"description": "Of the preview that is confirmed: if anything changed since, 409"},
        )


class NewReceiptSchema(ReceiptPreviewSchema):
    """A receipt that is issued; with the digest of its preview, only as it was shown."""

    digest = _Digest()


class NewReceipt(ReceiptPreview):
    """Which gifts a receipt is issued for, and what was confirmed."""

    digest: NotRequired[str]


class VoidSchema(ShownSchema):
    """A receipt is never void without a reason."""

    reason = Line(REASON, shortest=1, required=True)


class ReplacementSchema(StrictSchema):
    """Without a language, the new receipt is in the donor's."""

    lang = Choice(LANGS, metadata={"description": "Else the donor's"})
    digest = _Digest()


class Replacement(TypedDict):
    """In which language a receipt is issued anew, and what was confirmed."""

    lang: NotRequired[Lang]
    digest: NotRequired[str]
