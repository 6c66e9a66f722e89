"""Which groups belong together: several ids of one payment, and what lies above and below it.

It follows names only and looks at no amounts; ``states`` tells what groups there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from operator import attrgetter

from webhooks.fact import Fact


def reach(facts: Iterable[Fact]) -> set[str]:
    """Groups to load besides those of ``facts``: other ids of the same payment, and what lies above."""
    found: set[str] = set()
    for fact in facts:
        found |= _same(fact) | _above(fact)
    return found


class Groups:
    """An index of merged facts by group."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._held: dict[str, list[Fact]] = defaultdict(list)
        for fact in sorted(facts, key=attrgetter("kind", "ref")):
            self._held[fact.group].append(fact)

    def key_of(self, group: str) -> str:
        """The name that a thing known by several goes by: the one that no other stands above."""
        names = self._closure([group], _same)
        lower = {name for one in names for fact in self._held.get(one, ()) for name in _lower(fact)}
        return min(names - lower or names)

    def whole(self, key: str) -> list[Fact]:
        """All facts of the thing, under whichever of its names they came."""
        return self._facts(self._closure([key], _same))

    def above(self, facts: Iterable[Fact]) -> list[Fact]:
        """What the thing hangs on: its invoices, their subscription, the customer."""
        start = {name for fact in facts for name in _above(fact)}
        return self._facts(self._closure(start, _above))

    def _facts(self, names: Iterable[str]) -> list[Fact]:
        return [fact for name in sorted(names) for fact in self._held.get(name, ())]

    def _closure(self, start: Iterable[str], step: Callable[[Fact], set[str]]) -> set[str]:
        seen: set[str] = set()
        waiting = list(start)
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            for fact in self._held.get(name, ()):
                waiting.extend(step(fact))
        return seen


def below(facts: Iterable[Fact]) -> tuple[str, ...]:
    """Groups that hang on these facts."""
    return tuple(
        sorted({f.state["to"] for f in facts if f.kind == "link" and f.state["relation"] == "below"})
    )


def _same(fact: Fact) -> set[str]:
    if fact.kind == "link":
        return {fact.state["to"]} if fact.state["relation"] == "same" else set()
    names: tuple[str | None, ...] = ()
    if fact.kind == "payment":
        names = fact.ref.partition("/")[0], fact.state.get("attempt"), fact.group
    elif fact.kind in ("refund", "dispute"):
        names = fact.state.get("attempt"), fact.state.get("order"), fact.group
    return {name for name in names if name}


def _lower(fact: Fact) -> set[str]:
    """Names in this fact that give way to its group's name, or to the one it links to."""
    if fact.kind == "link":
        return {fact.group} if fact.state["relation"] == "same" else set()
    return _same(fact) - {fact.group}


def _above(fact: Fact) -> set[str]:
    if fact.kind == "link":
        return {fact.state["to"]} if fact.state["relation"] == "above" else set()
    if fact.kind in ("payment", "recurring_gift", "instalment"):
        customer = fact.state.get("donor", {}).get("customer")
        return {customer} if customer else set()
    return set()
