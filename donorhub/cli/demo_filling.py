"""Filling the demo's base, in the order in which things happened. What is in it, the other ``demo_`` modules say."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from donorhub.cli import demo_bank, demo_days, demo_giving, demo_people, demo_stripe
from donorhub.cli.demo_people import PASSWORD, STAFF
from donorhub.db import db
from donorhub.services.access import audit, users


def fill(to_try: Path, *, now: datetime) -> None:
    """Fill the base: staff, donors, giving, receipts, Stripe, the last weeks, bank files; and write the file
    ``to_try``. Commits as it goes."""
    for email, name, roles, lang in STAFF:
        users.create_user(
            email, name=name, password=PASSWORD, roles=roles, lang=lang, now=now, actor="cli:demo"
        )
    people = demo_people.add(now=now)
    demo_giving.add(people, now=now)
    demo_giving.issue_receipts(now=now)
    paid_out = demo_stripe.add(people, now=now)
    demo_days.add(people, now=now)
    db.session.commit()
    demo_bank.add(people, to_try=to_try, paid_out=paid_out, now=now)
    audit.seal()
    db.session.commit()
    db.session.remove()
