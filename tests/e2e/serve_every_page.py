"""The base of :mod:`tests.e2e.serve_pages` with a bank beside it, for ``tests/e2e/test_every_page.py``.

``python -m tests.e2e.serve_every_page HOME`` prints its port, then the addresses of all its pages as JSON,
taken from the application, and serves until it is ended.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from datetime import date
from threading import Thread

from flask import Flask
from sqlalchemy import func, select
from waitress.server import create_server

from donorhub import clock
from donorhub.api.http import PREFIX
from donorhub.db import Base, db
from donorhub.jobs.queue.worker import work_once
from donorhub.models import BankAccount, ColumnMapping, Payout, Statement
from donorhub.models.states import SuppressionSource
from donorhub.services.bank.files import bank_accounts, imports
from donorhub.services.bank.matching import entries
from donorhub.services.bank.matching.entries import Share
from donorhub.services.messages import suppressions
from tests.e2e import serve_pages
from tests.queries.addresses import TABLE_OF, Ids, plain_addresses, read_rules
from tests.services.bank.bank import CSV_LAYOUT, OURS, Paid, camt, csv

ACTOR = "user:1"
DAY = date(2026, 11, 12)
TOLD: SuppressionSource = "told"
STATEMENT = [
    Paid(DAY, 5000, ref="R1"),
    Paid(
        DAY, 7000, "Wspólnota Mieszkaniowa przy ulicy Bardzo Długiej w Konstancinie-Jeziornie", text="x" * 60
    ),
    [Paid(DAY, 2000, "Piotr Nowak", "PL83101010230000261395100000"), Paid(DAY, 3000, "Ewa Lis", "")],
    Paid(DAY, -1500, "Bank", "", text="opłata"),
]
AGAIN = [Paid(DAY, 4000, ref="R1"), *STATEMENT[1:]]  # the bank corrected the first
UNKNOWN = "Dita;Kush;Pse;Sa;Mbetja\n03.09.2026;Arben;dhurim;50,00;150,00\n04.09.2026;Besa;x;34,50;184,50\n"


def main(home: str) -> None:
    app = serve_pages.make_app(home)
    serve_pages.fill_base(app)
    with app.app_context():
        fill_bank()
    while work_once(app):
        pass
    with app.app_context():
        decide()
        addresses = list_addresses(app)
    Thread(target=work_on, args=(app,), daemon=True).start()
    server = create_server(app, host="127.0.0.1", port=0, threads=4)
    print(server.effective_port, flush=True)  # type: ignore[attr-defined]
    print(json.dumps(addresses), flush=True)
    server.run()


def work_on(app: Flask) -> None:
    """Do what the pages ask a worker for, as long as they are served."""
    while True:
        if not work_once(app):
            time.sleep(0.2)


class OneOfEachState(Ids):
    """Of a small base the first row of each state, not those from the middle."""

    def of(self, argument: str) -> Sequence[int]:
        table = Base.metadata.tables[TABLE_OF.get(argument, argument.removesuffix("_id"))]
        first = select(func.min(table.c.id))
        if "state" in table.c:
            first = first.group_by(table.c.state)
        return sorted(id_ for id_ in db.session.scalars(first) if id_) or [1]


def list_addresses(app: Flask) -> list[tuple[str, str]]:
    """Each rule of a page with each of its addresses."""
    ids = OneOfEachState()
    return [
        (rule.rule, address)
        for rule in read_rules(app)
        if not rule.rule.startswith(PREFIX)
        for address in plain_addresses(rule, ids)
    ]


def fill_bank() -> None:
    """Files that are read, held, corrected by the bank, and asking for their columns; a payout."""
    bank_accounts.create_account(OURS, "PLN", now=clock.now(), actor=ACTOR)
    files = {
        "wyciag.xml": camt(STATEMENT, opening=10000),
        "wyciag-poprawiony.xml": camt(AGAIN, opening=10000, closing=25500),
        "przerwa.xml": camt([Paid(date(2026, 11, 19), 100)], opening=99900),
        "nieznana.csv": UNKNOWN.encode(),
        "historia.csv": csv([Paid(DAY, 5100)]),
    }
    for name, data in files.items():
        imports.receive_file(data, name, now=clock.now(), actor=ACTOR)
    db.session.add(
        Payout(
            provider="stripe",
            account="",
            ref="po_1",
            state="paid",
            net_minor=7000,
            currency="PLN",
            arrival_on=DAY,
        )
    )
    db.session.commit()


def decide() -> None:
    """One entry is a gift, one is none; a table is remembered, an address suppressed."""
    now = clock.now()
    first, other = db.session.scalars(select(entries.Entry).where(entries.Entry.state == "suspense")).all()[
        :2
    ]
    entries.accept_shares(first.id, [Share(1, first.amount_minor)], now=now, actor=ACTOR)
    entries.mark_not_a_gift(other.id, "cost", now=now, actor=ACTOR)
    account = db.session.scalars(select(BankAccount)).first()
    assert account is not None and db.session.scalars(select(Statement)).first() is not None
    db.session.add(
        ColumnMapping(
            name="Bank",
            signature="s",
            layout=CSV_LAYOUT,
            bank_account_id=account.id,
            created_by=ACTOR,
            created_at=now,
        )
    )
    suppressions.suppress_address("stop@example.org", reason="asked", source=TOLD, now=now, actor=ACTOR)
    db.session.commit()


if __name__ == "__main__":
    main(sys.argv[1])
