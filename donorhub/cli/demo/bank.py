"""What the demo's banks say: a camt.053, an MT940 and a CSV of last week with entries left to decide, a
statement that is held because it does not add up, and a table whose columns are still to be named."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select

from donorhub.cli.demo.files import Line, camt, csv, mt940, unknown_table
from donorhub.cli.demo.giving import currency_of
from donorhub.cli.demo.people import SEED, Person, iban_pl
from donorhub.db import db
from donorhub.jobs.queue.run import run_task
from donorhub.models import BankAccount, Instalment, RecurringGift, Task
from donorhub.models.states import TaskKind
from donorhub.services.access import organisation, users
from donorhub.services.bank.files import imports

ACTOR: Final = "cli:demo"
PAYMENTS: Final = 18  # in a file, beside those of strangers
OWN: Final = {
    "camt": iban_pl("102010260000042270201111"),
    "mt940": iban_pl("105010250000012345678901"),
    "csv": iban_pl("114020040000300201355387"),
}
OTHERS: Final = (  # sum, name, account and remittance of those who are no donors, or not yet
    (7700, "NOWAK JAN MARIA UL. POLNA 3", 99, "wsparcie"),
    (15000, "ZIELIŃSKA-KOWAL HALINA", 98, "darowizna"),
    (-1500, "BANK", 0, "opłata za prowadzenie rachunku"),
    (-84000, "DRUKARNIA ŚWIT", 97, "faktura 11/2026"),
)
NAMES: Final = {OWN["camt"]: "PKO, gifts in zł", OWN["mt940"]: "ING, gifts in €", OWN["csv"]: "mBank"}


def add(people: Sequence[Person], *, to_try: Path, paid_out: int, now: datetime) -> None:
    """Write the files and import them; write one more, ``to_try``, that nobody has imported yet. ``paid_out``
    came from Stripe, in minor units of zloty."""
    accountant = users.find_user("ksiegowosc@demo.example")
    actor = f"user:{accountant.id}" if accountant else ACTOR
    for name, data in _files(people, paid_out, organisation.get_day(now) - timedelta(days=9)).items():
        _import(name, data, now=now, actor=actor)
    first, polish = organisation.get_day(now) - timedelta(days=2), _paying_in(people, "PLN")
    lines = _lines(polish[40:70], "PLN", first, random.Random(SEED + 3), opening_ref=900)
    to_try.write_bytes(csv(lines, OWN["csv"], first))


def _files(people: Sequence[Person], paid_out: int, first: date) -> dict[str, bytes]:
    """The files by name: of three banks, one of them a page short, and a table that nobody knows yet."""
    dice, week = random.Random(SEED + 2), timedelta(days=7)
    polish, abroad = _paying_in(people, "PLN"), _paying_in(people, "EUR")
    payout = Line(
        first + timedelta(days=5),
        paid_out,
        "STRIPE PAYMENTS EUROPE LIMITED",
        iban_pl("10301508" + "7" * 16),
        "STRIPE OTWARTE OCZY",
        "P0000001",
    )
    earlier = _lines(polish[120:], "PLN", first - week, dice, opening_ref=500)
    lines = [*_lines(polish, "PLN", first, dice), payout]
    before, between, after = 1_100_000, 1_200_410, 1_200_410 + sum(line.minor for line in lines)
    account = (OWN["camt"], "PLN")
    return {
        "wyciag-PKO-47.xml": camt(lines, *account, first, opening=between, closing=after, number=47),
        "wyciag-PKO-46.xml": camt(
            earlier, *account, first - week, opening=before, closing=between, number=46
        ),
        "statement-EUR.sta": mt940(_lines(abroad, "EUR", first, dice), OWN["mt940"], "EUR", first),
        "mbank-lista-operacji.csv": csv(_lines(polish[90:], "PLN", first, dice), OWN["csv"], first),
        "lista-e-pagesave.csv": unknown_table(_lines(abroad[30:], "EUR", first, dice)[:6]),
    }


def _paying_in(people: Sequence[Person], currency: str) -> list[Person]:
    return [person for person in people if currency_of(person) == currency]


def _import(name: str, data: bytes, *, now: datetime, actor: str) -> None:
    """Take a file in as an upload would, and do its work at once. The first account matches by itself."""
    imports.receive_file(data, name, now=now, actor=actor, create_accounts=True)
    db.session.commit()
    _work_off("import_file")
    for account in db.session.scalars(select(BankAccount)):
        account.name = NAMES[account.number]
        account.matching = "auto" if account.number == OWN["camt"] else "suggest"
    db.session.commit()
    _work_off("match_statement")


def _work_off(kind: TaskKind) -> None:
    waiting = db.session.scalars(select(Task.id).where(Task.kind == kind, Task.state == "planned")).all()
    db.session.rollback()
    for task_id in waiting:
        run_task(task_id)


def _lines(
    people: Sequence[Person], currency: str, first: date, dice: random.Random, *, opening_ref: int = 0
) -> list[Line]:
    """Payments of open instalments, of known and of new payers, a fee and a transfer out."""
    made: list[Line] = []
    for place, person in enumerate(people[:PAYMENTS]):
        on = first + timedelta(days=place * 7 // PAYMENTS)
        made.append(_payment(person, place, currency, on, dice, opening_ref))
    last = first + timedelta(days=6)
    stranger = f"{opening_ref + 98:03d}"
    made += [
        Line(
            last, minor, name, iban_pl(f"12401037{account:016d}") if account else "", text, f"X{stranger}{n}"
        )
        for n, (minor, name, account, text) in enumerate(OTHERS, start=1)
    ]
    return made


def _payment(
    person: Person, place: int, currency: str, on: date, dice: random.Random, opening_ref: int
) -> Line:
    """Every third with the code, every third from the known account, the others by name alone."""
    donor = person.donor
    instalment = db.session.scalars(
        select(Instalment)
        .join(RecurringGift)
        .where(RecurringGift.donor_id == donor.id, Instalment.state.in_(("expected", "late")))
        .order_by(Instalment.due_on)
        .limit(1)
    ).first()
    minor = instalment.amount_minor if instalment else dice.choice((2000, 5000, 10000, 12345))
    ref = f"D{opening_ref + place:05d}{donor.id:06d}"
    surname_first = f"{donor.family_name} {donor.given_name}".strip().upper() or donor.name
    if place % 3 == 0:
        return Line(on, minor, surname_first, person.iban, f"darowizna {donor.code}", ref)
    if place % 3 == 1:
        return Line(on, minor, surname_first, person.iban, "darowizna na cele statutowe", ref)
    other = iban_pl(f"12401037{donor.id + 5000:016d}")
    return Line(on, minor, surname_first, other, "darowizna", ref)
