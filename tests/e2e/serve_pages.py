"""A DonorHub with a small made-up base, served on a free port: ``python -m tests.e2e.serve_pages HOME``.

Its data is where the environment's DATABASE_URL and REDIS_URL say. It prints its port, and serves until
it is ended. The base holds a row of every kind that pages show.
"""

from __future__ import annotations

import hashlib
import os
import sys
import zlib
from datetime import date, timedelta

from flask import Flask
from waitress.server import create_server

from donorhub import clock, config
from donorhub.app import create_app
from donorhub.cli.database import bring_up_to_date
from donorhub.db import db
from donorhub.jobs.queue.worker import work_once
from donorhub.models import Correction, Dispute, Message, ProviderEvent, Refund, Task
from donorhub.money import Money
from donorhub.services.access import organisation, users
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.providers import endpoints
from donorhub.services.receipts import receipts
from donorhub.services.recurring import instalments, overdue, recurring_gifts
from donorhub.services.work import tasks

ACTOR = "system:0"
PASSWORD = "a long enough password"
TODAY = date(2026, 11, 22)


def main(home: str) -> None:
    app = make_app(home)
    fill_base(app)
    server = create_server(app, host="127.0.0.1", port=0, threads=4)
    print(server.effective_port, flush=True)  # type: ignore[attr-defined]
    server.run()


def make_app(home: str) -> Flask:
    """The application, its time stopped, with its data where the environment says."""
    stores = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if name in os.environ}
    return create_app(
        config.load_settings(
            {
                **stores,
                "DONORHUB_MODE": "demo",
                "DONORHUB_HOME": home,
                "DONORHUB_CLOCK": "2026-11-22T10:00:00+00:00",
                "DONORHUB_SETTLE_S": "0",
            }
        )
    )


def fill_base(app: Flask) -> None:
    """Make the made-up base in an empty database."""
    with app.app_context():
        bring_up_to_date()
        fill()
    while work_once(app):
        pass
    with app.app_context():
        spoil()


def fill() -> None:
    """Staff, the organisation, donors with gifts, a receipt, recurring gifts, tasks."""
    now = clock.now()
    for role in ("admin", "caller"):
        users.create_user(
            f"{role}@example.org", name=f"Marta {role}", password=PASSWORD, roles=[role], now=now, actor=ACTOR
        )
    organisation.change_organisation(
        {
            "legal_name": "Fundacja Otwarte Oczy",
            "street": "ul. Prosta 1",
            "postcode": "00-001",
            "city": "Warszawa",
            "ids": {"KRS": "0000123456", "NIP": "5252810770"},
            "signatory_name": "Maria Nowak",
            "signatory_role": "prezeska",
        },
        now=now,
        actor=ACTOR,
    )
    names = ("Anna Kowalska", "Besnik Çela", "Łucja Gżegżółka", "Fundacja Bardzo Długa Nazwa Na Rzecz Prób")
    for number, name in enumerate(names):
        add_donor(name, number)
    receipts.issue_receipt([1, 2], today=TODAY, now=now, actor=ACTOR)
    receipts.void_receipt(
        receipts.issue_receipt([5], today=TODAY, now=now, actor=ACTOR).id, reason="typo", now=now, actor=ACTOR
    )
    users.create_token("website", ["donors:read"], now=now, actor=ACTOR)
    endpoints.create_endpoint("stripe", "whsec_x", now=now, actor=ACTOR)
    overdue.advance_recurring_gifts(today=TODAY, now=now)
    db.session.commit()


def add_donor(name: str, number: int) -> None:
    now = clock.now()
    given, _, family = name.partition(" ")
    kind = "organisation" if given == "Fundacja" else "person"
    donor = donors.create_donor(
        {
            "kind": kind,
            "name": name,
            "given_name": given,
            "family_name": family,
            "lang": "pl",
            "email": f"donor{number}@example.org",
            "phone": "+48 512 345 67" + str(number),
            "street": "ul. Lipowa 3",
            "postcode": "90-001",
            "city": "Łódź",
            "note": "A note.",
            "owner_id": 2,
        },
        source="form",
        now=now - timedelta(days=400),
        actor=ACTOR,
    )
    for month in range(4):
        gifts.record_gift(
            donor.id,
            Money(5000 + 100 * number, "PLN"),
            received_on=TODAY - timedelta(days=120 * month),
            source="manual",
            source_ref=f"{number}-{month}",
            now=now,
            actor=ACTOR,
            method=("transfer", "card", "cash", "standing_order")[month],
        )
    promise, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor.id,
            amount=Money(3000, "PLN"),
            kind="standing_order",
            start_on=date(2026, 10, 5 + number),
            source="manual",
            source_ref=str(number),
            payer_iban="PL61109010140000071219812874",
        ),
        now=now,
        actor=ACTOR,
    )
    instalments.make_instalments(promise, today=TODAY)
    tasks.plan_task(
        f"call:{donor.id}",
        kind="call",
        performer="person",
        subject=("donor", donor.id),
        donor_id=donor.id,
        due_at=now + timedelta(days=number - 2),
        now=now,
    )


def spoil() -> None:
    """What goes wrong: money taken away, an uncertain message, a task that gave up, a quarantined event."""
    now = clock.now()
    common = {"gift_id": 9, "currency": "PLN", "recorded_at": now, "source": "x"}
    db.session.add_all(
        [
            Refund(amount_minor=100, state="succeeded", refunded_on=TODAY, source_ref="1", **common),
            Dispute(amount_minor=100, state="open", opened_on=TODAY, source_ref="1", **common),
            Correction(amount_minor=100, reason="typo", actor=ACTOR, source_ref="1", **common),
            ProviderEvent(
                endpoint_id=1,
                provider="stripe",
                account="",
                external_id="evt_1",
                type="charge.succeeded",
                livemode=True,
                occurred_at=1,
                received_at=now,
                object_kind="charge",
                object_id="ch_1",
                body=zlib.compress(b"{}"),
                body_sha256=hashlib.sha256(b"{}").digest(),
                state="quarantined",
                reason="another account",
            ),
        ]
    )
    message = db.session.get(Message, 1)
    worker_task = db.session.query(Task).filter_by(performer="worker").order_by(Task.id).first()
    if message is None or worker_task is None:
        raise LookupError("the worker wrote no thank-you")
    message.state, message.last_error = "unknown", "the line dropped"
    worker_task.state, worker_task.last_error = "dead", "NotFound"
    worker_task.attempts = worker_task.failures = 8
    db.session.commit()


if __name__ == "__main__":
    main(sys.argv[1])
