"""What may stand in a gift, its correction, a fund, a campaign and an appeal, whoever writes it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, NotRequired, TypedDict

from marshmallow import ValidationError, fields, validates_schema

from donorhub.models.states import GIFT_METHODS, GiftMethod
from donorhub.money import Money
from donorhub.schemas import faults
from donorhub.schemas.fields import Choice, Day, Id, Line, Several, Source, StrictSchema, Text, Tick
from donorhub.schemas.limits import GIFT_NOTE, GOODS, REASON
from donorhub.schemas.money import Amount
from donorhub.schemas.shown import ShownSchema

CODE = 40
MOST_FUNDS = 50
MOST_GIFTS = 200  # that are changed in one go


class NewDesignationSchema(StrictSchema):
    """The part of a gift that one fund gets."""

    fund_id = Id(required=True)
    amount = Amount(required=True)


class NewGiftSchema(StrictSchema):
    """A gift that came outside the bank files and providers that we read ourselves."""

    donor_id = Id(required=True)
    amount = Amount(required=True)
    received_on = Day(required=True)
    method = Choice(GIFT_METHODS, load_default="other")
    source = Source(
        metadata={"description": "Where it was kept before, such as `import:civicrm`; else this token"}
    )
    source_ref = Line(
        200, shortest=1, metadata={"description": "The key it has there; else the Idempotency-Key"}
    )
    designations = Several(
        fields.Nested(NewDesignationSchema),
        None,
        MOST_FUNDS,
        load_default=list,
        metadata={"description": "Which funds it is for; they add up to the amount"},
    )
    campaign_id = Id(allow_none=True)
    appeal_id = Id(allow_none=True)
    note = Text(GIFT_NOTE)
    goods = Line(GOODS, metadata={"description": "What was given in kind; its receipt says it"})
    custom = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(allow_none=True),
        metadata={"description": "By the keys of `GET /custom-fields`: what stands in fields of gifts"},
    )
    thank = Tick(load_default=True)

    @validates_schema
    def _check_parts(self, data: dict[str, Any], **_: Any) -> None:
        if "source" in data and "source_ref" not in data:
            raise ValidationError(faults.NO_SOURCE_REF, "source_ref")
        designations = data.get("designations", ())
        _refuse_fund_twice(designations)
        if any(part["amount"].currency != data["amount"].currency for part in designations):
            raise ValidationError(faults.OTHER_CURRENCY, "designations")


def _refuse_fund_twice(designations: Collection[dict[str, Any]]) -> None:
    if len({designation["fund_id"] for designation in designations}) != len(designations):
        raise ValidationError(faults.FUND_TWICE, "designations")


class NewCreditSchema(StrictSchema):
    """Somebody beside the giver who is recognised for a gift, or for a part of it. It is no money."""

    donor_id = Id(required=True)
    amount = Amount(required=True)


class GiftFieldsSchema(StrictSchema):
    """What may be changed of a gift: what it is for. Its amount, day and donor stay."""

    designations = Several(
        fields.Nested(NewDesignationSchema),
        None,
        MOST_FUNDS,
        metadata={"description": "Which funds it is for; they add up to the amount. None: no fund"},
    )
    campaign_id = Id(allow_none=True)
    appeal_id = Id(allow_none=True)
    note = Text(GIFT_NOTE)
    goods = Line(GOODS, metadata={"description": "What was given in kind; its receipt says it"})
    custom = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(allow_none=True),
        metadata={"description": "By the keys of `GET /custom-fields`; `null` takes what stands there away"},
    )
    soft_credits = Several(
        fields.Nested(NewCreditSchema),
        None,
        MOST_FUNDS,
        metadata={"description": "Who is recognised for it beside its giver; in no sum and on no receipt"},
    )

    @validates_schema
    def _check_parts(self, data: dict[str, Any], **_: Any) -> None:
        _refuse_fund_twice(data.get("designations", ()))


class FundPreviewSchema(StrictSchema):
    """Another fund for several gifts at once."""

    gift_ids = Several(Id(), 1, MOST_GIFTS, required=True)
    fund_id = Id(required=True, allow_none=True, metadata={"description": "Null: no fund in particular"})


class FundChangeSchema(FundPreviewSchema):
    digest = Line(64, shortest=1, required=True, metadata={"description": "Of the preview"})


class FundPreview(TypedDict):
    """Which gifts are to go to which fund."""

    gift_ids: list[int]
    fund_id: int | None


class FundChange(FundPreview):
    """The same, and what was shown of it."""

    digest: str


class NewDesignation(TypedDict):
    """The part of a new gift that is for one fund."""

    fund_id: int
    amount: Money


class NewCredit(TypedDict):
    """Somebody who is recognised for a part of a gift."""

    donor_id: int
    amount: Money


class GiftFields(TypedDict, total=False):
    """What may be changed of a gift."""

    designations: list[NewDesignation]
    soft_credits: list[NewCredit]
    campaign_id: int | None
    appeal_id: int | None
    note: str
    goods: str
    custom: dict[str, Any]


class GiftDetails(TypedDict):
    """What stands in a new gift beside where it came from and which funds it is for."""

    donor_id: int
    amount: Money
    received_on: date
    method: GiftMethod
    thank: bool
    campaign_id: NotRequired[int | None]
    appeal_id: NotRequired[int | None]
    note: NotRequired[str]
    goods: NotRequired[str]
    custom: NotRequired[dict[str, Any]]


class NewGift(GiftDetails):
    """A gift with all that another system can say of it."""

    designations: list[NewDesignation]
    source: NotRequired[str]
    source_ref: NotRequired[str]


class NewCorrectionSchema(ShownSchema):
    """Why a gift is taken out."""

    reason = Line(REASON, shortest=1, required=True)


# ---------------------------------------------------------------- funds, campaigns, appeals


class FundFieldsSchema(StrictSchema):
    """What may be changed of a fund; its code stays."""

    name = Line(shortest=1)
    is_closed = Tick()


class NewFundSchema(StrictSchema):
    code = Line(CODE, shortest=1, required=True, metadata={"description": "Short and unique; it stays"})
    name = Line(shortest=1, required=True)


class CampaignFieldsSchema(StrictSchema):
    """What may be changed of a campaign; its code stays."""

    name = Line(shortest=1)
    goal = Amount(allow_none=True)
    starts_on = Day(allow_none=True)
    ends_on = Day(allow_none=True)

    @validates_schema
    def _ends_after_it_starts(self, data: dict[str, Any], **_: Any) -> None:
        starts_on, ends_on = data.get("starts_on"), data.get("ends_on")
        if starts_on and ends_on and ends_on < starts_on:
            raise ValidationError(faults.ENDS_BEFORE_START, "ends_on")


class NewCampaignSchema(CampaignFieldsSchema):
    code = Line(CODE, shortest=1, required=True, metadata={"description": "Short and unique; it stays"})
    name = Line(shortest=1, required=True)


class AppealFieldsSchema(StrictSchema):
    """What may be changed of an appeal; its code stays."""

    name = Line(shortest=1)
    campaign_id = Id(allow_none=True)


class NewAppealSchema(AppealFieldsSchema):
    code = Line(CODE, shortest=1, required=True, metadata={"description": "Short and unique; it stays"})
    name = Line(shortest=1, required=True)
