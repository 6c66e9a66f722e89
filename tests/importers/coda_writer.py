"""Writes small CODA 2.6 files for tests, from entries that know nothing of a format."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from tests.importers.bank_writers import OPENING_MINOR, OWN_ACCOUNT, Plain


def place(*parts: tuple[int, str]) -> str:
    """A record of 128 signs; each part is given with its first place, counted from 1."""
    signs = [" "] * 128
    for at, text in parts:
        signs[at - 1 : at - 1 + len(text)] = text
    return "".join(signs)[:128]


def amount(minor: int) -> str:
    """Sign and 15 digits, three of them decimals."""
    return f"{int(minor < 0)}{abs(minor) * 10:015d}"


def head(opening: int = OPENING_MINOR, on: date = date(2026, 1, 1), currency: str = "EUR") -> list[str]:
    zero = place((1, "00000"), (6, f"{on:%d%m%y}"), (12, "30005"), (25, "REF1"), (61, "BBRUBEBB"), (128, "2"))
    one = place((1, "13001"), (6, OWN_ACCOUNT), (40, currency), (43, amount(opening)), (59, f"{on:%d%m%y}"))
    return [zero, one[:64] + "FONDATION EXEMPLE".ljust(26) + one[90:125] + "001"]


def movement(number: int, plain: Plain, *, detail: int = 0, structured: bool = False) -> list[str]:
    day = f"{plain.booked_on:%d%m%y}"
    text = plain.remittance
    where = f"{number % 10_000:04d}{detail:04d}"
    first = place(
        (1, "21"),
        (3, where),
        (11, plain.ref),
        (32, amount(plain.minor)),
        (48, day),
        (54, "00150000"),
        (62, str(int(structured))),
        (63, text[:53]),
        (116, day),
        (122, "001"),
        (126, "1"),
    )
    second = place(
        (1, "22"), (3, where), (11, text[53:106]), (64, f"E{plain.ref}"), (99, "KREDBEBB"), (126, "1")
    )
    third = place((1, "23"), (3, where), (11, plain.account), (45, plain.currency), (48, plain.name[:35]))
    return [first, second, third]


def tail(records: Sequence[str], closing: int, debits: int, credits_: int, on: date) -> list[str]:
    counted = sum(record[0] in "1238" for record in records) + 1
    eight = place((1, "8001"), (5, OWN_ACCOUNT), (42, amount(closing)), (58, f"{on:%d%m%y}"))
    sums = f"{debits * 10:015d}{credits_ * 10:015d}"
    return [eight, place((1, "9"), (17, f"{counted:06d}"), (23, sums), (128, "2"))]


def close_file(records: Sequence[str], entries: Sequence[Plain], opening: int = OPENING_MINOR) -> bytes:
    """The records with those of the new balance and the sums of ``entries``, as a file."""
    debits = sum(-plain.minor for plain in entries if plain.minor < 0)
    credits_ = sum(plain.minor for plain in entries if plain.minor > 0)
    on = max((plain.booked_on for plain in entries), default=date(2026, 1, 1))
    lines = [*records, *tail(records, opening + credits_ - debits, debits, credits_, on)]
    return "\r\n".join([*lines, ""]).encode("cp1252")


def write_coda(entries: Sequence[Plain], currency: str = "EUR") -> bytes:
    """One statement whose numbers, sums and balances hold; texts must be of cp1252."""
    records = head(currency=currency)
    for number, plain in enumerate(entries, 1):
        records += movement(number, plain)
    return close_file(records, entries)
