"""What is said of our accounts, of bank files and of entries that a person decides, whoever says it."""

from __future__ import annotations

from datetime import date
from typing import Final, NotRequired, TypedDict

from marshmallow import ValidationError, fields, validates_schema

from donorhub.models.matching_states import RULE_NAMES, RuleName
from donorhub.models.states import (
    MATCHING_MODES,
    QUESTION_ANSWERS,
    QUESTION_KINDS,
    MatchingMode,
    QuestionAnswer,
    QuestionKind,
)
from donorhub.money import Money
from donorhub.schemas import faults
from donorhub.schemas.donors import NewDonorSchema
from donorhub.schemas.fields import Choice, Currency, Day, Id, Line, Several, StrictSchema, Tick, Whole
from donorhub.schemas.limits import DIGEST, IBAN, REASON
from donorhub.schemas.money import Amount
from donorhub.schemas.shown import ShownSchema
from importers.table.layout import make_json_schema

WAYS: Final = ("rank", "parts", "payout_id", "gift_id", "not_gift", "new_donor")
MOST_PARTS: Final = 50
MOST_RANKS: Final = 100
_LAYOUT: Final = {
    "description": "Of a table, as for a new column mapping; of a QIF file the order of its `dates`",
    "properties": {**make_json_schema()["properties"], "dates": {"type": "string", "enum": ["dmy", "mdy"]}},
    "additionalProperties": False,
}


class BankAccountFieldsSchema(StrictSchema):
    """What may be changed of an account of ours; its number stays."""

    name = Line(shortest=1)
    matching = Choice(MATCHING_MODES, metadata={"description": "How far matching may go by itself"})


class BankAccountChangesSchema(BankAccountFieldsSchema):
    owner_id = Id(allow_none=True, metadata={"description": "The user whose task it is to decide what waits"})
    closed_on = Day(
        allow_none=True, metadata={"description": "From this day on nobody waits for its statements"}
    )


class NewBankAccountSchema(BankAccountFieldsSchema):
    name = Line(metadata={"description": "Else its number"})
    number = Line(IBAN, shortest=1, required=True, metadata={"description": "The IBAN, or the bank's number"})
    currency = Currency(required=True)


class BankAccountFields(TypedDict, total=False):
    """What people may change of an account of ours."""

    name: str
    matching: MatchingMode


class BankAccountChanges(BankAccountFields, total=False):
    """What people may change of an account that is there."""

    closed_on: date | None
    owner_id: int | None


class NewBankAccount(BankAccountFields):
    """An account of ours."""

    number: str
    currency: str


class AnswersSchema(StrictSchema):
    """What a file that asks wants to know."""

    bank_account_id = Id()
    currency = Currency()
    layout = fields.Dict(keys=fields.String(), metadata=_LAYOUT)
    create_accounts = Tick(load_default=False)


class Answers(TypedDict):
    """What a file that asks is told."""

    create_accounts: bool
    bank_account_id: NotRequired[int]
    currency: NotRequired[str]
    layout: NotRequired[dict[str, object]]


class ConfirmedAnswersSchema(AnswersSchema):
    """The same, as they were tried out."""

    digest = Line(DIGEST, metadata={"description": "Of a preview: import exactly that, or nothing"})


class ConfirmedAnswers(Answers):
    """What a file that asks is told, perhaps as it was shown."""

    digest: NotRequired[str]


class TakeBackSchema(StrictSchema):
    """Why a file is taken back, and whether people's decisions go with it."""

    reason = Line(REASON, shortest=1, required=True)
    undo_decisions = Tick(
        load_default=False, metadata={"description": "Undo what people decided of its entries too"}
    )
    digest = Line(DIGEST, metadata={"description": "Of what was shown: take back exactly that, or nothing"})


class TakingBack(TypedDict):
    """Why a file is taken back, and how far."""

    reason: str
    undo_decisions: bool
    digest: NotRequired[str]


class ReleaseSchema(ShownSchema):
    """Why a held statement counts all the same."""

    reason = Line(REASON, shortest=1, required=True)


class NewColumnMappingSchema(StrictSchema):
    name = Line(shortest=1, required=True)
    layout = fields.Dict(keys=fields.String(), required=True, metadata=make_json_schema())
    bank_account_id = Id(allow_none=True)


class NewColumnMapping(TypedDict):
    """A layout and what it is called."""

    layout: dict[str, object]
    name: str
    bank_account_id: NotRequired[int | None]


# ---------------------------------------------------------------- deciding an entry


class PartSchema(StrictSchema):
    donor_id = Id(required=True)
    amount = Amount(required=True)
    fund_id = Id()


class NewMatchSchema(StrictSchema):
    """What the entry, or one payment of it, is: exactly one of the ways to say it."""

    detail_id = Id(metadata={"description": "One payment of an entry that holds several"})
    rank = Whole(0, MOST_RANKS, metadata={"description": "The engine's proposal of this rank; 0 is the best"})
    digest = Line(
        DIGEST,
        metadata={
            "description": "With `rank`, of the proposal that it names; else of the entry:"
            " decide exactly that, else 409 `changed`"
        },
    )
    parts = Several(
        fields.Nested(PartSchema),
        1,
        MOST_PARTS,
        metadata={"description": "Whose gifts it is; they add up to it"},
    )
    payout_id = Id(metadata={"description": "The provider's payout that it is"})
    gift_id = Id(metadata={"description": "The gift that it takes back"})
    not_gift = Line(200, shortest=1, metadata={"description": "Why it is no gift"})
    new_donor = fields.Nested(
        NewDonorSchema(partial=True), metadata={"description": "Add the payer as a donor; what is given wins"}
    )

    @validates_schema
    def _says_one_thing(self, data: dict[str, object], **_: object) -> None:
        if sum(way in data for way in WAYS) != 1:
            raise ValidationError(faults.NOT_ONE_WAY.format(ways=", ".join(WAYS)))


class Part(TypedDict):
    """What of an entry is the gift of one donor."""

    donor_id: int
    amount: Money
    fund_id: NotRequired[int]


class AnswerToQuestionSchema(ShownSchema):
    """What a person says of an entry, as its question was shown."""

    answer = Choice(
        QUESTION_ANSWERS,
        required=True,
        metadata={
            "description": "`known` or `other_money`; of a changed amount `corrected` or `other_money`;"
            " of an entry no longer told `withdrawn` or `stays`"
        },
    )


class AnswerToQuestion(TypedDict):
    """What a person says of an entry, perhaps as its question was shown."""

    answer: QuestionAnswer
    digest: NotRequired[str]


class AnswerToGroupSchema(AnswerToQuestionSchema):
    """What a person says of all entries that a file asks about for one reason, as they were shown."""

    import_file_id = Id(required=True, metadata={"description": "The file that raised the questions"})
    kind = Choice(QUESTION_KINDS, required=True, metadata={"description": "Why they are asked"})


class AnswerToGroup(AnswerToQuestion):
    """What a person says of the entries of one file that are asked about for one reason."""

    import_file_id: int
    kind: QuestionKind


class WhichSchema(StrictSchema):
    """Which of the waiting entries are looked at; all, when nothing is said."""

    bank_account_id = Id(metadata={"description": "Those of one account"})
    statement_id = Id(metadata={"description": "Those that one statement brought"})


class ConfirmedWhichSchema(WhichSchema):
    """The same, as it was shown."""

    digest = Line(DIGEST, metadata={"description": "Of `/entries/certain`: accept exactly those, or none"})
    after_entry_id = Id(metadata={"description": "As it was asked for at `/entries/certain`"})


class JoinedWhichSchema(WhichSchema):
    """Which entries are joined to their gifts, as it was shown."""

    digest = Line(
        DIGEST,
        required=True,
        metadata={"description": "Of `/entries/same-gifts`: join exactly those, or none"},
    )
    entry_id = Id(metadata={"description": "This one alone"})
    after_entry_id = Id(metadata={"description": "As it was asked for at `/entries/same-gifts`"})


class Which(TypedDict, total=False):
    """Whose entries are meant."""

    bank_account_id: int
    statement_id: int


class ConfirmedWhich(Which, total=False):
    """The same, perhaps as it was shown."""

    digest: str
    after_entry_id: int


class AnswerToLookSchema(StrictSchema):
    """What a person says of a decision of the engine."""

    is_right = Tick(required=True)


class AnswerToLook(TypedDict):
    """What a person says of a decision of the engine."""

    is_right: bool


class RulePlaceSchema(StrictSchema):
    """A rule of matching on one account, or on all."""

    rule = Choice(RULE_NAMES, required=True)
    bank_account_id = Id(metadata={"description": "Without one, on all"})


class RulePlace(TypedDict):
    """A rule of matching on one account, or on all."""

    rule: RuleName
    bank_account_id: NotRequired[int]
