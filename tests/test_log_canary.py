"""No person in a log, whatever fails and however it came in, in real processes with their real output.

The server of :mod:`tests.breaking` fails on each way in with an error that quotes what came. The
last test lets the log quote errors and sees each person in it, so that the others can fail.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.breaking import IBAN, PASSWORD, SECRET, STAFF, email_of
from tests.load.installation import Installation, Place, place_for
from tests.webhooks.scenarios import sign, to_body
from tests.webhooks.stripe.stripe_objects import charge

pytestmark = [pytest.mark.timeout(180), pytest.mark.whole]
PROGRAM = (sys.executable, "-m", "tests.breaking")
PLACE = re.compile(r"(donorhub|tests|sqlalchemy|psycopg)/[\w/]+\.py:\d+ \S+")
# Each way in, the event by which its failure is logged, and a word that stands in its facts.
WAYS = {
    "form": "request_failed",
    "json": "request_failed",
    "database": "database_refused",
    "webhook": "request_failed",
    "projection": "provider_event_failed",
    "bank file": "task_failed",
    "job": "task_failed",
    "timer": "timer_step_failed",
    "thread": "thread_failed",
    "library": "library_log",
    "unraisable": "unraisable",
    "command": "uncaught",
}
PATIENCE_S = 60.0


class BreakingInstallation(Installation):
    program = PROGRAM


@dataclass
class Story:
    """What the processes wrote, and the ids of the requests that failed."""

    log: str
    request_ids: dict[str, str] = field(default_factory=dict)

    def people(self) -> set[str]:
        """The ways whose person is named in the log."""
        log = self.log.lower()
        people = {way for way in WAYS if email_of(way) in log}
        return people | ({"bank file"} if IBAN.lower() in log else set())


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place_for(request, tmp_path / "home") as place:
        yield place


def live_through(place: Place, log_format: str, *, commands: bool = True, **settings: str) -> Story:
    """Start everything, let every way in fail once, and return what was written to stdout and stderr; a
    server alone does without ``commands``."""
    installation = BreakingInstallation(
        place.home, place.stores, DONORHUB_MODE="demo", DONORHUB_LOG_FORMAT=log_format, **settings
    )
    try:
        return _fail_everywhere(installation, _run_commands(installation) if commands else "")
    finally:
        installation.stop_all()


def _run_commands(installation: Installation) -> str:
    """Prepare the installation and let a command fail; return what that wrote."""
    installation.script("from tests.breaking import set_up; set_up()")
    command = installation.run("user", "create", email_of("command"), "--role", "admin", code=1)
    return command.stdout + command.stderr


def _fail_everywhere(installation: Installation, beside: str) -> Story:
    installation.start_all()
    token, slug = (installation.home / "keys").read_text().split()
    at = f"http://127.0.0.1:{installation.port}"
    hook = f"{at}/webhooks/stripe/{slug}"
    api = {"Authorization": f"Bearer {token}"}
    answers = {
        "form": _post_form(at),
        "json": _post_donor(at, api, "json"),
        "database": _post_donor(at, api, "database"),
        "webhook": _post_event(hook, "webhook"),
    }
    statuses = {way: answer.status_code for way, answer in answers.items()}
    assert statuses == {"form": 500, "json": 500, "database": 409, "webhook": 500}
    assert not {way for way, answer in answers.items() if "kanarek" in answer.text}
    assert _post_donor(at, api, "job").status_code == 201
    assert _post_event(hook, "projection").status_code == 200
    assert _post_file(at, api).status_code == 202
    log = _await_events(installation, beside)
    return Story(log, {way: answer.headers["X-Request-Id"] for way, answer in answers.items()})


def _await_events(installation: Installation, beside: str) -> str:
    """The whole log, once it has a line for each way; else what there is after a minute."""
    deadline = time.monotonic() + PATIENCE_S
    wanted = {"provider_event_failed", "timer_step_failed", "thread_failed", "import_file", "new_donor"}
    while True:
        log = (installation.home / "log").read_text()
        if all(word in log for word in wanted) or time.monotonic() > deadline:
            return beside + log
        time.sleep(0.2)


def _post_form(at: str) -> requests.Response:
    browser = requests.Session()
    token = _token(browser, f"{at}/sign-in")
    sign_in = {"email": STAFF, "password": PASSWORD, "csrf_token": token}
    assert browser.post(f"{at}/sign-in", data=sign_in).status_code == 200
    page = browser.get(f"{at}/donors/new").text
    fields = dict(re.findall(r'name="(csrf_token|key)"[^>]*value="([^"]+)"', page))
    person = {"kind": "person", "given_name": "Zofia", "family_name": "Kanarek", "lang": "pl"}
    person["another"] = "1"  # whom the API added before
    return browser.post(f"{at}/donors/new", data={**fields, **person, "email": email_of("form")})


def _token(browser: requests.Session, address: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', browser.get(address).text)
    assert found
    return found.group(1)


def _post_donor(at: str, api: dict[str, str], way: str) -> requests.Response:
    person = {"name": "Zofia Kanarek", "email": email_of(way), "lang": "pl"}
    return requests.post(f"{at}/api/v1/donors?allow_duplicate=true", json=person, headers=api, timeout=20)


def _post_file(at: str, api: dict[str, str]) -> requests.Response:
    text = f"Data;Kwota;Nadawca;Rachunek;Tytuł\n2026-11-20;10,00;Zofia Kanarek;{IBAN};darowizna\n"
    files = {"file": ("kanarek.csv", text.encode())}
    headers = {**api, "Idempotency-Key": "kanarek-file"}
    return requests.post(f"{at}/api/v1/imports", files=files, headers=headers, timeout=20)


def _post_event(hook: str, way: str) -> requests.Response:
    who = {"email": email_of(way), "name": "Zofia Kanarek", "phone": None, "address": None}
    now = int(time.time())
    gift = charge(f"ch_{way}", 1000, payment_intent=f"pi_{way}", created=now, billing_details=who)
    body = to_body(
        {
            "object": "event",
            "livemode": True,
            "api_version": "2026-10-28.endive",
            "created": now,
            "id": f"evt_{way}",
            "type": "charge.succeeded",
            "data": {"object": gift},
        }
    )
    headers = {"Stripe-Signature": sign(body, SECRET, now), "Content-Type": "application/json"}
    return requests.post(hook, data=body, headers=headers, timeout=20)


def _read_lines(log: str) -> list[dict[str, Any]]:
    """The lines of the log in JSON; all that a process writes is one, but for the greeting."""
    return [json.loads(line) for line in log.splitlines() if not line.startswith("DonorHub listens on ")]


@pytest.mark.parametrize(
    "commands", [pytest.param(False, id="server"), pytest.param(True, id="all", marks=pytest.mark.slow)]
)
def test_no_person_is_in_the_log_as_json(place: Place, commands: bool) -> None:
    begins = {} if commands else {"KANAREK_BEGINS": "1"}
    story = live_through(place, "json", commands=commands, **begins)
    assert story.people() == set() and "anarek" not in story.log.lower()
    lines = _read_lines(story.log)
    failures = [line for line in lines if "error" in line]
    expected = {event for way, event in WAYS.items() if commands or way != "command"}
    assert expected <= {line["event"] for line in failures}
    for line in failures:
        assert all(PLACE.search(frame) for frame in line["frames"][-1:]), line
        for cause in line.get("causes", []):
            assert PLACE.search(cause["frames"][-1]), line
    named = {line["request_id"] for line in failures if "request_id" in line}
    assert set(story.request_ids.values()) <= named


@pytest.mark.slow
def test_no_person_is_in_the_log_for_people(place: Place) -> None:
    story = live_through(place, "console")
    assert story.people() == set() and "anarek" not in story.log.lower()
    for event in set(WAYS.values()):
        lines = [line for line in story.log.splitlines() if f" {event} " in line]
        assert lines and all(PLACE.search(line) for line in lines), event
    assert all(request_id in story.log for request_id in story.request_ids.values())


@pytest.mark.slow
def test_a_log_that_quotes_errors_names_everyone(place: Place) -> None:
    """The twin that sings: whoever comes in by a way is in the error of that way."""
    assert live_through(place, "json", KANAREK_SINGS="1").people() == set(WAYS)
