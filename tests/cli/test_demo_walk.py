"""The demo walked to its end: what its printed lines and README suggest, click by click, on several dates."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
import requests

from tests.processes import free_port

pytestmark = pytest.mark.whole

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 90
PAGES = (  # what README tells one to look at, and the menu offers
    "/",
    "/donors",
    "/donors?q=kowal",
    "/gifts",
    "/recurring-gifts",
    "/recurring-gifts/late",
    "/tasks",
    "/tasks?view=all",
    "/bank",
    "/bank/files",
    "/bank/to-decide",
    "/receipts",
    "/messages",
    "/settings",
)
DATES = (  # the real day; and the ends of a month, a year and a leap February
    "",
    pytest.param("2027-01-01T08:00:00+00:00", marks=pytest.mark.slow),
    pytest.param("2028-02-29T21:30:00+00:00", marks=pytest.mark.slow),
)


class Demo:
    """A demo that runs, and what it printed."""

    def __init__(self, home: Path, day: str) -> None:
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TMPDIR": str(home),
            "XDG_CACHE_HOME": str(home / "cache"),
            "LC_ALL": "C.UTF-8",
            "DONORHUB_CLOCK": day,
        }
        command = [sys.executable, "-c", "from donorhub.cli import main; main()"]
        self._process = subprocess.Popen(
            [*command, "demo", "--port", str(free_port())],
            cwd=ROOT,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.printed = ""
        assert self._process.stdout is not None
        while "Ctrl-C" not in self.printed:
            line = self._process.stdout.readline()
            assert line, "the demo ended before it was ready"
            self.printed += line

    def read_line(self, name: str) -> str:
        """What is printed behind a name."""
        found = re.search(rf"^  {name} +(.+)$", self.printed, re.M)
        assert found is not None, name
        return found.group(1).strip()

    def sign_in(self, email: str) -> Visitor:
        return Visitor(self.read_line("DonorHub demo"), email, self.read_line("password"))

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_S)
        assert self._process.stdout is not None
        self._process.stdout.close()


class Visitor:
    """Somebody who signs in with what is printed; a page that refuses fails the test."""

    def __init__(self, address: str, email: str, password: str) -> None:
        self._address, self._session = address, requests.Session()
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.look("/sign-in")
                break
            except requests.ConnectionError:
                assert time.monotonic() < deadline
                time.sleep(0.2)
        self.send("/sign-in", self.look("/sign-in"), email=email, password=password)

    def look(self, path: str) -> str:
        answer = self._session.get(self._address + path, timeout=PATIENCE_S)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text

    def send(
        self, path: str, page: str, files: dict[str, Path] | None = None, **fields: str
    ) -> tuple[str, str]:
        """Send a form of a page; gives the address and the text of the page that follows."""
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token is not None
        answer = self._session.post(
            self._address + path,
            data={"csrf_token": token.group(1), **fields},
            files={name: (file.name, file.read_bytes()) for name, file in (files or {}).items()} or None,
            timeout=PATIENCE_S,
        )
        assert answer.status_code == 200, (path, answer.status_code, read_words(answer.text)[:500])
        return answer.url.removeprefix(self._address), answer.text


def read_words(page: str) -> str:
    main = page[page.find("<main") :]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


@pytest.fixture(scope="module", params=DATES)
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    running = Demo(tmp_path_factory.mktemp("demo"), request.param)
    yield running
    running.stop()


def test_demo_is_walked_without_a_refusal(demo: Demo) -> None:
    """Everybody who is named signs in and opens what they are offered; the bank file to try goes through."""
    others = re.findall(r"(\S+@\S+) \(", demo.read_line("others"))
    assert len(others) >= 2
    for email in others:
        visitor = demo.sign_in(email)
        start = visitor.look("/")
        menu = re.findall(r'<a href="(/[^"]*)"', start[start.find("<nav") : start.find("</nav>")])
        assert len(menu) >= 2, email
        for path in menu:
            visitor.look(unescape(path))
    admin = demo.sign_in(demo.read_line("sign in with"))
    for path in PAGES:
        admin.look(path)
    _import_sample(admin, Path(demo.read_line("a bank file to try")))
    assert 'href="/bank/accept-sure"' in admin.look("/bank/to-decide")
    page = admin.look("/bank/accept-sure")
    digest = re.search(r'name="digest" value="([^"]+)"', page)
    assert digest is not None
    _, page = admin.send("/bank/accept-sure", page, digest=digest.group(1))
    assert "Accepted what is certain" in read_words(page)


def _import_sample(admin: Visitor, path: Path) -> None:
    """Upload the file to try, and see that it is read, proved, joins on and waits for nobody."""
    address, page = admin.send("/bank/files", admin.look("/bank"), {"file": path})
    deadline = time.monotonic() + PATIENCE_S
    while "22 new entries" not in (words := read_words(page)):
        assert time.monotonic() < deadline, words
        time.sleep(0.3)
        page = admin.look(address.partition("#")[0])
    assert "Opening, money in and money out make the closing balance." in words
    for trouble in ("held", "Held", "What you should know", "asks you", "in the future"):
        assert trouble not in words, words
