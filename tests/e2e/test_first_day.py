"""The first day at an empty installation, in Polish: from the organisation to a receipt in the donor's mail.

A folder named by DONORHUB_SCREENSHOTS gets a picture of each page, wide and as wide as a phone.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from donorhub import clock
from tests.e2e.test_main_job import PASSWORD
from tests.load.installation import Installation, place_for
from tests.servers import smtp_server
from tests.smtp import SmtpServer
from tests.web.bank.bank_world import PAYER, camt

pytestmark = [pytest.mark.e2e, pytest.mark.once, pytest.mark.slow]  # test_main_job is its small twin
PAID_ON = clock.now().date() - timedelta(days=3)
PATIENCE_MS = 30_000


@pytest.fixture
def mail() -> Iterator[SmtpServer]:
    with smtp_server() as server:
        yield server


@pytest.fixture
def place(stores: str, tmp_path: Path, mail: SmtpServer) -> Iterator[Installation]:
    with place_for(stores, tmp_path / "home") as where:
        installation = Installation(where.home, where.stores, DONORHUB_SMTP_URL=mail.url)
        installation.run("db", "upgrade")
        installation.run(
            "user", "create", "marta@example.org", "--role", "admin", "--lang", "pl", "--password", PASSWORD
        )
        installation.start_all()
        yield installation
        installation.stop_all()


@pytest.fixture
def page(browser: Browser, place: Installation) -> Iterator[Page]:
    page = browser.new_page(locale="pl-PL", base_url=f"http://127.0.0.1:{place.port}")
    page.set_default_timeout(PATIENCE_MS)
    yield page
    page.context.close()


def take_picture(page: Page, name: str) -> None:
    folder = os.environ.get("DONORHUB_SCREENSHOTS")
    if not folder:
        return
    wide = page.viewport_size or {"width": 1280, "height": 720}
    for width in (wide["width"], 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)
    page.set_viewport_size(wide)


def click_button(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("button", name=name).first.click()


def wait_for_text(page: Page, text: str) -> None:
    """Wait until a page that is being worked on says so, loading it again as its reader would."""
    for _look in range(60):
        if page.get_by_text(text).count():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(page.locator("main").inner_text())


def sign_in(page: Page) -> None:
    page.goto("/")
    page.get_by_label("E-mail").fill("marta@example.org")
    page.get_by_label("Hasło").fill(PASSWORD)
    click_button(page, "Zaloguj się")
    page.locator("nav#nav").wait_for(state="attached")
    take_picture(page, "1-pulpit")


def describe_organisation(page: Page) -> None:
    page.goto("/settings/organisation")
    for label, value in (
        ("Pełna nazwa", "Fundacja Otwarte Oczy"),
        ("Ulica", "ul. Długa 1"),
        ("Kod pocztowy", "00-238"),
        ("Miejscowość", "Warszawa"),
        ("KRS", "0000123456"),
        ("NIP", "5252810770"),
        ("Kto podpisuje potwierdzenia", "Maria Nowak"),
    ):
        page.get_by_label(label, exact=False).first.fill(value)
    click_button(page, "Zapisz")
    page.get_by_text("Zapisano").first.wait_for()
    take_picture(page, "2-organizacja")


def send_file(page: Page, path: Path) -> None:
    page.goto("/bank")
    page.set_input_files("#f-file", path)
    page.get_by_role("button", name="Import", exact=True).click()


def import_statement(page: Page, folder: Path) -> None:
    """Send a statement of an account that nobody entered before."""
    day = PAID_ON.isoformat()
    path = folder / "wyciag.xml"
    path.write_bytes(
        camt(
            [
                (day, "150.00", "ŻÓŁĆ ŁUCJA", PAYER, "darowizna na cele statutowe"),
                (day, "20.00", "NOWAK JAN", "PL83101010230000261395100000", "wsparcie"),
            ]
        )
    )
    send_file(page, path)
    wait_for_text(page, "nie jest jeszcze znany")
    take_picture(page, "3-plik-pyta-o-rachunek")
    assert page.get_by_text("Najpierw dodaj rachunek").count() == 0  # the button adds it
    click_button(page, "Jest nasz: dodaj i zaimportuj")
    wait_for_text(page, "Saldo początkowe, wpływy i wypływy dają saldo końcowe.")
    take_picture(page, "4-plik-zaimportowany")


def import_table(page: Page, folder: Path) -> None:
    """Send a table that nobody knows, and say what its columns are; the row numbers are no money."""
    rows = [(PAID_ON - timedelta(days=days)).strftime("%d.%m.%Y") for days in (1, 0)]
    path = folder / "lista.csv"
    path.write_text(
        f"Lp;Data;Kto;Tytuł;Ile zł\n1;{rows[0]};Ewa Lis;na psy;30,00\n2;{rows[1]};Adam Bąk;na koty;12,50\n",
        encoding="utf-8",
    )
    send_file(page, path)
    page.get_by_role("link", name="Powiedz, która kolumna jest która").first.wait_for()
    page.get_by_role("link", name="Powiedz, która kolumna jest która").first.click()
    page.get_by_label("Który to nasz rachunek?").select_option(index=1)
    page.get_by_text("wskazano").wait_for()  # the page was made anew with the account
    page.get_by_label("wpłynęło", exact=True).click()
    page.get_by_text("Odpowiedz, proszę").wait_for(state="detached")
    take_picture(page, "5-kolumny")
    assert "42,50" in page.locator("main").inner_text().replace("\u00a0", " ")
    click_button(page, re.compile("^Importuj"))
    wait_for_text(page, "2 nowe operacje")
    take_picture(page, "6-tabela-zaimportowana")


def decide_by_keyboard(page: Page) -> None:
    """Make a donor of the first payer, then go down with the keys and say of another what it is."""
    page.goto("/bank/to-decide")
    page.keyboard.press("ArrowDown")
    take_picture(page, "7-do-rozstrzygniecia")
    lucja = page.locator("ol.entries > li", has_text="ŻÓŁĆ ŁUCJA")
    lucja.focus()
    page.keyboard.press("n")
    page.get_by_label("Imię").wait_for()
    page.get_by_label("E-mail").fill("lucja@example.org")
    take_picture(page, "8-nowy-darczynca")
    page.get_by_label("E-mail").press("Enter")
    page.locator(".done").wait_for()
    page.goto("/bank/to-decide")
    waiting = page.locator("ol.entries > li").count()
    page.locator("ol.entries > li", has_text="NOWAK JAN").focus()
    page.keyboard.press("x")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(".done").wait_for()
    page.keyboard.press("u")
    page.locator("#told", has_text="Cofnięto").wait_for()
    page.goto("/bank/to-decide")
    assert page.locator("ol.entries > li").count() == waiting == 3


def issue_receipt(page: Page) -> str:
    """Issue a receipt for the gift, send it, and return its number."""
    page.goto("/donors")
    page.get_by_role("link", name=re.compile("Łucja")).first.click()
    page.get_by_role("link", name="Potwierdzenie").first.click()
    take_picture(page, "9-czego-brakuje")
    page.get_by_role("link", name="brakuje adresu darczyńcy").click()
    for label, value in (
        ("Ulica", "ul. Żółta 1"),
        ("Kod pocztowy", "90-001"),
        ("Miejscowość", "Łódź"),
        ("Kraj", "PL"),
    ):
        page.get_by_label(label).fill(value)
    click_button(page, "Zapisz")
    page.get_by_text("Dane darczyńcy zapisano.").wait_for()
    take_picture(page, "9-darczynca")
    assert page.get_by_text("Listy w języku: polski").count() == 1
    page.get_by_role("link", name="Potwierdzenie").first.click()
    page.locator("input[name=gift_ids]").first.check()
    take_picture(page, "10-potwierdzenie-do-wystawienia")
    page.locator("main form.stack button.primary").click()
    page.get_by_role("button", name=re.compile("^Wystaw potwierdzenie")).wait_for()
    take_picture(page, "10-podglad")
    click_button(page, re.compile("^Wystaw potwierdzenie"))
    page.wait_for_url(re.compile(r"/receipts/\d+$"))
    heading = page.locator("h1").inner_text()
    page.get_by_role("button", name="Wyślij potwierdzenie").click()
    take_picture(page, "11-potwierdzenie-wyslane")
    number = re.search(r"\S*/\d{4}/\d+", heading)
    assert number, heading
    return number.group(0)


def find_receipt_mail(mail: SmtpServer) -> tuple[EmailMessage, bytes]:
    """Return the one mail with a PDF, and the PDF."""
    for wanted in range(1, 6):
        for letter in mail.wait_for(wanted, timeout=60):
            for part in letter.iter_attachments():
                content = part.get_payload(decode=True)
                assert isinstance(content, bytes)
                return letter, content
    raise AssertionError("no mail had an attachment")


def test_first_day_ends_with_a_receipt(
    place: Installation, mail: SmtpServer, page: Page, tmp_path: Path
) -> None:
    """An empty installation is filled by its pages, and the donor's mail has the receipt as PDF."""
    sign_in(page)
    describe_organisation(page)
    import_statement(page, tmp_path)
    import_table(page, tmp_path)
    decide_by_keyboard(page)
    number = issue_receipt(page)
    letter, content = find_receipt_mail(mail)
    assert letter["To"] is not None and "lucja@example.org" in letter["To"]
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    text = " ".join(text.replace("\u00a0", " ").replace("\u00ad", "").split())
    assert number in text
    assert "Fundacja Otwarte Oczy" in text
    assert "150,00 zł" in text
    assert place.run("verify", "--thorough").returncode == 0
    with_pdf = [letter for letter in mail.messages if list(letter.iter_attachments())]
    assert len(with_pdf) == 1
