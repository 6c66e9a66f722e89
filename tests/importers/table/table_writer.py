"""Writes banks' tables for tests, from entries that know nothing of a format.

One function a layout, each writing what that bank writes: its preamble, its header, its way
with dates, amounts and signs, its footer. ``KEPT`` says what of an entry a layout can carry.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal

from tests.importers.bank_writers import OPENING_MINOR, OWN_ACCOUNT, Plain

NRB: Final = OWN_ACCOUNT[2:]
_ALL: Final = ("name", "account", "remittance", "ref")
_NO_REF: Final = ("name", "account", "remittance")

Row = Sequence[str]


def amount(minor: int, decimal: str = ",", thousands: str = "", plus: str = "") -> str:
    """``-1 234,56`` from minor units."""
    text = f"{abs(minor) // 100:,}".replace(",", thousands)
    return f"{'-' if minor < 0 else plus}{text}{decimal}{abs(minor) % 100:02d}"


def balances(entries: Iterable[Plain]) -> list[int]:
    """The balance after each entry, in minor units."""
    after, all_ = OPENING_MINOR, []
    for entry in entries:
        after += entry.minor
        all_.append(after)
    return all_


def _table(rows: Iterable[Row], delimiter: str, encoding: str, *, quote_all: bool = False) -> bytes:
    text = io.StringIO(newline="")
    quoting: Literal[0, 1] = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode(encoding)


def mbank_detail(entries: Sequence[Plain]) -> bytes:
    after = balances(entries)
    rows: list[Row] = [
        ["mBank S.A. Bankowość Detaliczna", ""],
        [],
        ["#Klient", ""],
        ["FUNDACJA PRZYKŁAD", ""],
        [],
    ]
    rows += [["#Waluta", ""], ["PLN", ""], ["#Numer rachunku", ""], [NRB, ""], []]
    rows += [["#Saldo początkowe", ""], [amount(OPENING_MINOR, thousands=" ") + " PLN", ""], []]
    header = "#Data operacji;#Data księgowania;#Opis operacji;#Tytuł;#Nadawca/Odbiorca;#Numer konta;#Kwota"
    rows.append([*header.split(";"), "#Saldo po operacji", ""])
    for e, balance in zip(entries, after, strict=True):
        money = [amount(e.minor, thousands=" "), amount(balance, thousands=" "), ""]
        day = e.booked_on.isoformat()
        rows.append([day, day, "PRZELEW", e.remittance, f"{e.name}  ", f"'{e.account[2:]}'", *money])
    rows += [[], [""] * 6 + ["#Saldo końcowe", amount(after[-1], thousands=" ") + " PLN", ""]]
    return _table(rows, ";", "cp1250")


def ipko(entries: Sequence[Plain]) -> bytes:
    names = "Data operacji,Data waluty,Typ transakcji,Kwota,Waluta,Saldo po transakcji,Opis transakcji,,,"
    rows: list[Row] = [names.split(",")]
    rows.append(["", "2026-12-31", "Blokada", "-90.34", "PLN", "W rozliczeniu", "SKLEP", "", "", ""])
    for e, balance in reversed(list(zip(entries, balances(entries), strict=True))):
        keyed = [f"Rachunek nadawcy: {e.account[2:]}", f"Tytuł: {e.remittance}", f"Nazwa nadawcy: {e.name}"]
        money = [amount(e.minor, ".", plus="+"), e.currency, amount(balance, ".", plus="+")]
        rows.append([e.booked_on.isoformat(), e.booked_on.isoformat(), "Przelew", *money, *keyed, ""])
    return _table(rows, ",", "cp1250", quote_all=True)


def ing(entries: Sequence[Plain]) -> bytes:
    received = sum(e.minor for e in entries if e.minor > 0)
    spent = sum(-e.minor for e in entries if e.minor < 0)
    rows: list[Row] = [["Lista transakcji", "", "", "", "", "ING Bank Śląski S.A."], []]
    rows += [["Wybrane rachunki:", ""], ["Konto (PLN)", "", NRB, ""], []]
    rows += [
        ["Zakres dat:", "2026", "Typy transakcji:", "wszystkie", "Liczba transakcji:", str(len(entries)), ""]
    ]
    rows += [[""] * 5 + [f"Suma uznań ({len(entries)}):", amount(received), "PLN"]]
    rows += [[""] * 5 + ["Suma obciążeń (1):", amount(spent), "PLN"], []]
    header = "Data transakcji;Data księgowania;Dane kontrahenta;Tytuł;Nr rachunku;Nazwa banku"
    header += ";Szczegóły;Nr transakcji;Kwota transakcji (waluta rachunku);Waluta"
    header += ";Kwota blokady/zwolnienie blokady;Waluta;Kwota płatności w walucie;Waluta"
    header += ";Saldo po transakcji;Waluta;;;;"
    rows.append(header.split(";"))
    rows.append(
        ["2026-12-31", "", "SKLEP", "", "", "", "", "", "", "", "-9,00", "PLN", "", "", "", "", "", "", ""]
    )
    for e, balance in zip(entries, balances(entries), strict=True):
        day = e.booked_on.isoformat()
        who = [f" {e.name} ", e.remittance, f"'{e.account[2:]} '", "Bank", "PRZELEW  ", f"'{e.ref}'"]
        money = [amount(e.minor), "PLN", "", "", "", "", amount(balance), "PLN"]
        rows.append([day, day, *who, *money, "", "", "", ""])
    rows += [[], ["Dokument ma charakter informacyjny, nie stanowi dowodu księgowego"]]
    return _table(rows, ";", "cp1250")


def pekao(entries: Sequence[Plain]) -> bytes:
    header = "Data księgowania;Data waluty;Nadawca / Odbiorca;Adres nadawcy / odbiorcy;Rachunek źródłowy"
    header += ";Rachunek docelowy;Tytułem;Kwota operacji;Waluta;Numer referencyjny;Typ operacji;Kategoria"
    rows: list[Row] = [header.split(";")]
    for e in entries:
        day = f"{e.booked_on:%d.%m.%Y}"
        accounts = [f"'{e.account[2:]}", f"'{NRB}"] if e.minor > 0 else [f"'{NRB}", f"'{e.account[2:]}"]
        money = [
            f" {amount(e.minor, thousands=' ')}",
            e.currency,
            f"'{e.ref}",
            "PRZELEW KRAJOWY",
            "Bez kategorii",
        ]
        rows.append([day, day, e.name, "ul. Łąkowa 3, Gdańsk", *accounts, e.remittance, *money])
    return _table(rows, ";", "utf-8-sig")


def santander(entries: Sequence[Plain]) -> bytes:
    after = balances(entries)
    ends = [amount(OPENING_MINOR), amount(after[-1]), str(len(entries)), ""]
    rows: list[Row] = [["31-12-2026", "01-01-2026", f"'{NRB}", "FUNDACJA PRZYKŁAD", "PLN", *ends]]
    for number, (e, balance) in reversed(list(enumerate(zip(entries, after, strict=True), 1))):
        day = f"{e.booked_on:%d-%m-%Y}"
        money = [amount(e.minor), amount(balance), str(number), ""]
        rows.append([day, day, e.remittance, e.name, f"'{e.account[2:]}", *money])
    return _table(rows, ",", "utf-8")


def millennium(entries: Sequence[Plain]) -> bytes:
    header = "Numer rachunku/karty,Data transakcji,Data rozliczenia,Rodzaj transakcji,Na konto/Z konta"
    header += ",Odbiorca/Zleceniodawca,Opis,Obciążenia,Uznania,Saldo,Waluta"
    rows: list[Row] = [header.split(",")]
    for e, balance in reversed(list(zip(entries, balances(entries), strict=True))):
        day = e.booked_on.isoformat()
        money = ["" if e.minor > 0 else amount(e.minor, "."), amount(e.minor, ".") if e.minor > 0 else ""]
        who = ["PRZELEW", e.account, e.name, e.remittance]
        rows.append([OWN_ACCOUNT, day, day, *who, *money, amount(balance, "."), e.currency])
    return _table(rows, ",", "utf-8-sig", quote_all=True)


def alior(entries: Sequence[Plain]) -> bytes:
    header = (
        "Data transakcji;Data księgowania;Nazwa nadawcy;Nazwa odbiorcy;Szczegóły transakcji;Kwota operacji"
    )
    header += ";Waluta operacji;Kwota w walucie rachunku;Waluta rachunku;Numer rachunku nadawcy"
    header += ";Numer rachunku odbiorcy"
    rows: list[Row] = [
        ["Kryteria transakcji: Okres: 01-01-2026 - 31-12-2026", "Produkty: "],
        header.split(";"),
    ]
    for e in entries:
        day, money = f"{e.booked_on:%d-%m-%Y}", [amount(e.minor), "PLN"] * 2
        names, accounts = [e.name, "FUNDACJA"], [e.account[2:], NRB]
        if e.minor < 0:
            names, accounts = names[::-1], accounts[::-1]
        rows.append([day, day, *names, e.remittance, *money, *accounts])
    return _table(rows, ";", "utf-8")


def raiffeisen_al(entries: Sequence[Plain]) -> bytes:
    after = balances(entries)
    rows: list[Row] = [["NXJERRJE LLOGARIE", "", "", "", "", ""], ["LLOGARIA", OWN_ACCOUNT, "", "", "", ""]]
    rows.append(["DATA E TRANSAKSIONIT", "PERSHKRIMI", "DATE VALUTA", "DEBI", "KREDI", "BALANCA"])
    for e, balance in zip(entries, after, strict=True):
        day, money = f"{e.booked_on:%d/%m/%y}", amount(e.minor, ".", ",")
        sides = ["", money] if e.minor > 0 else [money, ""]
        rows.append([day, e.remittance, day, *sides, amount(balance, ".", ",")])
    rows.append(["Balanca përfundimtare", "", "", "", "", amount(after[-1], ".", ",")])
    rows.append(["Numri i veprimeve", str(len(entries)), "", "", "", ""])
    return _table(rows, ",", "utf-8-sig")


def intesa_al(entries: Sequence[Plain]) -> bytes:
    after = balances(entries)
    rows: list[Row] = [
        [OWN_ACCOUNT, "FONDACIONI SHEMBULL"],
        ["Bilanci duke u hapur", amount(OPENING_MINOR, ".", ",")],
    ]
    rows.append(["Bilanci duke u mbyllur", amount(after[-1], ".", ",")])
    header = "Data,Data e vlerës,Përshkrimi,Numri i referencës,Transaction Type,Valuta,Shuma"
    rows.append([*header.split(","), "Balance Currency", "Balance Amount", ""])
    for e, balance in zip(entries, after, strict=True):
        day = f"{e.booked_on.day}.{e.booked_on.month}.{e.booked_on:%y}"
        money = [e.currency, amount(abs(e.minor), ".", ","), e.currency, amount(balance, ".", ","), ""]
        rows.append([day, day, f"||{e.remittance}||", e.ref, "KREDIT" if e.minor > 0 else "DEBIT", *money])
    return _table(rows, ",", "utf-8")


def plain_pl(entries: Sequence[Plain]) -> bytes:
    header = "Data operacji;Data księgowania;Nadawca/Odbiorca;Rachunek;Tytuł;Kwota;Waluta;Nr referencyjny"
    rows: list[Row] = [header.split(";")]
    for e in entries:
        day = e.booked_on.isoformat()
        rows.append([day, day, e.name, e.account, e.remittance, amount(e.minor), e.currency, e.ref])
    return _table(rows, ";", "utf-8")


WRITERS: Final[dict[str, Callable[[Sequence[Plain]], bytes]]] = {
    "pl.mbank.detail": mbank_detail,
    "pl.pko.ipko": ipko,
    "pl.ing.moje": ing,
    "pl.pekao.24": pekao,
    "pl.santander": santander,
    "pl.millennium": millennium,
    "pl.alior": alior,
    "al.raiffeisen": raiffeisen_al,
    "al.intesa": intesa_al,
    "plain.pl": plain_pl,
}
KEPT: Final[dict[str, tuple[str, ...]]] = {
    "pl.mbank.detail": _NO_REF,
    "pl.pko.ipko": _NO_REF,
    "pl.ing.moje": _ALL,
    "pl.pekao.24": _ALL,
    "pl.santander": _NO_REF,
    "pl.millennium": _NO_REF,
    "pl.alior": _NO_REF,
    "al.raiffeisen": ("remittance",),
    "al.intesa": ("remittance", "ref"),
    "plain.pl": _ALL,
}
PROVED: Final = frozenset(WRITERS) - {"pl.pekao.24", "pl.alior", "plain.pl"}  # they bring balances


def write_csv(entries: Sequence[Plain], layout_name: str) -> bytes:
    """The table that the bank of this layout would export."""
    return WRITERS[layout_name](entries)
