"""``donorhub receipts reopen``: reading the sealed paper of a donor who was erased, with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import click

from donorhub import clock
from donorhub.cli.context import ROW_ID, get_actor, run_in_app
from donorhub.cli.receipts import receipts_group
from donorhub.db import db
from donorhub.services.receipts import sealed_receipts
from donorhub.services.receipts.receipts import format_number_of, get_receipt

__all__ = ["receipts_group"]


@receipts_group.command("reopen")
@click.argument("receipt_id", metavar="RECEIPT", type=ROW_ID)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--reason", required=True, help="Why; it stands in the audit for good.")
@run_in_app
def reopen_receipt(receipt_id: int, folder: Path, reason: str) -> None:
    """Write the sealed paper of RECEIPT into FOLDER. The base keeps it sealed; delete the files after use."""
    payload, papers = sealed_receipts.reopen_receipt(
        receipt_id, reason=reason, now=clock.now(), actor=get_actor()
    )
    name = format_number_of(get_receipt(receipt_id)).replace("/", "-")
    db.session.commit()  # that it was read is kept before anybody reads it
    folder.mkdir(parents=True, exist_ok=True)
    files = {f"{name}.json": json.dumps(payload, ensure_ascii=False, indent=1).encode()}
    files |= {f"{name}-{mark}.pdf": content for mark, content in papers}
    for file_name, content in files.items():
        (folder / file_name).write_bytes(content)
        click.echo(folder / file_name)
