"""What may stand in a recurring gift, in its changes and in letting an instalment go, whoever writes it."""

from __future__ import annotations

from datetime import date
from typing import Any, NotRequired, TypedDict

from marshmallow import ValidationError, validates_schema

from donorhub.models.states import PERIODS, RECURRING_KINDS, Period, RecurringKind
from donorhub.money import Money
from donorhub.schemas import faults
from donorhub.schemas.fields import Choice, Day, Id, Line, Source, StrictSchema, Whole
from donorhub.schemas.limits import IBAN
from donorhub.schemas.money import Amount
from donorhub.schemas.shown import ShownSchema
from donorhub.services.recurring.recurring_terms import LAST_DAY

MOST_PERIODS = 60


class NewRecurringGiftSchema(StrictSchema):
    donor_id = Id(required=True)
    amount = Amount(required=True)
    kind = Choice(RECURRING_KINDS, required=True)
    start_on = Day(required=True)
    ends_on = Day(allow_none=True)
    period = Choice(PERIODS, load_default="M")
    every = Whole(1, MOST_PERIODS, load_default=1)
    day_of_month = Whole(1, LAST_DAY, metadata={"description": "1 to 31; 32 is the last day"})
    payer_iban = Line(IBAN)
    fund_id = Id(allow_none=True)
    campaign_id = Id(allow_none=True)
    source = Source(
        metadata={"description": "Where it was kept before, such as `import:civicrm`; else this token"}
    )
    source_ref = Line(200, shortest=1, metadata={"description": "The key it has there"})

    @validates_schema
    def _check_days(self, data: dict[str, Any], **_: Any) -> None:
        if "source" in data and "source_ref" not in data:
            raise ValidationError(faults.NO_SOURCE_REF, "source_ref")
        if data.get("ends_on") and data["ends_on"] < data["start_on"]:
            raise ValidationError(faults.ENDS_BEFORE_START, "ends_on")


class PromiseDetails(TypedDict):
    """What stands in a new promise beside where it came from."""

    donor_id: int
    amount: Money
    kind: RecurringKind
    start_on: date
    period: Period
    every: int
    ends_on: NotRequired[date | None]
    day_of_month: NotRequired[int]
    payer_iban: NotRequired[str]
    fund_id: NotRequired[int | None]
    campaign_id: NotRequired[int | None]


class NewRecurringGift(PromiseDetails):
    """A promise with all that another system can say of it."""

    source: NotRequired[str]
    source_ref: NotRequired[str]


class ChangeSchema(ShownSchema):
    """Another promise from a day on; an interval that is left out stays as it is."""

    amount = Amount(required=True)
    from_on = Day(required=True)
    period = Choice(PERIODS)
    every = Whole(1, MOST_PERIODS)


class Change(TypedDict):
    """Another amount or interval, and from which day."""

    amount: Money
    from_on: date
    period: NotRequired[Period]
    every: NotRequired[int]
    digest: NotRequired[str]


class PauseSchema(ShownSchema):
    """A time without instalments; without an end, until it is resumed."""

    from_on = Day(required=True)
    until = Day(allow_none=True, load_default=None)
    reason = Line(load_default="")


class Pause(TypedDict):
    """From which day nothing is expected, and until when."""

    from_on: date
    until: date | None
    reason: str
    digest: NotRequired[str]


class ResumeSchema(ShownSchema):
    """The day from which instalments are expected again."""

    from_on = Day(required=True)


class Resumption(TypedDict):
    """From which day instalments are expected again."""

    from_on: date
    digest: NotRequired[str]


class CloseSchema(ShownSchema):
    """Why a promise ends; without a day, today."""

    reason = Line(shortest=1, required=True)
    on = Day()


class Closing(TypedDict):
    """Why a promise ends, and when."""

    reason: str
    on: NotRequired[date]
    digest: NotRequired[str]


class SkipSchema(ShownSchema):
    """Why nothing is owed for an instalment, where anybody says."""

    reason = Line(load_default="")


class CountSchema(ShownSchema):
    gift_id = Id(required=True, metadata={"description": "A gift of the same donor that settles nothing"})


class Counting(TypedDict):
    """Which gift pays an instalment."""

    gift_id: int
    digest: NotRequired[str]


class Skip(TypedDict):
    """Why nothing is owed for an instalment."""

    reason: str
    digest: NotRequired[str]
