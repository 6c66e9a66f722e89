"""Registers: the newest fact about each provider object, and the present view of what belongs together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select, tuple_

import webhooks
from donorhub.db import db, insert_or_update
from donorhub.models import ProviderRegister
from webhooks.fact import Fact, merge_facts
from webhooks.views import GroupView

KEY = (
    ProviderRegister.provider,
    ProviderRegister.account,
    ProviderRegister.kind,
    ProviderRegister.ref,
)


def keep(provider: str, account: str, facts: Iterable[Fact], *, livemode: bool) -> set[str]:
    """Store facts where they are newer than what is held; gives the groups they touch."""
    newest = merge_facts(facts)
    if not newest:
        return set()
    held = ProviderRegister
    statement = insert_or_update(
        ProviderRegister,
        on=KEY,
        columns=(held.grp, held.v_at, held.v_rank, held.v_ev, held.state, held.livemode),
        where=lambda new: tuple_(new.v_at, new.v_rank, new.v_ev) > tuple_(held.v_at, held.v_rank, held.v_ev),
    )
    rows = [
        {
            "provider": provider,
            "account": account,
            "kind": fact.kind,
            "ref": fact.ref,
            "grp": fact.group,
            "v_at": fact.at,
            "v_rank": fact.rank,
            "v_ev": fact.ev,
            "state": dict(fact.state),
            "livemode": livemode,
        }
        for fact in newest.values()
    ]
    db.session.execute(statement, rows)
    return {fact.group for fact in newest.values()}


def views(provider: str, account: str, touched: set[str]) -> list[GroupView]:
    """The present views of the touched groups, with all that belongs to them loaded."""
    held: list[Fact] = []
    seen: set[str] = set()
    wanted = set(touched)
    while wanted:
        held += _load(provider, account, wanted)
        seen |= wanted
        wanted = webhooks.find_linked_groups(held) - seen
    return webhooks.project_groups(touched, held)


def state_of(provider: str, account: str, kind: str, ref: str) -> dict[str, Any] | None:
    """What the register of one object holds; None when nothing was told of it."""
    return db.session.scalar(
        select(ProviderRegister.state).filter_by(provider=provider, account=account, kind=kind, ref=ref)
    )


def states_of(provider: str, account: str, kind: str, refs: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return what the registers of several objects of a kind hold, by ref, without those never told of."""
    refs = sorted(refs)
    if not refs:
        return {}
    held = ProviderRegister
    rows = db.session.execute(
        select(held.ref, held.state).where(
            held.provider == provider, held.account == account, held.kind == kind, held.ref.in_(refs)
        )
    )
    return {ref: state for ref, state in rows}  # noqa: C416  a Row is no pair for dict


def find_stated_at(provider: str, account: str, kind: str, refs: Iterable[str | None]) -> int:
    """When the newest word on any of these objects was said, in unix seconds; 0 when none was."""
    newest = db.session.scalar(
        select(func.max(ProviderRegister.v_at)).where(
            ProviderRegister.provider == provider,
            ProviderRegister.account == account,
            ProviderRegister.kind == kind,
            ProviderRegister.ref.in_([ref for ref in refs if ref]),
        )
    )
    return newest or 0


def _load(provider: str, account: str, groups: set[str]) -> list[Fact]:
    rows = db.session.execute(
        select(
            ProviderRegister.kind,
            ProviderRegister.ref,
            ProviderRegister.grp,
            ProviderRegister.v_at,
            ProviderRegister.v_rank,
            ProviderRegister.v_ev,
            ProviderRegister.state,
        ).where(
            ProviderRegister.provider == provider,
            ProviderRegister.account == account,
            ProviderRegister.grp.in_(groups),
        )
    )
    return [Fact(*row) for row in rows]
