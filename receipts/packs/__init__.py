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

    ``required_places`` and ``expected_places`` are places such as ``donor.address_lines`` or
    ``organisation.ids.KRS``: without the first no receipt should go out, without the second it may.
    ``company_places`` are those required of a donor that is a company.
    """

    jurisdiction: str
    version: str
    valid_from: date
    checked_on: date
    languages: tuple[str, ...]
    titles: Mapping[str, Mapping[Lang, str]]
    required_places: tuple[str, ...]
    expected_places: tuple[str, ...]
    company_places: tuple[str, ...]
    numbering: str
    must_check: tuple[str, ...]
    sentences: tuple[Sentence, ...]

    def get_title(self, kind: str, lang: Lang) -> str:
        """Return the title of a receipt of this kind."""
        return self.titles[kind][lang]


def get_pack(jurisdiction: str, day: date) -> Pack:
    """Return the rules for receipts issued on that day; ``XX`` is a country we know no rules of.

    Raise NoPack when the country is not among :func:`list_jurisdictions`, or its first pack is later.
    """
    packs_of_country = [one for one in _list_packs() if one.jurisdiction == jurisdiction]
    if not packs_of_country:
        raise NoPack(f"no receipt rules for {jurisdiction!r}: there are {', '.join(list_jurisdictions())}")
    in_force = [one for one in packs_of_country if one.valid_from <= day]
    if not in_force:
        raise NoPack(
            f"the receipt rules for {jurisdiction} start on {packs_of_country[0].valid_from}, after {day}"
        )
    return in_force[-1]


def find_pack(jurisdiction: str, day: date) -> Pack:
    """Return the rules in force on that day, or the first to come; raise NoPack for an unknown country."""
    packs_of_country = [one for one in _list_packs() if one.jurisdiction == jurisdiction]
    return next((one for one in reversed(packs_of_country) if one.valid_from <= day), None) or get_pack(
        jurisdiction, packs_of_country[0].valid_from if packs_of_country else day
    )


def get_pack_by_version(version: str) -> Pack:
    """Return the pack a receipt was issued under; raise NoPack when this release does not hold it."""
    for one in _list_packs():
        if one.version == version:
            return one
    raise NoPack(f"no rule pack {version!r}: there are {', '.join(one.version for one in _list_packs())}")


def list_jurisdictions() -> tuple[str, ...]:
    """Return the countries with a pack, and ``XX``."""
    return tuple(sorted({one.jurisdiction for one in _list_packs()}))


@cache
def _list_packs() -> tuple[Pack, ...]:
    packs = [_read_pack(path) for path in _FOLDER.glob("*.toml")]
    return tuple(sorted(packs, key=lambda one: (one.jurisdiction, one.valid_from)))


def _read_pack(path: Path) -> Pack:
    with path.open("rb") as file:
        content: dict[str, Any] = tomllib.load(file)
    return Pack(
        jurisdiction=content["jurisdiction"],
        version=path.stem,
        valid_from=content["valid_from"],
        checked_on=content["checked_on"],
        languages=tuple(content["languages"]),
        titles=content["titles"],
        required_places=tuple(content["required"]),
        expected_places=tuple(content["expected"]),
        company_places=tuple(content["company"]),
        numbering=content["numbering"],
        must_check=tuple(content["must_check"]),
        sentences=tuple(_read_sentence(one) for one in content["sentences"]),
    )


def _read_sentence(content: dict[str, Any]) -> Sentence:
    return Sentence(
        key=content["key"],
        when=content["when"],
        must_check=content["must_check"],
        basis=content["basis"],
        text={"en": content["en"], "pl": content["pl"], "sq": content["sq"]},
    )
