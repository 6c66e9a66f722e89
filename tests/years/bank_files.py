"""Payments written as the files that banks give out: MT940, camt.053, and a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from tests.services.bank.bank import Paid, camt
from tests.years.names import fold
from tests.years.organisation import OurAccount, Payment

_HEADER: Final = ("Data", "Nadawca", "Tytuł", "Kwota", "Waluta", "Nr referencyjny")
LAYOUT: Final[dict[str, Any]] = {
    "name": "years",
    "columns": [
        {"role": role, "name": name}
        for role, name in zip(
            ("booked_on", "name", "remittance", "amount", "currency", "bank_ref"), _HEADER, strict=True
        )
    ],
    "delimiter": ";",
    "header": list(_HEADER),
    "date_order": "ymd",
    "decimal": ",",
}
_FIELD: Final = 27  # letters in a field of :86:


def write_file(
    account: OurAccount, payments: Sequence[Payment], *, opening: int, first_on: date, last_on: date
) -> bytes:
    """Return a statement of an account's payments from one day to another."""
    if account.file_format == "camt":
        rows = [
            Paid(p.on, p.minor, p.payer_name, p.payer_account, p.text, p.ref, p.end_to_end, p.return_code)
            for p in payments
        ]
        return camt(
            rows,
            opening=opening,
            account=account.number,
            currency=account.currency,
            period=(first_on, last_on),
            name=f"S{first_on}",
        )
    if account.file_format == "mt940":
        return _write_mt940(account, payments, opening, first_on, last_on)
    return _write_table(account, payments)


def _write_table(account: OurAccount, payments: Sequence[Payment]) -> bytes:
    rows = [";".join(_HEADER)]
    for p in payments:
        amount = f"{p.minor / 100:.2f}".replace(".", ",")
        rows.append(f"{p.on};{p.payer_name};{p.text};{amount};{account.currency};{p.ref}")
    return "\r\n".join([*rows, ""]).encode()


def _write_mt940(
    account: OurAccount, payments: Sequence[Payment], opening: int, first_on: date, last_on: date
) -> bytes:
    number = f"{first_on:%y%j}"
    lines = [f":20:DH{number}", f":25:{account.number}", f":28C:{number}/1"]
    lines.append(f":60F:{_write_amount(opening, first_on, account.currency)}")
    for p in payments:
        sign, minor = ("C" if p.minor >= 0 else "D"), abs(p.minor)
        kind = "NRTI" if p.return_code else "NTRF"
        own_ref = p.end_to_end[:16] or "NONREF"
        lines.append(
            f":61:{p.on:%y%m%d}{p.on:%m%d}{sign}{minor // 100},{minor % 100:02}{kind}{own_ref}//{p.ref}"
        )
        lines.append(_write_info(p))
    closing = opening + sum(p.minor for p in payments)
    lines += [f":62F:{_write_amount(closing, last_on, account.currency)}", "-", ""]
    return "\r\n".join(lines).encode("ascii")


def _write_amount(minor: int, on: date, currency: str) -> str:
    sign = "C" if minor >= 0 else "D"
    return f"{sign}{on:%y%m%d}{currency}{abs(minor) // 100},{abs(minor) % 100:02}"


def _write_info(payment: Payment) -> str:
    text, name = fold(payment.text).replace("?", " "), fold(payment.payer_name)
    text = f"{text} {payment.return_code}".strip()
    parts = ["166", "?00PRZELEW"]
    parts += [f"?{20 + n}{text[n * _FIELD : (n + 1) * _FIELD]}" for n in range(6) if text[n * _FIELD :]]
    if payment.payer_account:
        parts += [f"?30{payment.payer_account[4:12]}", f"?31{payment.payer_account}"]
    parts += [f"?{32 + n}{name[n * _FIELD : (n + 1) * _FIELD]}" for n in range(2) if name[n * _FIELD :]]
    return ":86:" + "".join(parts)
