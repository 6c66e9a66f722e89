"""No query of a page, a list or a worker reads more of a large table than it needs, on either database.

The addresses are taken from the application, so that a new page is looked at without being named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import pytest
from flask import Flask

from donorhub.db import Base, db
from donorhub.jobs.queue import timer
from donorhub.services.paging import write_cursor
from donorhub.services.work import claims, pending
from tests.conftest import NOW
from tests.queries.conftest import is_small, plans_of
from tests.queries.large_base import FIRST
from tests.queries.plans import Statement
from tests.queries.recording import record_statements
from tests.queries.visits import Visit, Visitor


@dataclass(frozen=True, slots=True)
class Exempt:
    """A query that may read much: the rule that sends it, what it contains, and why."""

    rule: str
    contains: str
    reason: str


EXEMPT = (
    Exempt("/donors", "AS movement", "who gave in one year of twelve months and not in the next"),
    Exempt("/api/v1/entries/certain", "FROM payout", "the payouts of the days of a thousand entries"),
    Exempt("/api/v1/unknown-payers", "entry.state = ", "weighs fifty thousand waiting entries, never more"),
    Exempt("/api/v1/unknown-payers", "FROM payout", "the payouts of the days of a thousand entries"),
)
EXEMPT_WORK = (
    Exempt("stages", "kept_stage", "works out the stage of all donors, a thousand at a time, and reads only"),
    Exempt("pending", "GROUP BY", "counts what is open, however much that is"),
    Exempt("recurring", "FROM recurring_gift \nWHERE recurring_gift.state IN", "looks at each that lives"),
    Exempt("recurring", "FROM term \n", "the terms of those"),
    Exempt("recurring", "SELECT instalment.recurring_gift_id, instalment.nominal_on", "compares every slot"),
    Exempt("purpose sums", "GROUP BY anon_1.id", "adds up each fund, campaign and appeal, once an hour"),
    Exempt("purpose sums", "GROUP BY anon_3.gift_id", "and what was taken from their gifts"),
    Exempt("who gave again", "AS movement", "counts who gave in two years, once an hour"),
    Exempt("provider gaps", "FROM provider_register", "looks among all that is there for what is not"),
)
STEPS_LEFT_OUT = {
    "verify": "reads the whole base, on purpose",
    "duplicates": "its first look compares every record, and here all are new",
    "standing orders": "its first look reads what everybody paid, a thousand donors at a time",
    "retention": "looks once a night through all that is old, to forget it",
}
Sent = tuple[str, str, Statement]  # where it was sent: the rule, the address; and what


def distinct(sent: Iterable[Sent]) -> list[Sent]:
    """Return the first of each statement with the same parameters, and of each that only inserts values."""
    return list({_identify(one[2]): one for one in reversed(list(sent))}.values())[::-1]


def _identify(statement: Statement) -> tuple[str, str]:
    is_insert = statement.text.startswith("INSERT INTO") and "SELECT" not in statement.text
    return (statement.text, "" if is_insert else repr(statement.parameters))


def assert_served(app: Flask, sent: Iterable[Sent], exempt: Iterable[Exempt]) -> None:
    """No statement scans, but for those exempt; and no exemption is left that nothing needs."""
    found, used = faults(app, sent, exempt)
    assert not found, "\n\n".join(found)
    if db.engine.dialect.name == "sqlite" and not is_small():  # where each of them is needed
        assert used == set(exempt), "take out what nothing needs any more"


def faults(app: Flask, sent: Iterable[Sent], exempt: Iterable[Exempt]) -> tuple[list[str], set[Exempt]]:
    """What is wrong with the plans of statements, one a text, and which exemptions were used."""
    found: dict[str, str] = {}
    used: set[Exempt] = set()
    db.session.remove()
    with plans_of(app) as plans:
        for rule, address, statement in distinct(sent):
            said = "; ".join(plans.faults(statement))
            may = [one for one in exempt if one.rule == rule and one.contains in statement.text]
            if said and may:
                used.update(may)
            elif said:
                found.setdefault(statement.text, f"{address}\n  {said}\n  {' '.join(statement.text.split())}")
    return list(found.values()), used


def test_no_page_or_list_scans_a_large_table(large_app: Flask, visits: list[Visit]) -> None:
    assert [visit.address for visit in visits if visit.status >= 500] == []
    sent = [(visit.rule, visit.address, statement) for visit in visits for statement in visit.statements]
    assert_served(large_app, sent, EXEMPT)


@pytest.mark.parametrize("last", ["", "last=2026-06-01&"])
def test_page_deep_inside_a_period_begins_there(large_app: Flask, last: str) -> None:
    """Gifts of ten years are listed from where a page ended, and not from the last day of the period."""
    after = write_cursor("-Gift.received_on Gift.id", [date(2017, 1, 5), FIRST])
    visit, answer = Visitor(large_app, "admin").visit(f"/gifts?{last}after={after}")
    assert answer.status_code == 200 and "2017" in answer.text
    sent = [(visit.rule, visit.address, statement) for statement in visit.statements]
    assert_served(large_app, sent, ())


def test_no_worker_or_timer_scans_a_large_table(spare_app: Flask) -> None:
    def look() -> Iterator[Sent]:
        yield from sent_by("pending", lambda: pending.count_pending(now=NOW))
        yield from sent_by("claims", lambda: claims.claim_next_tasks(now=NOW, most=32))
        yield from sent_by("leases", lambda: claims.list_leases(NOW))
        for step in timer.list_steps():
            if step.name not in STEPS_LEFT_OUT:
                yield from sent_by(step.name, step.do)

    assert_served(spare_app, list(look()), EXEMPT_WORK)


def sent_by(name: str, do: Callable[[], object]) -> list[Sent]:
    """What a piece of work of workers or of the timer sends."""
    with record_statements(db.engine) as statements:
        do()
        db.session.rollback()
    return [(name, name, statement) for statement in statements]


@pytest.mark.parametrize(
    ("table", "index", "address"),
    [
        ("donor", "ix_donor_name_id", "/api/v1/donors?sort=name"),
        ("gift", "ix_gift_recorded_at_id", "/api/v1/gifts?sort=-recorded_at"),
        ("message", "ix_message_state_id", "/messages?state=planned"),
    ],
)
def test_an_index_that_is_dropped_is_missed(spare_app: Flask, table: str, index: str, address: str) -> None:
    """The tests above can fail: without an index the page that it serves is found."""
    visit, _ = Visitor(spare_app, "admin").visit(address)
    sent = [(visit.rule, visit.address, statement) for statement in visit.statements]
    assert faults(spare_app, sent, ())[0] == []
    next(one for one in Base.metadata.tables[table].indexes if one.name == index).drop(db.engine)
    assert len(faults(spare_app, sent, ())[0]) == 1
