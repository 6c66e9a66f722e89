"""What importing a bank file would do, as the API tells it: with the digest that confirms it."""

from __future__ import annotations

from marshmallow import fields, validate

from donorhub.api.schemas import AnswerSchema
from donorhub.models.states import IMPORT_FILE_STATES
from donorhub.money import Money
from donorhub.schemas.money import MoneySchema
from donorhub.services.bank.files.import_plans import Plan


class FileProblemSchema(AnswerSchema):
    """What is wrong with a file, and where."""

    level = fields.String(required=True)
    code = fields.String(required=True)
    message = fields.String(required=True)
    where = fields.String(allow_none=True)
    params = fields.Dict(
        keys=fields.String(), metadata={"description": "The figures in `message`, its `cause` and `line`"}
    )


class StatementPreviewSchema(AnswerSchema):
    """What one statement of the file would bring into the ledger."""

    account = fields.String(required=True)
    state = fields.String(required=True)
    integrity = fields.String(required=True)
    told_count = fields.Integer(required=True, metadata={"description": "Entries that the file tells"})
    new_count = fields.Integer(required=True, metadata={"description": "Those that the ledger has not"})
    filled_count = fields.Integer(
        required=True, metadata={"description": "Entries of the ledger that it tells more of"}
    )
    money_in = fields.Nested(MoneySchema, metadata={"description": "Of the new ones"})
    money_out = fields.Nested(MoneySchema, metadata={"description": "Of the new ones, negative"})


class ImportPreviewSchema(AnswerSchema):
    """What importing a file would do to the ledger as it is; nothing is done."""

    digest = fields.String(
        required=True, metadata={"description": "Confirms exactly this; empty where nothing would be done"}
    )
    state = fields.String(
        required=True,
        validate=validate.OneOf(IMPORT_FILE_STATES),
        metadata={"description": "`done` once imported; `held`, `asking` or `refused` where it is not"},
    )
    new_count = fields.Integer(required=True)
    known_count = fields.Integer(required=True)
    doubtful_count = fields.Integer(required=True)
    statements = fields.List(fields.Nested(StatementPreviewSchema), required=True)
    problems = fields.List(fields.Nested(FileProblemSchema), required=True)


def describe_plan(plan: Plan) -> dict[str, object]:
    """Return a plan as its schema tells it."""
    counts = plan.outcome["counts"]
    return {
        "digest": plan.digest,
        "state": plan.state,
        **{name: counts[name] for name in ("new_count", "known_count", "doubtful_count")},
        "statements": [
            {
                "account": one["account"],
                "state": one["state"],
                "integrity": one["integrity"],
                "told_count": one["told"],
                "new_count": one["entries"],
                "filled_count": one["filled"],
                "money_in": Money(one["in_minor"], one["currency"]),
                "money_out": Money(one["out_minor"], one["currency"]),
            }
            for one in plan.outcome["statements"]
        ],
        "problems": plan.problems,
    }
