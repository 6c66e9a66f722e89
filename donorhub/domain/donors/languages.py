"""In which language a donor is written to who has not told one."""

from __future__ import annotations

from typing import Final, Literal

Lang = Literal["en", "pl", "sq"]
_OF_COUNTRY: Final[dict[str, Lang]] = {"PL": "pl", "AL": "sq", "XK": "sq"}


def choose_lang(country: str, home_lang: Lang) -> Lang:
    """Return the language of the donor's country; ours where the country is not known either, and English in
    a country whose language we do not have.
    """
    return _OF_COUNTRY.get(country, "en") if country else home_lang
