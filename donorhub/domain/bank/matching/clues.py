"""What a credit itself says about who paid: codes, ids, account, name, addresses.

It reads the credit alone; a service uses the clues to fetch the facts, and
:mod:`donorhub.domain.bank.matching.matching` to weigh it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from donorhub.domain.bank.matching.matching_facts import Credit
from donorhub.domain.bank.matching.other_payers import find_name_keys, make_saying
from donorhub.domain.bank.matching.relatives import find_relative_keys
from donorhub.domain.donors.codes import find_codes, find_emails, find_rf
from donorhub.domain.payer_text import fold_letters, make_name_key, normalise_account


class Clues(NamedTuple):
    """One credit and the keys to look its payer up by."""

    credit: Credit
    folded_text: str  # name and text, folded
    numbers: tuple[int, ...]  # of donor codes
    refs: tuple[str, ...]
    account: str | None
    name_key: str
    payer_key: str | None
    emails: tuple[str, ...]
    names_in_text: tuple[str, ...] = ()  # keys of the names that the text may hold
    saying: str | None = None  # what was learned of a payer who says the same again
    relative_keys: tuple[str, ...] = ()  # of the names in the text those of the payer's family


def read_clues(credits: Iterable[Credit], prefix: str) -> list[Clues]:
    """Return the clues of each credit, in order; ``prefix`` is that of the organisation's donor codes."""
    return [_read_credit(credit, prefix) for credit in credits]


def _read_credit(credit: Credit, prefix: str) -> Clues:
    text, name = credit.text, credit.name
    numbers = find_codes(text, prefix)
    account = normalise_account(credit.account)
    key = make_name_key(name) if name else ""
    payer = f"iban:{account}" if account else f"name:{key}" if key else None
    relative_keys = find_relative_keys(name, text) if name else ()
    return Clues(
        credit,
        fold_letters(f"{name} {text}" if name else text),
        numbers,
        credit.refs + find_rf(text),
        account,
        key,
        payer,
        find_emails(text),
        tuple(dict.fromkeys((*find_name_keys(text), *relative_keys))),
        make_saying(account, name, text, numbers),
        relative_keys,
    )
