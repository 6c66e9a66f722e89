"""What a receipt for chosen gifts would say, before it takes a number; its digest stands for all of that.

Whoever confirms the digest confirms that; where anything of it changed since, it fits no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

import receipts as printed
from donorhub.db import db
from donorhub.errors import Changed, NotFound, Rejected
from donorhub.models import Dispute, Donor, Gift, Receipt, ReceiptLine
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.receipts import receipt_drafts
from donorhub.services.receipts.receipt_payload import compute_digest, freeze_document
from receipts.document import Receipt as Document


@dataclass(frozen=True, slots=True)
class Preview:
    """A receipt that is not issued: whose it would be, what it would say, of which gifts how much."""

    donor: Donor
    gift_rows: Sequence[Gift]
    lines: Sequence[Money]
    document: Document
    series: str

    @property
    def digest(self) -> str:
        """Return the digest of all that would be printed but the number."""
        return compute_digest(freeze_document(self.document))

    def require_digest(self, digest: str | None, *, issued_on: date | None = None) -> None:
        """Raise Changed where somebody confirmed another receipt, or one of another day, than this; without
        a digest nobody confirmed any.
        """
        is_of_day = issued_on in (None, self.document.issued_on)
        if digest is not None and not (is_of_day and digest == self.digest):
            raise Changed("what the receipt would say has changed meanwhile: look at it again", now=self)


def make_preview(
    gift_ids: Sequence[int],
    *,
    today: date,
    lang: str | None = None,
    replaces: Receipt | None = None,
    holds_gifts: bool = False,
) -> Preview:
    """Return what a receipt for these gifts would say; it takes no number and writes nothing.

    Who issues it right then ``holds_gifts`` until the transaction ends; a look needs no right to write.

    Raise Rejected, with every reason, for gifts that can get no receipt. What the country's rules lack does
    not stop a preview.
    """
    gift_rows = _read_gifts(gift_ids, holds_gifts=holds_gifts)
    donor = donors.get_donor(gift_rows[0].donor_id)
    minor_taken_away = gifts.sum_deductions([gift.id for gift in gift_rows])
    lines = [Money(gift.amount_minor - minor_taken_away[gift.id], gift.currency) for gift in gift_rows]
    _refuse_unfit_gifts(gift_rows, lines, replaces)
    ours = organisation.get_organisation()
    document = receipt_drafts.draft_document(
        ours,
        donor,
        gift_rows,
        lines,
        issued_on=max(today, find_last_issued_on(ours.receipt_series) or today),
        lang=lang or donor.lang,
        replaces=format_number(replaces.series, replaces.year, replaces.number) if replaces else "",
    )
    return Preview(donor, gift_rows, lines, document, ours.receipt_series)


def draw_preview(preview: Preview) -> bytes:
    """Return the PDF that the receipt would be, marked as a draft and without a number.

    Raise Rejected where the organisation or the donor lacks what it must show.
    """
    receipt_drafts.refuse_problems(preview.document)
    return printed.render_pdf(preview.document)


def format_number(series: str, year: int, number: int) -> str:
    """Return a number as it is printed: ``R/2026/000123``."""
    return f"{series}/{year}/{number:06d}"


def find_last_issued_on(series: str, year: int | None = None) -> date | None:
    """Return the day of the latest receipt of a series, None where there is none."""
    query = select(func.max(Receipt.issued_on)).where(Receipt.series == series)
    last: date | None = db.session.scalar(query if year is None else query.where(Receipt.year == year))
    return last


def _read_gifts(gift_ids: Sequence[int], *, holds_gifts: bool) -> list[Gift]:
    ids = list(dict.fromkeys(gift_ids))
    query = select(Gift).where(Gift.id.in_(ids)).order_by(Gift.id)
    if holds_gifts:  # so that of two who issue for the same gift at once the second sees the first's receipt
        query = query.with_for_update(of=Gift)
    gifts_by_id = {gift.id: gift for gift in db.session.scalars(query)}
    missing_ids = [id_ for id_ in ids if id_ not in gifts_by_id]
    if missing_ids or not ids:
        raise NotFound(
            f"there is no gift {missing_ids[0]}" if missing_ids else "choose at least one gift",
            field="/gift_ids",
        )
    return sorted(gifts_by_id.values(), key=lambda gift: (gift.received_on, gift.id))


def _refuse_unfit_gifts(
    gift_rows: Sequence[Gift], lines: Sequence[Money], replaced_receipt: Receipt | None
) -> None:
    reasons: list[tuple[str, int | None, str]] = []  # a stable code, the gift, and what is said to programs
    if len({gift.donor_id for gift in gift_rows}) > 1:
        reasons.append(("several_donors", None, "the gifts are of several donors"))
    if len({gift.currency for gift in gift_rows}) > 1:
        sentence = "the gifts are in several currencies: issue a receipt for each"
        reasons.append(("several_currencies", None, sentence))
    ids = [gift.id for gift in gift_rows]
    on_receipt = select(ReceiptLine.gift_id).where(
        ReceiptLine.gift_id.in_(ids), ReceiptLine.released_at.is_(None)
    )
    if replaced_receipt is not None:
        on_receipt = on_receipt.where(ReceiptLine.receipt_id != replaced_receipt.id)
    ids_on_receipts = db.session.scalars(on_receipt).all()
    reasons += [("on_receipt", id_, f"gift {id_} is on a receipt already") for id_ in ids_on_receipts]
    disputed_ids = db.session.scalars(
        select(Dispute.gift_id).where(
            Dispute.gift_id.in_(ids), Dispute.state == "open", Dispute.kind != "warning"
        )
    ).all()
    reasons += [("disputed", id_, f"gift {id_} is disputed") for id_ in disputed_ids]
    reasons += [("test", gift.id, f"gift {gift.id} is a test") for gift in gift_rows if gift.is_test]
    reasons += [
        ("elsewhere", gift.id, f"gift {gift.id} has receipt {gift.receipted_elsewhere} of another system")
        for gift in gift_rows
        if gift.receipted_elsewhere
    ]
    reasons += [
        ("gone", gift.id, f"nothing is left of gift {gift.id}")
        for gift, line in zip(gift_rows, lines, strict=True)
        if line.minor <= 0
    ]
    if reasons:
        raise Rejected(
            "; ".join(sentence for _, _, sentence in reasons),
            code="gift_not_receiptable",
            field="/gift_ids",
            reasons=[{"code": code, "gift_id": gift_id} for code, gift_id, _ in reasons],
        )
