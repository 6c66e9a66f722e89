"""The pages in a real browser: by keyboard alone, on a phone, in the dark, without JavaScript."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.e2e.serve_pages import PASSWORD
from tests.load.installation import ROOT, place_for

pytestmark = [pytest.mark.e2e, pytest.mark.once]
PATHS = (
    "/",
    "/donors",
    "/donors?q=kowal",
    "/donors?q=nobody",
    "/search?q=kowal",
    "/search?q=nobody",
    "/donors/new",
    "/donors/1",
    "/donors/1/edit",
    "/donors/4",
    "/gifts",
    "/gifts/new",
    "/gifts/new?q=lodz",
    "/gifts/new?donor=1",
    "/gifts/1",
    "/gifts/9",
    "/recurring-gifts",
    "/recurring-gifts/late",
    "/recurring-gifts/new?donor=1",
    "/recurring-gifts/1",
    "/tasks",
    "/tasks?view=all",
    "/tasks/1",
    "/receipts",
    "/receipts/new?donor=2",
    "/receipts/1",
    "/receipts/2",
    "/messages",
    "/messages/1",
    "/errors",
    "/settings",
    "/settings/organisation",
    "/settings/funds",
    "/settings/users",
    "/settings/users/2",
    "/settings/tokens",
    "/settings/webhooks",
    "/account",
    "/nowhere",
)
GIFT = re.compile(r"/gifts/[0-9]+$")
PHONE = {"width": 360, "height": 740}  # the narrowest that is sold
Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def address(stores: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.e2e.serve_pages"]
    with (
        place_for(stores, tmp_path_factory.mktemp("pages")) as place,
        subprocess.Popen(
            [*command, str(place.home)],
            cwd=ROOT,
            env={**os.environ, **place.stores},
            stdout=subprocess.PIPE,
            text=True,
        ) as server,
    ):
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.terminate()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, address: str) -> dict[str, Any]:
    """The cookies of each of the staff: signing in again and again would meet the limit."""
    states = {}
    for who in ("admin", "caller"):
        context = browser.new_context(base_url=address)
        page = context.new_page()
        page.goto("/sign-in")
        page.fill("#email", f"{who}@example.org")
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_url(f"{address}/")
        states[who] = context.storage_state()
        context.close()
    return states


@pytest.fixture
def visit(browser: Browser, address: str, signed_in: dict[str, Any]) -> Iterator[Visit]:
    """Open the first page as somebody; what the console says is kept in ``complaints`` of the page."""
    contexts = []

    def open_(who: str = "admin", **options: Any) -> Page:
        context = browser.new_context(
            base_url=address, locale="en-GB", storage_state=signed_in[who], **options
        )
        contexts.append(context)
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(f"{page.url}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.complaints = complaints  # type: ignore[attr-defined]
        page.goto("/?lang=en")
        return page

    yield open_
    for context in contexts:
        context.close()


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text().replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.slow  # of each rule test_every_page looks at one page every day
def test_axe_finds_nothing_anywhere(visit: Visit) -> None:
    """Axe finds nothing on any page, by day or by night."""
    page = visit(color_scheme="light", reduced_motion="reduce")
    found = []
    for path in PATHS:
        page.goto(path)
        for one in Axe().run(page).response["violations"]:
            found.append((path, one["id"], [node["html"][:120] for node in one["nodes"][:2]]))
        page.emulate_media(color_scheme="dark")  # only colours change
        for one in Axe().run(page, options={"runOnly": ["color-contrast"]}).response["violations"]:
            found.append((f"{path} dark", one["id"], [node["html"][:120] for node in one["nodes"][:2]]))
        page.emulate_media(color_scheme="light")
    assert found == []
    not_ours = [said for said in page.complaints if "404 (NOT FOUND)" not in said]  # type: ignore[attr-defined]
    assert not_ours == []


@pytest.mark.slow  # in Polish test_every_page looks at a page of each address every day
@pytest.mark.parametrize("lang", ["en", "pl", "sq"])
def test_no_page_scrolls_sideways_on_a_phone(visit: Visit, lang: str) -> None:
    page = visit(viewport=PHONE)
    page.goto(f"/?lang={lang}")
    wide = []
    for path in PATHS:
        page.goto(path)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(path)
    assert wide == []


def test_phone_menu_opens(visit: Visit) -> None:
    """The menu of a phone opens and leads on."""
    page = visit(viewport=PHONE)
    assert not page.get_by_role("link", name="Receipts").is_visible()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Receipts").click()
    page.wait_for_url("**/receipts")


def test_a_gift_is_recorded_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit()
    keys = page.keyboard
    keys.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.get_by_role("link", name="Record a gift").focus()
    keys.press("Enter")
    page.wait_for_url("**/gifts/new")
    page.wait_for_function("document.activeElement.id == 'who'")  # the field gets the focus
    keys.type("lodz")
    keys.press("Enter")
    page.wait_for_url("**/gifts/new?q=lodz")
    page.get_by_role("link", name="Besnik Çela").focus()
    keys.press("Enter")
    page.wait_for_url("**/gifts/new?donor=2")
    page.wait_for_function("document.activeElement.id == 'f-amount'")  # so does the amount
    keys.type("123,45")
    for _field in range(2):
        keys.press("Tab")
    keys.press("Enter")  # from any field the form is sent
    page.wait_for_url(GIFT)
    assert heading(page) == "Gift of PLN 123.45"


def test_search_answers_while_one_types(visit: Visit) -> None:
    """On a phone, in Polish: "/" leads to the box, keys choose among answers, Enter opens one; axe finds
    nothing, and nothing scrolls sideways."""
    page = visit(viewport=PHONE)
    page.goto("/?lang=pl")
    keys, box = page.keyboard, page.locator("#q")
    keys.press("/")
    assert page.evaluate("document.activeElement.id") == "q" and box.get_attribute("role") == "combobox"
    keys.type("kowlaska", delay=20)  # two letters changed places
    options = page.get_by_role("option")
    options.first.wait_for()
    assert box.get_attribute("aria-expanded") == "true"
    assert page.get_by_role("group", name="Darczyńcy").get_by_role("option").count() == options.count()
    assert "ostatnia darowizna" in options.first.inner_text()
    assert Axe().run(page).response["violations"] == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    _take_picture(page, "search")
    keys.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
    assert options.first.get_attribute("aria-selected") == "true"
    assert re.fullmatch(r"Znaleziono [0-9]+", page.locator("#found-count").inner_text())
    keys.press("ArrowUp")
    assert box.get_attribute("aria-activedescendant") is None
    keys.press("Escape")
    assert not options.first.is_visible() and box.input_value() == "kowlaska"
    keys.press("ArrowDown")
    options.first.wait_for()
    keys.press("ArrowDown")
    keys.press("Enter")
    page.wait_for_url(re.compile(r"/donors/[0-9]+$"))
    box.fill("kowal")
    options.first.wait_for()
    keys.press("ArrowDown")
    keys.type("zzzz")  # and Enter before its answers come: what was chosen was for another text
    assert box.get_attribute("aria-activedescendant") is None
    keys.press("Enter")
    page.wait_for_url("**/search?q=kowalzzzz")
    box.fill("Ewa Zupełnieobca")
    page.get_by_role("option", name="Nowy darczyńca").click()
    page.wait_for_url("**/donors/new?name=*")
    assert page.input_value("#f-name") == "Ewa Zupełnieobca"
    page.goto("/search?q=kowal")
    _take_picture(page, "search-page")
    assert page.complaints == []  # type: ignore[attr-defined]


def test_keys_are_switched_off(visit: Visit) -> None:
    """Where single letters are no keys "/" is none either; what is typed in the box still finds."""
    page = visit("caller")
    page.goto("/account")
    page.get_by_label("A single letter is a key").uncheck()
    page.locator("form[action$=keys]").get_by_role("button").click()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") != "q"
    page.fill("#q", "zz")
    page.get_by_role("listbox").get_by_text("Nothing is found").wait_for()


def _take_picture(page: Page, name: str) -> None:
    """Keep a picture, wide and as wide as a phone, where DONORHUB_SCREENSHOTS names a folder."""
    folder = os.environ.get("DONORHUB_SCREENSHOTS")
    for width in (1280, 390) if folder else ():
        page.set_viewport_size({"width": width, "height": 800})
        page.screenshot(path=Path(str(folder)) / f"{name}-{width}.png")
    if folder:
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]


def test_wrong_form_focuses_its_fault(visit: Visit) -> None:
    """A wrong form comes back with the focus on what is wrong, and keeps what was typed."""
    page = visit()
    page.goto("/gifts/new?donor=1")
    page.fill("#f-amount", "a lot")
    page.fill("#f-note", "kept words")
    page.get_by_role("button", name="Record the gift").click()
    page.wait_for_function("document.activeElement.id == 'wrong'")  # a click does not wait for the answer
    assert page.input_value("#f-note") == "kept words" and page.input_value("#f-amount") == "a lot"
    page.get_by_role("alert").get_by_role("link").click()
    assert page.evaluate("document.activeElement.id") == "f-amount"
    described = page.get_attribute("#f-amount", "aria-describedby") or ""
    assert "This is no amount" in page.locator(f"#{described}").inner_text()


def test_two_clicks_record_one_gift(visit: Visit) -> None:
    page = visit()
    page.goto("/gifts/new?donor=3")
    page.fill("#f-amount", "77,77")
    page.get_by_role("button", name="Record the gift").dblclick(no_wait_after=True)
    page.wait_for_url(GIFT)
    page.goto("/gifts?donor=3")
    assert page.get_by_text(re.compile("PLN.77.77")).count() == 1


def test_all_that_matters_works_without_javascript(visit: Visit) -> None:
    page = visit(java_script_enabled=False)
    page.fill("#q", "kowalska")
    page.press("#q", "Enter")
    page.get_by_role("link", name="Gift", exact=True).click()
    page.fill("#f-amount", "11,11")
    page.get_by_role("button", name="Record the gift").click()
    assert heading(page) == "Gift of PLN 11.11"
    page.get_by_text("Recorded wrongly").click()
    page.fill("#f-reason", "tried out")
    page.get_by_role("button", name="Take the gift out").click()
    assert "tried out" in page.get_by_role("main").inner_text()
    page.goto("/tasks?view=all")
    page.get_by_role("link", name="Call the donor").first.click()
    page.fill("#f-outcome", "reached")
    page.get_by_role("button", name="Done").click()
    assert page.get_by_role("status").inner_text() == "Done."


def test_a_receipt_is_downloaded_as_it_was_made(visit: Visit, tmp_path: Path) -> None:
    page = visit()
    page.goto("/receipts/1")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download the PDF").click()
    assert waiting.value.suggested_filename == "R-2026-000001.pdf"
    waiting.value.save_as(tmp_path / "receipt.pdf")
    assert (tmp_path / "receipt.pdf").read_bytes().startswith(b"%PDF")


def test_what_is_printed_has_no_navigation(visit: Visit) -> None:
    page = visit()
    page.goto("/donors/1")
    page.emulate_media(media="print")
    assert not page.locator("nav.side").is_visible() and not page.locator("header.top").is_visible()
    assert page.get_by_role("heading", level=1).is_visible()


@pytest.mark.parametrize(
    "paths",
    [
        pytest.param(("/donors/1", "/tasks"), id="two"),
        pytest.param(
            ("/", "/donors", "/donors/1", "/tasks", "/account", "/settings", "/gifts"),
            id="all",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_callers_pages_show_no_amounts(visit: Visit, paths: Sequence[str]) -> None:
    """A caller sees pages without amounts, and axe finds nothing there."""
    page = visit("caller")
    for path in paths:
        page.goto(path)
        assert "PLN" not in page.content(), path
        assert Axe().run(page).response["violations"] == [], path
