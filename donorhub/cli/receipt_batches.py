"""What issuing or sending receipts would do, shown before it is done: each, their sums, a digest of all."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

import click

from donorhub.cli import confirming
from donorhub.cli.arguments import load_arguments
from donorhub.db import db, read_only
from donorhub.errors import DonorHubError
from donorhub.money import Money
from donorhub.schemas.receipts import ReceiptPreview, ReceiptPreviewSchema
from donorhub.services import shown
from donorhub.services.messages import receipt_mail
from donorhub.services.receipts import receipts, shown_receipts
from donorhub.services.receipts.receipt_previews import make_preview

_MOST_LINES: Final = 20  # of a batch; its sum and its digest are of all


@dataclass(slots=True)
class Batch:
    """The receipts that would be issued or sent; ``digests`` and ``refusals`` by the ids of their gifts, or
    by their own.
    """

    lines: list[str] = field(default_factory=list)
    sums: Counter[str] = field(default_factory=Counter)
    digests: dict[tuple[int, ...], str] = field(default_factory=dict)
    refusals: dict[tuple[int, ...], str] = field(default_factory=dict)

    def add_receipt(self, ids: Sequence[int], line: str, total: Money, digest: str) -> None:
        """Take one more in."""
        self.lines.append(f"{line}: {total}")
        self.sums[total.currency] += total.minor
        self.digests[tuple(ids)] = digest

    def compute_digest(self) -> str:
        """Return the digest of all; of one, its own."""
        if len(self.digests) == 1 and not self.refusals:
            return next(iter(self.digests.values()))
        return shown.compute_digest([list(self.digests.values()), list(self.refusals.values())])

    def show_lines(self) -> None:
        """Show what it holds: the first of each, how many there are and their sums."""
        for line in self.lines[:_MOST_LINES]:
            click.echo(f"  {line}")
        if len(self.lines) > _MOST_LINES:
            click.echo(f"  and {len(self.lines) - _MOST_LINES} more")
        for refusal in list(self.refusals.values())[:_MOST_LINES]:
            click.echo(f"  not {refusal}")
        if len(self.refusals) > _MOST_LINES:
            click.echo(f"  and {len(self.refusals) - _MOST_LINES} more that are not")
        if len(self.lines) > 1:
            sums = ", ".join(str(Money(minor, currency)) for currency, minor in sorted(self.sums.items()))
            click.echo(f"  {len(self.lines)} receipts, {sums}")


def confirm_batch(preview: Callable[[], Batch], digest: str, question: str) -> Batch:
    """Return the batch that was shown, or whose digest was given, and confirmed; end the command where it was
    not. One in which nothing can be done asks nothing: its refusals say why.
    """
    with read_only():
        batch = preview()
        db.session.rollback()
    if batch.digests and not confirming.is_confirmed(
        batch.compute_digest(), digest, batch.show_lines, question
    ):
        sys.exit(1)
    return batch


def preview_issue(groups: Sequence[Sequence[int]], *, today: date, lang: str | None) -> Batch:
    """Return what receipts of these gifts would be; nothing stays of it."""
    batch = Batch()
    for ids in groups:
        try:
            choice: ReceiptPreview = load_arguments(ReceiptPreviewSchema(), gift_ids=ids, lang=lang)
            preview = make_preview(choice["gift_ids"], today=today, lang=choice.get("lang"))
        except DonorHubError as e:
            batch.refusals[tuple(ids)] = f"gift {ids[0]}: {e.message}"
            continue
        finally:
            db.session.rollback()
        document = preview.document
        line = f"gift {', '.join(map(str, ids))}, {document.donor.name_line}"
        batch.add_receipt(ids, line, document.total, preview.digest)
    return batch


def preview_sending(receipt_ids: Sequence[int], *, now: datetime) -> Batch:
    """Return what sending these receipts would send, and to whom."""
    batch = Batch()
    for receipt_id in receipt_ids:
        try:
            receipt = receipts.get_receipt(receipt_id)
            receipt_mail.refuse_sending(receipt, now=now)
        except DonorHubError as e:
            batch.refusals[(receipt_id,)] = f"receipt {receipt_id}: {e.message}"
            continue
        address = receipt.donor.email
        line = f"{receipts.format_number_of(receipt)} to {address}"
        total = Money(receipt.total_minor, receipt.currency)
        digest = shown_receipts.compute_receipt_digest(receipt, address)
        batch.add_receipt([receipt_id], line, total, digest)
    return batch
