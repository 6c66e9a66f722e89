"""``donorhub receipts``: issuing, voiding, replacing, and writing the PDFs out."""

from __future__ import annotations

import sys
import time
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

import click
from flask import current_app
from sqlalchemy import select

from donorhub import clock
from donorhub.cli import confirming
from donorhub.cli.arguments import load_arguments
from donorhub.cli.context import ROW_ID, get_actor, run_in_app
from donorhub.cli.receipt_batches import Batch, confirm_batch, preview_issue, preview_sending
from donorhub.config import Settings
from donorhub.db import db, read_only
from donorhub.errors import DonorHubError
from donorhub.jobs.queue.run import run_task
from donorhub.models import Gift, MessageAttachment, Receipt, ReceiptLine, Task
from donorhub.models.states import LANGS, OPEN_TASKS
from donorhub.money import Money
from donorhub.schemas.fields import Reason
from donorhub.schemas.receipts import (
    NewReceipt,
    NewReceiptSchema,
    ReceiptPreview,
    ReceiptPreviewSchema,
    VoidSchema,
)
from donorhub.services.access import organisation
from donorhub.services.messages import receipt_mail
from donorhub.services.receipts import receipt_drafts, shown_receipts
from donorhub.services.receipts import receipts as service
from donorhub.services.receipts.receipt_drafts import list_warnings
from donorhub.services.receipts.receipt_previews import Preview, draw_preview, make_preview
from donorhub.services.receipts.receipt_stamps import get_issued_document
from receipts.document import Receipt as Document
from receipts.document import Unrenderable

YEAR: Final = click.IntRange(1900, 2999)


@click.group("receipts")
def receipts_group() -> None:
    """Receipts for gifts."""


@receipts_group.command("issue")
@click.argument("gift_ids", type=ROW_ID, nargs=-1)
@click.option("--lang", type=click.Choice(LANGS), help="Else the donor's language.")
@click.option("--each", is_flag=True, help="A receipt for each gift, not one for all.")
@click.option("--all-of", "year", type=YEAR, help="A receipt for each gift of this year that has none.")
@confirming.DIGEST
@confirming.YES
@run_in_app
def issue_receipts(
    gift_ids: tuple[int, ...], lang: str | None, each: bool, year: int | None, digest: str, yes: bool
) -> None:
    """Issue a receipt for GIFT_IDS (of one donor), or many with --each or --all-of.

    It shows them first, with a digest, and asks.
    """
    groups = _group_gifts(gift_ids, each=each, year=year)
    _require_own_data()
    preview = partial(preview_issue, groups, today=organisation.get_day(clock.now()), lang=lang)
    batch = Batch() if yes else confirm_batch(preview, digest, "Issue exactly these?")
    failure_count, started_s, sentences = 0, time.monotonic(), set[str]()
    for number, ids in enumerate(groups, start=1):
        if tuple(ids) in batch.refusals:
            failure_count += 1
            click.echo(batch.refusals[tuple(ids)], err=True)
            continue
        now, shown_digest = clock.now(), batch.digests.get(tuple(ids))
        try:
            new: NewReceipt = load_arguments(NewReceiptSchema(), gift_ids=ids, lang=lang, digest=shown_digest)
            receipt = service.issue_receipt(
                new["gift_ids"],
                today=organisation.get_day(now),
                now=now,
                actor=get_actor(),
                lang=new.get("lang"),
                digest=new.get("digest"),
            )
        except DonorHubError as e:
            db.session.rollback()
            failure_count += 1
            click.echo(f"gift {ids[0]}: {e.message}", err=True)
            continue
        db.session.commit()
        click.echo(
            f"{service.format_number_of(receipt)}\treceipt {receipt.id}\t"
            f"{Money(receipt.total_minor, receipt.currency)}"
        )
        _show_warnings(get_issued_document(receipt), sentences)
        if number % 100 == 0:
            click.echo(f"{number} of {len(groups)} after {time.monotonic() - started_s:.0f} s", err=True)
    if failure_count:
        raise click.ClickException(f"{failure_count} of {len(groups)} were not issued")


@receipts_group.command("preview")
@click.argument("gift_ids", type=ROW_ID, nargs=-1)
@click.option("--lang", type=click.Choice(LANGS), help="Else the donor's language.")
@click.option("--each", is_flag=True, help="A receipt for each gift, not one for all.")
@click.option("--all-of", "year", type=YEAR, help="A receipt for each gift of this year that has none.")
@click.option(
    "--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="For the PDFs."
)
@run_in_app
@read_only()
def preview_receipts(
    gift_ids: tuple[int, ...], lang: str | None, each: bool, year: int | None, folder: Path
) -> None:
    """Write the PDFs that receipts for GIFT_IDS would be, marked as drafts, into a folder; no number is used.

    What `issue` with the same choices would issue is shown; the digest of each is the last word of its line.
    """
    groups = _group_gifts(gift_ids, each=each, year=year)
    _require_own_data()
    folder.mkdir(parents=True, exist_ok=True)
    failure_count, sentences = 0, set[str]()
    for ids in groups:
        try:
            choice: ReceiptPreview = load_arguments(ReceiptPreviewSchema(), gift_ids=ids, lang=lang)
            preview = make_preview(
                choice["gift_ids"], today=organisation.get_day(clock.now()), lang=choice.get("lang")
            )
            content = draw_preview(preview)
        except DonorHubError as e:
            failure_count += 1
            click.echo(f"gift {ids[0]}: {e.message}", err=True)
            continue
        except Unrenderable as e:
            raise click.ClickException(str(e)) from e
        finally:
            db.session.rollback()
        file = folder / f"draft-of-gift-{ids[0]}.pdf"
        file.write_bytes(content)
        click.echo(f"{file}\t{preview.document.total}\t{preview.digest}")
        _show_warnings(preview.document, sentences)
    if failure_count:
        raise click.ClickException(f"{failure_count} of {len(groups)} cannot be issued")


def _group_gifts(gift_ids: tuple[int, ...], *, each: bool, year: int | None) -> list[list[int]]:
    """Return the gifts of each receipt that is asked for."""
    if not gift_ids and year is None:
        raise click.UsageError("choose gifts by their ids, or --all-of a year")
    groups = [[id_] for id_ in gift_ids] if each else [list(gift_ids)] if gift_ids else []
    if year is not None:
        groups += [[id_] for id_ in _list_gifts_without_receipt(year)]
    if not groups:
        click.echo(f"every gift of {year} has its receipt, or there is none", err=True)
    return groups


def _require_own_data() -> None:
    """Stop once, and not for each of a thousand gifts, where the organisation itself lacks something."""
    gaps = receipt_drafts.list_own_gaps(today=organisation.get_day(clock.now()))
    if gaps:
        raise click.ClickException(
            "\n".join(["no receipt can be issued yet:", *(gap.message for gap in gaps)])
        )


def _show_warnings(document: Document, sentences: set[str]) -> None:
    """Tell what should be looked at, each sentence once however many receipts it is true of."""
    for sentence in list_warnings(document):
        if sentence not in sentences:
            click.echo(f"warning: {sentence}", err=True)
            sentences.add(sentence)


def _list_gifts_without_receipt(year: int) -> list[int]:
    live = select(ReceiptLine.gift_id).where(ReceiptLine.released_at.is_(None))
    return list(
        db.session.scalars(
            select(Gift.id)
            .where(
                Gift.received_on >= date(year, 1, 1),
                Gift.received_on <= date(year, 12, 31),
                Gift.is_test.is_(False),
                Gift.id.not_in(live),
            )
            .order_by(Gift.received_on, Gift.id)
        )
    )


@receipts_group.command("send")
@click.argument("receipt_ids", type=ROW_ID, nargs=-1)
@click.option("--all-of", "year", type=YEAR, help="Every receipt of this year that was not sent yet.")
@confirming.DIGEST
@confirming.YES
@run_in_app
def send_receipts(receipt_ids: tuple[int, ...], year: int | None, digest: str, yes: bool) -> None:
    """Send RECEIPT_IDS to their donors by e-mail, each once; a worker hands them over.

    It shows first which go and to whom, with a digest, and asks.
    """
    if not receipt_ids and year is None:
        raise click.UsageError("choose receipts by their ids, or --all-of a year")
    ids = [*receipt_ids, *(_list_unsent_receipts(year) if year is not None else ())]
    if not ids:
        click.echo(f"every receipt of {year} was sent, or there is none", err=True)
    preview = partial(preview_sending, ids, now=clock.now())
    batch = Batch() if yes else confirm_batch(preview, digest, "Send exactly these?")
    settings: Settings = current_app.extensions["donorhub.settings"]
    failure_count = 0
    for receipt_id in ids:
        if (receipt_id,) in batch.refusals:
            failure_count += 1
            click.echo(batch.refusals[(receipt_id,)], err=True)
            continue
        try:
            message, is_new = receipt_mail.send_receipt(
                receipt_id,
                digest=batch.digests.get((receipt_id,)),
                now=clock.now(),
                actor=get_actor(),
                domain=settings.mail_domain,
            )
        except DonorHubError as e:
            db.session.rollback()
            failure_count += 1
            click.echo(f"receipt {receipt_id}: {e.message}", err=True)
            continue
        number = service.format_number_of(service.get_receipt(receipt_id))
        db.session.commit()
        click.echo(f"{number}\tmessage {message.id}\t{'planned' if is_new else f'known, {message.state}'}")
    if failure_count:
        raise click.ClickException(f"{failure_count} of {len(ids)} were not sent")


def _list_unsent_receipts(year: int) -> list[int]:
    sent_ids = select(MessageAttachment.receipt_id)
    query = select(Receipt.id).where(
        Receipt.year == year, Receipt.state == "issued", Receipt.id.not_in(sent_ids)
    )
    return list(db.session.scalars(query.order_by(Receipt.id)))


@receipts_group.command("void")
@click.argument("receipt_id", type=ROW_ID)
@click.option("--reason", required=True)
@confirming.DIGEST
@confirming.YES
@run_in_app
def void_receipt(receipt_id: int, reason: str, digest: str, yes: bool) -> None:
    """Void RECEIPT_ID: it shows it, with a digest, and asks. Its number stays, its gifts are free again."""
    new: Reason = load_arguments(VoidSchema(), reason=reason)
    with read_only():
        row = service.get_receipt(receipt_id)
        shown_digest = shown_receipts.compute_receipt_digest(row)
        is_wanted = yes or confirming.is_confirmed(
            shown_digest, digest, partial(_show_receipt, row), "Void exactly this one?"
        )
        db.session.rollback()
    if not is_wanted:
        sys.exit(1)
    shown_receipts.refuse_changed_receipt(receipt_id, shown_digest, void_reason=new["reason"])
    receipt = service.void_receipt(receipt_id, reason=new["reason"], now=clock.now(), actor=get_actor())
    db.session.commit()
    click.echo(f"{service.format_number_of(receipt)} is void")


def _show_receipt(receipt: Receipt) -> None:
    total = Money(receipt.total_minor, receipt.currency)
    click.echo(f"  {service.format_number_of(receipt)}, {receipt.issued_on}, {receipt.donor.name}: {total}")


def _show_replacement(receipt_id: int, preview: Preview) -> None:
    _show_receipt(service.get_receipt(receipt_id))
    document = preview.document
    click.echo(
        f"  becomes a receipt of {document.issued_on} for {document.donor.name_line}: {document.total}"
    )


@receipts_group.command("replace")
@click.argument("receipt_id", type=ROW_ID)
@confirming.DIGEST
@confirming.YES
@run_in_app
def replace_receipt(receipt_id: int, digest: str, yes: bool) -> None:
    """Void RECEIPT_ID and issue a new one for the same gifts: it shows both, with a digest, and asks."""
    now = clock.now()
    today = organisation.get_day(now)
    with read_only():
        preview = service.preview_replacement(receipt_id, today=today)
        shown_digest = preview.digest
        is_wanted = yes or confirming.is_confirmed(
            shown_digest,
            digest,
            partial(_show_replacement, receipt_id, preview),
            "Replace it by exactly this?",
        )
        db.session.rollback()
    if not is_wanted:
        sys.exit(1)
    receipt = service.replace_receipt(
        receipt_id, today=today, now=now, actor=get_actor(), digest=shown_digest
    )
    db.session.commit()
    click.echo(f"{service.format_number_of(receipt)}\treceipt {receipt.id}")


@receipts_group.command("render")
@run_in_app
def render_receipts() -> None:
    """Make the PDFs that wait, in this process."""
    waiting = db.session.scalars(
        select(Task.id).where(Task.kind == "render_receipt", Task.state.in_(OPEN_TASKS))
    ).all()
    db.session.rollback()
    count = sum(run_task(task_id) for task_id in waiting)
    click.echo(f"{count} of {len(waiting)} tried")


@receipts_group.command("save")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--year", type=YEAR, help="Only receipts of this year.")
@run_in_app
@read_only()
def save_receipts(folder: Path, year: int | None) -> None:
    """Write the PDFs into FOLDER, named by their numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    query = select(Receipt).order_by(Receipt.id)
    if year is not None:
        query = query.where(Receipt.year == year)
    rows, missing_count = db.session.scalars(query).all(), 0
    if not rows:
        click.echo("there is no receipt to save", err=True)
    for receipt in rows:
        if receipt.sealed_payload is not None:
            click.echo(f"{service.format_number_of(receipt)}: sealed, its donor was erased", err=True)
            continue
        pdf = service.find_pdf(receipt)
        name = service.format_number_of(receipt).replace("/", "-")
        if pdf is None:
            missing_count += 1
            click.echo(
                f"{name}: no PDF yet: {receipt.waits_because or 'a worker has still to make it'}", err=True
            )
            continue
        (folder / f"{name}.pdf").write_bytes(pdf.content)
        click.echo(folder / f"{name}.pdf")
    if missing_count:
        raise click.ClickException(
            f"{missing_count} of {len(rows)} have no PDF: `donorhub receipts render` makes them"
        )
