"""What is said when records are made one donor, taken apart, or told from each other."""

from __future__ import annotations

from typing import Final, NotRequired, TypedDict, get_args

from marshmallow import fields

from donorhub.db import MAX_ID
from donorhub.models.states import DuplicateAnswer
from donorhub.schemas.fields import Choice, Line, Several, StrictSchema, Whole
from donorhub.schemas.limits import DIGEST
from donorhub.services.donors.duplicate_review import MOST_MEMBERS
from donorhub.services.donors.later_rows import SHOWN
from donorhub.services.donors.merge_fields import CHOSEN_FIELDS, ChosenField

_ANSWERS: Final[tuple[DuplicateAnswer, ...]] = get_args(DuplicateAnswer)
MOST_ROWS: Final = 1000  # that came since and are given back


class MergeSchema(StrictSchema):
    """Which two records are one donor, and of which fields the younger one's word is wanted."""

    donor_id = Whole(1, MAX_ID, required=True)
    other_id = Whole(1, MAX_ID, required=True)
    taken = Several(Choice(CHOSEN_FIELDS), 0, len(CHOSEN_FIELDS))
    digest = Line(DIGEST, metadata={"description": "Of what was shown: merge exactly that"})


class NewMerge(TypedDict):
    """Which two records are one donor."""

    donor_id: int
    other_id: int
    taken: NotRequired[list[ChosenField]]
    digest: NotRequired[str]


class GivenRowSchema(StrictSchema):
    """A row that came after a merge."""

    table = Choice(tuple(SHOWN), required=True)
    id = Whole(1, MAX_ID, required=True)


class UndoSchema(StrictSchema):
    """What goes with the record that is a donor of its own again."""

    given_back = Several(
        fields.Nested(GivenRowSchema),
        0,
        MOST_ROWS,
        metadata={"description": "Rows that came since; left out: those whose `side` is `loser`"},
    )
    digest = Line(DIGEST, metadata={"description": "Of what was shown: undo exactly that"})


class GivenRow(TypedDict):
    """A row that came after a merge."""

    table: str
    id: int


class Undoing(TypedDict):
    """What goes with the record that is a donor of its own again."""

    given_back: NotRequired[list[GivenRow]]
    digest: NotRequired[str]


class DuplicateAnswerSchema(StrictSchema):
    """How many people some records are."""

    answer = Choice(_ANSWERS, required=True)
    people = Several(
        Several(Whole(1, MAX_ID), 1, MOST_MEMBERS),
        0,
        MOST_MEMBERS,
        metadata={"description": "With `people`: the ids of the records of each person"},
    )
    digest = Line(DIGEST, metadata={"description": "Of what was shown: answer exactly that"})


class Answering(TypedDict):
    """How many people some records are."""

    answer: DuplicateAnswer
    people: NotRequired[list[list[int]]]
    digest: NotRequired[str]
