"""What is said of unknown payers of whom donors are made, whoever says it."""

from __future__ import annotations

from typing import Final, NotRequired, TypedDict

from marshmallow import fields

from donorhub.models.states import DONOR_KINDS, DonorKind
from donorhub.schemas.fields import Choice, Id, Line, Several, StrictSchema
from donorhub.schemas.limits import DIGEST

ROW_ID: Final = 16  # hexadecimal digits by which a payer is called
MOST_TAKEN: Final = 500
MOST_LEFT: Final = 5000


class PayerChoiceSchema(StrictSchema):
    """Who a payer is: a donor who is there, or a new one by the name that a person gives."""

    payer = Line(ROW_ID, shortest=1, required=True, metadata={"description": "As `/unknown-payers` calls it"})
    donor_id = Id(metadata={"description": "The donor that the payer is; without it a new one is made"})
    kind = Choice(DONOR_KINDS, metadata={"description": "Else as the name was read"})
    given_name = Line(metadata={"description": "Else as the name was read, where that is certain"})
    family_name = Line()


class NewPayer(TypedDict):
    """What a person says of one payer."""

    payer: str
    donor_id: NotRequired[int]
    kind: NotRequired[DonorKind]
    given_name: NotRequired[str]
    family_name: NotRequired[str]


class PayersDecisionSchema(StrictSchema):
    """Of whom donors are made: all who are ready but those left, and those taken beside them."""

    digest = Line(DIGEST, shortest=1, required=True, metadata={"description": "Of `/unknown-payers`"})
    bank_account_id = Id(metadata={"description": "As it was asked for there"})
    leave = Several(
        Line(ROW_ID, shortest=1), 0, MOST_LEFT, metadata={"description": "Ready payers who are left"}
    )
    take = Several(
        fields.Nested(PayerChoiceSchema),
        0,
        MOST_TAKEN,
        metadata={"description": "Payers who are not ready, or of whom more is said"},
    )


class PayersDecision(TypedDict):
    """The same as values."""

    digest: str
    bank_account_id: NotRequired[int]
    leave: NotRequired[list[str]]
    take: NotRequired[list[NewPayer]]


class BatchUndoSchema(StrictSchema):
    """The undo of a batch, as it was shown."""

    digest = Line(DIGEST, shortest=1, required=True, metadata={"description": "Of `/payer-batches/{id}`"})
