"""A fundraiser's day in Polish on a phone: people come in, are called, written to, made one and two again.

Each page on the way is looked at by axe and must not scroll sideways. The clicks are counted and printed
(``pytest -s``); a folder named by DONORHUB_SCREENSHOTS gets a picture of each page.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator, Page
from pypdf import PdfReader

from tests.e2e.test_every_page import find_faults
from tests.e2e.test_main_job import PASSWORD
from tests.load.installation import Installation, place_for
from tests.record_books import write_book

pytestmark = [pytest.mark.e2e, pytest.mark.once]
PHONE: Final = {"width": 390, "height": 844}
PATIENCE_MS: Final = 8_000
ROWS: Final = [
    ("Wpłaty na schronisko 2024",),
    ("Kto", "E-mail", "Telefon", "Adres", "Kiedy", "Ile zł", "Co mówi"),
    ("Anna Kowalska", "anna@example.org", "601 234 567", "ul. Lipowa 3, 90-001 Łódź", "12.03.2024", "50 zł"),
    ("Kowalska Ania", None, "601234567", None, "14.04.2024", "1 234,50"),
    (
        "Jan Lis",
        "jan.lis@example.org",
        None,
        "ul. Prosta 1, 00-001 Warszawa",
        "31.02.2024",
        80,
        "woli koty",
    ),
    ("Łucja Gżegżółka", None, None, "ul. Długa 7/2, 00-238 Warszawa", "3.05.24r.", "sto"),
    ("Piotr Nowak", "piotr@example.org", None, None, "06.05.2024", "35,50"),
    ("Piotr Nowak", "p.nowak@firma.example", None, "Rynek 1, 31-042 Kraków", "07.05.2024", "40,00"),
    ("Razem", None, None, None, None, "1 540,00"),
]
SUMS: Final = {
    "Anna Kowalska": (2, 128450),
    "Jan Lis": (1, 8000),
    "Łucja Gżegżółka": (1, 10000),
    "Piotr Nowak": (2, 7550),  # two people of one name
}
PARTS: Final = {  # what each may take: no more clicks than a person has patience for
    "import": 10,
    "call": 4,
    "letter": 6,
    "merge": 6,
    "text": 6,
}


class Phone:
    """A person with a phone: goes by what is shown, and their clicks are counted."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks, self.part = page, 0, ""
        self.counts: dict[str, int] = {}
        self._pictures = 0

    def begin(self, part: str) -> None:
        self.part = part

    def click(self, what: Locator) -> None:
        self.clicks += 1
        self.counts[self.part] = self.counts.get(self.part, 0) + 1
        what.click()

    def link(self, name: str | re.Pattern[str]) -> None:
        self.click(self.page.get_by_role("link", name=name).first)

    def button(self, name: str | re.Pattern[str]) -> None:
        self.click(self.page.get_by_role("button", name=name).first)

    def look(self, name: str) -> None:
        self._pictures += 1
        if folder := os.environ.get("DONORHUB_SCREENSHOTS"):
            path = Path(folder) / f"{self._pictures:02}-{name}.png"
            self.page.screenshot(path=str(path), full_page=True)
        assert find_faults(self.page, name) == []

    def wait_for(self, text: str) -> None:
        for _look in range(60):
            if self.page.get_by_text(text).count():
                return
            self.page.wait_for_timeout(300)
            self.page.reload()
        raise AssertionError(self.page.locator("main").inner_text())


@pytest.fixture
def place(stores: str, tmp_path: Path) -> Iterator[Installation]:
    with place_for(stores, tmp_path / "home") as where:
        installation = Installation(where.home, where.stores)
        installation.prepare("marta@example.org", PASSWORD)
        installation.script(
            "from donorhub.services.access.organisation import get_organisation\n"
            "ours = get_organisation()\n"
            "ours.legal_name, ours.lang, ours.city = 'Fundacja Otwarte Oczy', 'pl', 'Warszawa'"
        )
        installation.start_all()
        yield installation
        installation.stop_all()


@pytest.fixture
def phone(browser: Browser, place: Installation) -> Iterator[Phone]:
    context = browser.new_context(
        base_url=f"http://127.0.0.1:{place.port}", viewport=PHONE, locale="pl-PL", reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto("/")
    page.get_by_label("E-mail").fill("marta@example.org")
    page.get_by_label("Hasło").fill(PASSWORD)
    page.get_by_role("button", name="Zaloguj się").click()
    page.locator("nav#nav").wait_for(state="attached")
    page.goto("/?lang=pl")
    yield Phone(page)
    context.close()


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "wplaty.xlsx"
    path.write_bytes(write_book({"2024": ROWS}))
    return path


def read_ledger(place: Installation) -> dict[str, tuple[int, int]]:
    """Return what each donor who is there has given and still counts, by name."""
    rows = place.rows(
        "SELECT donor.name, count(*), sum(gift.amount_minor) FROM gift JOIN donor ON donor.id = gift.donor_id"
        " WHERE donor.removed_at IS NULL"
        " AND gift.id NOT IN (SELECT gift_id FROM correction) GROUP BY donor.name"
    )
    return {name: (count, minor) for name, count, minor in rows}


def bring_file(phone: Phone, book: Path) -> None:
    """Drop the spreadsheet in, say what a column holds, mend two rows, and bring it."""
    page = phone.page
    phone.link("Przenieś dane")
    phone.look("moving")
    page.set_input_files("#f-file", book)
    phone.button("Obejrzyj")
    phone.look("plan")
    columns = page.locator("section[aria-labelledby=cols]")
    columns.get_by_label("Co mówi").select_option(label="Notatka")
    held = page.locator("section[aria-labelledby=held] li")
    held.nth(0).get_by_label("Kiedy").fill("29.02.2024")
    held.nth(1).get_by_label("Ile zł").fill("100")
    phone.click(page.locator("section[aria-labelledby=held]").get_by_role("button"))
    assert page.locator("section[aria-labelledby=held]").count() == 0
    assert page.locator("td[data-name='Różnica']").inner_text().startswith("0,00")
    phone.look("plan-mended")
    phone.button("Wprowadź: 5 nowych darczyńców, 6 darowizn")
    phone.wait_for("wprowadzony")
    phone.look("report")


def take_back_and_bring_again(phone: Phone, place: Installation) -> None:
    phone.link("Cofnij wprowadzenie")
    phone.look("take-back")
    phone.button("Cofnij wprowadzenie")
    phone.look("taken-back")
    assert read_ledger(place) == {}
    phone.button("Wprowadź ponownie")
    phone.look("plan-again")
    phone.button("Wprowadź: 5 nowych darczyńców, 6 darowizn")
    phone.wait_for("wprowadzony")


def log_call(phone: Phone, place: Installation) -> None:
    page = phone.page
    phone.link(re.compile("Anna Kowalska"))
    phone.look("donor")
    phone.click(page.locator("summary", has_text="Telefon, wizyta, list"))
    form = page.locator("details[open] form")
    form.get_by_label("Wynik rozmowy").select_option(label="rozmowa odbyta")
    form.get_by_label("Co powiedziano lub zrobiono").fill("Prosi o list.")
    phone.look("call")
    phone.click(form.get_by_role("button", name="Zapisz"))
    assert "Telefon: rozmowa odbyta" in page.locator("ol.timeline").inner_text()
    calls = place.rows("SELECT outcome, text FROM interaction WHERE kind = 'call'")
    assert calls == [("reached", "Prosi o list.")]


def write_letter(phone: Phone, place: Installation) -> None:
    page = phone.page
    phone.link(re.compile("^ *Napisz"))
    page.select_option("#f-channel", "post")
    page.get_by_label("Temat").fill("Wieści ze schroniska")
    page.get_by_label("Treść").fill("Reks **ma się dobrze**.")
    phone.button("Podgląd")
    assert "Szanowna Pani Anno" in page.locator("article.letter").inner_text()
    phone.look("write")
    phone.button("Zachowaj list do druku")
    phone.look("letter")
    link = page.get_by_role("link", name="Drukuj: okienko z lewej")
    answer = page.request.get(str(link.get_attribute("href")))
    printed = " ".join(PdfReader(io.BytesIO(answer.body())).pages[0].extract_text().split())
    assert "Szanowna Pani Anno" in printed and "Reks ma się dobrze." in printed
    assert "ul. Lipowa 3" in printed and "Fundacja Otwarte Oczy" in printed
    phone.button("List nadany")
    phone.look("posted")
    assert place.rows("SELECT channel, state FROM message") == [("post", "sent")]


def merge_and_part(phone: Phone, place: Installation) -> None:
    page = phone.page
    page.goto("/donors")
    phone.link(re.compile("Piotr Nowak"))
    phone.link("Scal z innym zapisem")
    phone.look("merge-choice")
    page.locator("#merge-q").fill("Piotr Nowak")
    phone.click(page.locator("main").get_by_role("button", name="Szukaj"))
    phone.click(page.locator("main table").get_by_role("link", name="Piotr Nowak"))
    phone.look("merge")
    phone.button("Scal w jednego darczyńcę")
    phone.look("merged")
    heirs = "SELECT count(DISTINCT donor_id) FROM gift WHERE amount_minor IN (3550, 4000)"
    live = f"{heirs} AND id NOT IN (SELECT gift_id FROM correction)"
    assert place.one(live) == 1
    phone.button("Rozłącz scalenie")
    phone.look("parted")
    assert place.one(live) == 2


def change_text(phone: Phone, place: Installation) -> None:
    page = phone.page
    page.goto("/settings/texts")
    phone.look("texts")
    phone.link("polski · Podziękowanie e-mailem")
    page.get_by_label("Temat").fill("Z serca dziękujemy")
    page.locator("#f-body").fill("{{ salutation }}\n\nz całego serca za {{ amount }}.\n\n{{ how_to_stop }}")
    phone.button("Podgląd")
    assert "z całego serca za" in page.locator("#sample").inner_text()
    phone.look("text")
    page.locator("#f-reason").fill("cieplej")
    phone.button("Zapisz jako nową wersję")
    phone.look("text-saved")
    assert place.rows("SELECT kind, lang, version, subject FROM template") == [
        ("thank_you", "pl", 1, "Z serca dziękujemy")
    ]


def test_fundraisers_day_on_a_phone(phone: Phone, place: Installation, book: Path) -> None:
    """People come in, go, come again; one is called and written to, two are one and two again, a text is
    changed: the ledger holds what the person meant, and axe finds nothing on the way.
    """
    phone.look("home")
    phone.begin("import")
    bring_file(phone, book)
    assert read_ledger(place) == SUMS
    take_back_and_bring_again(phone, place)
    assert read_ledger(place) == SUMS
    notes = place.rows(
        "SELECT name, text FROM interaction JOIN donor ON donor.id = donor_id WHERE removed_at IS NULL"
    )
    assert notes == [("Jan Lis", "woli koty")]
    phone.begin("call")
    phone.link("Do darczyńców")
    phone.look("donors")
    log_call(phone, place)
    phone.begin("letter")
    write_letter(phone, place)
    phone.begin("merge")
    merge_and_part(phone, place)
    phone.begin("text")
    change_text(phone, place)
    assert read_ledger(place) == SUMS
    assert place.one("SELECT count(*) FROM message") == 1  # the letter; of history nobody is thanked
    print(f"clicks: {phone.counts}, together {phone.clicks}")
    assert {part: count for part, count in phone.counts.items() if count > PARTS[part]} == {}
