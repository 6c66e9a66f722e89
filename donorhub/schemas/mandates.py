"""What may stand in a mandate and in a change of it, whoever writes it."""

from __future__ import annotations

from datetime import date
from typing import NotRequired, TypedDict

from donorhub.domain.recurring.mandate_states import FIRST_STATES
from donorhub.models.states import MANDATE_STATES, MandateState
from donorhub.schemas.fields import Choice, Day, Id, Line
from donorhub.schemas.shown import ShownSchema

LONGEST_REFERENCE = 35  # of a mandate, in SEPA; a Polish one has 20


class NewMandateSchema(ShownSchema):
    """An active one says from which day; one on paper says nothing, or when it was signed."""

    recurring_gift_id = Id(required=True)
    reference = Line(LONGEST_REFERENCE, shortest=1, required=True)
    creditor_id = Line(
        LONGEST_REFERENCE,
        load_default="",
        metadata={"description": "Under which of your creditor's numbers, where there are several"},
    )
    state = Choice(FIRST_STATES, load_default="active")
    signed_on = Day(allow_none=True, load_default=None)
    active_from = Day(allow_none=True, load_default=None)


class NewMandate(TypedDict):
    """A mandate as it is told."""

    recurring_gift_id: int
    reference: str
    creditor_id: str
    state: MandateState
    signed_on: date | None
    active_from: date | None
    digest: NotRequired[str]


class MandateChangeSchema(ShownSchema):
    """What became of it; without a day, today."""

    state = Choice(MANDATE_STATES, required=True)
    on = Day()
    reason = Line(load_default="")


class MandateChange(TypedDict):
    """What became of a mandate, when and why."""

    state: MandateState
    on: NotRequired[date]
    reason: str
    digest: NotRequired[str]
