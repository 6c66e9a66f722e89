"""Why a value is refused: a stable code beside an English sentence, so that each door has its own words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, SupportsIndex


class Fault(str):
    """The sentence that says what is wrong with one field, with its code and the figures in it."""

    __slots__ = ("code", "facts")
    code: str
    facts: Mapping[str, object]

    def __new__(cls, code: str, sentence: str, facts: Mapping[str, object] | None = None) -> Fault:
        fault = super().__new__(cls, sentence)
        fault.code, fault.facts = code, facts or {}
        return fault

    def format(self, *_: object, **facts: object) -> Fault:
        """Return the sentence with its figures. marshmallow calls it; the value itself is in no sentence."""
        figures = {name: figure for name, figure in facts.items() if name != "input"}
        return Fault(self.code, super().format(**figures), figures)

    def __reduce_ex__(self, _protocol: SupportsIndex) -> tuple[object, ...]:
        return Fault, (self.code, str(self), self.facts)


Path = tuple[str | int, ...]  # where in what was sent, from the outside in


def list_faults(messages: object, path: Path = ()) -> Iterator[tuple[Path, Fault]]:
    """Return each fault that marshmallow tells of, with its place."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from list_faults(inner, path if name == "_schema" else (*path, name))
    elif isinstance(messages, list | tuple):
        for inner in messages:
            yield from list_faults(inner, path)
    else:
        yield path, messages if isinstance(messages, Fault) else Fault("invalid", str(messages))


REQUIRED: Final = Fault("required", "Please fill this in.")
NULL: Final = Fault("required", "It may not be null.")
WRONG_TYPE: Final = Fault("wrong_type", "This is of another type.")
INVALID: Final = Fault("invalid", "This is not as it should be.")
UNKNOWN_FIELD: Final = Fault("unknown_field", "Unknown field.")
TOO_SHORT: Final = Fault("too_short", "At least {min} characters.")
TOO_LONG: Final = Fault("too_long", "At most {max} characters.")
TOO_FEW: Final = Fault("too_few", "At least {min}.")
TOO_MANY: Final = Fault("too_many", "At most {max}.")
OUT_OF_RANGE: Final = Fault("out_of_range", "From {min} to {max}.")
UNKNOWN_CHOICE: Final = Fault("unknown_choice", "One of: {choices}.")
UNPRINTABLE: Final = Fault("unprintable", "This holds a character that cannot be printed.")
PILED_MARKS: Final = Fault("piled_marks", "This piles too many marks on one letter.")
NO_EMAIL: Final = Fault("email_invalid", "This is no e-mail address.")
NO_DATE: Final = Fault("date_invalid", "Write the date as YYYY-MM-DD.")
TOO_EARLY: Final = Fault("date_too_early", "Not before {min}.")
TOO_LATE: Final = Fault("date_too_late", "Not after {max}.")
NO_INSTANT: Final = Fault(
    "time_invalid",
    "Write the time with its offset, such as 2026-11-22T09:00:00Z, in a year from 1900 to 2199.",
)
NO_NUMBER: Final = Fault("number_invalid", "A number with at most {places} decimals, such as 12.")
NO_AMOUNT: Final = Fault("amount_invalid", "Write the amount as 1234.50.")
TOO_PRECISE: Final = Fault("amount_too_precise", "{currency} has {places} decimals.")
NOT_POSITIVE: Final = Fault("amount_not_positive", "It must be more than nothing.")
TOO_MUCH: Final = Fault("amount_too_large", "This is more money than we can keep.")
NO_CURRENCY: Final = Fault("currency_invalid", "The code of a currency of ISO 4217, such as PLN.")
NO_COUNTRY: Final = Fault("country_invalid", "Two capital letters, as in PL.")
NO_TIME_ZONE: Final = Fault("time_zone_unknown", "Such as Europe/Warsaw.")
NO_SERIES: Final = Fault("series_invalid", "Up to ten capital letters, digits and hyphens.")
NO_AMOUNT_LINES: Final = Fault("amount_lines_invalid", "One amount a line, each currency once: 10000 PLN.")
NO_FILE: Final = Fault("file_missing", "Send it as a file.")
NO_SOURCE: Final = Fault("source_invalid", "Such as import:civicrm.")
NO_SOURCE_REF: Final = Fault("source_ref_missing", "Give the key it has in that source.")
NO_NAME: Final = Fault("name_missing", "Give a name, or a given and a family name.")
NAME_TAKEN_AWAY: Final = Fault("name_missing", "A name cannot be taken away.")
ENDS_BEFORE_START: Final = Fault("ends_before_start", "It ends before it starts.")
FUND_TWICE: Final = Fault("fund_twice", "A fund is named twice.")
OTHER_CURRENCY: Final = Fault("currency_differs", "A designation is in another currency than the gift.")
NOT_ONE_WAY: Final = Fault("not_one_way", "Say exactly one of {ways}.")
