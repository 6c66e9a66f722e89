"""The application of an installation, for scripts that a load test runs in a process of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from flask import Flask

from donorhub.cli.context import make_app
from donorhub.cli.upgrading import bring_up_to_date
from donorhub.clock import now
from donorhub.db import db
from donorhub.money import Money
from donorhub.services.access import organisation, users
from donorhub.services.donors import donors
from donorhub.services.giving import gifts


@contextmanager
def app() -> Iterator[Flask]:
    """Inside it, what is done is committed at the end."""
    made = make_app()
    with made.app_context():
        yield made
        db.session.commit()


def begin(email: str, password: str) -> None:
    """Bring the database up to date and let in an administrator."""
    bring_up_to_date()
    users.create_user(email, name="Marta", password=password, roles=["admin"], now=now(), actor="t")


def give(count: int, donor_count: int = 50, *, received_on: date | None = None) -> None:
    """Record gifts that may be receipted, and thank for none of them."""
    organisation.get_organisation().jurisdiction = "XX"
    organisation.get_organisation().legal_name = "Fundacja Przykład"
    organisation.get_organisation().street = "ul. Krótka 2"
    organisation.get_organisation().city = "Warszawa"
    people = [
        donors.create_donor(
            {"name": f"Żaneta Dëmo {n}", "lang": ("pl", "sq", "en")[n % 3]}, source="t", now=now(), actor="t"
        )
        for n in range(donor_count)
    ]
    for n in range(count):
        gifts.record_gift(
            people[n % donor_count].id,
            Money(1000 + n, "PLN"),
            received_on=received_on or now().date(),
            source="t",
            source_ref=str(n),
            now=now(),
            actor="t",
            thank=False,
        )
