"""Numbers of receipts: their form, and a series without gaps."""

from __future__ import annotations

import pytest

from donorhub.domain.receipts.numbering import find_doubles, find_gaps, format_number


def test_a_number_names_its_series_and_year() -> None:
    assert format_number("PL", 2026, 42) == "PL/2026/00042"
    assert format_number("PL", 2026, 123456) == "PL/2026/123456"
    assert format_number("PL", 2026, 42, "{number}-{year}") == "42-2026"


@pytest.mark.parametrize(
    "form", ["{series}", "{number}", "{year}", "{year}{number}{x}", "{number.__class__}{year}"]
)
def test_form_giving_equal_numbers_is_refused(form: str) -> None:
    """A form that would give two receipts the same number, or reaches into objects, is refused."""
    with pytest.raises(ValueError, match="form"):
        format_number("PL", 2026, 1, form)


def test_receipts_count_from_one() -> None:
    with pytest.raises(ValueError, match="from 1"):
        format_number("PL", 2026, 0)


def test_gaps_and_doubles_are_found() -> None:
    assert find_gaps([1, 2, 3]) == find_gaps([]) == ()
    assert find_gaps([2, 5]) == (1, 3, 4)
    assert find_doubles([1, 2, 2, 3, 1]) == (1, 2)
