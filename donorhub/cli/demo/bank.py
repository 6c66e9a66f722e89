"""What the demo's banks say: a camt.053, an MT940 and a CSV of last week with entries left to decide, a
statement that is held because it does not add up, and a table whose columns are still to be named."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select

from donorhub.cli.demo.files import Line, write_camt, write_csv, write_mt940, write_unknown_table
from donorhub.cli.demo.giving import choose_currency
from donorhub.cli.demo.people import SEED, Person, make_polish_iban
from donorhub.db import db
from donorhub.jobs.queue.run import run_task
from donorhub.models import BankAccount, Instalment, RecurringGift, Statement, Task
from donorhub.models.states import TaskKind
from donorhub.services.access import organisation, users
from donorhub.services.bank.files import imports

ACTOR: Final = "cli:demo"
SAMPLE_DAYS: Final = 3  # of the file to try, the last of them today
PAYMENTS: Final = 18  # in a file, beside those of strangers
OUR_ACCOUNTS: Final = {
    "camt": make_polish_iban("102010260000042270201111"),
    "mt940": make_polish_iban("105010250000012345678901"),
    "csv": make_polish_iban("114020040000300201355387"),
}
STRANGERS: Final = (  # sum, name, account and remittance of those who are no donors, or not yet
    (7700, "NOWAK JAN MARIA UL. POLNA 3", 99, "wsparcie"),
    (15000, "ZIELIŃSKA-KOWAL HALINA", 98, "darowizna"),
    (-1500, "BANK", 0, "opłata za prowadzenie rachunku"),
    (-84000, "DRUKARNIA ŚWIT", 97, "faktura 11/2026"),
)
NAMES: Final = {
    OUR_ACCOUNTS["camt"]: "PKO, gifts in zł",
    OUR_ACCOUNTS["mt940"]: "ING, gifts in €",
    OUR_ACCOUNTS["csv"]: "mBank",
}


def add_bank_files(people: Sequence[Person], *, sample_path: Path, payout_minor: int, now: datetime) -> None:
    """Import the files of the demo's banks, and write one more to ``sample_path`` that nobody has imported yet.

    ``payout_minor`` is what came from Stripe, in minor units of zloty. Commits as it goes.
    """
    accountant = users.find_user("ksiegowosc@demo.example")
    actor = f"user:{accountant.id}" if accountant else ACTOR
    for name, data in _write_files(
        people, payout_minor, organisation.get_day(now) - timedelta(days=9)
    ).items():
        _import_file(name, data, now=now, actor=actor)
    today, polish = organisation.get_day(now), _list_payers_in(people, "PLN")
    first = today - timedelta(days=SAMPLE_DAYS - 1)  # it goes on where the bank's file before it ended
    lines = _make_lines(
        polish[40:70], "PLN", first, random.Random(SEED + 3), opening_ref=900, days=SAMPLE_DAYS
    )
    opening = _read_closing_balance(OUR_ACCOUNTS["csv"])
    sample_path.write_bytes(write_csv(lines, OUR_ACCOUNTS["csv"], first, opening=opening))


def _read_closing_balance(own_account: str) -> int:
    """Return the balance, in minor units, that the newest statement of an account closed with."""
    query = select(Statement.closing_minor).join(BankAccount, BankAccount.id == Statement.bank_account_id)
    newest = query.where(BankAccount.number == own_account).order_by(Statement.id.desc()).limit(1)
    return db.session.scalars(newest).one() or 0


def _write_files(people: Sequence[Person], payout_minor: int, first: date) -> dict[str, bytes]:
    """Return the files by name: of three banks, one of them a page short, and a table that nobody knows yet."""
    dice, week = random.Random(SEED + 2), timedelta(days=7)
    polish, abroad = _list_payers_in(people, "PLN"), _list_payers_in(people, "EUR")
    payout = Line(
        first + timedelta(days=5),
        payout_minor,
        "STRIPE PAYMENTS EUROPE LIMITED",
        make_polish_iban("10301508" + "7" * 16),
        "STRIPE OTWARTE OCZY",
        "P0000001",
    )
    earlier = _make_lines(polish[120:], "PLN", first - week, dice, opening_ref=500)
    lines = [*_make_lines(polish, "PLN", first, dice), payout]
    before, between, after = 1_100_000, 1_200_410, 1_200_410 + sum(line.minor for line in lines)
    account = (OUR_ACCOUNTS["camt"], "PLN")
    return {
        "wyciag-PKO-47.xml": write_camt(lines, *account, first, opening=between, closing=after, number=47),
        "wyciag-PKO-46.xml": write_camt(
            earlier, *account, first - week, opening=before, closing=between, number=46
        ),
        "statement-EUR.sta": write_mt940(
            _make_lines(abroad, "EUR", first, dice), OUR_ACCOUNTS["mt940"], "EUR", first
        ),
        "mbank-lista-operacji.csv": write_csv(
            _make_lines(polish[90:], "PLN", first, dice), OUR_ACCOUNTS["csv"], first, opening=200_000
        ),
        "lista-e-pagesave.csv": write_unknown_table(_make_lines(abroad[30:], "EUR", first, dice)[:6]),
    }


def _list_payers_in(people: Sequence[Person], currency: str) -> list[Person]:
    return [person for person in people if choose_currency(person) == currency]


def _import_file(name: str, data: bytes, *, now: datetime, actor: str) -> None:
    """Import a file as an upload would and run its tasks at once; let the first account match by itself."""
    imports.receive_file(data, name, now=now, actor=actor, create_accounts=True)
    db.session.commit()
    _run_tasks("import_file")
    for account in db.session.scalars(select(BankAccount)):
        account.name = NAMES[account.number]
        account.matching = "auto" if account.number == OUR_ACCOUNTS["camt"] else "suggest"
    db.session.commit()
    _run_tasks("match_statement")


def _run_tasks(kind: TaskKind) -> None:
    task_ids = db.session.scalars(select(Task.id).where(Task.kind == kind, Task.state == "planned")).all()
    db.session.rollback()
    for task_id in task_ids:
        run_task(task_id)


def _make_lines(
    people: Sequence[Person],
    currency: str,
    first: date,
    dice: random.Random,
    *,
    opening_ref: int = 0,
    days: int = 7,
) -> list[Line]:
    """Return payments of open instalments, of known and of new payers, a fee and a transfer out."""
    lines: list[Line] = []
    for place, person in enumerate(people[:PAYMENTS]):
        on = first + timedelta(days=place * days // PAYMENTS)
        lines.append(_make_payment(person, place, currency, on, dice, opening_ref))
    last = first + timedelta(days=days - 1)
    stranger = f"{opening_ref + 98:03d}"
    lines += [
        Line(
            last,
            minor,
            name,
            make_polish_iban(f"12401037{account:016d}") if account else "",
            text,
            f"X{stranger}{n}",
        )
        for n, (minor, name, account, text) in enumerate(STRANGERS, start=1)
    ]
    return lines


def _make_payment(
    person: Person, place: int, currency: str, on: date, dice: random.Random, opening_ref: int
) -> Line:
    """Return one payment: every third with the code, every third from the donor's account, others by name."""
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
    other_account = make_polish_iban(f"12401037{donor.id + 5000:016d}")
    return Line(on, minor, surname_first, other_account, "darowizna", ref)
