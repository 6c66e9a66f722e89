"""How a letter begins, in Polish, Albanian and English.

Polish puts the given name into the vocative; Albanian and English do not bend names.
Where the sex is not known, the greeting is neutral. What a donor wants to be called
goes before all of this and is the caller's to look at.
"""

from __future__ import annotations

from typing import Final

from donorhub.domain.donors.couples import find_surname_of_both
from donorhub.domain.donors.given_names import POLISH, Sex, find_sex
from donorhub.domain.payer_text import fold_letters

_EXCEPTIONS: Final = {
    "kacper": "Kacprze",
    "kasper": "Kasprze",
    "sylwester": "Sylwestrze",
    "aleksander": "Aleksandrze",
    "piotr": "Piotrze",
    "jan": "Janie",
    "pawel": "Pawle",
    "jerzy": "Jerzy",
    "antoni": "Antoni",
    "ignacy": "Ignacy",
    "cezary": "Cezary",
    "konstanty": "Konstanty",
    "walenty": "Walenty",
    "wincenty": "Wincenty",
    "marceli": "Marceli",
    "aleksy": "Aleksy",
    "kuba": "Kubo",
    "barnaba": "Barnabo",
    "bonawentura": "Bonawenturo",
    "kosma": "Kosmo",
    "maja": "Maju",
    "nela": "Nelu",
    "ines": "Ines",
    "bruno": "Bruno",
    "iwo": "Iwo",
    "mieszko": "Mieszku",
}
# Ending of the nominative and what stands for it, the first that fits (Polish school
# grammar: k, g, ch and soft stems take -u, hard stems soften before -e).
_MALE: Final = (
    *(("siek", "śku"), ("ciek", "ćku"), ("ek", "ku"), ("niec", "ńcu"), ("ś", "siu"), ("st", "ście")),
    *((end, end + "u") for end in ("sz", "cz", "rz", "dz", "ż", "l", "j", "c", "k", "g", "h", "x", "o", "z")),
    *(("ał", "ale"), ("eł", "le"), ("ł", "le"), ("r", "rze"), ("t", "cie"), ("d", "dzie")),
    *((end, end + "ie") for end in "nmbpwfs"),
)


# How a Polish letter addresses who bears a title, to a woman and to a man; the other languages name it as
# it is.
_TITLES: Final = {
    "prof": ("Profesor", "Profesorze"),
    "dr": ("Doktor", "Doktorze"),
    "mec": ("Mecenas", "Mecenasie"),
    "red": ("Redaktor", "Redaktorze"),
    "inz": ("Inżynier", "Inżynierze"),
    "ks": ("", "Księże"),
    "s": ("Siostro", ""),
}
_SELF_STANDING: Final = frozenset({"ks", "s"})  # no Pan or Pani stands before these


def find_title(name: str) -> str:
    """Return the title that a name begins with, such as ``prof`` of ``prof. dr hab. Anna Lis``; empty
    without one.

    The highest counts, which Polish names put first.
    """
    first = fold_letters(name).split()[:1]
    title = first[0].rstrip(".") if first else ""
    return title if title in _TITLES and len(name.split()) > 1 else ""


def make_vocative(given_name: str) -> str:
    """Return the Polish vocative of a Polish given name; any other name stays as it is."""
    first = given_name.strip()
    key = fold_letters(first)
    if key not in POLISH or " " in key:
        return first
    if key in _EXCEPTIONS:
        return _EXCEPTIONS[key]
    return _bend_ending_a(first) if key.endswith("a") else _bend_consonant(first)


def _bend_ending_a(name: str) -> str:
    """Return Anno for Anna, but -u for everyday forms: Kasia, Kasiu; Ania, Aniu; Ola, Olu."""
    is_everyday = (
        name.endswith(("sia", "zia", "cia"))
        or (name.endswith("nia") and len(name) <= len("Hania"))
        or (name.endswith("la") and len(name) <= len("Pola"))
    )
    return name[:-1] + ("u" if is_everyday else "o")


def _bend_consonant(name: str) -> str:
    for ending, instead in _MALE:
        if name.endswith(ending):
            return name[: -len(ending)] + instead
    return name


def write_greeting(
    lang: str, given_name: str, family: str, *, sex: Sex | None = None, title: str = ""
) -> str:
    """Return the first line of a letter to one person, with its comma.

    ``sex`` is the donor's, if recorded; in Polish it also follows from a given name that we know.
    In Albanian the ending of a name is no proof (one in twenty is wrong): without
    ``sex`` the greeting is neutral. Of several given names the first is called. A ``title`` is one that
    :func:`find_title` gave; in Polish it stands for the name.
    """
    if lang == "pl":
        first = _find_called_name(given_name)
        known_sex = find_sex(first) if fold_letters(first) in POLISH else None
        return _greet_in_polish(first, sex or known_sex, title)
    if lang == "sq":
        return _greet_in_albanian(given_name, family, sex)
    return (
        f"Dear {' '.join(part for part in (given_name, family) if part)},"
        if given_name or family
        else "Dear friend,"
    )


def _find_called_name(given_name: str) -> str:
    """Return the given name by which somebody is called: the first that is no title."""
    words = [word for word in given_name.split() if fold_letters(word).rstrip(".") not in _TITLES]
    return words[0] if words and fold_letters(words[0]) in POLISH else given_name


def _greet_in_polish(given_name: str, sex: Sex | None, title: str) -> str:
    if not given_name or sex is None:
        return "Szanowni Państwo,"
    called = (_TITLES[title][0] if sex == "f" else _TITLES[title][1]) if title else ""
    if called and title in _SELF_STANDING:
        return f"{'Szanowna' if sex == 'f' else 'Szanowny'} {called},"
    called = called or make_vocative(given_name)
    return f"Szanowna Pani {called}," if sex == "f" else f"Szanowny Panie {called},"


def _greet_in_albanian(given_name: str, family: str, sex: Sex | None) -> str:
    name = " ".join(part for part in (given_name, family) if part)
    if not name or sex is None:
        return "Të nderuar,"
    return f"E nderuara znj. {name}," if sex == "f" else f"I nderuar z. {name},"


def write_greeting_of_organisation(lang: str) -> str:
    """Return the first line of a letter to an organisation or to several people."""
    return {"pl": "Szanowni Państwo,", "sq": "Të nderuar,"}.get(lang, "Dear friends,")


def write_greeting_of_household(lang: str, name: str) -> str:
    """Return the first line of a letter to a household: in Polish by the surname of a couple, where its
    plural leaves no doubt; else as to several people.
    """
    surname = find_surname_of_both(name) if lang == "pl" else None
    return f"Szanowni Państwo {surname}," if surname else write_greeting_of_organisation(lang)
