"""Writes small bank files for tests, from entries that know nothing of a format.

``plain_entries`` makes the same entries for the same seed; ``write_mt940`` writes them as a
bank would, one dialect of the :86: text at a time. It does not imitate banks' mistakes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

OWN_ACCOUNT: Final = "PL61109010140000071219812874"
OPENING_MINOR: Final = 100_000

_GIVEN: Final = "Anna Łukasz Małgorzata Jerzy Żaneta Besa Agim Çlirim Zofia Stanisława".split()
_FAMILY: Final = "Żak Nowak Święcicka Hoxha Dąbrowska-Wiśniewska Kowalczyk Gjoni Źrebiec".split()
_PURPOSES: Final = (
    "Darowizna na cele statutowe DH-{code}-7",
    "darowizna {code}",
    "DH {code} składka za wrzesień i październik, z podziękowaniem dla zespołu",
    "Dhurim {code}",
)


@dataclass(frozen=True, slots=True)
class Plain:
    """One payment as any format can carry it; ``minor`` is signed as our account sees it."""

    booked_on: date
    minor: int
    currency: str
    name: str
    account: str
    remittance: str
    ref: str


def iban(country: str, bban: str) -> str:
    """The IBAN of a national account number, with its check digits (ISO 13616)."""
    digits = "".join(str(int(letter, 36)) for letter in f"{bban}{country}00")
    return f"{country}{98 - int(digits) % 97:02d}{bban}"


def plain_entries(n: int, seed: int) -> list[Plain]:
    """``n`` entries in PLN in the order of their dates, the same for the same ``seed``.

    Texts have Polish and Albanian letters that all of cp1250, ISO-8859-2, CP852 and UTF-8
    can write. Some entries are alike but for their ``ref``; one in ten is money out.
    """
    dice = random.Random(seed)
    made: list[Plain] = []
    for i in range(n):
        minor = dice.choice((1_000, 2_000, 5_000, 5_000, 10_000, dice.randrange(1, 2_000_000)))
        made.append(
            Plain(
                booked_on=date(2026, 1, 1) + timedelta(days=i * 300 // max(n, 1)),
                minor=-minor if dice.random() < 0.1 else minor,
                currency="PLN",
                name=f"{dice.choice(_GIVEN)} {dice.choice(_FAMILY)}",
                account=iban("PL", f"10901014{dice.randrange(10**16):016d}"),
                remittance=dice.choice(_PURPOSES).format(code=dice.randrange(1000, 9999)),
                ref=f"B{seed % 1000:03d}{i:010d}",
            )
        )
    return made


def comma_amount(minor: int) -> str:
    """An amount in hundredths without its sign, as SWIFT writes it: ``50,00``."""
    return f"{abs(minor) // 100},{abs(minor) % 100:02d}"


def _chunks(text: str, width: int) -> list[str]:
    return [text[at : at + width] for at in range(0, len(text), width)] or [""]


def _subfields(sign: str, tags: Sequence[str], text: str) -> str:
    """A long text over several sub-fields of 27 characters: ``?20…?21…``."""
    parts = zip(tags, _chunks(text, 27), strict=False)
    return "".join(f"{sign}{tag}{part}" for tag, part in parts)


def _gvc(plain: Plain) -> str:
    text = _subfields("?", [str(tag) for tag in range(20, 30)], f"EREF+{plain.ref}")
    used = text.count("?")
    text += _subfields("?", [str(tag) for tag in range(20 + used, 30)], f"SVWZ+{plain.remittance}")
    return f"166?00GUTSCHRIFT?100399{text}?31{plain.account}" + _subfields("?", "32 33".split(), plain.name)


def _tilde(plain: Plain) -> str:
    title = _subfields("~", "20 21 22 23 24 25".split(), plain.remittance)
    name = _subfields("~", "32 33".split(), plain.name)
    return f"051~00051{title}~30{plain.account[4:12]}~31{plain.account[12:]}{name}~38{plain.account}"


def _angle(plain: Plain) -> str:
    title = _subfields("<", "20 21 22 23 24 25 26".split(), plain.remittance)
    return f"020<00Wpłata{title}" + _subfields("<", "27 28".split(), plain.name) + f"<38{plain.account}"


def _caret(plain: Plain) -> str:
    title = _subfields("^", "20 21 22 23 24 25".split(), plain.remittance)
    return f"020^00PRZELEW{title}^32{plain.name}^38{plain.account[2:]}"


def _write_structured_text(plain: Plain) -> str:
    return (
        f"/TRTP/SEPA OVERBOEKING/IBAN/{plain.account}/BIC/WBKPPLPP/NAME/{plain.name}"
        f"/REMI/{plain.remittance}/EREF/{plain.ref}"
    )


def _write_labelled_text(plain: Plain) -> str:
    return (
        f"911 PRZELEW; Z RACH.: {plain.account[2:]}; OD: {plain.name}; "
        f"TYT.: {plain.remittance}; TNR: {plain.ref}"
    )


MT940_DIALECTS: Final[dict[str, tuple[Callable[[Plain], str], str]]] = {
    "gvc": (_gvc, "utf-8"),
    "tilde": (_tilde, "cp1250"),
    "angle": (_angle, "cp852"),
    "caret": (_caret, "iso-8859-2"),
    "structured": (_write_structured_text, "utf-8"),
    "labelled": (_write_labelled_text, "iso-8859-2"),
}


def _balance(tag: str, minor: int, on: date, currency: str) -> str:
    mark = "C" if minor >= 0 else "D"
    return f":{tag}:{mark}{on:%y%m%d}{currency}{comma_amount(minor)}"


def write_mt940(entries: Sequence[Plain], dialect: str) -> bytes:
    """One MT940 statement of :data:`OWN_ACCOUNT`, its :86: texts in a dialect, lines of 65, CRLF.

    ``dialect`` is a key of :data:`MT940_DIALECTS`; the balances hold. Needs one entry at least.
    """
    text_of, encoding = MT940_DIALECTS[dialect]
    first, last = entries[0], entries[-1]
    lines = [":20:DH1", f":25:{OWN_ACCOUNT}", ":28C:00001/00001"]
    lines.append(_balance("60F", OPENING_MINOR, first.booked_on, first.currency))
    for plain in entries:
        mark = "C" if plain.minor >= 0 else "D"
        dates = f"{plain.booked_on:%y%m%d}{plain.booked_on:%m%d}"
        lines.append(f":61:{dates}{mark}{comma_amount(plain.minor)}NTRFNONREF//{plain.ref}")
        first_line, *others = _chunks(text_of(plain), 65)
        lines.extend([f":86:{first_line}", *others])
    closing = OPENING_MINOR + sum(plain.minor for plain in entries)
    lines.extend([_balance("62F", closing, last.booked_on, last.currency), "-", ""])
    return "\r\n".join(lines).encode(encoding)
