"""Statements of one format that follow each other without a gap, and what their balances prove in all.

It compares balances only; what the ledger has of these days, the caller knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


class Link(NamedTuple):
    """A statement with its days and both balances; in the order of days, and of their coming."""

    first_on: date
    last_on: date
    id: int
    opening: int
    closing: int
    number: str  # as the bank counts or names it; "" where it does not


@dataclass(frozen=True, slots=True)
class Chain:
    """Links without a gap. Several openings or closings are those of statements of one day whose order
    balances do not tell: the money between is one of ``sums``.
    """

    links: tuple[Link, ...]
    statement_ids: frozenset[int]  # earlier issues too

    @property
    def first_on(self) -> date:
        """Return the first day of the chain."""
        return self.links[0].first_on

    @property
    def last_on(self) -> date:
        """Return the last day of the chain."""
        return max(link.last_on for link in self.links)

    @property
    def sums(self) -> frozenset[int]:
        """Return what may lie between the first opening and the last closing."""
        first_on, last_on = self.first_on, self.last_on
        openings = {link.opening for link in self.links if link.first_on == first_on}
        later = {link.closing for link in self.links if link.last_on == first_on}
        closings = {link.closing for link in self.links if link.last_on == last_on}
        earlier = {link.opening for link in self.links if link.first_on == last_on}
        return frozenset(
            closing - opening
            for opening in openings - later or openings
            for closing in closings - earlier or closings
        )


def list_chains(links: Iterable[Link]) -> list[Chain]:
    """Return the chains of the statements of one format; of several issues of one, the last is a link."""
    newest: dict[tuple[object, ...], Link] = {}
    ids: dict[int, set[int]] = {}
    for link in sorted(links):
        key: tuple[object, ...] = (link.id,)
        if link.number:
            key = (link.first_on, link.last_on, link.opening, link.number)
        earlier = newest.get(key)
        ids[link.id] = {link.id} | (ids.pop(earlier.id) if earlier is not None else set())
        newest[key] = link
    chains: list[list[Link]] = []
    for link in sorted(newest.values()):
        if chains and _joins_chain(chains[-1], link):
            chains[-1].append(link)
        else:
            chains.append([link])
    return [Chain(tuple(chain), frozenset(id_ for link in chain for id_ in ids[link.id])) for chain in chains]


def _joins_chain(chain: Sequence[Link], link: Link) -> bool:
    """Return whether a link begins on a day that the chain has, or with a balance that it ends with."""
    last_on = max(one.last_on for one in chain)
    if link.first_on <= last_on:
        return True
    return link.opening in {one.closing for one in chain if one.last_on == last_on}
