"""In Polish on a phone: a table with a column a month is dropped in, answered and brought."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.e2e.test_own_words import cookies, look_at, page, served

__all__ = ["cookies", "page", "served"]
pytestmark = [pytest.mark.e2e, pytest.mark.once]
LINES = (
    "Imię i nazwisko;E-mail;styczeń;luty;marzec;Razem zł",
    "Łucja Gżegżółka;lucja.g@example.org;50;x;50,00;100",
    "Zbigniew Śliwiński;zbigniew.s@example.org;;1 234,50;-;1234,50",
    "Razem;;50;1234,50;50;1334,50",
)


def test_months_are_brought(page: Page) -> None:
    """Two questions at once, the cell of each amount, sums by month, and the button with its numbers."""
    page.goto("/moving-in")
    file = {"name": "skladki.csv", "mimeType": "text/csv", "buffer": "\n".join(LINES).encode()}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Obejrzyj").click()
    assert "W którym roku jest pierwszy miesiąc tego arkusza?" in page.inner_text("main")
    look_at(page, "months-asked")
    page.get_by_label("W którym roku").select_option("2025")
    page.get_by_label("ostatni dzień").check()
    page.get_by_role("button", name="Odpowiedz").click()
    text = page.inner_text("main")
    assert "komórka D2" in text and "krzyżyk nie mówi, jaka to kwota" in text
    look_at(page, "months-shown")
    page.set_viewport_size({"width": 1280, "height": 900})
    look_at(page, "months-shown-wide")
