"""Which money is news: the newest thirty days, and nothing of what another system kept before."""

from __future__ import annotations

from datetime import date

import pytest

from donorhub.domain.messages.thanks_age import find_hold


@pytest.mark.parametrize(
    ("source", "received_on", "hold"),
    [
        ("bank", date(2026, 11, 22), None),
        ("bank", date(2026, 11, 23), None),  # booked tomorrow, as banks write it
        ("bank", date(2026, 10, 23), None),  # thirty days
        ("bank", date(2026, 10, 22), "too_old"),
        ("stripe:acct_1", date(2024, 11, 22), "too_old"),
        ("import:civicrm", date(2026, 11, 22), "history"),
        ("import:civicrm", date(2016, 11, 22), "history"),
    ],
)
def test_only_news_is_thanked_for(source: str, received_on: date, hold: str | None) -> None:
    """Money is news for thirty days, and never when it was taken over from another system."""
    assert find_hold(source, received_on, recorded_on=date(2026, 11, 22)) == hold
