"""How a file says things: by the stable keys and codes that programs read, or in the words of a language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from donorhub.domain.moving.list_columns import Coded, Column


@dataclass(frozen=True, slots=True)
class Wording:
    """The names of columns, what stands for a code, how cells are separated, and where moments are told.

    ``name_part`` is asked for ``(list, column)``, for ``("filters", filter)``, ``("lists", list)`` and for
    the words of the sheet ``("about", …)``; ``write_code`` for ``(list, column or filter, value)``.
    Without a zone moments are told in UTC, as the API tells them.
    """

    separator: str
    zone: ZoneInfo | None
    name_part: Callable[[str, str], str]
    write_code: Callable[[str, str, Coded], str]
    choose_label: Callable[[Mapping[str, str]], str] | None = None  # None: the keys of columns name them

    def name_column(self, list_name: str, column: Column) -> str:
        """Return what a column of a list is called."""
        if column.labels is None:
            return self.name_part(list_name, column.key)
        return self.choose_label(column.labels) if self.choose_label else column.key

    def write_moment(self, moment: datetime) -> str:
        """Return an instant as text: local to the minute for people, with its Z for programs."""
        if self.zone is None:
            return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
        return f"{self.get_local_time(moment):%Y-%m-%d %H:%M}"

    def get_local_time(self, moment: datetime) -> datetime:
        """Return an instant as the clocks of the zone show it, without seconds and without the zone."""
        local = moment.astimezone(self.zone or UTC)
        return local.replace(tzinfo=None, second=0, microsecond=0)


KEYS: Final = Wording(
    separator=",",
    zone=None,
    name_part=lambda _scope, key: key,
    write_code=lambda _list, _column, value: value.code,
)
