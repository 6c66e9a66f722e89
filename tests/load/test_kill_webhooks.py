"""Killed in the middle of 2,000 webhooks, DonorHub has each one that it answered, and thanks once a gift."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.load.installation import Installation, Place, cpu_seconds, place_for
from tests.load.posting import Provider, gift_events
from tests.smtp import SmtpServer, smtp_server

pytestmark = [pytest.mark.load, pytest.mark.timeout(600)]
COUNT, KILLS, LATE_KILLS = 2000, 5, 3
DONORS = COUNT  # the second gift of a day would be thanked for the next morning
SECRET = "whsec_load"
TO_BE_DONE = """
    SELECT (SELECT count(*) FROM provider_event WHERE state IN ('received', 'error'))
         + (SELECT count(*) FROM task WHERE performer = 'worker' AND state IN ('planned', 'queued', 'failed'))
"""


@pytest.fixture
def mailbox() -> Iterator[SmtpServer]:
    with smtp_server() as server:
        yield server


@pytest.fixture
def place(stores: str, tmp_path: Path) -> Iterator[Place]:
    with place_for(stores, tmp_path / "home") as place:
        yield place


@pytest.fixture
def installation(place: Place, mailbox: SmtpServer) -> Iterator[Installation]:
    installation = Installation(place.home, place.stores, DONORHUB_SMTP_URL=mailbox.url)
    yield installation
    installation.stop_all()


def everything_answered_is_kept(installation: Installation, answered: set[str]) -> None:
    kept = Counter(ref for (ref,) in installation.rows("SELECT external_id FROM provider_event"))
    assert answered <= set(kept), f"answered and lost: {sorted(answered - set(kept))[:5]}"
    assert set(kept.values()) <= {1}


def money_is_whole(installation: Installation) -> None:
    """What has to hold at every moment: a payment that succeeded has its gift, and each gift its payment."""
    assert not installation.rows("SELECT id FROM payment WHERE state = 'succeeded' AND gift_id IS NULL")
    assert not installation.rows("SELECT source_ref FROM gift GROUP BY source_ref HAVING count(*) > 1")
    assert not installation.rows(
        "SELECT id FROM gift WHERE source LIKE 'stripe%' AND NOT EXISTS"
        " (SELECT 1 FROM task WHERE task.key = 'thank_you:gift:' || gift.id)"
    )


def wait_until_all_is_done(installation: Installation, seconds: float = 200) -> None:
    """Time runs fast meanwhile: leases of the killed run out, and what failed is tried again."""
    began, deadline = time.monotonic(), time.monotonic() + seconds
    while left := installation.one(TO_BE_DONE):
        installation.shift_clock(400 * (1 + int((time.monotonic() - began) / 30)))
        assert time.monotonic() < deadline, f"{left} still to be done; {what_is_left(installation)}"
        time.sleep(0.2)


def what_is_left(installation: Installation) -> str:
    tasks = installation.rows(
        "SELECT kind, state, last_error, count(*) FROM task WHERE performer = 'worker' AND state <> 'done'"
        " GROUP BY kind, state, last_error"
    )
    events = installation.rows("SELECT state, reason, count(*) FROM provider_event GROUP BY state, reason")
    return f"{tasks} {events} {installation.log()}"


def each_gift_is_thanked_once(installation: Installation, mailbox: SmtpServer) -> int:
    """Compare our rows with what the mail server took; gives how many sendings are uncertain."""
    taken = Counter(str(message["Message-ID"]) for message in mailbox.messages)
    assert {ref: n for ref, n in taken.items() if n > 1} == {}
    rows = installation.rows(
        "SELECT message_subject.subject_id, message.message_id, message.state FROM message"
        " JOIN message_subject ON message_subject.message_id = message.id WHERE message.category = 'thanks'"
    )
    assert sorted(gift for gift, _, _ in rows) == sorted(
        g for (g,) in installation.rows("SELECT id FROM gift WHERE source LIKE 'stripe%'")
    )
    states = {ref: state for _, ref, state in rows}
    assert set(states.values()) <= {"sent", "unknown"}
    assert {ref for ref, state in states.items() if state == "sent"} <= set(taken)
    assert set(taken) <= set(states)
    return sum(state == "unknown" for state in states.values())


class Havoc:
    """Kills processes of an installation at chance, looks at what is left, and starts them again."""

    def __init__(self, installation: Installation, place: Place, chance: random.Random) -> None:
        self._installation, self._place, self._chance = installation, place, chance
        self.running: dict[str, subprocess.Popen[bytes]] = installation.start_all()
        self.recoveries: list[tuple[float, float]] = []
        self.kills = 0

    def strike(self, names: Sequence[str], provider: Provider, *, redis_too: bool = False) -> None:
        for name in names:
            self._installation.kill(self.running[name])
            self.kills += 1
        if redis_too and self._place.redis is not None:
            self._place.redis.kill()
            self._place.redis.start()  # with nothing in it
        everything_answered_is_kept(self._installation, provider.told() if "server" in names else set())
        money_is_whole(self._installation)
        for name in names:
            self.start_again(name)

    def victims(self) -> list[str]:
        names = list(self.running)
        return self._chance.sample(names, self._chance.randint(1, len(names)))

    def workers(self) -> list[str]:
        """Whoever performs tasks."""
        return [name for name in self.running if name.startswith("worker")] or ["server"]

    def start_again(self, name: str) -> None:
        since = time.monotonic()
        if name != "server":
            self.running[name] = self._installation.start(name.split(maxsplit=1)[0])
            return
        self.running[name] = self._installation.serve()
        self.recoveries.append((time.monotonic() - since, cpu_seconds(self.running[name].pid)))


def test_answered_events_survive_kills(installation: Installation, place: Place, mailbox: SmtpServer) -> None:
    """Nothing that was answered is lost, and each gift is thanked for once, whatever is killed."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    installation.run("db", "upgrade")
    made = installation.run("webhooks", "create", "stripe", "--secret", SECRET)
    provider = Provider(made.stdout.strip(), SECRET, gift_events(COUNT, DONORS))
    havoc, began = Havoc(installation, place, chance), time.monotonic()
    provider.start()
    for kill in range(KILLS):
        provider.wait_for(int(COUNT * (kill + chance.random()) / KILLS))
        havoc.strike(havoc.victims(), provider, redis_too=kill == KILLS // 2)
    provider.wait_for(COUNT)
    posted = time.monotonic() - began
    for kill in range(1, LATE_KILLS + 1):  # in the middle of sending
        mailbox.wait_for(COUNT * kill // (LATE_KILLS + 1) + chance.randrange(50), timeout=200)
        havoc.strike(havoc.workers(), provider)
    wait_until_all_is_done(installation)
    done = time.monotonic() - began
    print(f"{COUNT} answered after {posted:.0f} s, done after {done:.0f} s; {havoc.kills} kills")
    print(provider.figures())
    print("back after", [f"{wall:.1f} s ({cpu:.1f} s CPU)" for wall, cpu in havoc.recoveries])
    everything_answered_is_kept(installation, provider.told())
    money_is_whole(installation)
    everything_is_counted_once(installation)
    unknown = each_gift_is_thanked_once(installation, mailbox)
    print(f"{unknown} thank-yous uncertain, {len(mailbox.messages)} taken")
    assert unknown <= havoc.kills
    installation.run("verify", "--thorough")
    waits = json.loads(installation.run("pending", "--json").stdout)
    assert not waits["worker tasks"] and not waits["provider events"], waits
    if installation.is_embedded:  # on processor time, since the machine has others to serve too
        assert min(cpu for _, cpu in havoc.recoveries) < 2


def everything_is_counted_once(installation: Installation) -> None:
    assert installation.one("SELECT count(*) FROM gift") == COUNT
    assert installation.one("SELECT sum(amount_minor) FROM gift") == sum(range(1000, 1000 + COUNT))
    assert installation.one("SELECT count(*) FROM donor") == DONORS
