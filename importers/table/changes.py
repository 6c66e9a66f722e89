"""How the header of a table differs from one that was known before: the bank changed its columns.

It compares names only; what a new column holds is for ``detect`` to see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from importers.codes import Reason, TableFault
from importers.folding import fold_text
from importers.table.layout import Layout

_HALF: Final = 0.5  # of a header's names must be there: with fewer it is another table


@dataclass(frozen=True, slots=True)
class Change:
    """How a header differs from the one a saved layout knows."""

    name: str
    missing_names: tuple[str, ...]
    new_names: tuple[str, ...]
    layout: Layout


def find_change(header: Sequence[str], saved_layouts: Iterable[Layout]) -> Change | None:
    """Return the saved layout this header is most like, where it is like one but not the same; else None."""
    names = {fold_text(cell): cell.strip() for cell in header if fold_text(cell)}
    best: Change | None = None
    most = 0.0
    for layout in saved_layouts:
        before = {fold_text(cell): cell.strip() for cell in layout.header if fold_text(cell)}
        alike = len(names.keys() & before.keys()) / max(len(before), 1)
        if before and alike >= _HALF and alike > most and names.keys() != before.keys():
            missing_names = tuple(cell for name, cell in before.items() if name not in names)
            new_names = tuple(cell for name, cell in names.items() if name not in before)
            best, most = Change(layout.name, missing_names, new_names, layout), alike
    return best


def make_change_reason(change: Change) -> Reason[TableFault]:
    """Return why a file with this header is not read: whose columns they were, which are gone and which
    new.
    """
    return Reason(
        "header_changed.saved",
        {
            "layout": repr(change.name),
            "gone": ", ".join(change.missing_names),
            "new": ", ".join(change.new_names),
        },
    )
