"""What is known of the files of one other system: its columns, its words, what belongs to it. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta

Word = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[a-z0-9][a-z0-9_.-]*$")]
Names = Annotated[str, Meta(min_length=1, max_length=2_000)]  # several ways to write one name, by |


@dataclass(frozen=True, slots=True)
class RecordPreset:
    """One kind of file of another system.

    ``marks`` are the columns by which it is recognised, all of them. ``columns`` are the names of the columns
    of each field, ``values`` the words in a field's cells by what they stand for, ``constants`` what every
    row says without writing it. ``strips`` are beginnings that repeat a column, as ``Home-`` does.
    """

    name: Word
    title: Annotated[str, Meta(min_length=1, max_length=80)]
    system: Word
    checked_against: Annotated[str, Meta(min_length=1, max_length=200)]
    marks: Annotated[tuple[Names, ...], Meta(min_length=1)]
    columns: Mapping[str, Names]
    values: Mapping[str, Mapping[str, Names]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    strips: tuple[str, ...] = ()
    belongs_with: tuple[Word, ...] = ()  # presets of the files that must be brought before this one
    kind: Literal["", "people"] = ""
