"""The drain of the inbox in memory, as ``webhooks.states`` tells it: registers, and rows made of views."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from tests.webhooks.scenarios import Event, to_raw
from webhooks import find_linked_groups, get_provider, project_groups
from webhooks.fact import Fact, RawEvent
from webhooks.views import GroupView, InstalmentView, PaymentView, PayoutView, RecurringView


class Registers:
    def __init__(self) -> None:
        self.facts_by_key: dict[tuple[str, str], Fact] = {}
        self.rows: dict[str, GroupView] = {}

    def drain(self, batch: Iterable[RawEvent]) -> None:
        facts = [fact for event in batch for fact in get_provider("stripe").read_facts(event)]
        for fact in facts:
            earlier_fact = self.facts_by_key.get((fact.kind, fact.ref))
            if earlier_fact is None or fact.version > earlier_fact.version:
                self.facts_by_key[fact.kind, fact.ref] = fact
        self._project({fact.group for fact in facts})

    def load(self, groups: set[str]) -> list[Fact]:
        """What a service reads: the groups, then what they reach, until there is nothing new."""
        seen: set[str] = set()
        facts: list[Fact] = []
        while groups:
            loaded_facts = [fact for fact in self.facts_by_key.values() if fact.group in groups]
            seen |= groups
            facts += loaded_facts
            groups = find_linked_groups(loaded_facts) - seen
        return facts

    def _project(self, touched: set[str]) -> None:
        while touched:
            new: set[str] = set()
            for view in project_groups(touched, self.load(touched)):
                is_new = view.key not in self.rows or not _is_whole(self.rows[view.key])
                if _is_whole(view) and is_new:
                    new.update(view.below)
                self.rows[view.key] = view
            touched = new


def _is_whole(view: GroupView) -> bool:
    return bool(view.payment or view.recurring or view.instalment)


def after(events: list[Event], *fetched_events: RawEvent) -> dict[str, GroupView]:
    registers = Registers()
    registers.drain([*map(to_raw, events), *fetched_events])
    return registers.rows


def payment(rows: dict[str, GroupView], key: str = "pi_x1") -> PaymentView:
    view = rows[key].payment
    assert view is not None
    return view


def recurring(rows: dict[str, GroupView]) -> RecurringView:
    view = rows["sub_x1"].recurring
    assert view is not None
    return view


def instalment(rows: dict[str, GroupView], ref: str = "in_x1") -> InstalmentView:
    view = rows[ref].instalment
    assert view is not None
    return view


def payout(rows: dict[str, GroupView]) -> PayoutView:
    view = rows["po_x1"].payout
    assert view is not None
    return view


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
