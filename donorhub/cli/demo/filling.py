"""Filling the demo's base, in the order in which things happened; the other modules say with what."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from donorhub.cli.demo import bank, days, giving, records, stripe
from donorhub.cli.demo import people as demo_people
from donorhub.cli.demo.people import PASSWORD, STAFF
from donorhub.db import db
from donorhub.services.access import audit, users
from donorhub.services.reports import first_steps


def fill_demo(sample_path: Path, *, now: datetime) -> None:
    """Fill the base: staff, donors, giving, receipts, Stripe, the last weeks, bank files; and write the file
    ``to_try``. Commits as it goes."""
    for email, name, roles, lang in STAFF:
        users.create_user(
            email, name=name, password=PASSWORD, roles=roles, lang=lang, now=now, actor="cli:demo"
        )
    people = demo_people.add_people(now=now)
    giving.add_giving(people, now=now)
    giving.issue_receipts(now=now)
    payout_minor = stripe.add_events(people, now=now)
    days.add_days(people, now=now)
    db.session.commit()
    records.add_records(people, now=now)
    bank.add_bank_files(people, sample_path=sample_path, payout_minor=payout_minor, now=now)
    first_steps.put_off_step("mail", now=now, actor="system:0")  # its messages never go out
    audit.seal_records()
    db.session.commit()
    db.session.remove()
