"""Which texts an organisation may write itself, what each may speak of, and with whom it is tried out.

A text goes to people, couples, organisations and to donors of whom we know no name: it is filled in for all
of them, in its language, before anybody gets it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from donorhub.domain.donors import salutation
from donorhub.domain.donors.languages import Lang

# Of the kinds and channels of messages, those whose text an organisation writes itself.
OwnKind = Literal["thank_you", "receipt", "personal"]
OwnChannel = Literal["email", "post"]
LANGS: Final = get_args(Lang)
_OF_DONOR: Final = ("salutation", "name", "given_name", "family_name")
_OF_US: Final = ("organisation", "contact")
_OF_GIFTS: Final = ("amount", "received_on", "funds", "gifts")
_FOOT: Final = ("how_to_stop",)


@dataclass(frozen=True, slots=True)
class TextKind:
    """One text: what it may speak of, what it must say, and whether it thanks, so that it asks for
    nothing.
    """

    kind: OwnKind
    channel: OwnChannel
    variables: tuple[str, ...]
    required: tuple[str, ...] = ()
    is_thanks: bool = False

    @property
    def name(self) -> str:
        """Return how addresses name it: ``thank_you-email``."""
        return f"{self.kind}-{self.channel}"


TEXT_KINDS: Final[tuple[TextKind, ...]] = (
    TextKind("thank_you", "email", (*_OF_DONOR, *_OF_GIFTS, *_OF_US, *_FOOT), _FOOT, is_thanks=True),
    TextKind("thank_you", "post", (*_OF_DONOR, *_OF_GIFTS, *_OF_US, "author"), is_thanks=True),
    TextKind("receipt", "email", (*_OF_DONOR, "number", "issued_on", *_OF_US)),
    TextKind(
        "personal", "email", (*_OF_DONOR, "subject", "text", "author", *_OF_US, *_FOOT), ("text", *_FOOT)
    ),
    TextKind("personal", "post", (*_OF_DONOR, "subject", "text", "author", *_OF_US), ("text",)),
)


def find_text_kind(name: str) -> TextKind | None:
    """Return the text of this name; None where there is none that an organisation writes itself."""
    return next((one for one in TEXT_KINDS if one.name == name), None)


def write_text_path() -> str:
    """Return what an address holds of a text and its language, as routes write it: no other word fits."""
    names, langs = ",".join(repr(one.name) for one in TEXT_KINDS), ",".join(map(repr, LANGS))
    return f"/<any({names}):name>/<any({langs}):lang>"


# Two people of one surname; the words of other languages than Polish bend nothing.
_COUPLE: Final = "Anna i Jan Kowalscy"
_SAID: Final[Mapping[str, object]] = {
    "number": "R/2026/000123",
    "issued_on": "22.11.2026",
    "subject": "Example",
    "text": "Xqtextxq",
    "author": "Maria Nowak",
    "organisation": "Fundacja Przykład",
    "how_to_stop": "Xqfootxq",
}
_GIFT: Final = {"amount": "50 PLN", "received_on": "22.11.2026", "line": "50 PLN, 22.11.2026"}


def list_samples(text_kind: TextKind, lang: str) -> Iterator[Mapping[str, object]]:
    """Return what a text is tried out with: a person, a couple, an organisation, and a donor without a name
    that could be greeted; each with one gift and with two, with and without fund and contact.
    """
    greetings = (
        ("Anna Kowalska", "Anna", "Kowalska", salutation.write_greeting(lang, "Anna", "Kowalska", sex="f")),
        (_COUPLE, "", "", salutation.write_greeting_of_household(lang, _COUPLE)),
        ("Sklep Lipa sp. z o.o.", "", "", salutation.write_greeting_of_organisation(lang)),
        ("anna@example.org", "", "", salutation.write_greeting(lang, "", "")),
    )
    for name, given_name, family_name, greeting in greetings:
        person = {
            "name": name,
            "given_name": given_name or None,  # to Liquid an empty text is true
            "family_name": family_name or None,
            "salutation": greeting,
        }
        cases: tuple[Mapping[str, object], ...] = (
            {"gifts": None, "funds": "Leczenie", "contact": "biuro@example.org"},
            {"gifts": [_GIFT, _GIFT], "funds": None, "contact": None},
        )
        for case in cases:
            values = {**_SAID, **_GIFT, **person, **case}
            yield {variable: values[variable] for variable in text_kind.variables}
