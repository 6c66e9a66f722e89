"""Axe and the width of a phone on every page that the application has, as its own map of addresses says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, StorageState

from tests.e2e.serve_pages import PASSWORD
from tests.load.installation import ROOT, place_for

pytestmark = [pytest.mark.e2e, pytest.mark.once]
PHONE, DESK = 390, 1360
# A download; and a page whose frame may run no script, not even axe's.
NO_PAGE: Final = (
    "/receipts/<int:receipt_id>/pdf",
    "/receipts/<int:receipt_id>/preview",
    "/donors/<int:donor_id>/copy.html",
    "/donors/<int:donor_id>/copy.json",
    "/donors/<int:donor_id>/files/<int:donor_file_id>",
    "/settings/data/processing.json",
    "/messages/<int:message_id>/letter.pdf",
    "/messages/runs/<int:task_id>/<int:part>.pdf",
    "/settings/logo/letter.pdf",
)
OK: Final = (200, 404, 422)  # what asks for a donor, or of a batch for one payment, says so on a page


@dataclass(frozen=True, slots=True)
class Served:
    """Where the pages are, and each rule with its addresses."""

    base_url: str
    addresses: Mapping[str, Sequence[str]]


@pytest.fixture(scope="module")
def served(stores: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    command = [sys.executable, "-m", "tests.e2e.serve_every_page"]
    with (
        place_for(stores, tmp_path_factory.mktemp("every")) as place,
        subprocess.Popen(
            [*command, str(place.home)],
            cwd=ROOT,
            env={**os.environ, **place.stores},
            stdout=subprocess.PIPE,
            text=True,
        ) as server,
    ):
        assert server.stdout is not None
        port = int(server.stdout.readline())
        addresses: dict[str, list[str]] = {}
        for rule, address in json.loads(server.stdout.readline()):
            addresses.setdefault(rule, []).append(address)
        yield Served(f"http://127.0.0.1:{port}", {r: a for r, a in addresses.items() if r not in NO_PAGE})
        server.terminate()


@pytest.fixture(scope="module")
def cookies(browser: Browser, served: Served) -> StorageState:
    """What a browser keeps of the administrator's signing in."""
    context = browser.new_context(base_url=served.base_url)
    page = context.new_page()
    page.goto("/sign-in")
    page.fill("#email", "admin@example.org")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(f"{served.base_url}/")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def page(browser: Browser, served: Served, cookies: StorageState) -> Iterator[Page]:
    """An empty page of the administrator's, by day."""
    context = browser.new_context(
        base_url=served.base_url,
        color_scheme="light",
        reduced_motion="reduce",
        locale="en-GB",
        storage_state=cookies,
    )
    yield context.new_page()
    context.close()


def find_faults(page: Page, address: str) -> list[tuple[str, str, Any]]:
    """What is wrong with one page as it is shown now: axe's rules, and whether it scrolls sideways."""
    faults = [
        (address, one["id"], [node["html"][:120] for node in one["nodes"][:2]])
        for one in Axe().run(page).response["violations"]
    ]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        faults.append((address, "scrolls sideways", page.viewport_size))
    return faults


def look_at(page: Page, addresses: Sequence[str], width: int) -> list[tuple[str, str, Any]]:
    page.set_viewport_size({"width": width, "height": 844})
    faults = []
    for address in addresses:
        answer = page.goto(address)
        assert answer is not None and answer.status in OK, (address, answer and answer.status)
        faults += find_faults(page, address)
    return faults


def test_each_rule_holds_on_a_phone(served: Served, page: Page) -> None:
    """Axe finds nothing on a page of each rule on a phone in Polish, whose words are the longest, and none
    scrolls sideways."""
    page.goto("/?lang=pl")
    addresses = [addresses[0] for addresses in served.addresses.values()]
    assert len(addresses) > 40
    assert look_at(page, addresses, PHONE) == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("lang", ["en", "pl", "sq"])
def test_every_page_holds_everywhere(served: Served, page: Page, lang: str, width: int, scheme: str) -> None:
    """Axe finds nothing on any page in any language, by day and by night, on a phone and on a desk."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"/?lang={lang}")
    every = [address for addresses in served.addresses.values() for address in addresses]
    assert look_at(page, every, width) == []


def test_name_stands_before_counts_on_a_phone(page: Page) -> None:
    """On a phone each row of the bank's lists reads name, amount, state, counts."""
    page.set_viewport_size({"width": PHONE, "height": 844})
    for address, parts in (
        ("/bank/files", (".lead", ".chip", ".count")),
        ("/bank/accounts/1", (".lead", "td.num:not(.count)", ".chip", ".count")),
        ("/bank/statements/1", (".lead", "td.num", ".chip")),
        ("/bank", (".lead", "td.num")),
    ):
        page.goto(address)
        row = page.locator("table.rows tbody tr").first
        places = [row.locator(part).first.bounding_box() for part in parts]
        assert None not in places, address
        for first, then in pairwise(box for box in places if box):
            is_above = first["y"] + first["height"] <= then["y"] + 1
            assert is_above or first["x"] + first["width"] <= then["x"] + 1, (address, places)
