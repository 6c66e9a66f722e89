"""Words in cells that stand for values of ours: countries, languages, methods, whether money came."""

from __future__ import annotations

from typing import Final, Literal, get_args

from donorhub.domain.moving.cells import is_nothing, read_text
from donorhub.domain.payer_text import fold_letters
from importers.records import Cell

Outcome = Literal["received", "not_received", "taken_back", "soft_credit", "unclear"]
PersonKind = Literal["person", "organisation", "household"]
_ALL_OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


def _list_words(words: dict[str, str]) -> dict[str, str]:
    return {word: value for value, many in words.items() for word in many.split("|")}


_COUNTRIES: Final = _list_words(
    {
        "PL": "pl|polska|poland|poloni|polonia|polen|rp",
        "AL": "al|albania|shqiperi|shqiperia|albanien",
        "XK": "xk|ks|kosowo|kosovo|kosova|kosove",
        "DE": "de|niemcy|germany|gjermani|gjermania|deutschland",
        "GB": "gb|uk|wielka brytania|united kingdom|england|britania e madhe|anglia",
        "US": "us|usa|united states|stany zjednoczone|shba",
        "IT": "it|wlochy|italy|itali|italia|italien",
        "FR": "fr|francja|france|france|frankreich",
        "CZ": "cz|czechy|czech republic|czechia|tschechien",
        "UA": "ua|ukraina|ukraine",
        "MK": "mk|macedonia|north macedonia|macedonia polnocna|maqedonia e veriut",
        "CH": "ch|szwajcaria|switzerland|zvicer|schweiz",
        "AT": "at|austria|osterreich",
    }
)
_LANGS: Final = _list_words(
    {
        "pl": "pl|pl_pl|polski|polish|polonisht|polnisch|polska|polski (polska)",
        "sq": "sq|sq_al|al|albanski|albanian|shqip|albanisch",
        "en": "en|en_us|en_gb|angielski|english|anglisht|englisch|english (united states)",
    }
)
_METHODS: Final = _list_words(
    {
        "transfer": (
            "przelew|przelew bankowy|przelew tradycyjny|konto|bank|transfer|bank transfer|wire transfer|"
            "eft|ach|ach/eft|bacs|faster payment|faster payments|fpo|transferte|transferte bankare|banke|"
            "uberweisung|bankuberweisung"
        ),
        "standing_order": (
            "zlecenie stale|stale zlecenie|zs|standing order|standing orders|s/o|so|sto|urdher i perhershem|"
            "dauerauftrag"
        ),
        "direct_debit": "polecenie zaplaty|direct debit|dd|d/d|debit i drejtperdrejte|lastschrift|sepa",
        "card": (
            "karta|karta platnicza|karta kredytowa|card|credit card|debit card|karte|karte krediti|"
            "kreditkarte|stripe|platnosc karta"
        ),
        "blik": "blik",
        "wallet": "paypal|apple pay|google pay|portfel|wallet|revolut",
        "cash": "gotowka|kasa|cash|para ne dore|kesh|bargeld|bar|do puszki|puszka",
        "cheque": "czek|check|cheque|caf cheque|caf voucher|ceku|cek|scheck",
        "in_kind": "rzeczowa|darowizna rzeczowa|in kind|ne natyre|sachspende|rzeczy",
    }
)
_METHOD_CODES: Final = frozenset(_METHODS.values())
_ALL_KINDS: Final[tuple[PersonKind, ...]] = get_args(PersonKind)
_KINDS: Final = _list_words(
    {
        "person": "person|individual|osoba|osoba fizyczna|persona|einzelperson",
        "organisation": "organisation|organization|organizacja|firma|instytucja|organizata|kompani",
        "household": "household|household account|hh account|gospodarstwo domowe|rodzina|familje|haushalt",
    }
)
_OUTCOMES: Final = _list_words(
    {
        "received": (
            "completed|complete|received|paid|success|succeeded|posted|closed won|confirmed|cleared|"
            "settled|zakonczona|zakonczony|zakonczone|ukonczona|ukonczone|zrealizowana|zrealizowano|"
            "zaksiegowana|zaksiegowane|otrzymana|oplacona|oplacone|wplacona|wplynela|kompletuar|"
            "perfunduar|paguar|marre|abgeschlossen|bezahlt|erhalten|vollstandig|ok|tak"
        ),
        "not_received": (
            "pending|in progress|failed|cancelled|canceled|overdue|partially paid|pledged|closed lost|"
            "prospecting|template|expired|abandoned|open|oczekujaca|oczekuje|oczekujace|w toku|nieudana|"
            "nieudane|anulowana|anulowane|anulowano|niepowodzenie|zaleglosc|przeterminowana|obiecana|"
            "zadeklarowana|ne pritje|deshtuar|anuluar|ausstehend|in bearbeitung|fehlgeschlagen|storniert|"
            "abgebrochen|uberfallig|gescheitert|verfallen"
        ),
        "taken_back": (
            "refunded|refund|chargeback|charged back|reversed|pending refund|partially refunded|returned|"
            "zwrocona|zwrot|zwrocone|obciazenie zwrotne|rimbursuar|kthyer|ruckerstattet|erstattet|"
            "ruckbuchung|zuruckgebucht"
        ),
    }
)


def read_country(cell: Cell) -> str:
    """Return the code of a country; "" for one whose name is not known."""
    text = fold_letters(read_text(cell))
    if len(text) == 2 and text.isalpha():  # noqa: PLR2004
        return _COUNTRIES.get(text, text.upper())
    return _COUNTRIES.get(text, "")


def read_lang(cell: Cell) -> str:
    """Return one of the languages in which letters are written; "" for any other."""
    return _LANGS.get(fold_letters(read_text(cell)), "")


def read_method(cell: Cell) -> str:
    """Return how a gift was paid; ``other`` for a word that is not known."""
    text = fold_letters(read_text(cell))
    return text if text in _METHOD_CODES else _METHODS.get(text, "other")


def read_kind(cell: Cell) -> PersonKind:
    """Return whether a donor is a person, an organisation or a household; for another word a person."""
    text = fold_letters(read_text(cell))
    return next((kind for kind in _ALL_KINDS if kind == _KINDS.get(text)), "person")


def read_account_kind(cell: Cell) -> PersonKind:
    """Return what an account of Salesforce is: a household, one person, else an organisation."""
    kind = _KINDS.get(fold_letters(read_text(cell)))
    return next((one for one in _ALL_KINDS if one == kind), "organisation")


def read_outcome(cell: Cell) -> Outcome:
    """Return whether the money came: an empty cell says so, and a word that nobody knows says nothing."""
    text = fold_letters(read_text(cell))
    if is_nothing(text):
        return "received"
    return next((outcome for outcome in _ALL_OUTCOMES if outcome == _OUTCOMES.get(text, text)), "unclear")
