"""The words that banks write above columns, in five languages, and how they are compared.

It knows roles by their names only; whether a column's cells fit is for ``detect`` to see.
"""

from __future__ import annotations

import re
from typing import Final, Literal, get_args

from importers.folding import fold_text

Role = Literal[
    "booked_on",
    "value_on",
    "amount",
    "debit",
    "credit",
    "direction",
    "fee",
    "currency",
    "balance",
    "name",
    "name_from",
    "name_to",
    "address",
    "account",
    "account_from",
    "account_to",
    "own_account",
    "bic",
    "remittance",
    "bank_ref",
    "end_to_end_id",
    "mandate_id",
    "virtual_account",
    "status",
    "bank_code",
    "info",
    "keyed",
]

# Folded names, the likelier first; of two roles whose words fit, the longer word wins.
VOCABULARY: Final[dict[Role, str]] = {
    "booked_on": (
        "data ksiegowania|data zaksiegowania|data operacji|data transakcji|data|data e transaksionit|"
        "data e veprimit|data e postimit|datum knjizenja|datum|booking date|posting date|posted|"
        "transaction date|date|date posted|completed date|buchungstag|buchungsdatum|buchung|"
        "data e procesimit|boekdatum"
    ),
    "value_on": (
        "data waluty|data rozliczenia|date valuta|data e valutes|data valutes|data e vleres|data valutore|"
        "datum valute|value date|valuta datum|valutadatum|wertstellung|"
        "wertstellungsdatum|rentedatum|started date"
    ),
    "amount": (
        "kwota|kwota operacji|kwota transakcji|kwota w walucie rachunku|kwota transakcji waluta rachunku|"
        "shuma|vlera|iznos|amount|transaction amount|betrag|umsatz|value|bedrag|gross"
    ),
    "debit": (
        "obciazenia|obciazenie|wyplaty|wydatki|debi|debiti|debituar|debit|dalje|duguje|isplata|withdrawal|"
        "withdrawals|paid out|money out|soll|ausgang|shuma dalese|dalese|daljet"
    ),
    "credit": (
        "uznania|uznanie|wplywy|kredi|krediti|kredituar|kredit|hyrje|potrazuje|uplata|credit|deposit|deposits|"
        "paid in|money in|haben|eingang|shuma hyrese|hyrese|hyrjet"
    ),
    "direction": (
        "strona|znak|wn ma|dk|dc|cd|debit credit|credit debit|tipi d k|transaction type|soll haben|"
        "kierunek|drejtimi|smer|af bij"
    ),
    "fee": (
        "fee|fees|total fees|transaction fee|commission|prowizja|oplata|oplaty|komisioni|komision|provizija|"
        "naknada|gebuhr|gebuehr|gebuhren|entgelt|kosten"
    ),
    "currency": "waluta|waluta rachunku|waluta operacji|valuta|monedha|currency|wahrung|waehrung|munt",
    "balance": (
        "saldo|saldo po operacji|saldo po transakcji|bilanci|balanca|gjendja|stanje|balance|"
        "running balance|running bal|balance after|kontostand|saldo na mutatie|saldo na trn"
    ),
    "name": (
        "emri i derguesit|emri i paguesit|emri i perfituesit|uplatilac|nalogodavac|ime|ime uplatioca|"
        "naziv platioca|platioc|duznik|"
        "nadawca odbiorca|kontrahent|dane kontrahenta|nazwa kontrahenta|odbiorca zleceniodawca|nadawca|"
        "nazwa nadawcy odbiorcy|emri|derguesi|perfituesi|paguesi|ime i prezime|naziv|primalac|platilac|name|"
        "payee|payer|counterparty|counterparty name|beneficiary|auftraggeber empfanger|empfanger|"
        "auftraggeber|beguenstigter zahlungspflichtiger|begunstigter zahlungspflichtiger|partner name|"
        "partner|pala|naam omschrijving|naam tegenpartij|naam|imie i nazwisko|nazwisko i imie|kto wplacil|"
        "kto|od kogo|wplacajacy|kush|nga kush"
    ),
    "name_from": (
        "nazwa nadawcy|sender|sender name|derguesi|zahlungspflichtige r|zahlungspflichtiger|payer name"
    ),
    "name_to": "nazwa odbiorcy|recipient|recipient name|zahlungsempfanger in|zahlungsempfanger|payee name",
    "address": "adres|adres nadawcy odbiorcy|adresa|address|adresse",
    "account": (
        "rachunek|numer konta|nr rachunku|numer rachunku|na konto z konta|rachunek kontrahenta|"
        "numer rachunku nadawcy odbiorcy|llogaria|llogaria e derguesit|racun|iban|account|account number|"
        "counterparty account|counterparty iban|kontonummer|partner iban|tegenrekening|"
        "tegenrekening iban bban"
    ),
    "account_from": "rachunek zrodlowy|numer rachunku nadawcy|from account|sender account",
    "account_to": "rachunek docelowy|numer rachunku odbiorcy|to account|recipient account",
    "own_account": (
        "numer rachunku karty|moj rachunek|llogaria ime|own account|auftragskonto|iban auftragskonto|"
        "rekening|iban bban"
    ),
    "bic": "bic|swift|swift bic|bic swift",
    "remittance": (
        "tytul|tytulem|opis|opis transakcji|opis operacji|szczegoly transakcji|tytul operacji|"
        "tytul platnosci|pershkrimi|pershkrimi i transaksionit|qellimi|detajet|komenti|svrha|svrha placanja|"
        "opis placanja|description|details|memo|reference text|payment details|narrative|remittance|"
        "remittance information|verwendungszweck|buchungstext|payment reference|text|"
        "omschrijving|mededelingen|svrha uplate|svrha doznake|arsyeja|arsyeja e pageses|mesazhi"
    ),
    "bank_ref": (
        "numer referencyjny|nr referencyjny|nr transakcji|numer transakcji|identyfikator|"
        "numri i references|referenca|nr i references|referenca e bankes|broj transakcije|reference|"
        "bank reference|transaction id|transaction reference|id|referenz"
    ),
    "end_to_end_id": "end to end id|endtoendid|end to end|end to end referenz|kundenreferenz",
    "mandate_id": "mandat|mandate|mandate id|mandatsreferenz|numer mandatu",
    "virtual_account": "rachunek wirtualny|konto wirtualne|virtual account|identyfikator platnika|iph",
    "status": "status|statusi|stan|state",
    "bank_code": (
        "typ operacji|typ transakcji|rodzaj transakcji|rodzaj|lloji|lloji i transaksionit|type|vrsta"
    ),
    "info": "account name|kategoria|category|szczegoly|nazwa banku|info",
}
# Beside the entry's own amount and currency: what was ordered elsewhere, and what is taken from it.
BESIDE: Final = re.compile(
    r"\b(original\w*|oryginaln\w*|zlecenia|blokad\w*|ursprung\w*|exchange|fee|fees|net|prowizja|komisioni|"
    r"rate|kurs|tax|vat)\b"
)
# What a column of states says of a row that is no booked money: not yet, or not any more.
NOT_BOOKED: Final[tuple[str, ...]] = tuple(
    "pending|waiting|authorised|authorized|hold|reserved|reverted|declined|failed|cancelled|canceled|rejected|"
    "denied|oczekuje|oczekująca|blokada|zablokowana|w realizacji|w trakcie realizacji|odrzucona|anulowana|"
    "wycofana|wstrzymana|në pritje|i bllokuar|anuluar|refuzuar|vorgemerkt|umsatz vorgemerkt|offen|"
    "na čekanju".split("|")
)
# With these begins a row of sums below or between the entries.
SUMS: Final = tuple(
    "razem|suma|podsumowanie|saldo|obroty|total|subtotal|totali|gjithsej|shuma totale|ukupno|summe|gesamt|"
    "opening balance|closing balance|balance|укупно".split("|")
)
NOTHING: Final = frozenset(("-", "–", "—", "--"))  # a cell that says that there is no amount
ROLES: Final[frozenset[Role]] = frozenset(get_args(Role))

_EXACT: Final = {word: role for role, words in reversed(VOCABULARY.items()) for word in words.split("|")}
_BY_LENGTH: Final = sorted(_EXACT.items(), key=lambda item: -len(item[0]))
_SHORTEST_PART: Final = 5
# Serbian is written in either alphabet, letter by letter the same; only names of columns are turned.
_SERBIAN: Final = str.maketrans(
    dict(zip("абвгдђежзијклмнопрстћуфхцчш", "abvgdđežzijklmnoprstćufhcčš", strict=True))
    | {"љ": "lj", "њ": "nj", "џ": "dž"}
)


def find_role(header: str) -> tuple[Role, str] | None:
    """Return the role that a column's name tells, and the word that told it."""
    name = fold_text(header.casefold().translate(_SERBIAN))
    if name in _EXACT:
        return _EXACT[name], name
    for word, role in _BY_LENGTH:
        if (len(word) >= _SHORTEST_PART or role == "fee") and re.search(rf"\b{word}\b", name):
            return role, word
    return None


MONEY_IN: Final = (
    "kredit",
    "credit",
    "cr",
    "c",
    "k",
    "uznanie",
    "wplyw",
    "ma",
    "hyrje",
    "in",
    "haben",
    "h",
    "bij",
    "+",
)
MONEY_OUT: Final = (
    "debit",
    "debi",
    "dr",
    "d",
    "obciazenie",
    "wydatek",
    "wn",
    "dalje",
    "out",
    "soll",
    "s",
    "af",
    "-",
)
