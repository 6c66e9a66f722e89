"""How the header of a table differs from one that was known before: the bank changed its columns.

It compares names only; what a new column holds is for ``detect`` to see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from importers.table.layout import Layout
from importers.table.words import folded

_HALF: Final = 0.5  # of a header's names must be there: with fewer it is another table


@dataclass(frozen=True, slots=True)
class Change:
    """How a header differs from the one a saved layout knows."""

    name: str
    gone: tuple[str, ...]
    new: tuple[str, ...]
    layout: Layout


def changed_since(header: Sequence[str], saved: Iterable[Layout]) -> Change | None:
    """The saved layout this header is most like, where it is like one but not the same; else None."""
    names = {folded(cell): cell.strip() for cell in header if folded(cell)}
    best: Change | None = None
    most = 0.0
    for layout in saved:
        known = {folded(cell): cell.strip() for cell in layout.header if folded(cell)}
        alike = len(names.keys() & known.keys()) / max(len(known), 1)
        if known and alike >= _HALF and alike > most and names.keys() != known.keys():
            gone = tuple(cell for name, cell in known.items() if name not in names)
            new = tuple(cell for name, cell in names.items() if name not in known)
            best, most = Change(layout.name, gone, new, layout), alike
    return best


def told(change: Change) -> str:
    """The change in a sentence: whose columns they were, what is gone and what is new."""
    sides = (("Gone", change.gone), ("New", change.new))
    parts = [f"{said}: {', '.join(names)}." for said, names in sides if names]
    return " ".join((f"The columns of {change.name!r} changed.", *parts, "Say again which column is which."))
