"""A postal address as lines of an envelope, in the order of the country that it lies in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from babel import Locale

# Town and postcode each on a line; in one line with the town first; the street last. All others write the
# postcode before the town.
_OWN_LINES: Final = frozenset({"GB", "IE", "GI", "IM", "JE", "GG"})
_TOWN_FIRST: Final = frozenset({"US", "CA", "AU", "NZ", "IN", "TR"})
_TOWN_ON_TOP: Final = frozenset({"HU"})
_IN_CAPITALS: Final = frozenset({"GB", "IE", "US", "CA", "AU", "NZ", "FR", "GI", "IM", "JE", "GG"})


_ATTENTION: Final = {"pl": "Do rąk: {name}", "sq": "Në vëmendje të: {name}", "en": "Attn: {name}"}


def write_attention(name: str, lang: str) -> str:
    """Return the line of an envelope that says to whom of an organisation it goes; "" for nobody."""
    return _ATTENTION[lang].format(name=name) if name else ""


def write_lines(
    name: str,
    *,
    street: str,
    postcode: str,
    town: str,
    country: str,
    home: str,
    lang: str,
    attention: str = "",
) -> tuple[str, ...]:
    """Return the lines of an envelope, the name first, then for whose attention it is; the country, in our
    language, only where it is abroad.

    Without a town, or without street and postcode, nobody would find it: there are none then.
    """
    if not name.strip() or not town.strip() or not (street.strip() or postcode.strip()):
        return ()
    abroad = bool(country) and country != home
    place = town.upper() if country in _IN_CAPITALS else town
    lines = [name, attention, *_order_lines(street.splitlines(), postcode, place, country)]
    if abroad:
        lines.append(_name_country(country, lang).upper())
    return tuple(line.strip() for line in lines if line.strip())


def _order_lines(street: Sequence[str], postcode: str, town: str, country: str) -> list[str]:
    if country in _OWN_LINES:
        return [*street, town, postcode]
    if country in _TOWN_ON_TOP:
        return [town, *street, postcode]
    place = f"{town} {postcode}" if country in _TOWN_FIRST else f"{postcode} {town}"
    return [*street, place]


def _name_country(country: str, lang: str) -> str:
    return str(Locale.parse(lang).territories.get(country, country))
