"""``donorhub erase``: who a donor is goes for good, what the books need stays."""

from __future__ import annotations

import sys

import click
from sqlalchemy import select

from donorhub import clock
from donorhub.cli.confirming import DIGEST, YES, is_confirmed
from donorhub.cli.context import ROW_ID, get_actor, run_in_app
from donorhub.db import db, read_only
from donorhub.jobs.queue.run import run_task
from donorhub.models import Erasure, Task
from donorhub.money import Money
from donorhub.services.donors import erasure
from donorhub.services.donors.erasure import Preview

_QUESTION = "Erase this donor for good? Nobody can take it back."


@click.command("erase")
@click.argument("donor_id", metavar="DONOR", type=ROW_ID)
@YES
@DIGEST
@run_in_app
def erase_donor(donor_id: int, yes: bool, digest: str) -> None:
    """Erase DONOR: shows first what goes and what stays, and asks. Exit code 1 where nothing was done."""
    with read_only():
        preview = None if erasure.find_erasure(donor_id) else erasure.preview_erasure(donor_id)
        db.session.rollback()
    if preview is None:
        click.echo(f"donor {donor_id} was erased before: nothing was done")
        return
    if not yes and not is_confirmed(preview.digest, digest, lambda: show_preview(preview), _QUESTION):
        sys.exit(1)
    row, _ = erasure.erase_donor(donor_id, digest=preview.digest, now=clock.now(), actor=get_actor())
    erasure_id = row.id  # the row is let go of with the task
    task_id = db.session.scalar(select(Task.id).where(Task.key == erasure.name_task(row)))
    db.session.commit()
    assert task_id is not None  # noqa: S101  it was planned with the erasure
    click.echo(f"donor {donor_id} is erased; the bytes that are left of them are overwritten")
    run_task(task_id)
    db.session.rollback()
    is_done = db.session.get_one(Erasure, erasure_id).bytes_erased_at is not None
    click.echo("overwritten" if is_done else "a worker overwrites the bytes that are left, within a day")


def show_preview(preview: Preview) -> None:
    """Print what erasing a donor would do."""
    click.echo(f"{preview.donor.code} {preview.donor.name}")
    if preview.merged_count:
        click.echo(f"  with {preview.merged_count} who were merged into them")
    for table, count in preview.goes.items():
        click.echo(f"  {table}: {count} rows go, or their texts")
    click.echo(f"  {preview.gift_count} gifts stay without a name, as the books must be kept")
    for currency, minor in preview.sums.items():
        click.echo(f"    {Money(minor, currency).as_text()} {currency}")
    if preview.receipt_numbers:
        click.echo(f"  {len(preview.receipt_numbers)} receipts keep their numbers; their papers are sealed")
    click.echo("  bank entries that nobody has decided yet keep who paid: nothing says that it was them")
    if preview.promise_count:
        click.echo(f"  {preview.promise_count} recurring gifts end; end them at the provider or bank too")
