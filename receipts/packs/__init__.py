"""Rule packs: what one country's receipts must hold and say, as dated files.

A pack is data in a TOML file beside this module, named after its version. A later law
is a new file; an old one is never edited, since receipts issued under it name it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from receipts.document import Lang

When = Literal["always", "cash", "in_kind", "company", "person", "annual", "unsigned"]
_FOLDER: Final = Path(__file__).parent


class NoPack(LookupError):
    """No rule pack for that country, day or version; the message names those there are."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a pack, printed when the receipt is of that sort.

    ``must_check`` marks a default that the organisation has to compare with its own case
    before it relies on it.
    """

    key: str
    when: When
    must_check: bool
    basis: str
    text: Mapping[Lang, str]


@dataclass(frozen=True, slots=True)
class Pack:
    """The rules of one country from one day on.

    ``required`` and ``expected`` are places such as ``donor.address_lines`` or
    ``organisation.ids.KRS``: without the first no receipt should go out, without the
    second it may. ``company`` are the places required of a donor that is a company.
    """

    jurisdiction: str
    version: str
    valid_from: date
    checked_on: date
    languages: tuple[str, ...]
    titles: Mapping[str, Mapping[Lang, str]]
    required: tuple[str, ...]
    expected: tuple[str, ...]
    company: tuple[str, ...]
    numbering: str
    must_check: tuple[str, ...]
    sentences: tuple[Sentence, ...]

    def title(self, kind: str, lang: Lang) -> str:
        return self.titles[kind][lang]


def pack(jurisdiction: str, on: date) -> Pack:
    """The rules for receipts issued on that day; ``XX`` is a country we know no rules of.

    NoPack when the country is not among :func:`jurisdictions`, or its first pack is later.
    """
    dated = [one for one in _packs() if one.jurisdiction == jurisdiction]
    if not dated:
        raise NoPack(f"no receipt rules for {jurisdiction!r}: there are {', '.join(jurisdictions())}")
    in_force = [one for one in dated if one.valid_from <= on]
    if not in_force:
        raise NoPack(f"the receipt rules for {jurisdiction} start on {dated[0].valid_from}, after {on}")
    return in_force[-1]


def find_pack(jurisdiction: str, on: date) -> Pack:
    """The rules in force on that day, or those that will be the first; NoPack for an unknown country."""
    dated = [one for one in _packs() if one.jurisdiction == jurisdiction]
    return next((one for one in reversed(dated) if one.valid_from <= on), None) or pack(
        jurisdiction, dated[0].valid_from if dated else on
    )


def by_version(version: str) -> Pack:
    """The pack a receipt was issued under; NoPack when this release does not hold it."""
    for one in _packs():
        if one.version == version:
            return one
    raise NoPack(f"no rule pack {version!r}: there are {', '.join(one.version for one in _packs())}")


def jurisdictions() -> tuple[str, ...]:
    """The countries with a pack, and ``XX``."""
    return tuple(sorted({one.jurisdiction for one in _packs()}))


@cache
def _packs() -> tuple[Pack, ...]:
    packs = [_read(path) for path in _FOLDER.glob("*.toml")]
    return tuple(sorted(packs, key=lambda one: (one.jurisdiction, one.valid_from)))


def _read(path: Path) -> Pack:
    with path.open("rb") as file:
        held: dict[str, Any] = tomllib.load(file)
    return Pack(
        jurisdiction=held["jurisdiction"],
        version=path.stem,
        valid_from=held["valid_from"],
        checked_on=held["checked_on"],
        languages=tuple(held["languages"]),
        titles=held["titles"],
        required=tuple(held["required"]),
        expected=tuple(held["expected"]),
        company=tuple(held["company"]),
        numbering=held["numbering"],
        must_check=tuple(held["must_check"]),
        sentences=tuple(_sentence(one) for one in held["sentences"]),
    )


def _sentence(held: dict[str, Any]) -> Sentence:
    return Sentence(
        key=held["key"],
        when=held["when"],
        must_check=held["must_check"],
        basis=held["basis"],
        text={"en": held["en"], "pl": held["pl"], "sq": held["sq"]},
    )
