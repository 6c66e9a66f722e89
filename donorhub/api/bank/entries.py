"""Bank entries over the API: what waits for a decision, what the engine proposes, and deciding it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

from flask import Response
from marshmallow import Schema, fields, validate
from sqlalchemy import select

from donorhub import clock
from donorhub.api import pages
from donorhub.api.answers import answer_resource
from donorhub.api.bank.certain_payments import CertainPaymentsSchema, describe_payments
from donorhub.api.bank.entry_answers import (
    EntrySchema,
    EntryWithProposalsSchema,
    make_answer,
    make_list_answers,
)
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.changed import show_change, show_changed_row
from donorhub.api.duplicates import DuplicateQuery
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import do_once
from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import Entry
from donorhub.models.states import ENTRY_STATES
from donorhub.schemas.bank import WAYS, ConfirmedWhich, ConfirmedWhichSchema, NewMatchSchema, Which
from donorhub.schemas.fields import Day, QueryId, StrictSchema
from donorhub.schemas.shown import Shown, ShownSchema
from donorhub.services.bank.matching import certain_entries, entries, shown_doubts
from donorhub.services.bank.matching.certain_entries import CertainPayments
from donorhub.services.bank.matching.entries import Share
from donorhub.services.bank.matching.shown_doubts import Doubt

bp = HouseBlueprint("entries", __name__, path="/entries", description="Lines of bank statements.")
SORTS: Final = {"id": Entry.id, "booked_on": Entry.booked_on}


class AcceptedSchema(Schema):
    """How much was decided at once."""

    accepted = fields.Integer(required=True, metadata={"description": "How many payments were decided"})


class WhichQuerySchema(StrictSchema):
    """Which of the waiting entries are looked at; all, when nothing is said."""

    bank_account_id = QueryId(metadata={"description": "Those of one account"})
    statement_id = QueryId(metadata={"description": "Those that one statement brought"})
    after_entry_id = QueryId(metadata={"description": "Those behind this one: the `last_entry_id` of before"})


Query = pages.make_query_schema(
    *SORTS,
    by_time={"booked_from": "booked_on", "booked_to": "booked_on"},
    state=fields.String(validate=validate.OneOf(ENTRY_STATES)),
    bank_account_id=QueryId(),
    statement_id=QueryId(),
    booked_from=Day(),
    booked_to=Day(),
)


@bp.get("")
@require_permission("imports:read")
@bp.arguments(Query, location="query")
@bp.response(200, pages.make_page_schema(EntrySchema))
def list_entries(arguments: dict[str, object]) -> pages.Page:
    """List bank entries; with `state=suspense`, those that wait for a decision."""
    page, filters = pages.split_arguments(arguments)
    query = select(Entry)
    if "booked_from" in filters:
        query = query.where(Entry.booked_on >= filters.pop("booked_from"))
    if "booked_to" in filters:
        query = query.where(Entry.booked_on <= filters.pop("booked_to"))
    return pages.change_data(pages.read_page(query.filter_by(**filters), page, SORTS), make_list_answers)


@bp.get(f"/<{ID}:entry_id>")
@require_permission("imports:read")
@bp.response(200, EntryWithProposalsSchema)
def get_entry(entry_id: int) -> Response:
    """Show an entry with its payments, its decisions, and what the engine proposes now and why."""
    return _show_entry(entries.get_entry(entry_id))


@bp.get("/certain")
@require_permission("imports:read")
@bp.arguments(WhichQuerySchema, location="query")
@bp.response(200, CertainPaymentsSchema)
def list_certain(which: ConfirmedWhich) -> Response:
    """Show what `accept-certain` would accept next, at most those of 500 entries, with the `digest` of it."""
    payments = certain_entries.list_certain_payments(
        **_read_narrowing(which), after_entry_id=which.get("after_entry_id")
    )
    return answer_resource(CertainPaymentsSchema, describe_payments(payments))


@bp.post("/accept-certain")
@require_permission("entries:decide")
@do_once
@bp.arguments(ConfirmedWhichSchema)
@bp.response(200, AcceptedSchema)
def accept_certain(which: ConfirmedWhich) -> dict[str, int]:
    """Accept every proposal of level `sure` among the entries that wait. Again finds none left.

    With the `digest` of `/entries/certain` exactly those are accepted: where they are others by now, the
    answer is 409 `changed` with the new `preview`, and nothing is decided.
    """
    now, actor = clock.now(), get_principal().actor
    digest, narrow = which.get("digest", ""), _read_narrowing(which)
    count = 0
    if digest:
        with show_change(CertainPayments, CertainPaymentsSchema, describe_payments):
            count = certain_entries.accept_shown_payments(
                digest, **narrow, after_entry_id=which.get("after_entry_id"), now=now, actor=actor
            )
        return {"accepted": count}
    for chunk_count in certain_entries.accept_certain_entries(**narrow, now=now, actor=actor):
        db.session.commit()  # nobody else can write while a chunk is being accepted: let them in between
        count += chunk_count
    return {"accepted": count}


def _read_narrowing(which: Which) -> Which:
    narrow = Which()
    if "bank_account_id" in which:
        narrow["bank_account_id"] = which["bank_account_id"]
    if "statement_id" in which:
        narrow["statement_id"] = which["statement_id"]
    return narrow


@bp.post(f"/<{ID}:entry_id>/matches")
@require_permission("entries:decide")
@do_once
@bp.arguments(DuplicateQuery, location="query")
@bp.arguments(NewMatchSchema)
@bp.response(200, EntryWithProposalsSchema)
@bp.alt_response(
    409, description="`changed`, `possible_duplicate`, `possible_duplicate_gift`: it may be there already."
)
def decide_entry(arguments: Mapping[str, bool], decision: dict[str, object], entry_id: int) -> Response:
    """Decide what an entry is. The same decision again changes nothing; another wants the first undone.

    With the `digest` of the entry, or of the proposal that `rank` names, exactly that is decided: where it is
    another by now, the answer is 409 `changed` with the new `preview`, and nothing is.
    A `new_donor` who may be there already is refused, with `donor_ids`, unless `allow_duplicate` is said; so
    is a gift of the same donor, day and amount as one recorded by hand, with `gift_ids`.
    """
    way = next(way for way in WAYS if way in decision)
    where: dict[str, Any] = {"now": clock.now(), "actor": get_principal().actor}
    if arguments["allow_duplicate"] and way in _ASKING:
        where[_ASKING[way]] = None
    if "detail_id" in decision:
        where["detail_id"] = decision["detail_id"]
    if "digest" in decision:
        where["digest"] = decision["digest"]
    with _show_change():
        _DECIDE[way](entry_id, decision[way], where)
    return _show_entry(entries.get_entry(entry_id))


@bp.post(f"/<{ID}:entry_id>/undo")
@require_permission("entries:decide")
@do_once
@bp.arguments(ShownSchema)
@bp.response(200, EntryWithProposalsSchema)
def undo_entry(confirmation: Shown, entry_id: int) -> Response:
    """Take back what was decided: its gifts are corrected and it waits again. Not decided: no change."""
    with _show_change():
        entry = entries.undo_entry(entry_id, now=clock.now(), actor=get_principal().actor, **confirmation)
    return _show_entry(entry)


@bp.post(f"/<{ID}:entry_id>/accept")
@require_permission("entries:decide")
@do_once
@bp.arguments(ShownSchema)
@bp.response(200, EntryWithProposalsSchema)
def accept_entry(confirmation: Shown, entry_id: int) -> Response:
    """Say of a doubtful entry that it is other money than the one it looks like."""
    return _settle_doubt(entry_id, "other_money", confirmation)


@bp.post(f"/<{ID}:entry_id>/reject")
@require_permission("entries:decide")
@do_once
@bp.arguments(ShownSchema)
@bp.response(200, EntryWithProposalsSchema)
def reject_entry(confirmation: Shown, entry_id: int) -> Response:
    """Say of a doubtful entry that the ledger has it already."""
    return _settle_doubt(entry_id, "known", confirmation)


def _settle_doubt(entry_id: int, answer: Doubt, confirmation: Shown) -> Response:
    with _show_change():
        entry = shown_doubts.settle_shown_doubt(
            entry_id, answer, digest=confirmation.get("digest"), now=clock.now(), actor=get_principal().actor
        )
    return _show_entry(entry)


def _show_change() -> AbstractContextManager[None]:
    return show_changed_row(EntryWithProposalsSchema, make_answer)


def _show_entry(entry: Entry) -> Response:
    return answer_resource(EntryWithProposalsSchema, make_answer(entry))


def _accept_parts(entry_id: int, parts: list[dict[str, Any]], where: dict[str, Any]) -> None:
    currency = entries.get_entry(entry_id).currency
    if any(part["amount"].currency != currency for part in parts):
        raise Rejected(f"this entry is in {currency}", field="/parts")
    shares = [Share(part["donor_id"], part["amount"].minor, part.get("fund_id")) for part in parts]
    entries.accept_shares(entry_id, shares, **where)


def _join_payout(entry_id: int, payout_id: int, where: dict[str, Any]) -> None:
    where.pop("detail_id", None)  # a payout is a whole entry
    entries.join_payout(entry_id, payout_id, **where)


# The ways that ask what may be there already, and the argument that says it is another.
_ASKING: Final = {"new_donor": "alike_ids", "rank": "equal_ids", "parts": "equal_ids"}
_DECIDE: Final[dict[str, Callable[[int, Any, dict[str, Any]], object]]] = {
    "rank": lambda entry_id, rank, where: entries.accept_proposal(entry_id, rank=rank, **where),
    "parts": _accept_parts,
    "payout_id": _join_payout,
    "gift_id": lambda entry_id, gift_id, where: entries.accept_return(entry_id, gift_id, **where),
    "not_gift": lambda entry_id, reason, where: entries.mark_not_a_gift(entry_id, reason, **where),
    "new_donor": lambda entry_id, donor, where: entries.create_donor_from(entry_id, donor, **where),
}
