"""Webhooks, bank files and receipts at once, while everything is killed and lost at random moments.

5,000 messages, 60 kills, and on PostgreSQL and Redis ten losses of one of the two: nothing that was
acknowledged is lost, nothing is there twice, receipts have no gap, and each has its PDF.
"""

from __future__ import annotations

import hashlib
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.load.installation import Installation, Place, place_for
from tests.load.posting import Provider, gift_events
from tests.load.test_kill_webhooks import (
    SECRET,
    Havoc,
    each_gift_is_thanked_once,
    everything_answered_is_kept,
    money_is_whole,
    wait_until_all_is_done,
)
from tests.services.bank.bank import Paid, camt
from tests.smtp import SmtpServer, smtp_server

pytestmark = [pytest.mark.load, pytest.mark.timeout(1800)]
EVENTS, KILLS, LOSSES = 5000, 60, 10
DONORS = EVENTS  # the second gift of a day would be thanked for the next morning
FILES, ENTRIES, RECEIPTS, RECEIPT_YEAR = 12, 300, 300, "2025"
FIRST_ON = date(2025, 9, 1)


@pytest.fixture
def mailbox() -> Iterator[SmtpServer]:
    with smtp_server() as server:
        yield server


@pytest.fixture
def place(stores: str, tmp_path: Path) -> Iterator[Place]:
    with place_for(stores, tmp_path / "home", durable=True) as place:
        yield place


@pytest.fixture
def installation(place: Place, mailbox: SmtpServer) -> Iterator[Installation]:
    installation = Installation(place.home, place.stores, DONORHUB_SMTP_URL=mailbox.url)
    yield installation
    installation.stop_all()


def write_files(folder: Path) -> list[Path]:
    """Statements of one account, a month after the other, with honest twins on every day."""
    paths = []
    for number in range(FILES):
        first_on = FIRST_ON + timedelta(days=30 * number)
        payments = [
            Paid(first_on + timedelta(days=n // 10), 1000 + n % 5, name=f"Dëmo {n % 30}", account="")
            for n in range(ENTRIES)
        ]
        path = folder / f"month{number}.xml"
        path.write_bytes(camt(payments, name=f"S{number}"))
        paths.append(path)
    return paths


class Office:
    """Imports bank files and issues receipts by commands, each again until it ends well."""

    def __init__(self, installation: Installation, paths: list[Path]) -> None:
        self._installation, self._paths = installation, paths
        self.failed_commands = 0
        self._threads = [
            threading.Thread(target=self._import_files, daemon=True),
            threading.Thread(target=self._issue_receipts, daemon=True),
        ]

    def open_doors(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_until_done(self) -> None:
        deadline = time.monotonic() + 300
        for thread in self._threads:
            thread.join(max(0, deadline - time.monotonic()))
            assert not thread.is_alive(), self._installation.log()

    def _import_files(self) -> None:
        for path in self._paths:
            self._repeat("import", "--yes", str(path))

    def _issue_receipts(self) -> None:
        self._repeat("receipts", "issue", "--yes", "--all-of", RECEIPT_YEAR)

    def _repeat(self, *arguments: str) -> None:
        while not self._is_done(*arguments):
            self.failed_commands += 1
            time.sleep(0.2)

    def _is_done(self, *arguments: str) -> bool:
        try:
            return self._installation.run(*arguments, code=None).returncode == 0
        except subprocess.TimeoutExpired:  # it was killed on its way, like all the others
            return False


def lose_store(place: Place, chance: random.Random) -> str:
    """Lose Redis with all that it holds, or crash PostgreSQL, for a while; return which."""
    if place.redis is None or place.postgres is None:
        return ""
    if chance.random() < 0.5:
        place.redis.kill()
        time.sleep(chance.random() * 2)
        place.redis.start()
        return "redis"
    place.postgres.crash()
    time.sleep(chance.random() * 2)
    place.postgres.start()
    return "postgres"


def make_havoc(
    installation: Installation, place: Place, provider: Provider, chance: random.Random
) -> tuple[Havoc, list[str]]:
    """Kill and lose while messages come; return who did it and which stores were lost."""
    havoc, losses = Havoc(installation, place, chance), []
    provider.start()
    lossy = set(chance.sample(range(KILLS), LOSSES))
    stroke = 0
    while havoc.kills < KILLS:
        provider.wait_for(min(EVENTS, int(EVENTS * (stroke + chance.random()) / KILLS)))
        if stroke in lossy and place.redis is not None:
            losses.append(lose_store(place, chance))
        names = havoc.victims()[: KILLS - havoc.kills]
        havoc.strike(names, provider)
        start_ended(havoc, installation)
        stroke += 1
    while place.redis is not None and len(losses) < LOSSES:  # one stroke may be several kills
        losses.append(lose_store(place, chance))
        start_ended(havoc, installation)
    provider.wait_for(EVENTS)
    start_ended(havoc, installation)
    return havoc, losses


def start_ended(havoc: Havoc, installation: Installation) -> None:
    """Start again whom the loss of a store ended, as whoever runs an installation has it done."""
    for name, process in havoc.running.items():
        if process.poll() is not None:
            installation.kill(process)
            havoc.start_again(name)


def receipts_are_whole(installation: Installation) -> None:
    numbers = [number for (number,) in installation.rows("SELECT number FROM receipt ORDER BY id")]
    assert numbers == list(range(1, RECEIPTS + 1))
    rows = installation.rows(
        "SELECT receipt.pdf_sha256, receipt_pdf.content FROM receipt"
        " JOIN receipt_pdf ON receipt_pdf.receipt_id = receipt.id"
    )
    assert len(rows) == RECEIPTS
    assert all(sha256 == hashlib.sha256(content).hexdigest() for sha256, content in rows)
    assert installation.one("SELECT count(DISTINCT gift_id) FROM receipt_line") == RECEIPTS


def bank_is_whole(installation: Installation) -> None:
    assert installation.one("SELECT count(*) FROM statement") == FILES
    assert installation.one("SELECT count(*) FROM entry") == FILES * ENTRIES
    total = FILES * sum(1000 + n % 5 for n in range(ENTRIES))
    assert installation.one("SELECT sum(amount_minor) FROM entry") == total


def test_nothing_acknowledged_is_lost(
    installation: Installation, place: Place, mailbox: SmtpServer, tmp_path: Path
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    installation.run("db", "upgrade")
    installation.script(
        "from datetime import date\nfrom tests.load.inside import give\n"
        f"give({RECEIPTS}, received_on=date({RECEIPT_YEAR}, 5, 5))"
    )
    address = installation.run("webhooks", "create", "stripe", "--secret", SECRET).stdout.strip()
    provider = Provider(address, SECRET, gift_events(EVENTS, DONORS))
    office, began_at = Office(installation, write_files(tmp_path)), time.monotonic()
    office.open_doors()
    havoc, losses = make_havoc(installation, place, provider, chance)
    posted_s = time.monotonic() - began_at
    office.wait_until_done()
    wait_until_all_is_done(installation, 600)
    print(
        f"{EVENTS} answered after {posted_s:.0f} s, all done after {time.monotonic() - began_at:.0f} s;"
        f" {havoc.kills} kills, lost {losses}; {office.failed_commands} commands repeated"
    )
    print(provider.figures())
    everything_answered_is_kept(installation, provider.told())
    money_is_whole(installation)
    stripe = "FROM gift WHERE source LIKE 'stripe%'"
    assert installation.one(f"SELECT count(*) {stripe}") == EVENTS
    assert installation.one(f"SELECT sum(amount_minor) {stripe}") == sum(range(1000, 1000 + EVENTS))
    unknown = each_gift_is_thanked_once(installation, mailbox)
    print(f"{unknown} thank-yous uncertain, {len(mailbox.messages)} taken")
    assert unknown <= havoc.kills + len(losses)
    receipts_are_whole(installation)
    bank_is_whole(installation)
    installation.run("verify", "--thorough")
