"""What a person said of a table of people and gifts; all that nobody said is found out anew each time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from donorhub.domain.moving.day_cells import MonthDay
from donorhub.domain.moving.field_words import Field

Text = Annotated[str, Meta(max_length=300)]
Year = Annotated[int, Meta(ge=1950, le=2099)]
CustomKey = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,39}$")]  # of a field that was added
Kind = Literal["people", "gifts"]
GENERIC_SYSTEM: Final = "spreadsheet"
NO_PRESET: Final = "none"


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """What was said of one row: left out, its cells as they should be, or that its money is another gift."""

    is_left_out: bool = False
    cells: Mapping[Annotated[str, Meta(pattern="^[0-9]{1,3}$")], Text] = field(default_factory=dict)
    is_another_gift: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """A person's answers; "" means: not said."""

    system: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_.-]{0,39}$")] = GENERIC_SYSTEM
    preset: Annotated[str, Meta(pattern=r"^[a-z0-9_.-]{0,40}$")] = (
        ""  # the known kind of file; none: of no kind
    )
    kind: Kind | Literal[""] = ""  # of a table with gifts, the people alone may be brought
    columns: Mapping[Annotated[str, Meta(pattern="^[0-9]{1,3}$")], Field] = field(default_factory=dict)
    custom: Mapping[Annotated[str, Meta(pattern="^[0-9]{1,3}$")], CustomKey] = field(default_factory=dict)
    date_order: Literal["", "ymd", "dmy", "mdy"] = ""
    unnamed: Literal["", "right"] = ""  # of a table without names of columns: they hold what they seem to
    periods: Literal["", "gifts", "columns"] = (
        ""  # what columns of months are: gifts, or columns as any other
    )
    years: Mapping[Text, Year] = field(default_factory=dict)  # of the first month of a sheet that tells none
    crosses: Literal["", "declared", "leave"] = ""  # below a month: the amount that was declared, or nothing
    month_day: MonthDay | Literal[""] = ""
    decimal: Literal["", ",", "."] = ""
    currency: Annotated[str, Meta(pattern="^([A-Z]{3})?$")] = ""
    phone_country: Annotated[str, Meta(pattern="^([A-Z]{2})?$")] = ""
    pairs: Literal["", "one", "two"] = ""  # two people in a cell: one donor as written, or two
    same_name: Literal["", "apart", "one"] = ""  # rows that have a name and nothing else to tell people by
    hidden: Literal["", "bring", "leave"] = ""  # hidden sheets and rows
    missing_files: Literal["", "none"] = ""  # there are no others that belong with this one
    same_money: Literal["", "same", "another"] = (
        ""  # money that is here from another door: of all rows at once
    )
    gift_values: Literal["", "keep", "change"] = ""  # of fields of gifts that are here and say something else
    funds: Mapping[Text, Text] = field(default_factory=dict)  # what stands in the file: new, none, or an id
    campaigns: Mapping[Text, Text] = field(default_factory=dict)
    rows: Mapping[Text, RowAnswer] = field(default_factory=dict)  # by sheet!row
    overwrite: tuple[Field, ...] = ()  # fields of donors who exist that the file changes

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, without what is not said."""
        plain = {key: value for key, value in asdict(self).items() if value not in ("", {}, ())}
        if self.overwrite:
            plain["overwrite"] = list(self.overwrite)
        return plain

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Answers:
        """Return the answers that ``raw`` holds; raise ValueError for an unknown key or a wrong value."""
        unknown_names = set(raw) - set(cls.__dataclass_fields__)
        if unknown_names:
            raise ValueError(f"there is no answer {min(unknown_names)}")
        try:
            return msgspec.convert(raw, cls)
        except msgspec.ValidationError as e:
            raise ValueError(str(e)) from e


def make_row_key(sheet: str, number: int) -> str:
    """Return what a row is called in the answers."""
    return f"{sheet}!{number}"
