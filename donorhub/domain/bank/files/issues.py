"""Which of two statements the bank wrote later, as far as they say so themselves.

When a file came says nothing of that: people import old files too.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Issue(NamedTuple):
    """When the bank wrote a statement, and its number among those of one format."""

    source_format: str
    written_at: datetime | None
    number: int | None


def is_newer(one: Issue, other: Issue) -> bool:
    """Return whether the bank certainly wrote the first one later, by the time that both name, else by their
    numbers.
    """
    if one.written_at is not None and other.written_at is not None and one.written_at != other.written_at:
        return one.written_at > other.written_at
    if one.source_format != other.source_format or one.number is None or other.number is None:
        return False
    return one.number > other.number
