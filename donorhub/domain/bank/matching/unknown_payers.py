"""Payers whom nobody knows: which of them may become donors at one click, and why a person must look first.

It reads names and texts; who may be known already, a service finds by the keys that are named here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal, get_args

from donorhub.domain.bank.matching.matching_facts import Credit
from donorhub.domain.bank.matching.other_payers import names_agree
from donorhub.domain.bank.matching.words_against import find_word_against
from donorhub.domain.donors.names import NAME_DOUBTS, NameDoubt, ParsedName, list_like_keys, parse_payer
from donorhub.domain.payer_text import fold_letters, make_name_key

# Why a payer is not ticked beforehand.
PayerDoubt = Literal[
    NameDoubt,
    "organisation",
    "tax_office",
    "provider",
    "no_account",
    "several_names",
    "may_be_known",
    "words_against",
    "over_cap",
    "once_without_words",
]
PAYER_DOUBTS: Final[tuple[PayerDoubt, ...]] = (*NAME_DOUBTS, *get_args(PayerDoubt)[len(NAME_DOUBTS) :])
_TAX_OFFICE: Final = re.compile(
    r"\b(?:urzad skarbowy|izba (?:administracji )?skarbow\w*|skarbow\w+|ministerstwo)\b"
)
# Who collects for others: what comes from them is many people's money, and no gift of theirs.
_PROVIDER: Final = re.compile(
    r"\b(?:payu|paypro|przelewy ?24|tpay|krajowy integrator platnosci|blue media|autopay|dotpay|paynow|imoje"
    r"|paypal|stripe|adyen|mollie|klarna|braintree|sumup|zettle|wise|revolut|zrzutka\w*|siepomaga|pomagam pl"
    r"|patronite|fanimani|benevity|facebook|meta platforms|gofundme|betterplace|allegro|western union"
    r"|moneygram|poczta polska)\b"
)
_GIFT_WORDS: Final = re.compile(
    r"\b(?:darowizn\w*|darow\w*|wsparci\w*|wspier\w*|wspomag\w*|datek|datk\w*|ofiar\w*|pomoc\w*|pomaga\w*"
    r"|cel(?:e|ow)? statutow\w*|cel(?:e)? (?:spoleczn\w*|charytatywn\w*)|bog zaplac|dla (?:psow|kotow|dzieci)"
    r"|donacion\w*|dhurim\w*|dhurat\w*|ndihm\w*|kontribut\w*|mbeshtetj\w*|lemoshe|bamiresi\w*"
    r"|donation\w*|donate\w*|gift|support|charity|contribution|spende\w*)\b"
)
_MOST_TEXT: Final = 300


@dataclass(frozen=True, slots=True)
class UnknownPayer:
    """A payer with all their money that waits, and what keeps them from becoming a donor without a look."""

    key: str  # as payer_text.make_payer_key
    name_read: str  # as the bank wrote it, most often
    parsed_name: ParsedName
    account: str | None
    credits: tuple[Credit, ...]  # the oldest first
    donor_ids: tuple[int, ...]  # who may be the payer
    doubts: tuple[PayerDoubt, ...]

    @property
    def row_id(self) -> str:
        """What a form or program calls the payer: the account stays out of addresses and logs."""
        return make_row_id(self.key)

    @property
    def is_ready(self) -> bool:
        """Whether nothing speaks against making a donor of them."""
        return not self.doubts

    @property
    def example(self) -> str:
        """What they wrote last."""
        return next((credit.text for credit in reversed(self.credits) if credit.text), "")


def make_row_id(key: str) -> str:
    """Return the short name of a payer's key."""
    return blake2b(key.encode(), digest_size=8).hexdigest()


def choose_name(credits: Sequence[Credit]) -> str:
    """Return the name that the bank wrote most often; of several the longest, then the first by letters."""
    counts = Counter(credit.name for credit in credits if credit.name)
    return min(counts, key=lambda name: (-counts[name], -len(name), name)) if counts else ""


def list_name_keys(parsed_name: ParsedName, name_read: str) -> tuple[str, ...]:
    """Return the keys of names under which the payer may stand in the base: their own, then those like it."""
    own = (make_name_key(name_read), make_name_key(parsed_name.name))
    like = (
        list_like_keys(parsed_name.given_name, parsed_name.family_name)
        if parsed_name.kind == "person"
        else ()
    )
    return tuple(key for key in dict.fromkeys((*own, *like)) if key)


def judge_payer(
    key: str,
    credits: Sequence[Credit],
    donor_ids: Collection[int],
    *,
    words_against: tuple[str, ...],
    cap: Mapping[str, int],
) -> UnknownPayer:
    """Return the payer of some credits that nobody knows, with all that a person should look at first."""
    in_order = tuple(
        sorted(credits, key=lambda credit: (credit.booked_on, credit.entry_id, credit.detail_id or 0))
    )
    name_read = choose_name(in_order)
    parsed_name = parse_payer(name_read)
    account = key.removeprefix("iban:") if key.startswith("iban:") else None
    doubts: list[PayerDoubt] = [*_doubt_name(parsed_name, name_read)]
    if account is None:
        doubts.append("no_account")
    if _has_several_names(in_order, name_read):
        doubts.append("several_names")
    if donor_ids:
        doubts.append("may_be_known")
    doubts += _doubt_money(in_order, words_against, cap)
    return UnknownPayer(
        key, name_read, parsed_name, account, in_order, tuple(sorted(donor_ids)), tuple(doubts)
    )


def _doubt_name(parsed_name: ParsedName, name_read: str) -> list[PayerDoubt]:
    folded_text = fold_letters(name_read)
    if _TAX_OFFICE.search(folded_text):
        return ["tax_office"]
    if _PROVIDER.search(folded_text):
        return ["provider"]
    if parsed_name.kind == "organisation":
        return ["organisation"]
    return [parsed_name.doubt] if parsed_name.doubt is not None else []


def _has_several_names(credits: Sequence[Credit], name_read: str) -> bool:
    """Return whether one account comes under names of different people: whose it is, it does not tell."""
    names = {credit.name for credit in credits if credit.name} - {name_read}
    return any(not names_agree(name, name_read) for name in names)


def _doubt_money(
    credits: Sequence[Credit], words_against: tuple[str, ...], cap: Mapping[str, int]
) -> list[PayerDoubt]:
    texts = [credit.text[:_MOST_TEXT] for credit in credits]
    doubts: list[PayerDoubt] = []
    if any(find_word_against(text, words_against) for text in texts):
        doubts.append("words_against")
    if any(credit.amount.minor > cap.get(credit.amount.currency, credit.amount.minor) for credit in credits):
        doubts.append("over_cap")
    if len(credits) == 1 and not _GIFT_WORDS.search(fold_letters(texts[0])):
        doubts.append("once_without_words")
    return doubts
