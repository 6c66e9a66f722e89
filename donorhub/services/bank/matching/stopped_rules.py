"""Rules by which matching decides alone: what people found of each, and those that were stopped.

A stopped rule only suggests, on one account or on all, until a person lets it go on; then its looks are
counted anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import compress

from sqlalchemy import ColumnElement, case, func, or_, select, text

from donorhub.db import db, write_literal
from donorhub.domain.bank.matching.precision import Looks, compute_bounds, has_failed
from donorhub.errors import NotFound
from donorhub.models import Entry, Match, MatchLook, MatchRule
from donorhub.models.matching_states import RULE_NAMES, RuleName, StopReason
from donorhub.services.access import audit
from donorhub.services.bank.files import bank_accounts
from donorhub.services.counting import count_rows
from donorhub.services.paging import Page, equals_if_given, newest_first, read_page
from donorhub.services.work import tasks


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """What people found of a rule on an account since it last went on, and whether it is stopped there."""

    rule: RuleName
    bank_account_id: int | None
    looks: Looks
    stop: MatchRule | None

    @property
    def bounds(self) -> tuple[float, float]:
        """Between which shares, 0 to 1, the share of right decisions lies."""
        return compute_bounds(self.looks)


def list_stopped(bank_account_id: int) -> frozenset[RuleName]:
    """Return the rules that only suggest on an account, be it that they are stopped on all."""
    rows = db.session.scalars(
        select(MatchRule.rule).where(
            MatchRule.stopped_at.is_not(None),
            or_(MatchRule.bank_account_id == bank_account_id, MatchRule.bank_account_id.is_(None)),
        )
    )
    return frozenset(rows)


def judge_rule(
    rule: RuleName, bank_account_id: int, reason: StopReason, *, now: datetime, actor: str
) -> None:
    """Stop a rule whose looks show that it is wrong too often, on this account or, where none has enough of
    them, on all.

    ``reason`` is ``wrong_donor`` where a gift went to a donor against the payer's name: it stops at
    once.
    """
    looks_by_account = {place: looks for (_, place), looks in _count_looks(rule).items()}
    total = Looks(*(sum(numbers) for numbers in zip(*looks_by_account.values(), strict=True)))
    if reason == "wrong_donor" or has_failed(looks_by_account.get(bank_account_id, Looks())):
        stop_rule(rule, bank_account_id, reason, now=now, actor=actor)
    elif has_failed(total):
        stop_rule(rule, None, reason, now=now, actor=actor)


def _count_looks(rule: RuleName | None = None) -> dict[tuple[RuleName, int], Looks]:
    """Return what people found, by rule and account, since the rule last went on there."""
    is_before = (
        select(MatchRule.id)
        .where(
            MatchRule.rule == MatchLook.rule,
            or_(MatchRule.bank_account_id.is_(None), MatchRule.bank_account_id == MatchLook.bank_account_id),
            MatchRule.since_at >= MatchLook.looked_at,
        )
        .exists()
    )
    query = (
        select(
            MatchLook.rule,
            MatchLook.bank_account_id,
            func.sum(case((MatchLook.is_right.is_(True), 1), else_=0)),
            func.sum(case((MatchLook.is_right.is_(False), 1), else_=0)),
        )
        .where(MatchLook.looked_at.is_not(None), ~is_before, *equals_if_given(MatchLook.rule, rule))
        .group_by(MatchLook.rule, MatchLook.bank_account_id)
    )
    return {(name, place): Looks(right, wrong) for name, place, right, wrong in db.session.execute(query)}


def stop_rule(
    rule: RuleName, bank_account_id: int | None, reason: StopReason, *, now: datetime, actor: str
) -> MatchRule:
    """Let a rule only suggest from now on, and tell the accountant; ignore one that is stopped there."""
    _refuse_unknown_account(bank_account_id)
    of_place = func.coalesce(MatchRule.bank_account_id, 0) == (bank_account_id or 0)
    stop = _read_in_turn((MatchRule.rule == rule) & of_place)
    if stop is None:
        stop = MatchRule(rule=rule, bank_account_id=bank_account_id)
        db.session.add(stop)
    elif stop.stopped_at is not None:
        return stop
    stop.reason, stop.stopped_at, stop.stopped_by = reason, now, actor
    db.session.flush()
    facts = {"rule": rule, "reason": reason}
    audit.record_action(actor, "rule.stopped", ("match_rule", stop.id), now=now, data=facts)
    if reason != "person":
        tasks.plan_task(
            _name_task(stop),
            kind="rule_stopped",
            role="accountant",
            subject=("match_rule", stop.id),
            now=now,
            facts=facts,
        )
    return stop


def restart_rule(stop_id: int, *, now: datetime, actor: str) -> MatchRule:
    """Let a stopped rule decide alone again; what was looked at before does not count any more.

    Ignore one that is not stopped. Raise NotFound where there is none.
    """
    stop = _read_in_turn(MatchRule.id == stop_id)
    if stop is None:
        raise NotFound(f"no rule was stopped under {stop_id}")
    if stop.stopped_at is not None:
        tasks.cancel_task(_name_task(stop), now=now, actor=actor, reason="restarted")
        stop.stopped_at, stop.since_at = None, now
        audit.record_action(
            actor, "rule.restarted", ("match_rule", stop.id), now=now, data={"rule": stop.rule}
        )
    return stop


def _read_in_turn(condition: ColumnElement[bool]) -> MatchRule | None:
    """Return the rule that was stopped once; until the transaction ends nobody else stops one, or lets one go
    on.
    """
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(727284, 0)"))
    return db.session.scalar(select(MatchRule).where(condition).execution_options(populate_existing=True))


def _refuse_unknown_account(bank_account_id: int | None) -> None:
    if bank_account_id is not None:
        bank_accounts.get_account(bank_account_id)


def _name_task(stop: MatchRule) -> str:
    moment = stop.stopped_at.isoformat() if stop.stopped_at else ""
    return f"rule_stopped:{stop.id}:{moment}"


def list_figures() -> list[RuleFigures]:
    """Return what people found of each rule on each account of ours, and where it is stopped on all.

    A rule that decided, and at which nobody looked yet, stands once, for all accounts.
    """
    looks_by_place = _count_looks()
    stops = {
        (stop.rule, stop.bank_account_id): stop
        for stop in db.session.scalars(select(MatchRule).where(MatchRule.stopped_at.is_not(None)))
    }
    places: set[tuple[RuleName, int | None]] = {*looks_by_place, *stops}
    places |= {(rule, None) for rule in _list_used_rules() - {rule for rule, _ in places}}
    return [
        RuleFigures(
            rule,
            account_id,
            looks_by_place.get((rule, account_id or 0), Looks()),
            stops.get((rule, account_id)),
        )
        for rule, account_id in sorted(places, key=lambda place: (RULE_NAMES.index(place[0]), place[1] or 0))
    ]


def _list_used_rules() -> set[RuleName]:
    """Return the rules of which a decision stands."""
    is_used = [
        select(Match.id).where(Match.rule == write_literal(rule), Match.undone_at.is_(None)).exists()
        for rule in RULE_NAMES
    ]
    return set(compress(RULE_NAMES, db.session.execute(select(*is_used)).one()))


def count_decisions(rule: RuleName) -> int:
    """Return how many decisions of a rule stand, as far as :mod:`donorhub.services.counting` counts."""
    return count_rows(select(Match.id).where(Match.rule == write_literal(rule), Match.undone_at.is_(None)))


def list_unproved_decisions(
    rule: RuleName, bank_account_id: int | None, *, after: str | None = None
) -> Page[Match]:
    """Return what a rule decided since the last decision that was found right, the last first."""
    of_account = equals_if_given(Entry.bank_account_id, bank_account_id)
    last_right_at = db.session.scalar(
        select(func.max(Match.decided_at))
        .join(MatchLook, MatchLook.match_id == Match.id)
        .where(
            MatchLook.rule == rule,
            MatchLook.is_right.is_(True),
            *equals_if_given(MatchLook.bank_account_id, bank_account_id),
        )
    )
    query = (
        select(Match)
        .join(Entry, Entry.id == Match.entry_id)
        .where(Match.rule == write_literal(rule), Match.undone_at.is_(None), *of_account)
    )
    if last_right_at is not None:
        query = query.where(Match.decided_at > last_right_at)
    return read_page(query, newest_first(Match.decided_at, Match.id), after=after)
