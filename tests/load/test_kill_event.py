"""One event among 300 kills each process that comes to it; all the others must get through."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from donorhub.services.providers import deadly_events
from tests.load.installation import DONORHUB, Installation, place_for
from tests.load.posting import Provider, gift_events

pytestmark = [pytest.mark.load, pytest.mark.timeout(900)]
COUNT = 300
SECRET = "whsec_load"
DEADLY = "evt_load150"
WAIT_S = int(deadly_events.WAIT.total_seconds()) + 1
LEFT = "SELECT count(*) FROM provider_event WHERE state = 'received'"

POISON = f"""
import os, signal
from donorhub.services.providers import projection

def apply_or_die(events, *rest, **options):
    if any(event.external_id == {DEADLY!r} for event in events):
        os.kill(os.getpid(), signal.SIGKILL)
    return apply_events(events, *rest, **options)

apply_events, projection.apply_events = projection.apply_events, apply_or_die
"""


class Supervisor:
    """Starts again what ended by itself, as systemd or compose would."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._running: dict[str, subprocess.Popen[bytes]] = installation.start_all()
        self.starts = 0  # of those that end with their worker; the others are watched by the program itself

    def start_again(self) -> None:
        for name, process in self._running.items():
            if process.poll() is not None:
                self.starts += 1
                command = "serve" if name == "server" else name.split(maxsplit=1)[0]
                self._running[name] = self._installation.start(command)


@pytest.fixture
def installation(stores: str, tmp_path: Path) -> Iterator[Installation]:
    with place_for(stores, tmp_path / "home") as place:
        installation = Installation(place.home, place.stores)
        yield installation
        installation.stop_all()


def write_poisoned_program() -> list[str]:
    """The command line of a DonorHub that one event kills."""
    return [
        sys.executable,
        "-c",
        f"{POISON}\nfrom donorhub.cli import main; main()",
    ]


def wait_for(supervisor: Supervisor, installation: Installation, state: str, *, hurry: bool) -> None:
    """Let time run, fast where ``hurry``, until the deadly event stands so and nothing waits unread."""
    deadline, shift = time.monotonic() + 400, 0
    while read_state(installation) != state or installation.one(LEFT):
        assert time.monotonic() < deadline, installation.log()
        supervisor.start_again()
        if hurry:
            shift += WAIT_S
            installation.shift_clock(shift)
        time.sleep(1)


def read_state(installation: Installation) -> str:
    state: str = installation.one("SELECT state FROM provider_event WHERE external_id = :ref", ref=DEADLY)
    return state


def serve_by(installation: Installation, program: Sequence[str]) -> None:
    installation.stop_all()
    installation.program = program


def test_killing_event_ends_aside(installation: Installation) -> None:
    """All others are booked while it kills, it lies in the error inbox in the end, and is booked by a program
    that survives it once a person lets it be tried again."""
    installation.run("db", "upgrade")
    made = installation.run("webhooks", "create", "stripe", "--secret", SECRET)
    provider = Provider(made.stdout.strip(), SECRET, gift_events(COUNT, COUNT))
    serve_by(installation, write_poisoned_program())
    supervisor = Supervisor(installation)
    provider.start()
    deadline = time.monotonic() + 200
    while len(provider.told()) < COUNT:
        assert time.monotonic() < deadline, installation.log()
        supervisor.start_again()
        time.sleep(0.5)
    wait_for(supervisor, installation, "error", hurry=False)
    assert installation.one("SELECT count(*) FROM gift") == COUNT - 1
    wait_for(supervisor, installation, "dead", hurry=True)
    kills = installation.one("SELECT kills FROM provider_event WHERE external_id = :ref", ref=DEADLY)
    print(f"{kills} kills, {supervisor.starts} processes started again")
    assert kills == deadly_events.MAX_KILLS
    serve_by(installation, DONORHUB)
    event_id = installation.one("SELECT id FROM provider_event WHERE external_id = :ref", ref=DEADLY)
    installation.run("webhooks", "release", str(event_id))
    assert read_state(installation) == "done"
    assert installation.one("SELECT count(*) FROM gift") == COUNT
    installation.run("verify", "--thorough")
