"""Which groups belong together: several ids of one payment, and what lies above and below it.

It follows names only and looks at no amounts; ``states`` tells what groups there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from operator import attrgetter

from webhooks.fact import Fact


def find_linked_groups(facts: Iterable[Fact]) -> set[str]:
    """Return the groups to load besides those of ``facts``: other ids of a payment, and what lies above."""
    names: set[str] = set()
    for fact in facts:
        names |= _list_same_names(fact) | _list_names_above(fact)
    return names


class Groups:
    """An index of merged facts by group."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._facts_by_group: dict[str, list[Fact]] = defaultdict(list)
        for fact in sorted(facts, key=attrgetter("kind", "ref")):
            self._facts_by_group[fact.group].append(fact)

    def choose_key(self, group: str) -> str:
        """Return the name that stands for a thing of several names: the one that no other stands above."""
        names = self._follow_names([group], _list_same_names)
        lower = {
            name
            for one in names
            for fact in self._facts_by_group.get(one, ())
            for name in _list_lower_names(fact)
        }
        return min(names - lower or names)

    def list_facts(self, key: str) -> list[Fact]:
        """Return all facts of a thing, whichever of its names they came under."""
        return self._list_facts_of(self._follow_names([key], _list_same_names))

    def list_facts_above(self, facts: Iterable[Fact]) -> list[Fact]:
        """Return the facts of what a thing hangs on: its invoices, their subscription, the customer."""
        start = {name for fact in facts for name in _list_names_above(fact)}
        return self._list_facts_of(self._follow_names(start, _list_names_above))

    def _list_facts_of(self, names: Iterable[str]) -> list[Fact]:
        return [fact for name in sorted(names) for fact in self._facts_by_group.get(name, ())]

    def _follow_names(self, start: Iterable[str], step: Callable[[Fact], set[str]]) -> set[str]:
        names: set[str] = set()
        names_to_follow = list(start)
        while names_to_follow:
            name = names_to_follow.pop()
            if name in names:
                continue
            names.add(name)
            for fact in self._facts_by_group.get(name, ()):
                names_to_follow.extend(step(fact))
        return names


def list_groups_below(facts: Iterable[Fact]) -> tuple[str, ...]:
    """Return the groups that hang on these facts, sorted."""
    return tuple(
        sorted({f.state["to"] for f in facts if f.kind == "link" and f.state["relation"] == "below"})
    )


def _list_same_names(fact: Fact) -> set[str]:
    if fact.kind == "link":
        return {fact.state["to"]} if fact.state["relation"] == "same" else set()
    names: tuple[str | None, ...] = ()
    if fact.kind == "payment":
        names = fact.ref.partition("/")[0], fact.state.get("attempt"), fact.group
    elif fact.kind in ("refund", "dispute"):
        names = fact.state.get("attempt"), fact.state.get("order"), fact.group
    return {name for name in names if name}


def _list_lower_names(fact: Fact) -> set[str]:
    """Return the names in a fact that give way to its group's name, or to the one it links to."""
    if fact.kind == "link":
        return {fact.group} if fact.state["relation"] == "same" else set()
    return _list_same_names(fact) - {fact.group}


def _list_names_above(fact: Fact) -> set[str]:
    if fact.kind == "link":
        return {fact.state["to"]} if fact.state["relation"] == "above" else set()
    if fact.kind in ("payment", "recurring_gift", "instalment"):
        customer = fact.state.get("donor", {}).get("customer")
        return {customer} if customer else set()
    return set()
