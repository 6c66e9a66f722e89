"""What each country asks for before marketing, as dated data: one file a country, and one for all others.

A new law is a new rule with its day; what was allowed before stays explained by the rule of then.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from donorhub.models.states import Channel, ConsentBasis

_FOLDER: Final = Path(__file__).parent
DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True)
class Rule:
    """What marketing by some channels rests on, from one day to another."""

    channels: tuple[Channel, ...]
    basis: ConsentBasis
    law: str
    note: str = ""
    valid_from: date = date.min
    valid_to: date = date.max
    double_opt_in: bool = False  # who signs up on the web is asked again by mail
    checked_on: date | None = None  # when somebody last read the law; None: nobody has yet

    def holds_on(self, channel: Channel, day: date) -> bool:
        """Return whether the rule is about a channel on a day."""
        return channel in self.channels and self.valid_from <= day <= self.valid_to


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The hours of the night in which nobody is called or sent an SMS, in the organisation's time."""

    channels: tuple[Channel, ...]
    begins_at: time
    ends_at: time

    def find_end(self, channel: Channel, at: datetime) -> datetime | None:
        """Return when they end, where ``at`` lies in them; None where it does not."""
        if channel not in self.channels or self.ends_at <= at.time() < self.begins_at:
            return None
        day = at.date() + timedelta(days=1) if at.time() >= self.begins_at else at.date()
        return datetime.combine(day, self.ends_at, at.tzinfo)


@dataclass(frozen=True, slots=True)
class CountryPack:
    """The rules of one country; ``country`` is "" in the one for all that have none."""

    country: str
    rules: tuple[Rule, ...]
    quiet_hours: QuietHours

    def get_rule(self, channel: Channel, day: date) -> Rule:
        """Return the rule of a day; where the file has none for it, the one for countries without a file."""
        rule = next((rule for rule in self.rules if rule.holds_on(channel, day)), None)
        return rule or load_pack(DEFAULT).get_rule(channel, day)


def find_pack(country: str) -> CountryPack:
    """Return the pack of a country, and that for all others where it has none."""
    return load_pack(country if country in list_countries() else DEFAULT)


@lru_cache
def list_countries() -> tuple[str, ...]:
    """Return the countries that have a pack."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("??.toml")))


@lru_cache
def load_pack(name: str) -> CountryPack:
    """Return the pack in a file."""
    content: dict[str, Any] = tomllib.loads((_FOLDER / f"{name}.toml").read_text("utf-8"))
    return CountryPack(
        content["country"],
        tuple(_read_rule(rule) for rule in content["rules"]),
        _read_quiet_hours(content["quiet_hours"]),
    )


def _read_rule(content: Mapping[str, Any]) -> Rule:
    return Rule(**{**content, "channels": tuple(content["channels"])})


def _read_quiet_hours(content: Mapping[str, Any]) -> QuietHours:
    return QuietHours(tuple(content["channels"]), content["from"], content["until"])
