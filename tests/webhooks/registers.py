"""The drain of the inbox in memory, as ``webhooks.states`` tells it: registers, and rows made of views."""

from __future__ import annotations

from collections.abc import Iterable

from webhooks import project, provider, reach
from webhooks.fact import Fact, RawEvent
from webhooks.views import GroupView


class Registers:
    def __init__(self) -> None:
        self.held: dict[tuple[str, str], Fact] = {}
        self.rows: dict[str, GroupView] = {}

    def drain(self, batch: Iterable[RawEvent]) -> None:
        facts = [fact for event in batch for fact in provider("stripe").facts(event)]
        for fact in facts:
            known = self.held.get((fact.kind, fact.ref))
            if known is None or fact.version > known.version:
                self.held[fact.kind, fact.ref] = fact
        self._project({fact.group for fact in facts})

    def load(self, groups: set[str]) -> list[Fact]:
        """What a service reads: the groups, then what they reach, until there is nothing new."""
        seen: set[str] = set()
        facts: list[Fact] = []
        while groups:
            found = [fact for fact in self.held.values() if fact.group in groups]
            seen |= groups
            facts += found
            groups = reach(found) - seen
        return facts

    def _project(self, touched: set[str]) -> None:
        while touched:
            new: set[str] = set()
            for view in project(touched, self.load(touched)):
                is_new = view.key not in self.rows or not _is_whole(self.rows[view.key])
                if _is_whole(view) and is_new:
                    new.update(view.below)
                self.rows[view.key] = view
            touched = new


def _is_whole(view: GroupView) -> bool:
    return bool(view.payment or view.recurring or view.instalment)
