"""The bank's pages in Chromium: by mouse, by keyboard, on a phone, without a script, in light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.test_main_job import call
from tests.load.installation import Installation, place_for
from tests.web.bank.bank_world import PAYER, camt

pytestmark = [pytest.mark.e2e, pytest.mark.once]
PASSWORD = "a long enough one"
WHO = "piotr@example.org"
UNKNOWN = (
    "Dita;Kush;Pse;Sa;Mbetja\n"
    "03.09.2026;Arben Gashi;dhurim;50,00;150,00\n"
    "04.09.2026;Besa Krasniqi;Donacion për fëmijët;1234,50;1384,50\n"
    "05.09.2026;Banka;Komision;-1,20;1383,30\n"
)
PATHS = (
    "/bank",
    "/bank/files",
    "/bank/to-decide",
    "/bank/matched",
    "/bank/not-gifts",
    "/bank/doubtful",
    "/bank/files/1",
    "/bank/files/1/take-back",
    "/bank/files/2",
    "/bank/files/2/columns",
    "/bank/files/2/columns?date_order=dmy&currency=PLN&account=1",
    "/bank/statements/1",
    "/bank/accounts/1",
    "/bank/entries/1",
    "/bank/entries/1?q=anna",
    "/bank/entries/1/new-donor",
    "/bank/entries/1/split",
)


@pytest.fixture(scope="module")
def place(stores: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with place_for(stores, tmp_path_factory.mktemp("bank") / "home") as where:
        installation = Installation(where.home, where.stores)
        installation.prepare(WHO, PASSWORD)
        installation.start_all()
        yield installation
        installation.stop_all()


Opener = Callable[..., Page]


@pytest.fixture
def open_signed_in(place: Installation, browser: Browser) -> Iterator[Opener]:
    """Open a signed-in page; a message of the browser's console fails the test."""
    contexts: list[BrowserContext] = []
    said: list[str] = []

    def open_page(**options: object) -> Page:
        context = browser.new_context(locale="en-GB", base_url=f"http://127.0.0.1:{place.port}", **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.goto("/sign-in")
        page.fill("#email", WHO)
        page.fill("#password", PASSWORD)
        page.click("main button")
        page.wait_for_url("**/")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


@pytest.fixture(scope="module")
def statement(place: Installation, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A statement of three entries, and an unknown table beside it."""
    folder = tmp_path_factory.mktemp("files")
    lines = [
        ("2026-11-19", "50.00", "KOWALSKA ANNA", PAYER, "darowizna"),
        ("2026-11-19", "20.00", "NOWAK JAN", "PL83101010230000261395100000", "wsparcie"),
        ("2026-11-20", "900.00", "GMINA GDAŃSK", "", "dotacja"),
    ]
    path = folder / "wyciag.xml"
    path.write_bytes(camt(lines))
    (folder / "export.csv").write_text(UNKNOWN, encoding="utf-8")
    return path


def send(page: Page, path: Path) -> None:
    page.goto("/bank")
    page.set_input_files("#f-file", path)
    page.get_by_role("button", name="Import", exact=True).click()


def test_statement_is_sent_and_decided(open_signed_in: Opener, statement: Path) -> None:
    """A statement is sent, three entries are decided, and one decision is undone."""
    page = open_signed_in()
    send(page, statement)
    page.get_by_role("button", name="It is ours: add it and import").click()
    page.get_by_text("Opening, money in and money out make the closing balance.").wait_for(timeout=20_000)
    page.goto("/bank/to-decide")
    page.locator("li", has_text="KOWALSKA ANNA").get_by_role("link", name="New donor").click()
    assert page.get_by_label("Given name").input_value() == "Anna"
    page.get_by_role("button", name="Add the donor and accept the gift").click()
    page.locator("li", has_text="NOWAK JAN").get_by_role("link", name="Another donor").click()
    page.get_by_label("Name, code, e-mail, town, IBAN or phone").fill("Anna Kowalska")
    page.get_by_role("button", name="Find", exact=True).click()
    page.get_by_role("button", name="It is this donor's gift").click()
    gmina = page.locator("li", has_text="GMINA GDAŃSK")
    gmina.locator("summary", has_text="Not a gift").click()
    gmina.get_by_label("What is it?").select_option("grant")
    gmina.get_by_role("button", name="It is not a gift").click()
    page.get_by_text("Nothing waits to be decided.").wait_for()
    page.get_by_role("link", name="Matched").click()
    assert page.locator("ol.entries > li").count() == 2
    page.locator("li", has_text="NOWAK JAN").get_by_role("button", name="Undo").click()
    page.get_by_text("Undone: the entry waits to be decided again.").wait_for()
    page.goto("/bank/to-decide")
    assert page.locator("ol.entries > li").count() == 1


def test_unknown_table_is_mapped_quickly(open_signed_in: Opener, statement: Path) -> None:
    """An unknown table is mapped in under ten clicks and known the second time."""
    page = open_signed_in()
    clicks = 0

    def click(name: str, role: str = "button") -> None:
        nonlocal clicks
        clicks += 1
        page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]

    page.goto("/bank")
    clicks += 1  # choosing the file
    page.set_input_files("#f-file", statement.with_name("export.csv"))
    click("Import")
    page.get_by_role("link", name="Say which column is which").first.wait_for(timeout=20_000)
    click("Say which column is which", "link")
    click("3 September 2026", "radio")
    page.get_by_text("All days are 12 or less").wait_for(state="detached")
    clicks += 1
    page.get_by_label("Kush").select_option("name")
    page.wait_for_url("**role1=name**")
    clicks += 1
    page.get_by_label("Pse").select_option("remittance")
    page.wait_for_url("**role2=remittance**")
    clicks += 1
    page.get_by_label("Which of our accounts is this?").select_option(index=1)
    click("Import 3 entries")
    page.get_by_text("3 new entries").wait_for(timeout=20_000)
    assert clicks < 10
    later = statement.with_name("october.csv")
    later.write_text(UNKNOWN.replace(".09.", ".10."), encoding="utf-8")
    send(page, later)
    page.get_by_text("3 new entries").wait_for(timeout=20_000)
    assert page.get_by_text("The file asks you something").count() == 0


def test_entries_are_decided_by_keyboard_alone(open_signed_in: Opener, statement: Path) -> None:
    page = open_signed_in()
    page.goto("/bank/to-decide")
    waiting = page.locator("ol.entries > li").count()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.id").startswith("e")
    page.keyboard.press("x")  # the question what it is opens, with its answers in focus
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(".done").wait_for()
    assert page.locator("ol.entries > li:not(.folded)").count() == waiting - 1
    page.locator(".done").get_by_role("button", name="Undo").click()
    page.get_by_text("Undone: the entry waits to be decided again.").wait_for()
    page.goto("/bank/to-decide")
    assert page.locator("ol.entries > li").count() == waiting


@pytest.fixture(scope="module")
def twelve_to_accept(place: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A statement of twelve payments, each with the code of another donor."""
    answer = place.run("token", "create", "test", "--scope", "donors:write", "--scope", "donors:read")
    token = answer.stdout.strip().splitlines()[-1]
    lines = []
    for number in range(12):
        name = f"Ewa {chr(65 + number)}backa"
        donor = call(place, token, "POST", "/donors", {"name": name, "email": f"ewa{number}@example.org"})
        lines.append(("2026-11-10", f"{30 + number}.00", name.upper(), "", f"dar {donor['code']}"))
    path = tmp_path_factory.mktemp("twelve") / "dwanascie.xml"
    path.write_bytes(camt(lines, account="PL27114020040000300201355387"))
    return path


def name_focused_entry(page: Page) -> str:
    focused = page.locator("ol.entries > li:focus .strong").first
    return focused.inner_text().strip()


def test_accepting_by_keyboard_keeps_its_place(open_signed_in: Opener, twelve_to_accept: Path) -> None:
    """Ten accepted in a row by keyboard are the ten that were highlighted, each confirmed in the window."""
    page = open_signed_in(viewport={"width": 1280, "height": 600})
    send(page, twelve_to_accept)
    page.get_by_role("button", name="It is ours: add it and import").click()
    page.get_by_text("12 new entries").wait_for(timeout=20_000)
    twelve = page.locator("ol.entries > li", has_text="BACKA")
    for _look in range(20):
        page.goto("/bank/to-decide")
        if twelve.count() == 12:
            break
        page.wait_for_timeout(500)
    twelve.first.focus()
    names = [name_focused_entry(page)]
    assert names[0]
    for _turn in range(9):
        page.keyboard.press("a")
        page.locator("#told", has_text=names[-1]).wait_for()
        names.append(name_focused_entry(page))
        confirmation = page.locator("#told .done").bounding_box()
        focused = page.locator("ol.entries > li:focus").bounding_box()
        assert confirmation is not None and focused is not None
        assert confirmation["y"] >= 0 and confirmation["y"] + confirmation["height"] <= 600
        assert focused["y"] >= confirmation["y"] + confirmation["height"]
        assert focused["y"] + focused["height"] <= 600
    page.keyboard.press("a")
    page.locator("#told", has_text=names[-1]).wait_for()
    assert len(set(names)) == 10
    assert page.locator("ol.entries > li.folded").count() == 10
    page.keyboard.press("u")
    page.locator("#told", has_text="Undone").wait_for()
    assert name_focused_entry(page) == names[-1]
    page.goto("/bank/matched")
    decided = [text.strip() for text in page.locator("ol.entries > li .entry .strong").all_inner_texts()]
    assert set(names[:9]) <= set(decided) and names[9] not in decided


def test_two_quick_keys_accept_two_entries(open_signed_in: Opener, twelve_to_accept: Path) -> None:
    """A pressed twice before the first answer has come accepts two entries, in reading order."""
    page = open_signed_in()
    page.goto("/bank/to-decide")
    waiting = page.locator("ol.entries > li", has_text="BACKA")
    names = [text.strip() for text in waiting.locator(".entry .strong").all_inner_texts()]
    waiting.first.focus()
    page.keyboard.press("a")
    page.keyboard.press("a")
    page.locator("ol.entries > li.folded").nth(1).wait_for()
    page.goto("/bank/to-decide")
    left = [text.strip() for text in waiting.locator(".entry .strong").all_inner_texts()]
    assert left == names[2:]


def test_all_of_it_works_without_a_script(open_signed_in: Opener, statement: Path) -> None:
    page = open_signed_in(java_script_enabled=False)
    bare = statement.with_name("bare.csv")
    bare.write_text(UNKNOWN.replace(".09.", ".08."), encoding="utf-8")
    send(page, bare)
    for _look in range(20):
        if page.get_by_text("3 new entries").count():
            break
        page.wait_for_timeout(500)
        page.get_by_role("link", name="Look again").click()
    page.goto("/bank/files/2/columns")
    page.get_by_label("Dates").select_option("mdy")
    page.get_by_role("button", name="Refresh").click()
    assert "date_order=mdy" in page.url
    page.goto("/bank/to-decide")
    page.locator("ol.entries > li").first.locator("summary").click()
    page.locator("ol.entries > li").first.get_by_role("button", name="It is not a gift").click()
    page.get_by_role("button", name="Undo").first.click()
    page.get_by_text("Undone: the entry waits to be decided again.").wait_for()


@pytest.mark.slow  # in Polish test_every_page looks at a page of each address every day
@pytest.mark.parametrize("lang", ["en", "pl", "sq"])
def test_nothing_is_wider_than_a_phone(open_signed_in: Opener, lang: str) -> None:
    page = open_signed_in(viewport={"width": 360, "height": 740})
    page.goto(f"/?lang={lang}")
    for path in PATHS:
        answer = page.goto(path)
        assert answer is not None and answer.status == 200
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


@pytest.mark.slow  # of each rule test_every_page looks at one page every day
def test_axe_finds_nothing_by_day_or_night(open_signed_in: Opener) -> None:
    page = open_signed_in(color_scheme="light", reduced_motion="reduce")
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = []
    for path in PATHS:
        page.goto(path)
        for scheme, only in (("light", rules), ("dark", ["color-contrast"])):  # only colours change at night
            page.emulate_media(color_scheme=scheme)
            violations = Axe().run(page, options={"runOnly": only}).response["violations"]
            found += [(path, scheme, v["id"], v["nodes"][0]["html"][:200]) for v in violations]
    assert found == []
