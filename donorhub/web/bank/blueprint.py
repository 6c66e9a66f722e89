"""The blueprint that all pages about the bank stand on, and what they share: the actor, amounts, accounts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from flask import Blueprint, g
from flask_babel import gettext, lazy_gettext

from donorhub.models import BankAccount
from donorhub.models.states import (
    EntryState,
    ImportFileState,
    MatchingMode,
    StatementIntegrity,
    StatementState,
)
from donorhub.money import Money
from donorhub.services.access import users
from donorhub.services.bank.bank_views import AccountRow
from donorhub.services.bank.files import statements
from donorhub.services.bank.matching.entry_views import mask_account
from donorhub.web.admission import get_principal
from donorhub.web.words.bank import word_hindrance, word_settles
from donorhub.web.words.labels import Words
from receipts import figures

bp = Blueprint("bank", __name__, url_prefix="/bank")

FILE_STATES: Final[Words[ImportFileState]] = {
    "received": lazy_gettext("being read"),
    "done": lazy_gettext("imported"),
    "asking": lazy_gettext("needs an answer"),
    "refused": lazy_gettext("refused"),
    "held": lazy_gettext("held"),
    "failed": lazy_gettext("failed"),
    "taken_back": lazy_gettext("taken back"),
}
INTEGRITY: Final[Words[StatementIntegrity]] = {
    "proved": lazy_gettext("adds up"),
    "unverifiable": lazy_gettext("no balances to check"),
    "mismatch": lazy_gettext("does not add up"),
}
STATEMENT_STATES: Final[Words[StatementState]] = {
    "posted": lazy_gettext("in the ledger"),
    "held": lazy_gettext("held"),
    "released": lazy_gettext("released"),
    "taken_back": lazy_gettext("taken back"),
}
ENTRY_STATES: Final[Words[EntryState]] = {
    "new": lazy_gettext("being matched"),
    "suspense": lazy_gettext("to decide"),
    "unclaimed": lazy_gettext("of an unknown donor"),
    "doubtful": lazy_gettext("doubtful"),
    "matched": lazy_gettext("matched"),
    "not_gift": lazy_gettext("not a gift"),
    "duplicate": lazy_gettext("duplicate"),
    "replaced": lazy_gettext("replaced"),
    "taken_back": lazy_gettext("taken back"),
}
MODES: Final[Words[MatchingMode]] = {
    "off": lazy_gettext("Off: everything waits for you"),
    "suggest": lazy_gettext("Suggest: you confirm each match"),
    "auto": lazy_gettext("Automatic: what is certain is matched at once"),
}
LOOKS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("done", "proved", "posted", "matched", "sure"), "ok"),
    **dict.fromkeys(("asking", "suspense", "unclaimed", "doubtful", "released", "low"), "warn"),
    **dict.fromkeys(("refused", "held", "failed", "mismatch"), "no"),
    **dict.fromkeys(("received", "new", "likely"), "info"),
}


def get_actor() -> str:
    """Return who does it, for the audit."""
    return get_principal().actor


def make_money(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)


def find_actor_name(who: str | None) -> str:
    """Return the name of somebody whom the audit calls ``user:3``; all names are read once a request."""
    kind, _, number = (who or "").partition(":")
    if kind == "user" and number.isdigit():
        if "user_names" not in g:
            g.user_names = users.list_user_names()
        return str(g.user_names.get(int(number), who))
    return str(gettext("DonorHub")) if kind == "system" else (who or "")


def list_account_choices(accounts: Iterable[BankAccount]) -> list[tuple[int, str]]:
    """Return accounts as the choices of a select."""
    return [(account.id, f"{account.name} · {account.currency}") for account in accounts]


def list_row_choices(rows: Iterable[AccountRow]) -> list[tuple[int, str]]:
    """Return the same for the rows of the first page."""
    return list_account_choices(row.account for row in rows)


@cache
def compute_bank_version() -> str:
    """Return a digest of our own style and script: a browser fetches them anew when they change."""
    folder = Path(__file__).parents[1] / "static"
    both = (folder / "bank.css").read_bytes() + (folder / "bank.js").read_bytes()
    return hashlib.sha256(both).hexdigest()[:8]


@bp.context_processor
def list_bank_words() -> dict[str, object]:
    """Return what every template here may use."""
    return {
        "file_states": FILE_STATES,
        "integrity_words": INTEGRITY,
        "statement_states": STATEMENT_STATES,
        "entry_states": ENTRY_STATES,
        "bank_looks": LOOKS,
        "mask_account": mask_account,
        "word_hindrance": word_hindrance,
        "word_settles": word_settles,
        "statement_digest": statements.compute_statement_digest,
        "iban": figures.write_account,
        "make_money": make_money,
        "find_actor_name": find_actor_name,
        "list_row_choices": list_row_choices,
        "list_account_choices": list_account_choices,
        "bank_version": compute_bank_version(),
    }
