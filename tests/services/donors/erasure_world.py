"""A donor of whom every table holds something, each text of theirs with the same rare word in it."""

from __future__ import annotations

import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import JSON, String, select, text, update

from donorhub.db import PERSONAL, Base, db
from donorhub.models import (
    ExternalId,
    Mandate,
    Payer,
    PayerKey,
    PayerUse,
    ProviderEvent,
    ReceiptPdf,
)
from donorhub.models.states import CustomEntity
from donorhub.services.donors import (
    accounts,
    custom_fields,
    custom_values,
    donor_files,
    donor_roles,
    donors,
    erased_rows,
    interactions,
    tags,
)
from donorhub.services.messages import suppressions
from donorhub.services.receipts import receipts
from donorhub.services.work import tasks_by_hand
from tests.services.donors.erasure_rows import (
    ACCOUNT,
    EMAIL,
    ME,
    NOW,
    PHONE,
    RARE,
    TODAY,
    add_bank_rows,
    add_other_rows,
    add_provider_rows,
)
from tests.shown_papers import prepare_receipt
from tests.web import desk

NAMES = (RARE.lower(), "501234999", ACCOUNT.lower())


def make_person() -> int:
    """Fill every store with a donor whose texts all name them; return their id."""
    prepare_receipt()  # and Anna, of whom nothing may go
    donor = desk.add_donor(
        f"Anna {RARE}", email=EMAIL, phone=PHONE, salutation=f"Pani {RARE}", street=f"ul. {RARE} 7", note=RARE
    )
    donors.change_donor(donor, {"city": f"{RARE}owo"}, now=NOW, actor=ME)
    accounts.learn_account(donor.id, ACCOUNT, now=NOW)
    donor_roles.give_role(donor.id, "target", stance=f"{RARE} is for it", since_on=TODAY, now=NOW, actor=ME)
    tasks_by_hand.plan_by_hand(
        donor.id, f"write to {RARE}", due_on=TODAY, assignee_id=None, now=NOW, actor=ME
    )
    interactions.add_note(donor.id, f"{RARE} called", source="form", now=NOW, actor=ME)
    scan = f"%PDF-1.7 {RARE}".encode()
    donor_files.add_file(donor.id, scan, f"{RARE}.pdf", note=f"signed by {RARE}", now=NOW, actor=ME)
    tags.add_tag(donor.id, "friend", source="form", now=NOW, actor=ME)
    suppressions.suppress_address(EMAIL, reason="they asked", now=NOW, actor=ME)
    gift = desk.add_gift(donor, amount="120.00", note=f"for {RARE}", thank=False)
    desk.add_gift(donor, amount="7.00", ref="second", thank=False)
    _fill_fields(donor.id, gift.id)
    promise = desk.add_recurring(donor)
    db.session.add(
        Mandate(
            recurring_gift_id=promise.id,
            kind="sepa",
            reference=f"M-{RARE}",
            state="active",
            recorded_at=NOW,
            recorded_by=ME,
        )
    )
    receipt = receipts.issue_receipt([gift.id], today=TODAY, now=NOW, actor=ME)
    db.session.add(ReceiptPdf(receipt_id=receipt.id, content=f"%PDF {RARE}".encode(), sha256="x"))
    db.session.add(ExternalId(donor_id=donor.id, source="civicrm", ref=f"civi-{RARE}"))
    payer = Payer(name_read=f"{RARE} payer", first_on=TODAY, last_on=TODAY)
    db.session.add(payer)
    db.session.flush()
    db.session.add(PayerKey(payer_id=payer.id, kind="name", value=RARE.lower()))
    db.session.add(PayerUse(payer_id=payer.id, donor_id=donor.id, words=RARE.lower()))
    add_bank_rows(donor.id, gift)
    add_provider_rows(donor.id)
    add_other_rows(donor.id, gift)
    db.session.commit()
    _write_rare_word(donor.id)
    db.session.commit()
    return donor.id


def _fill_fields(donor_id: int, gift_id: int) -> None:
    """Let them stand in a field that was added to donors, and in one that was added to gifts."""
    entities: dict[CustomEntity, int] = {"donor": donor_id, "gift": gift_id}
    for entity, id_ in entities.items():
        field = custom_fields.create_field("text", {"en": "Met"}, entity=entity, now=NOW, actor=ME)
        shapes = custom_fields.list_shapes(entity=entity)
        custom_values.write_values(id_, {field.key: f"met {RARE}"}, shapes)


def _write_rare_word(donor_id: int) -> None:
    """Let every text column of the person's own rows name them, whatever wrote the row."""
    for name in (*erased_rows.DELETED, *erased_rows.EMPTIED):
        table = Base.metadata.tables[name]
        for column in table.columns:
            if column.info != PERSONAL or name in ("contact_point", "identity_key"):
                continue
            if isinstance(column.type, JSON):
                value: object = {"before": "", "after": RARE} if name == "domain_event" else RARE
            elif isinstance(column.type, String):
                value = f"{RARE} {column.name}"
            else:
                continue
            if column.unique or name in ("external_id", "mandate"):
                continue
            condition = erased_rows.is_about(table, [donor_id])
            if name == "domain_event":
                condition &= table.c.kind == "recurring_gift.closed"
            if name == "recurring_gift_change":
                condition &= table.c.what == "closed"
            db.session.execute(update(table).where(condition).values({column: value}))


def read_totals() -> dict[str, Any]:
    """What the books add up to, and which numbers of receipts there are."""
    queries = {
        "gifts": "SELECT count(*), sum(amount_minor) FROM gift",
        "entries": "SELECT count(*), sum(amount_minor) FROM entry",
        "receipts": "SELECT count(*), sum(total_minor), sum(number) FROM receipt",
        "days": "SELECT received_on, amount_minor FROM gift ORDER BY id",
    }
    return {name: [tuple(row) for row in db.session.execute(text(query))] for name, query in queries.items()}


def find_bytes(app: Flask, words: tuple[str, ...] = NAMES) -> list[str]:
    """Return the files of the database that hold one of these words, read from outside of this process."""
    settings = app.extensions["donorhub.settings"]
    if settings.uses_sqlite:
        paths = [str(path) for path in settings.home.glob("donorhub.sqlite3*")]
        db.session.remove()
        db.engine.dispose()
    else:
        db.session.remove()
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("CHECKPOINT")  # what is only in memory would not be seen
            folder = connection.scalar(text("SHOW data_directory"))
        paths = [str(Path(str(folder)) / name) for name in ("base", "global", "pg_wal")]
    patterns = [part for word in words for part in ("-e", word)]
    done = subprocess.run(
        ["grep", "-r", "-a", "-i", "-l", "-F", *patterns, *paths], capture_output=True, text=True, check=False
    )
    return done.stdout.split()


def read_packed(donor_id: int) -> Iterator[str]:
    """Give what stands packed in the base, and so is not seen by its bytes."""
    for body in db.session.scalars(select(ProviderEvent.body)):
        yield zlib.decompress(body).decode()
