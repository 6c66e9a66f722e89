"""Decisions of the engine that are put up for a look, what people said of them, and what was taken back.

A rule that the looks show to be wrong too often is stopped (:mod:`.stopped_rules`). A look is one decision;
saying that it is wrong changes nothing of it: it is taken back where it stands, at its entry.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import ColumnElement, Select, func, select

from donorhub.db import cut_query_values, db, insert_or_ignore
from donorhub.domain.bank.matching.other_payers import names_agree
from donorhub.domain.bank.matching.precision import ALL_AT_FIRST, LEAST_A_MONTH, choose_looks
from donorhub.errors import NotFound
from donorhub.models import Detail, Donor, Entry, Gift, Match, MatchLook
from donorhub.models.matching_states import RuleName, StopReason
from donorhub.money import Money
from donorhub.services.access import audit, organisation
from donorhub.services.bank.matching import stopped_rules
from donorhub.services.paging import Page, newest_first, oldest_first, read_page


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A decision of the engine with its payment and whose gift it became."""

    match: Match
    entry: Entry
    detail: Detail | None
    donor: Donor | None

    @property
    def amount(self) -> Money:
        """What the decision is about, of the whole payment."""
        return Money(self.match.amount_minor, self.entry.currency)

    @property
    def payer_name(self) -> str:
        """The payer as the bank names them."""
        return (self.detail or self.entry).counterparty_name or ""

    @property
    def text(self) -> str:
        """What the payer wrote."""
        return (self.detail or self.entry).remittance or ""


@dataclass(frozen=True, slots=True)
class LookView:
    """A decision that is put up for a look."""

    look: MatchLook
    decision: DecisionView


def draw_looks(entry_ids: Collection[int], *, now: datetime) -> None:
    """Put up some of what the engine decided of these entries at this moment; a second call puts up none."""
    for chunk in cut_query_values(sorted(set(entry_ids))):
        rows = db.session.execute(
            select(Match.rule, Entry.bank_account_id, Match.id)
            .join(Entry, Entry.id == Match.entry_id)
            .where(
                Match.entry_id.in_(chunk),
                Match.rule.is_not(None),
                Match.decided_at == now,
                Match.undone_at.is_(None),
            )
            .order_by(Match.rule)
        ).all()
        for rule, group in groupby(rows, key=lambda row: row.rule):
            _put_up(rule, {row.id: row.bank_account_id for row in group}, now=now)


def _put_up(rule: RuleName, account_of_match: dict[int, int], *, now: datetime) -> None:
    rule_count = _count_at_most(MatchLook.rule == rule, ALL_AT_FIRST)
    month_began_at = organisation.get_midnight(organisation.get_day(now).replace(day=1))
    month_count = _count_at_most(MatchLook.drawn_at >= month_began_at, LEAST_A_MONTH)
    chosen_ids = choose_looks(list(account_of_match), rule_count=rule_count, month_count=month_count)
    rows = [
        {"match_id": id_, "rule": rule, "bank_account_id": account_of_match[id_], "drawn_at": now}
        for id_ in chosen_ids
    ]
    if rows:
        db.session.execute(insert_or_ignore(MatchLook, on=(MatchLook.match_id,)), rows)


def _count_at_most(condition: ColumnElement[bool], most: int) -> int:
    rows = select(MatchLook.id).where(condition).limit(most).subquery()
    return db.session.scalar(select(func.count()).select_from(rows)) or 0


def answer_look(look_id: int, *, is_right: bool, now: datetime, actor: str) -> MatchLook:
    """Record what a person says of a decision; the same again changes nothing, another answer replaces it."""
    look = db.session.get(MatchLook, look_id, with_for_update=True, populate_existing=True)
    if look is None:
        raise NotFound(f"there is no look {look_id}")
    if look.is_right is is_right:
        return look
    _record_answer(look, is_right=is_right, now=now, actor=actor)
    return look


def note_taken_back(matches: Iterable[Match], *, now: datetime, actor: str) -> None:
    """Count decisions of the engine that a person took back as looked at and wrong; the caller holds their
    entry.
    """
    for match in matches:
        if match.rule is None:
            continue
        look = db.session.scalar(select(MatchLook).filter_by(match_id=match.id))
        if look is None:
            entry = db.session.get_one(Entry, match.entry_id)
            look = MatchLook(
                match_id=match.id, rule=match.rule, bank_account_id=entry.bank_account_id, drawn_at=now
            )
            db.session.add(look)
            db.session.flush()
        if look.is_right is not False:
            _record_answer(look, is_right=False, now=now, actor=actor)


def _record_answer(look: MatchLook, *, is_right: bool, now: datetime, actor: str) -> None:
    look.is_right, look.looked_at, look.looked_by = is_right, now, actor
    audit.record_action(
        actor,
        "look.answered",
        ("match", look.match_id),
        now=now,
        data={"is_right": is_right, "rule": look.rule},
    )
    db.session.flush()
    if not is_right:
        reason: StopReason = "wrong_donor" if _is_against_name(look) else "looks"
        stopped_rules.judge_rule(look.rule, look.bank_account_id, reason, now=now, actor=actor)


def _is_against_name(look: MatchLook) -> bool:
    """Return whether a gift went to a donor whose name is not the payer's."""
    match = db.session.get_one(Match, look.match_id)
    if match.kind != "gift" or match.donor_id is None:
        return False
    party: Entry | Detail = db.session.get_one(Entry, match.entry_id)
    if match.detail_id is not None:
        party = db.session.get_one(Detail, match.detail_id)
    donor = db.session.get_one(Donor, match.donor_id)
    return not names_agree(party.counterparty_name or "", donor.name)


def select_looks(*, is_open: bool | None = None) -> Select[MatchLook]:
    """Return the query for looks: those that wait for one, those that were answered, or all."""
    query = select(MatchLook)
    if is_open is None:
        return query
    return query.where(MatchLook.looked_at.is_(None) if is_open else MatchLook.looked_at.is_not(None))


def list_open_looks(*, after: str | None = None) -> Page[MatchLook]:
    """Return the decisions that nobody looked at yet, the oldest first."""
    return read_page(select_looks(is_open=True), oldest_first(MatchLook.id), after=after)


def list_answered_looks(*, after: str | None = None) -> Page[MatchLook]:
    """Return what people said, the last first."""
    return read_page(
        select_looks(is_open=False), newest_first(MatchLook.looked_at, MatchLook.id), after=after
    )


def make_views(rows: Sequence[MatchLook]) -> list[LookView]:
    """Return looks with all that a person wants to see of each."""
    views = _read_decisions([look.match_id for look in rows])
    return [LookView(look, views[look.match_id]) for look in rows]


def make_decision_views(rows: Sequence[Match]) -> list[DecisionView]:
    """Return decisions with all that a person wants to see of each."""
    views = _read_decisions([match.id for match in rows])
    return [views[match.id] for match in rows]


def _read_decisions(match_ids: Collection[int]) -> dict[int, DecisionView]:
    match_rows = db.session.execute(
        select(Match, Entry, Detail, Donor)
        .join(Entry, Entry.id == Match.entry_id)
        .outerjoin(Detail, Detail.id == Match.detail_id)
        .outerjoin(Gift, Gift.id == Match.gift_id)
        .outerjoin(Donor, Donor.id == func.coalesce(Gift.donor_id, Match.donor_id))
        .where(Match.id.in_(list(match_ids)))
    ).all()
    return {match.id: DecisionView(match, entry, detail, donor) for match, entry, detail, donor in match_rows}
