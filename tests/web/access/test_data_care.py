"""How long data is kept, and the record of processing, on a page of the settings."""

from __future__ import annotations

from flask import Flask

from tests.web.bank.bank_world import Staff, words_of
from tests.web.desk import rows


def test_clock_is_shown_and_changed(database: Flask) -> None:
    """The page says until when; another number holds, the same again changes nothing, nonsense is refused."""
    staff = Staff(database, "admin")
    assert "What is older than 18 Oct 2025 goes." in staff.text("/settings/data")
    assert staff.post("/settings/data/provider_message", keep="30").status_code == 302
    assert "What is older than 23 Oct 2026 goes." in staff.text("/settings/data")
    before = rows()
    assert staff.post("/settings/data/provider_message", keep="30").status_code == 302
    for keep in ("0", "soon", ""):
        refused = staff.post("/settings/data/provider_message", keep=keep)
        assert refused.status_code == 422 and "Nothing was saved" in words_of(refused.text)
    assert staff.post("/settings/data/nothing", keep="1").status_code == 404
    assert rows() == before


def test_record_of_processing_is_page_and_file(database: Flask) -> None:
    """Purposes with their grounds and data, and the same for programs."""
    staff = Staff(database, "admin")
    text = staff.text("/settings/data")
    assert "Record of processing" in text
    assert "law on accounting" in text
    file = staff.get("/settings/data/processing.json")
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert {part["purpose"] for part in file.get_json()["activities"]} >= {"identity", "giving"}
