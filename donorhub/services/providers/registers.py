"""Registers: the newest fact about each provider object, and the present view of what belongs together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple, cast

from sqlalchemy import func, select, tuple_

import webhooks
from donorhub.db import db, insert_or_update
from donorhub.models import ProviderRegister
from webhooks.fact import Fact, merge_facts
from webhooks.states import DonorState
from webhooks.views import GroupView

KEY = (
    ProviderRegister.provider,
    ProviderRegister.account,
    ProviderRegister.kind,
    ProviderRegister.ref,
)


class Reading(NamedTuple):
    """Present views, and what the customers near them say of themselves, by their refs."""

    views: list[GroupView]
    customers: Mapping[str, DonorState]


def store_facts(provider: str, account: str, facts: Iterable[Fact], *, livemode: bool) -> set[str]:
    """Store facts that are newer than their registers, ignore others; return all groups they touch."""
    newest = merge_facts(facts)
    if not newest:
        return set()
    register = ProviderRegister
    statement = insert_or_update(
        ProviderRegister,
        on=KEY,
        columns=(
            register.grp,
            register.v_at,
            register.v_rank,
            register.v_ev,
            register.state,
            register.livemode,
        ),
        where=lambda new: (
            tuple_(new.v_at, new.v_rank, new.v_ev) > tuple_(register.v_at, register.v_rank, register.v_ev)
        ),
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


def read_views(provider: str, account: str, groups: set[str], *, near: Collection[str] = ()) -> Reading:
    """Return the present views of groups, made of their registers and of all that belongs to them.

    ``near`` names groups that may belong to them: read at once with them, they mostly save a second look.
    """
    facts: list[Fact] = []
    seen_groups: set[str] = set()
    new_groups = groups.union(near)
    while new_groups:
        new_facts = _read_facts(provider, account, new_groups)
        facts += new_facts
        seen_groups |= new_groups
        new_groups = webhooks.find_linked_groups(new_facts) - seen_groups
    customers = {fact.ref: cast(DonorState, fact.state) for fact in facts if fact.kind == "donor"}
    return Reading(webhooks.project_groups(groups, facts), customers)


def find_states(provider: str, account: str, kind: str, refs: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return what the registers of several objects of a kind hold, by ref, without those that never came."""
    refs = sorted(refs)
    if not refs:
        return {}
    register = ProviderRegister
    rows = db.session.execute(
        select(register.ref, register.state).where(
            register.provider == provider,
            register.account == account,
            register.kind == kind,
            register.ref.in_(refs),
        )
    )
    return {ref: state for ref, state in rows}  # noqa: C416  a Row is no pair for dict


def find_stated_at(provider: str, account: str, kind: str, refs: Iterable[str | None]) -> int:
    """Return when the newest word on any of these objects was said, in unix seconds; 0 when none was."""
    newest = db.session.scalar(
        select(func.max(ProviderRegister.v_at)).where(
            ProviderRegister.provider == provider,
            ProviderRegister.account == account,
            ProviderRegister.kind == kind,
            ProviderRegister.ref.in_([ref for ref in refs if ref]),
        )
    )
    return newest or 0


def _read_facts(provider: str, account: str, groups: set[str]) -> list[Fact]:
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
