"""In Polish on a phone: a text changed and its preview seen, and a letter written, printed and posted."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, StorageState
from pypdf import PdfReader

from tests.e2e.test_every_page import Served, cookies, find_faults, served

__all__ = ["cookies", "served"]  # the pages and the administrator's cookies, as those tests have them
pytestmark = [pytest.mark.e2e, pytest.mark.once]
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def page(browser: Browser, served: Served, cookies: StorageState) -> Iterator[Page]:
    context = browser.new_context(
        base_url=served.base_url, viewport=PHONE, storage_state=cookies, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto("/?lang=pl")
    yield page
    context.close()


def look_at(page: Page, name: str) -> None:
    """Axe finds nothing on the page as it stands, and it does not scroll sideways."""
    assert find_faults(page, name) == []
    if folder := os.environ.get("DONORHUB_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def test_text_is_changed_and_its_preview_seen(page: Page) -> None:
    """A text is changed, read with a real donor and the next one, saved, and its difference shown."""
    page.goto("/settings/texts")
    look_at(page, "texts")
    page.get_by_role("link", name="polski · Podziękowanie e-mailem").click()
    page.fill("#f-subject", "Z serca dziękujemy")
    page.fill("#f-body", "{{ salutation }}\n\nz całego serca za {{ amount }}.\n\n{{ how_to_stop }}")
    page.get_by_role("button", name="Podgląd", exact=True).click()
    letter = page.locator("article.letter#sample")
    assert "z całego serca za" in letter.inner_text() and "Szanown" in letter.inner_text()
    assert "zł" in letter.inner_text() or "PLN" in letter.inner_text()
    look_at(page, "text")
    donor = page.locator("input[name=donor]").input_value()
    page.get_by_role("button", name="Poprzedni darczyńca").click()
    assert page.locator("input[name=donor]").input_value() != donor
    page.fill("#f-body", "{{ salutation }}\n\nz {{ sercem }}\n\n{{ how_to_stop }}")
    page.get_by_role("button", name="Podgląd", exact=True).click()
    assert "Wiersz 3: nie ma tu „sercem”." in page.locator("#e-body").inner_text()
    look_at(page, "text-refused")
    page.fill("#f-body", "{{ salutation }}\n\nz całego serca za {{ amount }}.\n\n{{ how_to_stop }}")
    page.fill("#f-reason", "cieplej")
    page.get_by_role("button", name="Zapisz jako nową wersję").click()
    assert "Od teraz używana jest wersja 1." in page.get_by_role("status").inner_text()
    page.get_by_role("link", name="Wszystkie wersje").click()
    assert "z całego serca za" in page.locator("ins").first.inner_text() or page.locator("ins").count() > 1
    look_at(page, "text-versions")


def test_letter_is_written_printed_and_posted(page: Page) -> None:
    """A letter is written from the donor's page, previewed, kept, printed and said to be posted."""
    page.goto("/donors/1")
    page.get_by_role("link", name="Napisz", exact=True).click()
    page.select_option("#f-channel", "post")
    page.fill("#f-subject", "Wieści ze schroniska")
    page.fill("#f-text", "Reks **ma się dobrze**.\n\n- je\n- biega")
    page.get_by_role("button", name="Podgląd").click()
    assert page.locator("article.letter strong").inner_text() == "ma się dobrze"
    look_at(page, "write")
    page.get_by_role("button", name="Zachowaj list do druku").click()
    look_at(page, "letter")
    link = page.get_by_role("link", name="Drukuj: okienko z lewej")
    answer = page.request.get(str(link.get_attribute("href")))
    printed = " ".join(PdfReader(io.BytesIO(answer.body())).pages[0].extract_text().split())
    assert "Wieści ze schroniska" in printed and "Reks ma się dobrze." in printed
    page.get_by_role("button", name="List nadany").click()
    assert "List jest nadany." in page.get_by_role("status").inner_text()
    page.goto("/donors/1?show=messages")
    assert "Wieści ze schroniska" in page.locator("ol.timeline").inner_text()


def test_post_to_a_list_is_counted_first(page: Page) -> None:
    """From the list as it is narrowed: who gets post, who does not, labels and the first letter."""
    page.goto("/donors?speaks=pl")
    page.get_by_role("link", name="Listy i etykiety adresowe").click()
    page.select_option("#why", "transactional")
    page.get_by_role("button", name="Policz ponownie").click()
    assert "Pocztę dostanie" in page.locator("#audience").inner_text()
    page.fill("#f-subject", "Wieści")
    page.fill("#f-text", "Nowy dach jest gotowy.")
    page.get_by_role("button", name="Podgląd").click()
    assert "Nowy dach jest gotowy." in page.locator("article.letter").inner_text()
    look_at(page, "post")
    page.locator("button[value=write]").click()
    look_at(page, "run")
    page.get_by_role("button", name="Wszystkie nadane").click()
    assert "Listy są nadane." in page.get_by_role("status").inner_text()
