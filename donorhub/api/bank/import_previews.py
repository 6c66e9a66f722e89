"""What importing a bank file would do, as the API tells it: with the digest that confirms it."""

from __future__ import annotations

from marshmallow import fields, validate

from donorhub.api.schemas import AnswerSchema
from donorhub.models.states import IMPORT_FILE_STATES
from donorhub.money import Money
from donorhub.schemas.money import MoneySchema
from donorhub.services.bank.files.import_plans import Plan
from donorhub.services.bank.files.several_imports import SeveralPlans
from donorhub.services.bank.files.statement_drafts import make_plain_problems


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


class FilePreviewSchema(AnswerSchema):
    """What one of several files would do after those before it."""

    filename = fields.String(required=True)
    preview = fields.Nested(
        ImportPreviewSchema, allow_none=True, metadata={"description": "None where it came before"}
    )
    problem = fields.Nested(
        FileProblemSchema, allow_none=True, metadata={"description": "Why it cannot be taken in"}
    )


class ImportPreviewsSchema(AnswerSchema):
    """What importing several files one after the other would do; nothing is done."""

    digest = fields.String(required=True, metadata={"description": "Confirms exactly this of all of them"})
    data = fields.List(fields.Nested(FilePreviewSchema), required=True)


def describe_plans(plans: SeveralPlans) -> dict[str, object]:
    """Return what several files would do as their schema tells it."""
    return {
        "digest": plans.digest,
        "data": [
            {
                "filename": one.filename,
                "preview": describe_plan(one.plan) if one.plan is not None else None,
                "problem": make_plain_problems([one.problem])[0] if one.problem is not None else None,
            }
            for one in plans.files
        ],
    }


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
