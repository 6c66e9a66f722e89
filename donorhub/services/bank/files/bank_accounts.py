"""Our own bank accounts: finding them by number, adding them, and the gaps between their statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, NamedTuple

from sqlalchemy import func, select

from donorhub.db import db, insert_or_ignore
from donorhub.domain.payer_text import normalise_account
from donorhub.errors import NotFound, Rejected
from donorhub.models import BankAccount, Entry, Statement
from donorhub.models.states import COUNTED_STATEMENTS, MATCHING_MODES, UNCOUNTED_ENTRIES, MatchingMode
from donorhub.services.access import audit, users


@dataclass(frozen=True, slots=True)
class Gap:
    """Between two statements something is missing: the later opens with another balance.

    ``missing_minor`` is what the entries that are not here add up to. What files without
    balances brought of these days is here, and no part of it.
    """

    after_id: int
    before_id: int
    from_on: date
    to_on: date
    missing_minor: int
    currency: str


def normalise_number(number: str) -> str:
    """Return the account without blanks, in capitals; the 26 digits of an NRB get their ``PL``."""
    return normalise_account(number) or ""


def find_account(number: str, currency: str) -> BankAccount | None:
    """Return our account of this number and currency; None where there is none."""
    return db.session.scalar(
        select(BankAccount).filter_by(number=normalise_number(number), currency=currency)
    )


def get_account(bank_account_id: int) -> BankAccount:
    """Return the account; raise NotFound where there is none."""
    account = db.session.get(BankAccount, bank_account_id)
    if account is None:
        raise NotFound(f"there is no bank account {bank_account_id}", field="/bank_account_id")
    return account


def list_accounts() -> Sequence[BankAccount]:
    """Return all accounts of ours, by name."""
    return db.session.scalars(select(BankAccount).order_by(BankAccount.name, BankAccount.id)).all()


def create_account(
    number: str,
    currency: str,
    *,
    now: datetime,
    actor: str,
    name: str = "",
    matching: MatchingMode = "suggest",
) -> BankAccount:
    """Add an account of ours. The same number and currency again give the first row back."""
    clean_number = normalise_number(number)
    if not clean_number:
        raise Rejected("an account needs a number", field="/number")
    added_id = db.session.scalar(
        insert_or_ignore(
            BankAccount,
            on=(
                BankAccount.number,
                BankAccount.currency,
            ),
        )
        .values(
            name=name or clean_number,
            number=clean_number,
            currency=currency,
            matching=_check_mode(matching),
            created_at=now,
        )
        .returning(BankAccount.id)
    )
    account = find_account(clean_number, currency)
    if account is None:
        raise NotFound(f"there is no bank account {clean_number} in {currency}")
    if added_id is not None:
        audit.record_action(actor, "bank_account.created", ("bank_account", account.id), now=now)
    return account


def change_account(
    account: BankAccount,
    *,
    now: datetime,
    actor: str,
    name: str | None = None,
    matching: MatchingMode | None = None,
    closed_on: date | Literal["keep"] | None = "keep",
    owner_id: int | Literal["keep"] | None = "keep",
) -> BankAccount:
    """Rename an account, say how far matching may go by itself, who decides what waits, or from which day on
    it is closed, if any.

    What is as it was changes nothing. Raise Rejected for an owner who is none of the staff.
    """
    new_values: dict[str, object] = {
        "name": name,
        "matching": _check_mode(matching) if matching is not None else None,
    }
    changes = {
        field: value
        for field, value in new_values.items()
        if value not in (None, "", getattr(account, field))
    }
    if closed_on not in ("keep", account.closed_on):
        changes["closed_on"] = closed_on
    if owner_id not in ("keep", account.owner_id):
        if isinstance(owner_id, int) and not users.is_active(owner_id):
            raise Rejected(f"there is no user {owner_id}", field="/owner_id", code="assignee_unknown")
        changes["owner_id"] = owner_id
    if changes:
        audit.record_change(
            actor,
            "bank_account.changed",
            ("bank_account", account.id),
            {field: (getattr(account, field), value) for field, value in changes.items()},
            now=now,
        )
    for field, value in changes.items():
        setattr(account, field, value)
    return account


def _check_mode(matching: MatchingMode) -> MatchingMode:
    if matching not in MATCHING_MODES:
        raise Rejected(f"matching is one of {', '.join(MATCHING_MODES)}", field="/matching")
    return matching


class _Link(NamedTuple):
    """What the chain needs of a statement that names its days and both balances."""

    period_from: date
    period_to: date | None
    id: int
    opening_minor: int
    closing_minor: int
    currency: str


def find_gaps(bank_account_id: int) -> list[Gap]:
    """Return the breaks in the chain "closing of one = opening of the next", oldest first."""
    rows = db.session.execute(
        select(
            Statement.period_from,
            Statement.period_to,
            Statement.id,
            Statement.opening_minor,
            Statement.closing_minor,
            Statement.currency,
        )
        .where(
            Statement.bank_account_id == bank_account_id,
            Statement.state.in_(COUNTED_STATEMENTS),
            Statement.is_advice.is_(False),
            Statement.period_from.is_not(None),
            Statement.opening_minor.is_not(None),
            Statement.closing_minor.is_not(None),
        )
        .order_by(Statement.period_from, Statement.period_to, Statement.id)
    )
    links = [_Link._make(row) for row in rows]  # an account has thousands
    return _leave_out_explained_gaps(bank_account_id, _find_breaks(links))


def _leave_out_explained_gaps(bank_account_id: int, breaks: Sequence[Gap]) -> list[Gap]:
    """Return the breaks without the money that entries of statements outside the chain account for."""
    if not breaks:
        return []
    sums = _sum_outside_the_chain(bank_account_id, breaks[0].from_on, breaks[-1].to_on)
    gaps = []
    for gap in breaks:
        sum_in_gap = sum(minor for day, minor in sums if gap.from_on <= day <= gap.to_on)
        if sum_in_gap != gap.missing_minor:
            gaps.append(replace(gap, missing_minor=gap.missing_minor - sum_in_gap))
    return gaps


def _sum_outside_the_chain(bank_account_id: int, from_on: date, to_on: date) -> list[tuple[date, int]]:
    """Return, day by day, what the ledger has from statements that lack a balance."""
    rows = db.session.execute(
        select(Entry.booked_on, func.sum(Entry.amount_minor))
        .where(
            Entry.statement_id.in_(
                select(Statement.id).where(
                    Statement.bank_account_id == bank_account_id,
                    Statement.opening_minor.is_(None) | Statement.closing_minor.is_(None),
                )
            ),
            Entry.booked_on.between(from_on, to_on),
            Entry.state.not_in(UNCOUNTED_ENTRIES),
        )
        .group_by(Entry.booked_on)
    )
    return [(day, int(minor)) for day, minor in rows]


def _find_breaks(links: Sequence[_Link]) -> list[Gap]:
    """Walk forward; ``last`` is the statement that reaches farthest so far."""
    gaps: list[Gap] = []
    closings: set[int] = set()
    last: _Link | None = None
    last_on = date.min
    for link in links:
        if last is not None and link.period_from > last_on and link.opening_minor not in closings:
            missing_minor = link.opening_minor - last.closing_minor
            gaps.append(Gap(last.id, link.id, last_on, link.period_from, missing_minor, link.currency))
        closings.add(link.closing_minor)
        ends_on = link.period_to or link.period_from
        if ends_on >= last_on:
            last, last_on = link, ends_on
    return gaps
