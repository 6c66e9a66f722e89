"""``donorhub receipts``: issuing, voiding, replacing, and writing the PDFs out."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import Final

import click
from sqlalchemy import select

from donorhub import clock
from donorhub.cli.context import ROW_ID, actor, in_app
from donorhub.db import db
from donorhub.errors import DonorHubError
from donorhub.jobs.queue.run import run_task
from donorhub.models import Gift, Receipt, ReceiptLine, Task
from donorhub.models.states import LANGS, OPEN_TASKS
from donorhub.money import Money
from donorhub.services.access import organisation
from donorhub.services.receipts import receipts as service
from donorhub.services.receipts.receipt_drafts import warnings
from donorhub.services.receipts.receipt_stamps import as_issued

YEAR: Final = click.IntRange(1900, 2999)


@click.group("receipts")
def receipts() -> None:
    """Receipts for gifts."""


@receipts.command("issue")
@click.argument("gift_ids", type=ROW_ID, nargs=-1)
@click.option("--lang", type=click.Choice(LANGS), help="Else the donor's language.")
@click.option("--each", is_flag=True, help="A receipt for each gift, not one for all.")
@click.option("--all-of", "year", type=YEAR, help="A receipt for each gift of this year that has none.")
@in_app
def issue(gift_ids: tuple[int, ...], lang: str | None, each: bool, year: int | None) -> None:
    """Issue a receipt for GIFT_IDS (of one donor), or many with --each or --all-of."""
    if not gift_ids and year is None:
        raise click.UsageError("choose gifts by their ids, or --all-of a year")
    chosen = [[id_] for id_ in gift_ids] if each else [list(gift_ids)] if gift_ids else []
    if year is not None:
        chosen += [[id_] for id_ in _without_receipt(year)]
    if not chosen:
        click.echo(f"every gift of {year} has its receipt, or there is none", err=True)
    failed, started, said = 0, time.monotonic(), set[str]()
    for number, ids in enumerate(chosen, start=1):
        now = clock.now()
        try:
            receipt = service.issue(ids, today=organisation.get_day(now), now=now, actor=actor(), lang=lang)
        except DonorHubError as e:
            db.session.rollback()
            failed += 1
            click.echo(f"gift {ids[0]}: {e.message}", err=True)
            continue
        db.session.commit()
        click.echo(
            f"{service.number_of(receipt)}\treceipt {receipt.id}\t"
            f"{Money(receipt.total_minor, receipt.currency)}"
        )
        _warn(receipt, said)
        if number % 100 == 0:
            click.echo(f"{number} of {len(chosen)} after {time.monotonic() - started:.0f} s", err=True)
    if failed:
        raise click.ClickException(f"{failed} of {len(chosen)} were not issued")


def _warn(receipt: Receipt, said: set[str]) -> None:
    """Tell what should be looked at, each sentence once however many receipts it is true of."""
    for sentence in warnings(as_issued(receipt)):
        if sentence not in said:
            click.echo(f"warning: {sentence}", err=True)
            said.add(sentence)


def _without_receipt(year: int) -> list[int]:
    live = select(ReceiptLine.gift_id).where(ReceiptLine.released_at.is_(None))
    return list(
        db.session.scalars(
            select(Gift.id)
            .where(
                Gift.received_on >= date(year, 1, 1), Gift.received_on <= date(year, 12, 31),
                Gift.is_test.is_(False), Gift.id.not_in(live),
            )
            .order_by(Gift.received_on, Gift.id)
        )
    )


@receipts.command("void")
@click.argument("receipt_id", type=ROW_ID)
@click.option("--reason", required=True)
@in_app
def void(receipt_id: int, reason: str) -> None:
    """Void RECEIPT_ID; its number stays, its gifts are free again."""
    receipt = service.void(receipt_id, reason=reason, now=clock.now(), actor=actor())
    db.session.commit()
    click.echo(f"{service.number_of(receipt)} is void")


@receipts.command("replace")
@click.argument("receipt_id", type=ROW_ID)
@in_app
def replace(receipt_id: int) -> None:
    """Void RECEIPT_ID and issue a new one for the same gifts."""
    now = clock.now()
    receipt = service.replace(receipt_id, today=organisation.get_day(now), now=now, actor=actor())
    db.session.commit()
    click.echo(f"{service.number_of(receipt)}\treceipt {receipt.id}")


@receipts.command("render")
@in_app
def render() -> None:
    """Make the PDFs that wait, in this process."""
    waiting = db.session.scalars(
        select(Task.id).where(Task.kind == "render_receipt", Task.state.in_(OPEN_TASKS))
    ).all()
    db.session.rollback()
    made = sum(run_task(task_id) for task_id in waiting)
    click.echo(f"{made} of {len(waiting)} tried")


@receipts.command("save")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--year", type=YEAR, help="Only receipts of this year.")
@in_app
def save(folder: Path, year: int | None) -> None:
    """Write the PDFs into FOLDER, named by their numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    query = select(Receipt).order_by(Receipt.id)
    if year is not None:
        query = query.where(Receipt.year == year)
    found, missing = db.session.scalars(query).all(), 0
    if not found:
        click.echo("there is no receipt to save", err=True)
    for receipt in found:
        pdf = service.find_pdf(receipt)
        name = service.number_of(receipt).replace("/", "-")
        if pdf is None:
            missing += 1
            click.echo(
                f"{name}: no PDF yet: {receipt.waits_because or 'a worker has still to make it'}", err=True
            )
            continue
        (folder / f"{name}.pdf").write_bytes(pdf.content)
        click.echo(folder / f"{name}.pdf")
    if missing:
        raise click.ClickException(
            f"{missing} of {len(found)} have no PDF: `donorhub receipts render` makes them"
        )
