"""What a bank writes about a payer, brought into forms that can be compared.

It folds letters, takes the banks' own words out and cuts addresses off; who the
payer is, :mod:`donorhub.domain.bank.matching.matching` and :mod:`donorhub.domain.donors.names` say.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

# These letters have no decomposition in Unicode, so that NFKD alone would keep them.
_LETTERS: Final = str.maketrans(
    {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "˙": " "}
)
_NOT_WORD: Final = re.compile(r"[^a-z0-9]+")
_DIGITS: Final = re.compile(r"[0-9]+")
_TAGS: Final = re.compile(
    r"\b(?:EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|PURP|IBAN|BIC|EndToEndId|Remi)\+"
    r"|/(?:EREF|MARF|CSID|CNTP|REMI|RTRN|IDC|TXT|USTD|PURP|ORDP|BENM|NAME)/"
    r"|\b(?:TYT|OD|DLA|TNR|Z RACH|ID IPH)\.?:",
    re.IGNORECASE,
)
_NRB_DIGITS: Final = 26  # a Polish account number is its IBAN without the country
_ADDRESS: Final = re.compile(
    r"[|;,]|\s{2,}|\b(?:ul|al|os|pl|aleja|osiedle|plac|rynek|rruga|rr|lagjja|bulevardi|str)\b\.?|[0-9]",
    re.IGNORECASE,
)
NOISE: Final = frozenset(
    """darowizna darowizny darowizne wplata wplaty przelew st tytulem tytul na cele statutowe rzecz dla od
    ul al os pl sp z o o zoo spolka ograniczona odpowiedzialnoscia donacion donacioni dhurim pagese transfer
    donation gift payment pan pani mr mrs ms zl pln eur""".split()
)


@lru_cache(maxsize=1 << 17)
def fold_letters(text: str) -> str:
    """Return lower case without diacritics, one blank between words: ``Łódź  ËNDRRA`` is ``lodz endrra``."""
    if not text.isascii():
        letters = unicodedata.normalize("NFKD", text.translate(_LETTERS))
        text = "".join(sign for sign in letters if not unicodedata.combining(sign))
    return " ".join(text.casefold().split())


@lru_cache(maxsize=1 << 13)  # a file of 100,000 accounts is not to be kept in memory twice
def normalise_account(text: str | None) -> str | None:
    """Return an account in capitals without blanks; 26 digits are Polish and get their ``PL``."""
    if not text:
        return None
    account = text.upper()
    if not account.isalnum():
        account = "".join(filter(str.isalnum, account))
    if len(account) == _NRB_DIGITS and account.isdigit():
        return "PL" + account
    return account or None


def split_words(text: str) -> tuple[str, ...]:
    """Return the folded words of letters and digits, in order."""
    return tuple(_NOT_WORD.sub(" ", fold_letters(text)).split())


def remove_tags(text: str) -> str:
    """Return the remittance without the banks' field marks, such as ``SVWZ+`` or ``/REMI/``."""
    return _TAGS.sub(" ", text)


def list_telling_words(text: str) -> tuple[str, ...]:
    """Return the words that may tell payers apart: no tags, no legal noise, no single letters."""
    return tuple(w for w in split_words(remove_tags(text)) if w not in NOISE and len(w) > 1)


def cut_address(text: str) -> str:
    """Return the name alone: cut at ``ul.``, a separator, a wide gap or the first digit.

    What begins with a mark keeps its text: a name is better too long than lost.
    """
    clean = text.strip()
    match = _ADDRESS.search(clean)
    if match is None or match.start() == 0:
        return clean
    return clean[: match.start()].strip(" .-/") or clean


@lru_cache(maxsize=1 << 17)
def make_name_key(text: str) -> str:
    """Return the folded words of a name, without digits, in alphabetical order."""
    return " ".join(sorted(split_words(_DIGITS.sub(" ", cut_address(text)))))


def make_payer_key(account: str | None, name: str | None) -> str | None:
    """Return what a payer is remembered by: ``iban:…`` where the bank gives the account, else ``name:…``.

    None when the bank gives neither.
    """
    canonical = normalise_account(account)
    if canonical:
        return f"iban:{canonical}"
    key = make_name_key(name) if name else ""
    return f"name:{key}" if key else None
