"""The organisation's day is one: what any rule calls today, around midnight in Warsaw.

At half past ten in summer and half past eleven in winter, UTC, a new day has begun there.
"""

from __future__ import annotations

import ast
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select

import donorhub
from donorhub import clock
from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.jobs.kinds import checking
from donorhub.jobs.queue import timer
from donorhub.models import Donor, Entry, Gift, ImportFile, Instalment, Payment, Receipt, Task
from donorhub.money import Money
from donorhub.services.access import organisation, users
from donorhub.services.bank.matching import entries
from donorhub.services.donors import donors
from donorhub.services.giving import gift_story, gifts
from donorhub.services.recurring import instalments, overdue, recurring_gifts
from donorhub.services.reports import timeline
from donorhub.services.work import tasks
from tests.api.conftest import Caller
from tests.services.bank.bank import Paid, camt, match, open_account, send
from tests.services.providers.test_payments import deliver, open_endpoint
from tests.web.bank.bank_world import Staff
from tests.web.receipts.test_receipt_pages import digest_in
from tests.webhooks.scenarios import one_off

ACTOR = "user:1"
SUMMER = datetime(2026, 7, 15, 22, 30, tzinfo=UTC)
WINTER = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
NIGHTS = {SUMMER: date(2026, 7, 16), WINTER: date(2027, 1, 1)}
ROOT = Path(donorhub.__file__).parents[1]
DAY = timedelta(days=1)
# Rules that are given a moment of the organisation's own time, and never one of UTC.
IN_LOCAL_TIME = {"donorhub/domain/messages/gate.py", "donorhub/domain/messages/packs/__init__.py"}


@pytest.fixture(params=NIGHTS, ids=["summer", "winter"])
def night(request: pytest.FixtureRequest, database: Flask) -> datetime:
    """A moment after midnight in Warsaw that UTC still counts to the day before."""
    moment: datetime = request.param
    clock.use_clock(lambda: moment)
    return moment


@pytest.fixture
def today(night: datetime) -> date:
    return NIGHTS[night]


@pytest.fixture
def anna(night: datetime) -> Donor:
    donor = donors.create_donor({"name": "Anna Kowalska", "lang": "pl"}, source="t", now=night, actor=ACTOR)
    db.session.commit()
    return donor


def give(donor: Donor, on: date, now: datetime, ref: str = "1") -> Gift:
    gift, _is_new = gifts.record_gift(
        donor.id, Money(5000, "PLN"), received_on=on, source="t", source_ref=ref, now=now, actor=ACTOR
    )
    db.session.commit()
    return gift


def promise(donor: Donor, start_on: date, now: datetime) -> Instalment:
    """The first instalment of a monthly promise."""
    gift, _is_new = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor.id,
            amount=Money(5000, "PLN"),
            kind="standing_order",
            start_on=start_on,
            source="t",
            source_ref="1",
        ),
        now=now,
        actor=ACTOR,
    )
    instalments.make_instalments(gift, today=start_on)
    db.session.commit()
    query = select(Instalment).filter_by(recurring_gift_id=gift.id).order_by(Instalment.due_on).limit(1)
    return db.session.scalars(query).one()


def test_day_begins_at_our_midnight(night: datetime, today: date) -> None:
    """The day of an instant begins at our midnight."""
    assert organisation.get_day(night) == today != night.date()
    midnight = organisation.get_midnight(today)
    assert organisation.get_day(midnight) == today
    assert organisation.get_day(midnight - timedelta(microseconds=1)) == today - DAY


def test_another_time_zone_is_another_day_at_once(night: datetime, today: date) -> None:
    assert organisation.get_day(night) == today
    organisation.change_organisation({"time_zone": "America/New_York"}, now=night, actor=ACTOR)
    assert organisation.get_day(night) == today - DAY


def test_an_instalment_is_late_from_our_midnight_on(anna: Donor, night: datetime, today: date) -> None:
    instalment = promise(anna, today - timedelta(days=40), night)
    instalment.due_on = today - timedelta(days=overdue.WINDOWS.late + 1)  # its days of grace ended yesterday
    db.session.commit()
    clock.use_clock(lambda: organisation.get_midnight(today) - timedelta(minutes=1))
    timer._advance_recurring_gifts()
    assert instalment.state == "expected"
    clock.use_clock(lambda: night)
    timer._advance_recurring_gifts()
    db.session.refresh(instalment)
    assert instalment.state == "late"


def test_a_promise_that_is_closed_ends_today(anna: Donor, night: datetime, today: date) -> None:
    gift = promise(anna, today - timedelta(days=100), night).recurring_gift
    recurring_gifts.close_recurring_gift(gift, reason="donor", now=night, actor=ACTOR)
    assert gift.ends_on == today


def test_gifts_day_may_be_tomorrow(anna: Donor, night: datetime, today: date) -> None:
    """Tomorrow may be a gift's day, and the day after may not."""
    assert give(anna, today + DAY, night).received_on == today + DAY
    with pytest.raises(Rejected, match="future"):
        give(anna, today + 2 * DAY, night, "2")


def test_correction_keeps_its_day(anna: Donor, night: datetime, today: date) -> None:
    """A correction is shown at the day on which it was made."""
    gift = give(anna, today, night)
    gifts.correct_gift(gift.id, reason="x", source_ref="1", now=night, actor=ACTOR)
    assert [one.on for one in gift_story.read_story(gift).deductions] == [today]


def test_gift_stands_below_tonights_events(anna: Donor, night: datetime, today: date) -> None:
    """A gift of today stands below what happened tonight."""
    gift = give(anna, today, night)
    yesterday = organisation.get_midnight(today) - timedelta(minutes=1)
    for key, moment in (("tonight", night), ("before", yesterday)):
        tasks.plan_task(
            key,
            kind="call",
            performer="person",
            subject=("donor", anna.id),
            donor_id=anna.id,
            due_at=moment,
            now=moment,
        )
    db.session.commit()
    first = timeline.read_timeline(anna.id, limit=2)
    assert first.cursor is not None
    events = [*first.rows, *timeline.read_timeline(anna.id, before=first.cursor, limit=2).rows]
    order = [(event.kind, organisation.get_day(event.at)) for event in events if event.kind != "donor"]
    assert order == [("task", today), ("gift", today), ("task", today - DAY)] and gift.received_on == today


def test_provider_payment_has_our_day(database: Flask, night: datetime, today: date) -> None:
    """A payment of a provider is a gift of our day."""
    events = [_move_story(event, int(night.timestamp())) for event in one_off("n")]
    deliver(database, open_endpoint(night), events, night)
    assert {gift.received_on for gift in db.session.scalars(select(Gift))} == {today}
    assert db.session.scalars(select(Payment)).first() is not None


def _move_story(value: Any, created: int) -> Any:
    """A story of a provider as it would be told had all of it happened at that second."""
    if isinstance(value, dict):
        return {
            key: created if key == "created" and isinstance(inner, int) else _move_story(inner, created)
            for key, inner in value.items()
        }
    return [_move_story(one, created) for one in value] if isinstance(value, list) else value


def test_undone_entry_waits_from_today(anna: Donor, night: datetime, today: date) -> None:
    """An entry that was undone waits from today on."""
    open_account("auto")
    send(camt([Paid(today - DAY, 5000, text=anna.code)]))
    match()
    entry = db.session.scalars(select(Entry)).one()
    if entry.state != "matched":
        entries.accept_shares(entry.id, [entries.Share(anna.id, 5000)], now=night, actor=ACTOR)
    entries.undo_entry(entry.id, now=night, actor=ACTOR)
    assert entry.decide_by == today + timedelta(days=90)


def test_statement_beyond_tomorrow_is_held(night: datetime, today: date) -> None:
    """A statement of tomorrow counts, and one of the day after is held."""
    open_account()
    assert send(camt([Paid(today + DAY, 5000)]), "a.xml").state == "done"
    assert send(camt([Paid(today + 2 * DAY, 5000)], opening=5000, name="S2"), "b.xml").state == "held"
    assert len(db.session.scalars(select(ImportFile)).all()) == 2


def test_broken_invariant_is_reported_daily(anna: Donor, night: datetime, today: date) -> None:
    """A broken invariant is reported once a day of ours."""
    give(anna, today - DAY, night)
    db.session.execute(delete(Task).where(Task.kind == "thank_you"))
    db.session.commit()
    checking.check_and_report()
    clock.use_clock(lambda: organisation.get_midnight(today + DAY) - timedelta(minutes=1))
    checking.check_and_report()
    keys = db.session.scalars(select(Task.key).where(Task.kind == "invariant_broken")).all()
    assert keys and all(key.endswith(f":{today}") for key in keys)
    clock.use_clock(lambda: organisation.get_midnight(today + DAY))
    checking.check_and_report()
    again = db.session.scalars(select(Task.key).where(Task.kind == "invariant_broken")).all()
    assert len(again) == 2 * len(keys)


@pytest.fixture
def receiptable(anna: Donor, night: datetime, today: date) -> Gift:
    organisation.change_organisation({"jurisdiction": "XX", "city": "Berat"}, now=night, actor=ACTOR)
    return give(anna, today, night)


def only_receipt() -> Receipt:
    db.session.rollback()
    return db.session.scalars(select(Receipt)).one()


def test_a_receipt_of_the_api_is_of_today(database: Flask, receiptable: Gift, today: date) -> None:
    _row, token = users.create_token("t", ("receipts:issue",), now=clock.now(), actor=ACTOR)
    db.session.commit()
    answer = Caller(database, token).post("/receipts", {"gift_ids": [receiptable.id]})
    assert answer.status_code == 201, answer.text
    assert (only_receipt().issued_on, only_receipt().year) == (today, today.year)


def test_a_receipt_of_a_page_is_of_today(database: Flask, receiptable: Gift, today: date) -> None:
    staff = Staff(database, "admin")
    sent = {"lang": "en", "donor_id": receiptable.donor_id, "gift_ids": receiptable.id}
    answer = staff.post("/receipts/new", **sent, digest=digest_in(staff.post("/receipts/new", **sent).text))
    assert answer.status_code == 302, answer.text
    assert (only_receipt().issued_on, only_receipt().year) == (today, today.year)


def test_pages_call_the_same_day_today(database: Flask, anna: Donor, night: datetime, today: date) -> None:
    staff = Staff(database, "admin")
    assert f'value="{today}"' in staff.get(f"/gifts/new?donor={anna.id}").text
    shown = f"{today.day} {today:%b} {today.year}"
    assert f"{today.day} {today:%B} {today.year}" in staff.text("/")
    assert f"known since {shown}" in staff.text(f"/donors/{anna.id}")


def test_page_and_api_share_today(database: Flask, anna: Donor, night: datetime, today: date) -> None:
    """What is due by the end of today is the same for page and API."""
    ends = organisation.get_midnight(today + DAY)
    for key, due_at in (("today", ends - timedelta(seconds=1)), ("tomorrow", ends)):
        tasks.plan_task(
            key,
            kind="call",
            performer="person",
            subject=("donor", anna.id),
            donor_id=anna.id,
            due_at=due_at,
            now=night,
        )
    _row, token = users.create_token("t", ("tasks:read",), now=night, actor=ACTOR)
    db.session.commit()
    mine = Caller(database, token).get("/me/tasks").get_json()["data"]
    ids = dict(db.session.execute(select(Task.key, Task.id)).all())
    assert [task["id"] for task in mine] == [ids["today"]]
    page = Staff(database, "admin").get("/tasks?view=today").text
    assert f'/tasks/{ids["today"]}"' in page and f'/tasks/{ids["tomorrow"]}"' not in page


def test_token_ends_at_our_midnight(database: Flask, night: datetime, today: date) -> None:
    """A token that was made on a page ends at our midnight."""
    staff = Staff(database, "admin")
    fields = {"name": "t", "scopes": "gifts:read"}
    assert staff.post("/settings/tokens", expires_on=str(today), **fields).status_code == 422
    assert staff.post("/settings/tokens", expires_on=str(today + DAY), **fields).status_code in (200, 302)
    (token,) = users.list_tokens()
    assert token.expires_at == organisation.get_midnight(today + DAY)


def test_nobody_asks_utc_for_a_day() -> None:
    """``.date()`` of an instant stands in one function; whoever wants a day asks that."""
    places = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "donorhub").rglob("*.py")
        if "migrations" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and _asks_for_a_day(node)
    ]
    files = {place.partition(":")[0] for place in places}
    assert files - IN_LOCAL_TIME == {"donorhub/services/access/organisation.py"}


def _asks_for_a_day(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    of = call.func.value
    is_sql = isinstance(of, ast.Name) and of.id == "func"
    if call.func.attr == "date":
        return not call.args or is_sql
    return (call.func.attr == "today" and isinstance(of, ast.Name) and of.id in ("date", "datetime")) or (
        is_sql and call.func.attr in ("strftime", "to_char", "date_trunc", "julianday")
    )
