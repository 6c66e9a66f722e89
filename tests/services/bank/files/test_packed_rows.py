"""Packed rows read like the list that they were made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donorhub.services.bank.files.packed_rows import Rows

VALUES = st.one_of(st.none(), st.text(max_size=5), st.integers(-(2**62), 2**62))
PIECES = st.lists(st.lists(st.tuples(VALUES, VALUES), max_size=4), max_size=5)


@given(PIECES)
def test_rows_come_back_unchanged(pieces: list[list[tuple[object, object]]]) -> None:
    """Packed rows come back as they were, in any order and in any slice."""
    rows, flat = Rows(), [row for piece in pieces for row in piece]
    for piece in pieces:
        rows.add_rows(list(piece))
    assert len(rows) == len(flat)
    assert list(rows) == flat and list(reversed(rows)) == flat[::-1]
    assert rows[1:3] == flat[1:3]
    assert [rows[-1 - at] for at in range(len(flat))] == flat[::-1]


@given(PIECES, st.data())
def test_picked_rows_keep_asked_order(pieces: list[list[tuple[object, object]]], data: st.DataObject) -> None:
    """Rows that are picked come in the order asked for."""
    rows, flat = Rows(), [row for piece in pieces for row in piece]
    for piece in pieces:
        rows.add_rows(list(piece))
    places = data.draw(st.lists(st.integers(0, len(flat) - 1))) if flat else []
    assert list(rows.pick_rows(places)) == [flat[place] for place in places]


@pytest.mark.parametrize("place", [2, -3])
def test_wrong_place_is_an_index_error(place: int) -> None:
    """A place that is none is an IndexError, as with a list."""
    rows = Rows()
    rows.add_rows([("a",), ("b",)])
    with pytest.raises(IndexError):
        rows[place]
    with pytest.raises(IndexError):
        list(rows.pick_rows([0, max(place, 2)]))
