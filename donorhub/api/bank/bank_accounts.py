"""Our own bank accounts over the API, with the breaks in the chain of their statements."""

from __future__ import annotations

from typing import Final

from flask import Response
from marshmallow import fields

from donorhub import clock
from donorhub.api import etags, pages
from donorhub.api.answers import answer_new_resource, answer_with_etag, compute_etag
from donorhub.api.blueprint import ID, HouseBlueprint
from donorhub.api.http import get_principal, require_permission
from donorhub.api.idempotency import commit_work, do_once
from donorhub.api.rows import Rows
from donorhub.api.schemas import AnswerSchema
from donorhub.models import BankAccount
from donorhub.money import Money
from donorhub.schemas.bank import (
    BankAccountChanges,
    BankAccountChangesSchema,
    NewBankAccount,
    NewBankAccountSchema,
)
from donorhub.schemas.fields import Instant
from donorhub.schemas.money import MoneySchema
from donorhub.services.bank import coverage
from donorhub.services.bank.files import bank_accounts

bp = HouseBlueprint("bank_accounts", __name__, path="/bank-accounts", description="Our own accounts.")
SORTS: Final = {"id": BankAccount.id, "name": BankAccount.name}


class BankAccountSchema(AnswerSchema):
    id = fields.Integer(required=True)
    name = fields.String(required=True)
    number = fields.String(required=True)
    currency = fields.String(required=True)
    matching = fields.String(required=True)
    owner_id = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Whose task it is to decide what waits; null: any accountant's"},
    )
    closed_on = fields.Date(
        allow_none=True, metadata={"description": "From this day on nobody waits for its statements"}
    )
    created_at = Instant(required=True)


class GapSchema(AnswerSchema):
    """Between two statements something is missing: the later opens with another balance."""

    after_id = fields.Integer(required=True, metadata={"description": "The statement before"})
    before_id = fields.Integer(required=True, metadata={"description": "The statement after"})
    from_on = fields.Date(required=True)
    to_on = fields.Date(required=True)
    missing = fields.Nested(MoneySchema)


class BankAccountWithGapsSchema(BankAccountSchema):
    gaps = fields.List(fields.Nested(GapSchema), required=True)
    known_from = fields.Date(
        allow_none=True, metadata={"description": "The first day of which its statements tell all"}
    )
    known_to = fields.Date(
        allow_none=True,
        metadata={"description": "The last such day without a gap; what is due later cannot be missed yet"},
    )


ROWS: Final = Rows(BankAccountSchema, BankAccount, SORTS)


@bp.get("")
@require_permission("imports:read")
@bp.arguments(pages.make_query_schema(*SORTS), location="query")
@bp.response(200, pages.make_page_schema(BankAccountSchema))
def list_bank_accounts(query: pages.PageArguments) -> Response:
    """List our accounts."""
    return ROWS.answer_page(query)


@bp.post("")
@require_permission("imports:write")
@do_once
@bp.arguments(NewBankAccountSchema)
@bp.response(201, BankAccountSchema)
def create_bank_account(new: NewBankAccount) -> Response:
    """Add an account of ours. The same number and currency again give the one that is there."""
    account = bank_accounts.create_account(
        new["number"],
        new["currency"],
        name=new.get("name", ""),
        matching=new.get("matching", "suggest"),
        now=clock.now(),
        actor=get_principal().actor,
    )
    return answer_new_resource(BankAccountSchema, account)


@bp.get(f"/<{ID}:bank_account_id>")
@require_permission("imports:read")
@etags.mark_versioned
@bp.response(200, BankAccountWithGapsSchema)
def get_bank_account(bank_account_id: int) -> Response:
    """Show an account with the gaps between its statements."""
    return answer_with_etag(
        BankAccountWithGapsSchema, _make_answer(bank_accounts.get_account(bank_account_id))
    )


@bp.patch(f"/<{ID}:bank_account_id>")
@require_permission("imports:write")
@commit_work
@etags.mark_versioned
@bp.arguments(BankAccountChangesSchema(partial=True))
@bp.response(200, BankAccountWithGapsSchema)
def change_bank_account(changes: BankAccountChanges, bank_account_id: int) -> Response:
    """Rename an account, say how far matching may go by itself, or close it."""
    account = bank_accounts.get_account(bank_account_id)
    etags.require_match(compute_etag(BankAccountWithGapsSchema, _make_answer(account)))
    bank_accounts.change_account(account, now=clock.now(), actor=get_principal().actor, **changes)
    return answer_with_etag(BankAccountWithGapsSchema, _make_answer(account))


def _make_answer(account: BankAccount) -> dict[str, object]:
    gaps = bank_accounts.find_gaps(account.id)
    gap_answers = [
        {name: getattr(gap, name) for name in ("after_id", "before_id", "from_on", "to_on")}
        | {"missing": Money(gap.missing_minor, gap.currency)}
        for gap in gaps
    ]
    ours = {column.key: getattr(account, column.key) for column in BankAccount.__table__.columns}
    known_from, known_to = coverage.find_days_of_account(account.id, gaps) or (None, None)
    return ours | {"gaps": gap_answers, "known_from": known_from, "known_to": known_to}
