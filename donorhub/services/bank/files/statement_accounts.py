"""Whose account each statement of a file is: found by its number, chosen by a person, or asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import BankAccount, ImportFile
from donorhub.money import is_currency
from donorhub.services.bank.files import bank_accounts
from donorhub.services.bank.files.statement_drafts import Draft
from importers import iban
from importers.codes import Reason, StatementFault
from importers.statement import SERVICE, Problem, make_problem


def resolve_accounts(
    file: ImportFile, drafts: Sequence[Draft], may_create: Sequence[bool], *, now: datetime, actor: str
) -> tuple[list[BankAccount], list[Problem]]:
    """Return the account of each statement, locked until the transaction ends, or what is to be asked.

    Create new accounts only when nothing has to be asked, and only for numbers that a sound statement of
    the file names; a report of direct debits makes none, as the one payer of all may stand where ours does.
    """
    numbers = {draft.account for draft in drafts if draft.account}
    chosen_account = bank_accounts.get_account(file.bank_account_id) if file.bank_account_id else None
    accounts_found: list[BankAccount | None] = []
    questions: list[Problem] = []
    creatable = {
        (draft.account, draft.header.currency)
        for draft, is_allowed in zip(drafts, may_create, strict=True)
        if is_allowed and is_currency(draft.header.currency) and draft.header.source_format != "debit_report"
    }
    for draft in drafts:
        account = _find_account(draft, chosen_account, is_only_one=len(numbers) <= 1)
        problem = _find_question(
            draft, account, may_create=(draft.account, draft.header.currency) in creatable
        )
        accounts_found.append(account)
        if problem is not None and problem not in questions:
            questions.append(problem)
    if questions:
        return [], questions
    accounts = [
        account or bank_accounts.create_account(draft.account, draft.header.currency, now=now, actor=actor)
        for draft, account in zip(drafts, accounts_found, strict=True)
    ]
    _lock_accounts(accounts)
    return accounts, []


def _find_account(
    draft: Draft, chosen_account: BankAccount | None, *, is_only_one: bool
) -> BankAccount | None:
    """Return the account that the file names; a person's choice stands for a file that names no IBAN.

    It goes before the name that an account of a payment service has where its file names none.
    """
    is_of_service = draft.header.account_scheme == SERVICE
    if is_of_service and is_only_one and chosen_account and chosen_account.currency == draft.header.currency:
        return chosen_account
    account = bank_accounts.find_account(draft.account, draft.header.currency) if draft.account else None
    if account is not None or chosen_account is None:
        return account
    speaks_for_itself = iban.is_iban(draft.account) and draft.account != chosen_account.number
    return None if speaks_for_itself or not is_only_one else chosen_account


def _find_question(draft: Draft, account: BankAccount | None, *, may_create: bool) -> Problem | None:
    currency = draft.header.currency
    if account is None:
        if not draft.account:
            return make_problem("error", Reason("account_missing"))
        if may_create:
            return None
        return make_problem(
            "error", Reason("account_unknown", {"account": draft.account, "currency": currency})
        )
    if account.currency != currency:
        other: Reason[StatementFault] = Reason(
            "account_currency", {"currency": currency, "account": account.name, "other": account.currency}
        )
        return make_problem("error", other)
    return None


def _lock_accounts(accounts: Sequence[BankAccount]) -> None:
    """Lock the accounts, in the order of ids so that two imports never wait for each other."""
    ids = sorted({account.id for account in accounts})
    db.session.scalars(
        select(BankAccount)
        .where(BankAccount.id.in_(ids))
        .order_by(BankAccount.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
