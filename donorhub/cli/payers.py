"""``donorhub payers``: donors of many unknown payers at once, as it was shown, and undone as one."""

from __future__ import annotations

import sys
from functools import partial

import click

from donorhub import clock
from donorhub.cli import confirming
from donorhub.cli.context import ROW_ID, get_actor, run_in_app
from donorhub.db import db, read_only
from donorhub.services.bank.files import bank_accounts
from donorhub.services.bank.matching import payer_batch_undo, payer_batches, unknown_payers
from donorhub.services.bank.matching.payer_batch_undo import BatchUndo
from donorhub.services.bank.matching.unknown_payers import UnknownPayers

_YES = click.option("--yes", is_flag=True, help="Without showing first what would be done.")
_DIGEST = click.option("--digest", default="", metavar="DIGEST", help="What was shown under this digest.")


@click.group("payers")
def payers_group() -> None:
    """Payers of bank entries for whom no donor is known."""


@payers_group.command("make-donors")
@click.option("--account", "bank_account_id", type=ROW_ID, help="Those of one account.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@_DIGEST
@_YES
@run_in_app
def make_donors(bank_account_id: int | None, dry_run: bool, digest: str, yes: bool) -> None:
    """Make donors of the payers whose name is certain, and record their gifts: it shows each, and asks.

    Whom it is not sure of it shows with the reason; a person decides about those on the page.
    """
    with read_only():
        if bank_account_id is not None:
            bank_accounts.get_account(bank_account_id)
        view = unknown_payers.find_unknown_payers(bank_account_id=bank_account_id)
        if dry_run:
            _show_payers(view)
            return
        is_wanted = bool(view.ready) and (
            yes
            or confirming.is_confirmed(
                view.digest, digest, partial(_show_payers, view), "Make exactly these donors?"
            )
        )
        db.session.rollback()
    if not view.ready:
        click.echo("nobody is certain enough to be made a donor without a look")
    elif is_wanted:
        batch = payer_batches.make_donors(
            view.digest, bank_account_id=bank_account_id, now=clock.now(), actor=get_actor()
        )
        db.session.commit()
        click.echo(f"made: {batch.donors_count} donors, {batch.gifts_count} gifts; batch {batch.id}")
    else:
        sys.exit(1)


def _show_payers(view: UnknownPayers) -> None:
    for payer in view.payers:
        sums = ", ".join(map(str, unknown_payers.sum_payers([payer])))
        who = f"{payer.parsed_name.name or 'no name'} ({payer.name_read}) {len(payer.credits)} x {sums}"
        click.echo(f"  make  {who}" if payer.is_ready else f"  leave {who}: {', '.join(payer.doubts)}")
    sums = ", ".join(map(str, unknown_payers.sum_payers(view.ready))) or "no money"
    gifts_count = sum(len(payer.credits) for payer in view.ready)
    left_count = len(view.payers) - len(view.ready)
    click.echo(f"  {len(view.ready)} donors, {gifts_count} gifts, {sums}; {left_count} left")


@payers_group.command("undo")
@click.argument("batch_id", type=ROW_ID)
@_DIGEST
@_YES
@run_in_app
def undo_batch(batch_id: int, digest: str, yes: bool) -> None:
    """Take back what was made in BATCH_ID: it shows what would be done and what stays, and asks."""
    with read_only():
        view = payer_batch_undo.show_undo(batch_id)
        if view.batch.undone_at is not None:
            click.echo("undone already")
            return
        is_wanted = yes or confirming.is_confirmed(
            view.digest, digest, partial(_show_undo, view), "Undo exactly this?"
        )
        digest_now = view.digest
        db.session.rollback()
    if not is_wanted:
        sys.exit(1)
    payer_batch_undo.undo_batch(batch_id, digest_now, now=clock.now(), actor=get_actor())
    db.session.commit()
    click.echo("undone: the entries wait as before")


def _show_undo(view: BatchUndo) -> None:
    sums = ", ".join(map(str, view.sums)) or "no money"
    click.echo(f"  {view.donors_count} donors taken away, {len(view.rows)} gifts taken out: {sums}")
    for one in view.obstacles:
        click.echo(f"  stays: {one.name}, donor {one.donor_id}: {one.kind} {one.row_id}")
