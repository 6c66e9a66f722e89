"""Decisions of the engine to look at, and the rules that decide alone, over the API."""

from __future__ import annotations

from typing import Final

from flask import Response
from marshmallow import Schema, fields, validate

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import answer_resource
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.api.schemas import AnswerSchema
from donorhub.models import MatchLook, MatchRule
from donorhub.models.matching_states import RULE_NAMES
from donorhub.schemas.bank import AnswerToLook, AnswerToLookSchema, RulePlace, RulePlaceSchema
from donorhub.schemas.fields import Instant, NothingSchema, QueryId
from donorhub.services.bank.matching import looks, stopped_rules
from donorhub.services.bank.matching.stopped_rules import RuleFigures

bp = HouseBlueprint(
    "looks", __name__, path="/looks", description="Decisions of the engine that people look at."
)
all_rules = HouseBlueprint(
    "match_rules", __name__, path="/match-rules", description="Rules by which the engine decides alone."
)
SORTS: Final = {"id": MatchLook.id}


class LookSchema(AnswerSchema):
    """A decision of the engine that is put up for a look, or that a person took back."""

    id = fields.Integer(required=True)
    match_id = fields.Integer(required=True, metadata={"description": "The decision, a match of its entry"})
    entry_id = fields.Integer(required=True)
    donor_id = fields.Integer(required=True, allow_none=True)
    rule = fields.String(required=True, metadata={"description": "What decided"})
    bank_account_id = fields.Integer(required=True)
    drawn_at = Instant(required=True)
    looked_at = Instant(required=True, allow_none=True)
    looked_by = fields.String(required=True, allow_none=True)
    is_right = fields.Boolean(required=True, allow_none=True)


class FiguresSchema(AnswerSchema):
    """What people found of a rule on an account since it last went on there."""

    rule = fields.String(required=True)
    bank_account_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "null: on all accounts, where it is stopped"}
    )
    looked_at_count = fields.Integer(required=True)
    right_count = fields.Integer(required=True)
    least_share = fields.Float(
        required=True, metadata={"description": "The 95 % interval of the share right"}
    )
    greatest_share = fields.Float(required=True)
    stop_id = fields.Integer(required=True, allow_none=True, metadata={"description": "Where it is stopped"})
    stopped_at = Instant(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)


class AllFiguresSchema(Schema):
    """Every rule on every account on which it was looked at."""

    data = fields.List(fields.Nested(FiguresSchema), required=True)


class StoppedRuleSchema(AnswerSchema):
    """A rule that was stopped, on one account or on all; it stays where the rule goes on."""

    id = fields.Integer(required=True)
    rule = fields.String(required=True)
    bank_account_id = fields.Integer(required=True, allow_none=True)
    reason = fields.String(required=True)
    stopped_at = Instant(required=True, allow_none=True, metadata={"description": "null: it goes on"})
    stopped_by = fields.String(required=True)
    since_at = Instant(
        required=True, allow_none=True, metadata={"description": "Looks before are not counted"}
    )


Query = pages.make_query_schema(
    *SORTS,
    is_open=fields.Boolean(metadata={"description": "Those that nobody looked at yet"}),
    rule=fields.String(validate=validate.OneOf(RULE_NAMES)),
    bank_account_id=QueryId(),
)


@bp.get("")
@require_permission("imports:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(LookSchema))
def list_looks(arguments: dict[str, object]) -> pages.Page:
    """List decisions that were put up for a look; with `is_open=true`, those that wait for one."""
    page, filters = pages.split_arguments(arguments)
    is_open = filters.pop("is_open", None)
    rows = pages.read_page(looks.select_looks(is_open=is_open).filter_by(**filters), page, SORTS)
    return pages.change_data(rows, lambda data: [_describe_view(view) for view in looks.make_views(data)])


@bp.post(f"/<{ID}:look_id>/answer")
@require_permission("entries:decide")
@do_once
@bp.arguments(AnswerToLookSchema)
@bp.response(200, LookSchema)
def answer_look(answer: AnswerToLook, look_id: int) -> Response:
    """Say whether a decision was right; the same again changes nothing, another answer replaces it.

    A wrong one stays as it is until its entry is undone. A rule that is wrong too often stops.
    """
    look = looks.answer_look(
        look_id, is_right=answer["is_right"], now=clock.now(), actor=get_principal().actor
    )
    return answer_resource(LookSchema, _describe_view(looks.make_views([look])[0]))


def _describe_view(view: looks.LookView) -> dict[str, object]:
    names = LookSchema().fields.keys() - {"entry_id", "donor_id"}
    donor = view.decision.donor
    return {name: getattr(view.look, name) for name in names} | {
        "entry_id": view.decision.entry.id,
        "donor_id": donor.id if donor is not None else None,
    }


@all_rules.get("")
@require_permission("imports:read")
@all_rules.response(200, AllFiguresSchema)
def list_rules() -> dict[str, object]:
    """Show how often each rule was right on each account, as far as people looked, and what is stopped."""
    return {"data": [_describe_figures(row) for row in stopped_rules.list_figures()]}


def _describe_figures(row: RuleFigures) -> dict[str, object]:
    least, greatest = row.bounds
    stop = row.stop
    return {
        "rule": row.rule,
        "bank_account_id": row.bank_account_id,
        "looked_at_count": row.looks.total,
        "right_count": row.looks.right,
        "least_share": round(least, 4),
        "greatest_share": round(greatest, 4),
        "stop_id": stop.id if stop else None,
        "stopped_at": stop.stopped_at if stop else None,
        "reason": stop.reason if stop else None,
    }


@all_rules.post("/stop")
@require_permission("imports:write")
@do_once
@all_rules.arguments(RulePlaceSchema)
@all_rules.response(200, StoppedRuleSchema)
def stop_rule(place: RulePlace) -> Response:
    """Let a rule only suggest from now on, on one account or, without one, on all. Again changes nothing."""
    stop = stopped_rules.stop_rule(
        place["rule"],
        place.get("bank_account_id"),
        "person",
        now=clock.now(),
        actor=get_principal().actor,
    )
    return answer_resource(StoppedRuleSchema, _describe_stop(stop))


@all_rules.post(f"/<{ID}:stop_id>/restart")
@require_permission("imports:write")
@do_once
@all_rules.arguments(NothingSchema)
@all_rules.response(200, StoppedRuleSchema)
def restart_rule(_: object, stop_id: int) -> Response:
    """Let a stopped rule decide alone again; its looks are counted anew. Going on: no change."""
    stop = stopped_rules.restart_rule(stop_id, now=clock.now(), actor=get_principal().actor)
    return answer_resource(StoppedRuleSchema, _describe_stop(stop))


def _describe_stop(stop: MatchRule) -> dict[str, object]:
    return {name: getattr(stop, name) for name in StoppedRuleSchema().fields}
