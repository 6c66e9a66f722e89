"""Receipts: issuing with a number that has no gap, voiding, replacing. Never editing.

The number is taken from a counter row in the transaction that inserts the receipt, as
late as possible, so that a rollback gives it back and two workers queue at that row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import selectinload

from donorhub.db import db, insert_or_ignore
from donorhub.errors import Conflict, NotFound, Rejected
from donorhub.models import (
    Dispute,
    Donor,
    Gift,
    Receipt,
    ReceiptCounter,
    ReceiptLine,
    ReceiptPdf,
)
from donorhub.models.states import ReceiptState
from donorhub.money import Money
from donorhub.services.access import audit, organisation
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.paging import if_given
from donorhub.services.receipts import receipt_drafts, receipt_upkeep
from donorhub.services.receipts.receipt_payload import digest, freeze
from donorhub.services.work import events, tasks
from receipts.document import UnprintableText
from receipts.text import printable

REPLACED: Final = "replaced"  # the reason for which a replaced receipt is void


def issue(
    gift_ids: Sequence[int],
    *,
    today: date,
    now: datetime,
    actor: str,
    lang: str | None = None,
    replaces: Receipt | None = None,
) -> Receipt:
    """Issue a receipt for gifts of one donor in one currency and plan its PDF.

    Rejected, with every reason, when a gift is on a live receipt, is a test, is wholly
    taken away or under dispute, or the country's rules lack something. A gift partly
    refunded is receipted for what is left.
    """
    chosen = _gifts(gift_ids)
    donor = donors.get_donor(chosen[0].donor_id)
    left = gifts.sum_deductions([gift.id for gift in chosen])
    lines = [Money(gift.amount_minor - left[gift.id], gift.currency) for gift in chosen]
    _refuse_unfit(chosen, lines, donor)
    ours = organisation.get_organisation()
    series = ours.receipt_series
    issued_on = max(today, _last_issued_on(series) or today)
    document = receipt_drafts.draft(
        ours,
        donor,
        chosen,
        lines,
        issued_on=issued_on,
        lang=lang or donor.lang,
        replaces=number_of(replaces) if replaces else "",
    )
    receipt_drafts.refuse_problems(document)
    number = _next_number(series, issued_on.year)
    # Asked again under the counter's lock: a clock set back, or another worker at midnight,
    # never gives a higher number an earlier day.
    issued_on = max(issued_on, _last_issued_on(series, issued_on.year) or issued_on)
    document = receipt_drafts.numbered(document, printed_number(series, issued_on.year, number), issued_on)
    payload = freeze(document)
    receipt = Receipt(
        series=series,
        year=issued_on.year,
        number=number,
        kind=document.kind,
        jurisdiction=document.jurisdiction,
        rule_pack_version=document.rule_pack_version,
        template_version=document.template_version,
        lang=document.lang,
        donor_id=donor.id,
        total_minor=document.total.minor,
        currency=document.total.currency,
        payload=payload,
        payload_sha256=digest(payload),
        issued_at=now,
        issued_on=issued_on,
        issued_by=actor,
        replaces_id=replaces.id if replaces else None,
    )
    db.session.add(receipt)
    db.session.flush()  # lines and task need receipt.id
    db.session.add_all(
        ReceiptLine(receipt_id=receipt.id, position=place, gift_id=gift.id, amount_minor=line.minor)
        for place, (gift, line) in enumerate(zip(chosen, lines, strict=True))
    )
    _plan_pdf(receipt, "issued", now=now)
    events.record_event(
        "receipt.issued", ("receipt", receipt.id), occurred_at=now, now=now, donor_id=donor.id
    )
    audit.record_action(
        actor,
        "receipt.issued",
        ("receipt", receipt.id),
        now=now,
        data={"number": document.number, "minor": document.total.minor, "currency": document.total.currency},
    )
    return receipt


def void(receipt_id: int, *, reason: str, now: datetime, actor: str) -> Receipt:
    """Void a receipt: its number and lines stay, its gifts are free again. A void one stays as it is.

    Rejected without a reason, or with one that could not be printed on it.
    """
    receipt = _locked(receipt_id)
    if receipt.state == "void":
        return receipt
    reason = _printable_reason(reason)
    receipt.state, receipt.voided_at, receipt.voided_by, receipt.void_reason = "void", now, actor, reason
    db.session.execute(
        update(ReceiptLine).where(ReceiptLine.receipt_id == receipt.id).values(released_at=now)
    )
    for line in receipt.lines:
        receipt_upkeep.look_after(gifts.get_gift(line.gift_id), now=now, actor=actor)
    _plan_pdf(receipt, "void", now=now)
    events.record_event(
        "receipt.voided", ("receipt", receipt.id), occurred_at=now, now=now, donor_id=receipt.donor_id
    )
    audit.record_action(actor, "receipt.voided", ("receipt", receipt.id), now=now)
    return receipt


def replace(receipt_id: int, *, today: date, now: datetime, actor: str, lang: str | None = None) -> Receipt:
    """Void a receipt and issue a new one for the same gifts that names the old.

    A gift that was wholly taken away since is left out. Conflict when the receipt is void; Rejected
    when nothing is left of any of its gifts: then there is only voiding.
    """
    old = _locked(receipt_id)
    if old.state == "void":
        raise Conflict(
            f"receipt {number_of(old)} is void already", code="receipt_void", number=number_of(old)
        )
    gift_ids = _still_there([line.gift_id for line in old.lines])
    void(old.id, reason=REPLACED, now=now, actor=actor)
    return issue(gift_ids, today=today, now=now, actor=actor, lang=lang, replaces=old)


def get_receipt(receipt_id: int) -> Receipt:
    receipt = db.session.get(Receipt, receipt_id)
    if receipt is None:
        raise NotFound(f"there is no receipt {receipt_id}")
    return receipt


def _still_there(gift_ids: list[int]) -> list[int]:
    away = gifts.sum_deductions(gift_ids)
    amounts = db.session.execute(select(Gift.id, Gift.amount_minor).where(Gift.id.in_(gift_ids)))
    return [id_ for id_, minor in amounts if minor > away[id_]] or gift_ids


def _locked(receipt_id: int) -> Receipt:
    # Of two who void at once the second sees what the first did, and does not put its reason over it.
    query = select(Receipt).where(Receipt.id == receipt_id).with_for_update(of=Receipt)
    db.session.scalar(query.execution_options(populate_existing=True))
    return get_receipt(receipt_id)


def _printable_reason(reason: str) -> str:
    if not reason.strip():
        raise Rejected("say why the receipt is voided", field="/reason")
    try:
        return printable(reason, "the reason")
    except UnprintableText as e:
        raise Rejected(str(e), code="reason_unprintable", field="/reason") from e


def choose(
    *,
    donor_id: int | None = None,
    state: ReceiptState | None = None,
    issued_from: date | None = None,
    issued_to: date | None = None,
) -> Select[Receipt]:
    """Return a query for the receipts that fit all that is given, lines with them."""
    query = (
        select(Receipt)
        .where(*if_given(Receipt.donor_id, donor_id), *if_given(Receipt.state, state))
        .options(selectinload(Receipt.lines))
    )
    if issued_from is not None:
        query = query.where(Receipt.issued_on >= issued_from)
    if issued_to is not None:
        query = query.where(Receipt.issued_on <= issued_to)
    return query


def find_pdf(receipt: Receipt) -> ReceiptPdf | None:
    """The PDF that counts: of a void receipt the stamped one, once it is made, and in the meantime none,
    so that nobody takes it for one that is valid."""
    return db.session.scalar(select(ReceiptPdf).filter_by(receipt_id=receipt.id, mark=receipt.state))


def keep_pdf(receipt: Receipt, mark: ReceiptState, content: bytes, sha256: str) -> None:
    """Store the bytes that were made of the frozen payload; the first ones stay for ever."""
    db.session.execute(
        insert_or_ignore(
            ReceiptPdf,
            on=(
                ReceiptPdf.receipt_id,
                ReceiptPdf.mark,
            ),
        ).values(receipt_id=receipt.id, mark=mark, content=content, sha256=sha256)
    )
    if mark == "issued":
        receipt.pdf_sha256 = receipt.pdf_sha256 or sha256
    receipt.waits_because = ""


def number_of(receipt: Receipt) -> str:
    return printed_number(receipt.series, receipt.year, receipt.number)


def printed_number(series: str, year: int, number: int) -> str:
    """As it is printed: ``R/2026/000123``."""
    return f"{series}/{year}/{number:06d}"


def _gifts(gift_ids: Sequence[int]) -> list[Gift]:
    wanted = list(dict.fromkeys(gift_ids))
    # Locked, so that of two who issue for the same gift at once the second sees the first's receipt.
    query = select(Gift).where(Gift.id.in_(wanted)).order_by(Gift.id).with_for_update(of=Gift)
    found = {gift.id: gift for gift in db.session.scalars(query)}
    missing = [id_ for id_ in wanted if id_ not in found]
    if missing or not wanted:
        raise NotFound(
            f"there is no gift {missing[0]}" if missing else "choose at least one gift", field="/gift_ids"
        )
    return sorted(found.values(), key=lambda gift: (gift.received_on, gift.id))


def _refuse_unfit(chosen: Sequence[Gift], lines: Sequence[Money], donor: Donor) -> None:
    reasons: list[tuple[str, int | None, str]] = []  # a stable code, the gift, and what is said to programs
    if len({gift.donor_id for gift in chosen}) > 1:
        reasons.append(("several_donors", None, "the gifts are of several donors"))
    if len({gift.currency for gift in chosen}) > 1:
        said = "the gifts are in several currencies: issue a receipt for each"
        reasons.append(("several_currencies", None, said))
    ids = [gift.id for gift in chosen]
    live = db.session.scalars(
        select(ReceiptLine.gift_id).where(ReceiptLine.gift_id.in_(ids), ReceiptLine.released_at.is_(None))
    ).all()
    reasons += [("on_receipt", id_, f"gift {id_} is on a receipt already") for id_ in live]
    disputed = db.session.scalars(
        select(Dispute.gift_id).where(
            Dispute.gift_id.in_(ids), Dispute.state == "open", Dispute.kind != "warning"
        )
    ).all()
    reasons += [("disputed", id_, f"gift {id_} is disputed") for id_ in disputed]
    reasons += [("test", gift.id, f"gift {gift.id} is a test") for gift in chosen if gift.is_test]
    reasons += [
        ("gone", gift.id, f"nothing is left of gift {gift.id}")
        for gift, line in zip(chosen, lines, strict=True)
        if line.minor <= 0
    ]
    if reasons:
        raise Rejected(
            "; ".join(said for _, _, said in reasons),
            code="gift_not_receiptable",
            field="/gift_ids",
            reasons=[{"code": code, "gift_id": gift_id} for code, gift_id, _ in reasons],
        )


def _last_issued_on(series: str, year: int | None = None) -> date | None:
    query = select(func.max(Receipt.issued_on)).where(Receipt.series == series)
    last: date | None = db.session.scalar(query if year is None else query.where(Receipt.year == year))
    return last


def _next_number(series: str, year: int) -> int:
    db.session.execute(
        insert_or_ignore(
            ReceiptCounter,
            on=(
                ReceiptCounter.series,
                ReceiptCounter.year,
            ),
        ).values(series=series, year=year, last=0)
    )
    number: int = db.session.execute(
        update(ReceiptCounter)
        .where(ReceiptCounter.series == series, ReceiptCounter.year == year)
        .values(last=ReceiptCounter.last + 1)
        .returning(ReceiptCounter.last)
    ).scalar_one()
    return number


def _plan_pdf(receipt: Receipt, mark: str, *, now: datetime) -> None:
    facts: dict[str, object] = {"mark": mark}
    tasks.plan_task(
        f"render_receipt:{receipt.id}:{mark}",
        kind="render_receipt",
        performer="worker",
        subject=("receipt", receipt.id),
        donor_id=receipt.donor_id,
        due_at=now,
        now=now,
        facts=facts,
    )
