"""Rows of a large file, ready for the driver and packed as bytes until they are written.

A hundred thousand tuples with their texts take 40 MB, packed they take 12. What is in a row,
:mod:`donorhub.services.bank.files.statement_drafts` says. Packed rows are for this process only: they are
never stored, and never come from outside.
"""

from __future__ import annotations

import marshal
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, overload

Row = tuple[Any, ...]  # of texts, whole numbers and None

# The search for equal objects, which later formats of marshal do, takes longer than it saves.
_WITHOUT_REFERENCES: Final = 2


class Rows(Sequence[Row]):
    """Rows laid out, a few thousand as one piece of bytes: half of the memory, and nothing for the collector.

    Reading a row unpacks its piece, which is kept until another one is asked for.
    """

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._ends: list[int] = []  # how many rows there are up to the end of each piece
        self._open: tuple[int, list[Row]] = (-1, [])

    def add_rows(self, rows: list[Row]) -> None:
        """Add rows, which had better be many."""
        if rows:
            self._pieces.append(marshal.dumps(rows, _WITHOUT_REFERENCES))
            self._ends.append(len(self) + len(rows))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(len(self)))]
        place = at + len(self) if at < 0 else at
        if not 0 <= place < len(self):
            raise IndexError(at)
        number = bisect_right(self._ends, place)
        if self._open[0] != number:
            self._open = (number, marshal.loads(self._pieces[number]))  # noqa: S302  bytes of our own
        rows = self._open[1]
        return rows[place - self._ends[number]]  # counted from the end of the piece

    def pick_rows(self, places: Iterable[int]) -> Iterator[Row]:
        """Yield the rows at some places from 0, quickest in their order; raise IndexError for a place that
        is none.
        """
        first = end = 0
        rows: list[Row] = []
        for place in places:
            if not first <= place < end:
                self[place]
                rows = self._open[1]
                end = self._ends[self._open[0]]
                first = end - len(rows)
            yield rows[place - first]
