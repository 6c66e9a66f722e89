"""The fingerprint of a bank entry: equal for the same entry in every export of one format.

No bank id is trusted alone, so that the fingerprint covers all the entry says. It
does not decide what is new: that is :mod:`donorhub.domain.bank.files.entry_plan`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Container, Iterable
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

from donorhub.domain.payer_text import normalise_account
from importers.statement import Detail, Entry, find_payment

VERSION: Final = "v1"
_NOBODYS: Final = frozenset({"", "NONREF", "NOTPROVIDED", "NOT PROVIDED", "0", "-1"})
_SEPARATOR: Final = "\x1f"  # occurs in no bank text, so that no two field lists read the same
_CONTENT_END: Final = len(VERSION) + 1 + 32  # v1. and 32 digits


class IncomingEntry(NamedTuple):
    """One entry of a file with its keys; ``position`` is its place in what was given."""

    position: int
    fingerprint: str
    day: date
    minor: int
    currency: str
    account: str | None  # the counterparty's, canonical
    refs: tuple[str, ...]


class PartyText(NamedTuple):
    """Who is behind an entry and what it says, normalised; empty where the bank tells nothing.

    ``other_words`` are what else the bank told of a row, where a person said that it is the same.
    """

    account: str
    name: str
    words: str
    other_words: frozenset[str] = frozenset()


class KnownEntry(NamedTuple):
    """One entry of the ledger, as the table has it."""

    id: int
    day: date
    minor: int
    currency: str
    account: str | None  # the counterparty's, canonical
    fingerprint: str
    occurrence: int
    source_format: str  # as source_of makes it
    statement_id: int
    refs: tuple[str, ...] = ()  # its own and those of its aliases
    told_on: tuple[date, ...] = ()  # other days that files name for it


def make_source_name(source_format: str, layout: str) -> str:
    """Return the name of one format of an account: two layouts of a table are two formats."""
    return f"{source_format} {layout}".rstrip()


@lru_cache(maxsize=1 << 13)
def _normalise_text(text: str) -> str:
    if not text.isascii():  # ˙ is what PKO BP writes for nothing; NFKC would make a blank and a dot of it
        text = unicodedata.normalize("NFKC", text.replace("˙", " "))
    return " ".join(text.casefold().split())


@lru_cache(maxsize=4096)
def _format_day(day: date) -> str:
    return day.isoformat()


def list_refs(entry: Entry) -> tuple[str, ...]:
    """Return the ids a bank gives an entry, best first, without those that mean "none"."""
    candidates = [entry.bank_ref]
    detail = find_payment(entry)
    if detail is not None and (detail.uetr or detail.tx_id):
        candidates += [detail.uetr, detail.tx_id]
    refs: list[str] = []
    for ref in candidates:
        clean = ref.strip() if ref else ""
        if clean not in refs and clean.upper() not in _NOBODYS:
            refs.append(clean)
    return tuple(refs)


def find_shared_refs(entries: Iterable[IncomingEntry]) -> frozenset[str]:
    """Return the ids that stand on two days or two sums within one statement, as a fee with its payment's.

    Such an id tells no entry from another; the others of the statement still do.
    """
    places: dict[str, tuple[date, int]] = {}
    return frozenset(
        ref
        for entry in entries
        for ref in entry.refs
        if places.setdefault(ref, (entry.day, entry.minor)) != (entry.day, entry.minor)
    )


def drop_refs(entry: IncomingEntry, weak_refs: Container[str]) -> IncomingEntry:
    """Return the entry without ids that are not to count, in its refs and in its fingerprint."""
    refs = tuple(ref for ref in entry.refs if ref not in weak_refs)
    if refs == entry.refs:
        return entry
    fingerprint = f"{get_content(entry.fingerprint)}.{_hash_ref(refs)}"
    return entry._replace(refs=refs, fingerprint=fingerprint)


def drop_all_refs(entry: IncomingEntry) -> IncomingEntry:
    """Return the entry as if the bank gave no ids."""
    return entry._replace(refs=(), fingerprint=f"{get_content(entry.fingerprint)}.") if entry.refs else entry


def make_party_text(
    account: str | None, name: str | None, words: str | None, other_words: Iterable[str] = ()
) -> PartyText:
    """Return who is behind an entry and what it says, written as fingerprints have it."""
    others = frozenset(map(_normalise_text, other_words))
    return PartyText(account or "", _normalise_text(name or ""), _normalise_text(words or ""), others)


def do_words_agree(one: PartyText, other: PartyText) -> bool:
    """Return whether two entries say the same, or one says what the bank told of the other as well."""
    return not {one.words, *one.other_words}.isdisjoint({other.words, *other.other_words})


def describe_party(entry: Entry) -> PartyText:
    """Return who is behind an entry of a file and what it says."""
    detail = find_payment(entry)
    if detail is None:
        return make_party_text(None, None, None if entry.details else entry.info)
    return make_party_text(_find_account(entry), detail.counterparty.name, detail.remittance)


def _describe_detail(detail: Detail, account: str | None) -> str:
    name = detail.counterparty.name
    name = _normalise_text(name) if name else ""
    return f"{account or ''}{_SEPARATOR}{name}{_SEPARATOR}{_normalise_text(detail.remittance)}"


def _find_account(entry: Entry) -> str | None:
    """Return the counterparty's account, canonical; None where the entry has not just one."""
    payment = find_payment(entry)
    return normalise_account(payment.counterparty.account) if payment is not None else None


def _describe_content(entry: Entry, account: str | None) -> str:
    details = entry.details
    if len(details) == 1:
        return _describe_detail(details[0], account)
    if not details:
        return f"{_SEPARATOR}{_SEPARATOR}{_normalise_text(entry.info) if entry.info else ''}"
    return _SEPARATOR.join(
        f"{detail.amount.minor}{_SEPARATOR}"
        f"{_describe_detail(detail, normalise_account(detail.counterparty.account))}"
        for detail in details
    )


def make_fingerprint(account_key: str, entry: Entry) -> str:
    """Return ``v1.<what it says>.<the bank's id>``, equal for the same entry in every export of one format.

    The first part covers account, booking day, amount, currency, counterparty
    account, name and remittance, normalised (NFKC, case folded, blanks collapsed).
    The last part is of the best id the bank gives, empty where there is none.
    """
    return _hash_entry(account_key, entry, _find_account(entry), list_refs(entry))


def _hash_entry(account_key: str, entry: Entry, account: str | None, refs: tuple[str, ...]) -> str:
    money = entry.amount
    text = (
        f"{VERSION}{_SEPARATOR}{account_key}{_SEPARATOR}{_format_day(entry.booked_on)}{_SEPARATOR}"
        f"{money.minor}{_SEPARATOR}{money.currency}{_SEPARATOR}{_describe_content(entry, account)}"
    )
    content = blake2b(text.encode(), digest_size=16).hexdigest()
    return f"{VERSION}.{content}.{_hash_ref(refs)}"


def _hash_ref(refs: tuple[str, ...]) -> str:
    return blake2b(refs[0].encode(), digest_size=12).hexdigest() if refs else ""


def key_entries(account_key: str, entries: Iterable[Entry], *, first: int = 0) -> list[IncomingEntry]:
    """Return the entries with their keys, in order, and positions from ``first``.

    Entries that are not booked are the caller's to leave out.
    """
    return [_key_entry(account_key, position, entry) for position, entry in enumerate(entries, first)]


def _key_entry(account_key: str, position: int, entry: Entry) -> IncomingEntry:
    refs, money, account = list_refs(entry), entry.amount, _find_account(entry)
    key = _hash_entry(account_key, entry, account, refs)
    return IncomingEntry(position, key, entry.booked_on, money.minor, money.currency, account, refs)


def get_content(fingerprint: str) -> str:
    """Return the part of a fingerprint that leaves the bank's id out."""
    return fingerprint[:_CONTENT_END]


def has_id(fingerprint: str) -> bool:
    """Return whether a bank's id is in the fingerprint."""
    return len(fingerprint) > _CONTENT_END + 1
