"""Which of the parties that camt names in a payment is the other side: the donor, for money that came in.

It goes by our own account's number and by the direction of the money; it reads no amounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from importers.camt.tree import Row
from importers.camt.values import read_account
from importers.statement import NOBODY, Party


@dataclass(slots=True)  # not frozen: made for every entry
class Side:
    """On which side of the entry we stand: it tells the donor from ourselves."""

    out: bool
    reversal: bool
    own: str | None


@dataclass(frozen=True, slots=True)
class _Keys:
    """Where a row keeps what it knows of one party."""

    name: str
    account_name: str
    iban: str
    other: str
    bic: str
    ultimate: str
    address: str


_DEBTOR: Final = _Keys(*(f"debtor {key.replace('_', ' ')}" for key in _Keys.__slots__))
_CREDITOR: Final = _Keys(*(f"creditor {key.replace('_', ' ')}" for key in _Keys.__slots__))


def find_counterparty(payment: Row, side: Side) -> Party:
    """Return the party that is not us.

    In a return the parties keep their roles: the donor stays the debtor.
    """
    is_return = side.reversal or "return_code" in payment or "return_info" in payment
    debtor_first = side.out == is_return
    likely = _read_party(payment, _DEBTOR if debtor_first else _CREDITOR)
    if likely.account != side.own and likely is not NOBODY:
        return likely
    other = _read_party(payment, _CREDITOR if debtor_first else _DEBTOR)
    if likely is NOBODY:
        return NOBODY if other.account in (None, side.own) else other
    if likely.account is None:
        return likely
    return NOBODY if other.account == side.own else other


def _read_party(payment: Row, keys: _Keys) -> Party:
    name, bic, ultimate = payment.get(keys.name), payment.get(keys.bic), payment.get(keys.ultimate)
    if name is None:
        name = payment.get(keys.account_name)
    number, scheme = read_account(payment.get(keys.iban), payment.get(keys.other))
    if name is number is bic is ultimate is None:
        return NOBODY
    return Party(name, number, scheme, bic, ultimate, payment.get(keys.address))
