"""Turn the gathered texts of one ``Ntry`` into an Entry and its Details, with what a person must know.

The rules are about one entry: which amount is a payment's; which party is the other side says
``camt_party``. What a statement adds up to is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from msgspec.structs import replace

from donorhub.money import Money
from importers.camt.party import Side, find_counterparty
from importers.camt.tree import TWICE, Row
from importers.camt.values import read_day, read_money
from importers.codes import FormatProblem, Reason
from importers.statement import Detail, Entry, Party, Status, UnreadableEntry, explain_fault

_STATUSES: Final[dict[str, Status]] = {
    "BOOK": "booked",
    "PDNG": "pending",
    "FUTR": "pending",
    "INFO": "info",
}
_DECISIVE: Final = frozenset(("amount", "sign", "status", "reversal", "booked"))
_TRUE: Final = frozenset(("true", "1"))  # xs:boolean
_NO_REFERENCE: Final = frozenset(  # EPC: what a bank writes when it has none
    ("NOTPROVIDED", "NONREF", "NOT PROVIDED", "notprovided", "not provided", "NotProvided", "Not Provided")
)


class EntryRefused(Exception):
    """An entry that would be a guess; ``reason`` says why."""

    def __init__(self, reason: Reason[FormatProblem]) -> None:
        super().__init__(reason.code)
        self.reason = reason


Doubt = Reason[FormatProblem]  # of a warning


def read_entry(
    row: Row, own_account: str | None, only_day: date | None, position: int, raw: str
) -> tuple[Entry, Sequence[Doubt]]:
    """Return the entry and what is doubtful about it, read with our account's number; raise EntryRefused.

    ``only_day`` is the one that its statement covers, if it covers one: entries without a date have it.
    """
    if TWICE in row and not _DECISIVE.isdisjoint(row[TWICE]):
        fault = UnreadableEntry("element_twice", element=min(_DECISIVE & row[TWICE]))
        raise EntryRefused(explain_fault("element_twice", fault))
    doubts: list[Doubt] = []
    out = _goes_out(row)
    amount = _read_amount(row, out=out)
    reversal = row.get("reversal") in _TRUE
    status = _read_status(row.get("status"), doubts)
    booked_on, value_on = _read_days(row, only_day, doubts)
    details = _read_details(row, amount, Side(out, reversal, own_account), doubts)
    entry = Entry(
        position=position,
        booked_on=booked_on,
        amount=amount,
        value_on=value_on,
        status=status,
        reversal=reversal,
        bank_ref=_read_reference(row, "bank_ref"),
        entry_ref=_read_reference(row, "entry_ref"),
        bank_code=_read_bank_code(row),
        info=row.get("info"),
        details=details,
        raw=raw,
        batch_id=None if details else _find_only_batch_id(row),
    )
    return entry, doubts


def invert_entry(entry: Entry) -> Entry:
    """Return the entry with the other sign, and its details too."""
    return replace(
        entry,
        amount=-entry.amount,
        details=tuple(
            replace(detail, amount=-detail.amount, original=-detail.original if detail.original else None)
            for detail in entry.details
        ),
    )


def _goes_out(row: Row) -> bool:
    sign = row.get("sign")
    if sign not in ("CRDT", "DBIT"):
        if not sign:
            raise EntryRefused(explain_fault("unreadable_sign", UnreadableEntry("direction_missing")))
        raise EntryRefused(
            explain_fault("unreadable_sign", UnreadableEntry("direction_unknown", text=repr(sign[:40])))
        )
    return bool(sign == "DBIT")


def _read_amount(row: Row, *, out: bool) -> Money:
    try:
        return read_money(row.get("amount", ""), row.get("amount currency", ""), out=out)
    except ValueError as e:
        raise EntryRefused(explain_fault("unreadable_amount.entry", e)) from e


def _read_status(text: str | None, doubts: list[Doubt]) -> Status:
    """Return the status; a statement without any has booked entries, an unknown one moves no money."""
    if text is None:
        return "booked"
    status = _STATUSES.get(text)
    if status is None:
        doubts.append(Reason("unknown_status", {"text": repr(text[:40])}))
    return status or "info"


def _read_days(row: Row, only_day: date | None, doubts: list[Doubt]) -> tuple[date, date | None]:
    """Return booking and value day.

    The value day, else the only day of the statement, stands in for the booking day.

    A value day that cannot be read loses no entry that has a booking day.
    """
    booked_on = _read_day(row["booked"]) if "booked" in row else None
    try:
        value_on = read_day(row["value"]) if "value" in row else None
    except ValueError as e:
        if booked_on is None:
            raise EntryRefused(explain_fault("unreadable_date.entry", e)) from e
        doubts.append(explain_fault("unreadable_date.value", e))
        value_on = None
    if booked_on is not None:
        return booked_on, value_on
    if value_on is not None:
        return value_on, value_on
    if only_day is None:
        raise EntryRefused(Reason("unreadable_date.missing"))
    doubts.append(Reason("date_from_statement", {"only_on": only_day.isoformat()}))
    return only_day, None


def _read_day(text: str) -> date:
    try:
        return read_day(text)
    except ValueError as e:
        raise EntryRefused(explain_fault("unreadable_date.entry", e)) from e


def _read_bank_code(row: Row) -> str | None:
    domain = row.get("domain")
    if domain is None:
        return row.get("proprietary")
    return f"{domain}/{row.get('family', '')}/{row.get('subfamily', '')}".rstrip("/")


# ---------------------------------------------------------------- details


def _read_details(row: Row, amount: Money, side: Side, doubts: list[Doubt]) -> tuple[Detail, ...]:
    """Return the entry's payments, when their signed amounts add up to it; else none, and a doubt."""
    payments = _list_payments(row)
    if not payments:
        return ()
    if len(payments) == 1 and _counts_one_payment(payments[0][1]):
        payment, batch = payments[0]
        _complete_only_payment(row, payment, amount, side, doubts)
        return (_read_detail(0, payment, batch, amount, find_counterparty(payment, side)),)
    amounts = [_read_payment_amount(payment, amount.currency, out=side.out) for payment, _ in payments]
    amounts_read = [one for one in amounts if one is not None]
    if len(amounts_read) < len(amounts):
        doubts.append(Reason("batch_without_amounts"))
        return ()
    if sum(one.minor for one in amounts_read) != amount.minor:
        doubts.append(Reason("details_differ.batch"))
        return ()
    return tuple(
        _read_detail(position, payment, batch, one, find_counterparty(payment, side))
        for position, ((payment, batch), one) in enumerate(zip(payments, amounts_read, strict=True))
    )


def _list_payments(row: Row) -> list[tuple[Row, Row]]:
    """Return each payment with its batch; in version 1 the entry itself is the batch."""
    return [
        (payment, batch)
        for batch in (*row.get("batches", ()), row)
        if "payments" in batch
        for payment in batch["payments"]
    ]


def _find_only_batch_id(row: Row) -> str | None:
    """Return the PmtInfId of an entry that lists no payments that can be kept; None where it has several."""
    batch_ids = {batch["batch_id"] for batch in (*row.get("batches", ()), row) if "batch_id" in batch}
    return batch_ids.pop() if len(batch_ids) == 1 else None


def _counts_one_payment(batch: Row) -> bool:
    return "count" not in batch or batch["count"].lstrip("0") == "1"


_OF_ENTRY: Final = ("instructed amount", "instructed amount currency", "charges")


def _complete_only_payment(row: Row, payment: Row, amount: Money, side: Side, doubts: list[Doubt]) -> None:
    """Give the one payment of an entry what the entry knows: it has its amount, whatever it says itself."""
    own = _read_payment_amount(payment, amount.currency, out=side.out)
    if own is not None and own != amount:
        doubts.append(Reason("details_differ.payment", {"own_amount": str(own), "amount": str(amount)}))
    if payment.get("bank_ref") == row.get("bank_ref"):
        payment.pop("bank_ref", None)  # told already
    for key in _OF_ENTRY:
        if key in row:
            payment.setdefault(key, row[key])


_AMOUNTS: Final = tuple(
    (key, f"{key} currency") for key in ("amount", "transaction amount", "counter amount")
)


def _read_payment_amount(payment: Row, currency: str, *, out: bool) -> Money | None:
    """Return what the payment moved: its amount in the account's currency, never the instructed one."""
    if "sign" in payment:
        out = payment["sign"] == "DBIT"
    for key, currency_key in _AMOUNTS:
        if payment.get(currency_key) == currency and key in payment:
            return _read_money_or_none(payment, key, out=out)
    return None


def _read_money_or_none(row: Row, key: str, *, out: bool) -> Money | None:
    try:
        return read_money(row[key], row[f"{key} currency"], out=out)
    except (KeyError, ValueError):
        return None


_AS_WRITTEN: Final = frozenset(
    "end_to_end_id tx_id uetr instruction_id mandate_id batch_id cheque_no remittance purpose "
    "return_code return_info".split()
)


def _read_detail(position: int, payment: Row, batch: Row, amount: Money, counterparty: Party) -> Detail:
    texts = {key: text for key, text in payment.items() if key in _AS_WRITTEN and text not in _NO_REFERENCE}
    if "\n" in (remittance := texts.get("remittance", "")):
        texts["remittance"] = " ".join(remittance.split())  # a file that somebody indented
    if "batch_id" in batch:
        texts.setdefault("batch_id", batch["batch_id"])
    return Detail(
        position=position,
        amount=amount,
        original=_read_original_amount(payment, amount),
        counterparty=counterparty,
        creditor_id=_find_creditor_id(payment) if "creditor ids" in payment else None,
        references=_read_references(payment) if "references" in payment else (),
        charges=_add_up_charges(payment) if "charges" in payment else None,
        extra=tuple([(key, payment[key]) for key in _EXTRA if key in payment]),
        **texts,
    )


_EXTRA: Final = ("bank_ref", "info")  # the bank's own, beside those of the entry


def _read_reference(row: Row, key: str) -> str | None:
    text: str | None = row.get(key)
    return None if text in _NO_REFERENCE else text


def _read_references(payment: Row) -> tuple[tuple[str, str], ...]:
    return tuple((it.get("type", ""), it["ref"]) for it in payment["references"] if "ref" in it)


_INSTRUCTED_AMOUNTS: Final = (("instructed amount", "instructed amount currency"), *_AMOUNTS[:2])


def _read_original_amount(payment: Row, amount: Money) -> Money | None:
    """Return what was instructed, where that was another currency."""
    for key, currency_key in _INSTRUCTED_AMOUNTS:
        if payment.get(currency_key, amount.currency) != amount.currency:
            return _read_money_or_none(payment, key, out=amount.minor < 0)
    return None


def _add_up_charges(payment: Row) -> Money | None:
    """Return what the banks took, positive; the total where one is given. None where currencies mix."""
    parts: list[Money] = []
    for charge in payment["charges"]:
        records = charge.get("charges", (charge,))
        key = "total" if "total" in charge else "amount"
        for it in (charge,) if key == "total" else records:
            part = _read_money_or_none(it, key, out=it.get("sign") == "CRDT")
            if part is None or (parts and part.currency != parts[0].currency):
                return None
            parts.append(part)
    return sum(parts[1:], parts[0]) if parts else None


def _find_creditor_id(payment: Row) -> str | None:
    """Return the direct debit's creditor identifier: marked SEPA, or beside a mandate (EPC AT-02)."""
    ids = [it for it in payment["creditor ids"] if "id" in it]
    sepa_ids = [it["id"] for it in ids if it.get("scheme") == "SEPA"]
    if not sepa_ids and "mandate_id" in payment:
        sepa_ids = [it["id"] for it in ids]
    return sepa_ids[0] if sepa_ids else None
