"""How a letter begins, in Polish, Albanian and English.

Polish puts the given name into the vocative; Albanian and English do not bend names.
Where the sex is not known, the greeting is neutral. What a donor wants to be called
goes before all of this and is the caller's to look at.
"""

from __future__ import annotations

from typing import Final

from donorhub.domain.donors.given_names import POLISH, Sex, sex_of
from donorhub.domain.payer_text import fold

_EXCEPTIONS: Final = {
    "kacper": "Kacprze",
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
}
# Ending of the nominative and what stands for it, the first that fits (Polish school
# grammar: k, g, ch and soft stems take -u, hard stems soften before -e).
_MALE: Final = (
    *(("siek", "śku"), ("ciek", "ćku"), ("ek", "ku"), ("ś", "siu")),
    *((end, end + "u") for end in ("sz", "cz", "rz", "dz", "ż", "l", "j", "c", "k", "g", "h", "x", "o", "z")),
    *(("ał", "ale"), ("eł", "le"), ("ł", "le"), ("r", "rze"), ("t", "cie"), ("d", "dzie")),
    *((end, end + "ie") for end in "nmbpwfs"),
)


def vocative(given: str) -> str:
    """The Polish vocative of a Polish given name; any other name stays as it is."""
    first = given.strip()
    folded = fold(first)
    if folded not in POLISH or " " in folded:
        return first
    if folded in _EXCEPTIONS:
        return _EXCEPTIONS[folded]
    return _of_a(first) if folded.endswith("a") else _of_consonant(first)


def _of_a(name: str) -> str:
    """Anna, Anno; but the everyday forms: Kasia, Kasiu; Ania, Aniu; Ola, Olu."""
    is_everyday = (
        name.endswith(("sia", "zia", "cia"))
        or (name.endswith("nia") and len(name) <= len("Hania"))
        or (name.endswith("la") and len(name) == len("Ola"))
    )
    return name[:-1] + ("u" if is_everyday else "o")


def _of_consonant(name: str) -> str:
    for ending, instead in _MALE:
        if name.endswith(ending):
            return name[: -len(ending)] + instead
    return name


def greeting(lang: str, given: str, family: str, *, sex: Sex | None = None) -> str:
    """The first line of a letter to one person, with its comma.

    ``sex`` is what is known of the donor; in Polish a known given name tells it too.
    In Albanian the ending of a name is no proof (one in twenty is wrong): without
    ``sex`` the greeting is neutral.
    """
    if lang == "pl":
        return _polish(given, sex or (sex_of(given) if fold(given) in POLISH else None))
    if lang == "sq":
        return _albanian(given, family, sex)
    return (
        f"Dear {' '.join(part for part in (given, family) if part)}," if given or family else "Dear friend,"
    )


def _polish(given: str, sex: Sex | None) -> str:
    if not given or sex is None:
        return "Szanowni Państwo,"
    return f"Szanowna Pani {vocative(given)}," if sex == "f" else f"Szanowny Panie {vocative(given)},"


def _albanian(given: str, family: str, sex: Sex | None) -> str:
    name = " ".join(part for part in (given, family) if part)
    if not name or sex is None:
        return "Të nderuar,"
    return f"E nderuara znj. {name}," if sex == "f" else f"I nderuar z. {name},"


def greeting_of_organisation(lang: str) -> str:
    """The first line of a letter to an organisation or to several people."""
    return {"pl": "Szanowni Państwo,", "sq": "Të nderuar,"}.get(lang, "Dear friends,")
