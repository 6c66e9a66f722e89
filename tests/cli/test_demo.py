"""The demo: made once, opened again, consistent, and with something of everything in it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import IntegrityError

from donorhub import clock
from donorhub.cli.demo import command as demo
from donorhub.cli.demo import giving, history
from donorhub.cli.demo.history import PastGift
from donorhub.db import db
from donorhub.models import Allocation, AuditRecord, Designation, DomainEvent, Donor, Fund, Gift, Instalment
from donorhub.money import Money
from donorhub.services.donors import donors
from donorhub.services.giving import gifts
from donorhub.services.recurring import instalments, recurring_gifts
from tests.cli.conftest import Donorhub
from tests.conftest import NOW

WARSAW = ZoneInfo("Europe/Warsaw")

ROOT = Path(__file__).resolve().parents[2]
AMOUNT = Money(5000, "PLN")


# ---------------------------------------------------------------- what is written many at once


@pytest.fixture
def due_instalments(database: Flask) -> list[Instalment]:
    """Two instalments of one recurring gift, both due."""
    donor = donors.create_donor({"name": "Ewa Mazur"}, source="manual", now=NOW, actor="test")
    start = date(2026, 9, 15)
    gift, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor.id,
            amount=AMOUNT,
            kind="standing_order",
            start_on=start,
            source="manual",
            source_ref="1",
        ),
        now=NOW,
        actor="test",
    )
    instalments.make_instalments(gift, today=NOW.date())
    rows = db.session.scalars(select(Instalment).order_by(Instalment.nominal_on)).all()
    return list(rows[:2])


def _past(instalment: Instalment, ref: str) -> PastGift:
    donor_id = db.session.scalars(select(Donor.id)).one()
    fund_id = db.session.scalars(select(Fund.id)).one()
    return PastGift(donor_id, AMOUNT, instalment.due_on, NOW, ref, "transfer", fund_id, instalment)


def _rows(model: type[Any], gift: Gift, instalment: Instalment) -> list[dict[str, Any]]:
    """The rows of a table about a gift and its instalment, without their own ids."""
    names = {("gift", gift.id), ("instalment", instalment.id)}
    found = []
    for row in db.session.scalars(select(model).order_by(model.id)):
        columns = {column.key: getattr(row, column.key) for column in model.__table__.columns}
        about = (columns.get("subject_type"), columns.get("subject_id")) in names
        if about or columns.get("gift_id") == gift.id or (model is Gift and row.id == gift.id):
            unlike = ("id", "subject_id", "gift_id", "instalment_id", "source_ref", "received_on", "digest")
            found.append({name: value for name, value in columns.items() if name not in unlike})
    return found


def test_bulk_gifts_equal_service_rows(due_instalments: list[Instalment]) -> None:
    """Gifts that are written together are the same rows that the services write."""
    first, second = due_instalments
    one = _past(first, "one by one")
    alone, _ = gifts.record_gift(
        one.donor_id,
        one.amount,
        received_on=one.received_on,
        source=history.SOURCE,
        source_ref=one.source_ref,
        now=NOW,
        actor="test",
        method=one.method,
        fund_ids={one.fund_id: one.amount.minor},
        thank=False,
    )
    instalments.settle_instalments(alone, {first.id: AMOUNT.minor}, now=NOW, actor="test")
    (together,) = history.write_gifts([_past(second, "together")], actor="test")
    db.session.flush()
    for model in (Gift, Designation, Allocation, DomainEvent, AuditRecord):
        rows = _rows(model, together, second)
        assert rows == _rows(model, alone, first), model.__tablename__
        assert rows
    assert (second.state, first.state) == ("paid", "paid")


def test_a_gift_known_already_is_not_written_again(due_instalments: list[Instalment]) -> None:
    past = _past(due_instalments[0], "1")
    history.write_gifts([past], actor="test")
    with pytest.raises(IntegrityError):
        history.write_gifts([replace(past, instalment=None)], actor="test")


def test_blik_moves_zloty_only() -> None:
    assert [currency for currency, methods in giving.METHODS.items() if "blik" in methods] == ["PLN"]


# ---------------------------------------------------------------- where it is made


def test_demo_never_replaces_a_folder(shell: Donorhub, tmp_path: Path) -> None:
    """The demo never takes the place of what lies in a folder."""
    (tmp_path / "field_key").write_text("the real one")
    ended = shell("demo", "--prepare", tmp_path)
    assert ended.code == 1
    assert "is not empty: choose a new folder" in ended.err
    assert (tmp_path / "field_key").read_text() == "the real one"
    assert [path.name for path in tmp_path.iterdir()] == ["field_key"]


def test_used_port_is_reported_first(shell: Donorhub) -> None:
    """A port in use is reported before the data are made."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = shell("demo", "--port", taken.getsockname()[1])
    assert ended.code == 1
    assert "choose another with --port" in ended.err
    assert "making the demo" not in ended.err


def test_demo_of_today_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The demo of today is kept until the program or the day is another."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    before = clock.use_clock(lambda: NOW)
    try:
        today = demo._find_copy()
        assert today == demo._find_copy()
        clock.use_clock(lambda: NOW + timedelta(days=1))
        assert demo._find_copy() != today
    finally:
        clock.use_clock(before)
    assert today.parent == tmp_path / "donorhub"


# ---------------------------------------------------------------- what is in it


@pytest.fixture(scope="module")
def two_starts(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], list[str]]:
    """The folders of a first and a second start, and what each said."""
    place = tmp_path_factory.mktemp("demo")
    environ = {"XDG_CACHE_HOME": str(place / "cache"), "HOME": str(place), "PATH": os.environ["PATH"]}
    homes, said = [place / "first", place / "second"], []
    for home in homes:
        done = _run(["demo", "--prepare", str(home)], environ)
        assert done.returncode == 0, done.stderr
        said.append(done.stderr)
    shutil.rmtree(place / "cache")
    return homes, said


def _run(arguments: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from donorhub.cli import main; main()", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.slow
def test_only_the_first_start_makes_the_data(two_starts: tuple[list[Path], list[str]]) -> None:
    homes, said = two_starts
    assert ["making the demo data" in one for one in said] == [True, False]
    assert [sorted(path.name for path in home.iterdir()) for home in homes][1] == [
        demo.DATABASE,
        "field_key",
        "secret_key",
        demo.SAMPLE_FILE,
    ]


@pytest.mark.slow
def test_both_starts_hold_under_verify(two_starts: tuple[list[Path], list[str]]) -> None:
    for home in two_starts[0]:
        environ = {"DONORHUB_MODE": "demo", "DONORHUB_HOME": str(home), "PATH": os.environ["PATH"]}
        done = _run(["verify", "--thorough"], environ)
        assert done.returncode == 0, done.stdout
        assert re.findall(r"^(?!holds).*", done.stdout.strip(), re.M) == [
            "checked: every row, from the first on"
        ]


def find_end_of_day() -> str:
    """When the organisation's day ends, as the database writes it: near midnight it is another than UTC's."""
    today = clock.read_system_clock().astimezone(WARSAW).date()
    end = datetime.combine(today + timedelta(days=1), time(), WARSAW)
    return end.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "least", "most"),
    [
        ("SELECT count(*) FROM donor WHERE source = 'import:demo'", 300, 300),
        ("SELECT count(DISTINCT lang) FROM donor", 3, 3),
        ("SELECT count(*) FROM gift WHERE method = 'blik' AND currency <> 'PLN'", 0, 0),
        ("SELECT count(DISTINCT substr(received_on, 1, 7)) FROM gift", 18, 20),
        ("SELECT count(DISTINCT state) FROM recurring_gift", 3, 9),
        # Most at a month's end, when instalments of several days fall due together.
        (
            "SELECT count(*) FROM task WHERE performer = 'person' AND state = 'planned' AND due_at < :end",
            8,
            20,
        ),
        (
            "SELECT count(DISTINCT kind) FROM task "
            "WHERE performer = 'person' AND state = 'planned' AND due_at < :end",
            5,
            9,
        ),
        ("SELECT count(*) FROM task WHERE performer = 'person' AND state = 'done'", 5, 99),
        ("SELECT count(DISTINCT format) FROM import_file WHERE state = 'done'", 3, 3),
        ("SELECT count(*) FROM import_file WHERE state = 'held'", 1, 1),
        ("SELECT count(*) FROM import_file WHERE state = 'asking'", 1, 1),
        ("SELECT count(*) FROM entry WHERE state = 'suspense'", 20, 80),
        ("SELECT count(*) FROM entry WHERE state = 'matched'", 2, 40),
        ("SELECT count(*) FROM payout WHERE entry_id IS NOT NULL", 1, 1),
        ("SELECT count(*) FROM refund WHERE state = 'succeeded'", 1, 1),
        ("SELECT count(*) FROM payment WHERE state = 'failed'", 1, 9),
        ("SELECT count(*) FROM provider_event WHERE state = 'quarantined'", 1, 9),
        ("SELECT count(*) FROM message WHERE state = 'sent'", 20, 99),
        ("SELECT count(DISTINCT lang) FROM receipt", 3, 3),
        ("SELECT count(*) FROM receipt WHERE state = 'void'", 1, 1),
        ("SELECT count(*) FROM duplicate_question WHERE state = 'open'", 4, 8),
        ("SELECT count(*) FROM recurring_gift WHERE origin = 'inferred' AND state = 'active'", 1, 3),
        ("SELECT count(*) FROM recurring_gift WHERE origin = 'inferred' AND state = 'proposed'", 1, 3),
        ("SELECT count(DISTINCT kind) FROM custom_field", 3, 3),
        ("SELECT count(DISTINCT option_id) FROM custom_value WHERE option_id IS NOT NULL", 4, 4),
        ("SELECT count(DISTINCT state) FROM consent", 3, 5),
        ("SELECT count(DISTINCT channel) FROM consent WHERE state = 'opt_out'", 3, 5),
        ("SELECT count(*) FROM household_member", 2, 2),
        ("SELECT count(DISTINCT state) FROM message WHERE channel = 'post'", 2, 2),
        ("SELECT count(DISTINCT kind) FROM interaction", 4, 6),
        ("SELECT count(*) FROM relationship", 5, 20),
        ("SELECT count(*) FROM membership", 3, 20),
        ("SELECT count(*) FROM tag", 3, 3),
        ("SELECT count(*) FROM logo", 1, 1),
    ],
)
def test_every_page_has_something_to_show(
    two_starts: tuple[list[Path], list[str]], query: str, least: int, most: int
) -> None:
    engine = create_engine(f"sqlite:///{two_starts[0][1] / demo.DATABASE}")
    with engine.connect() as connection:
        found = connection.execute(text(query), {"end": find_end_of_day()} if ":end" in query else {})
        assert least <= found.scalar_one() <= most
    engine.dispose()
