"""What a person said of rows that cannot be read: their cells anew, or that they stay out.

It is asked only of a row that fails as it is written, so that no row that can be read is changed by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from importers.sheet import Row


@dataclass(frozen=True, slots=True)
class RowChange:
    """The cells of a row as a person wrote them; without any, the row stays out."""

    cells: tuple[str, ...] = ()

    @property
    def is_left_out(self) -> bool:
        """Whether the row stays out."""
        return not self.cells

    def change_row(self, row: Row) -> Row:
        """Return the row with these cells; what the file wrote stays beside them."""
        return replace(row, cells=list(self.cells), fault=None)


RowChanges = Mapping[int, RowChange]  # by the line of the file
