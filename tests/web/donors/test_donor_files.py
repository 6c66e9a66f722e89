"""Files on the donor's page: sent by its form, saved and never shown, taken away; by who may see them."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask

from donorhub import clock
from donorhub.db import db
from donorhub.models import Donor, DonorFile
from donorhub.services.access import hidden_fields
from donorhub.services.donors import donor_files
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import add_donor, rows

PDF = b"%PDF-1.7 Deklaracja"


@pytest.fixture
def page(database: Flask) -> str:
    return f"/donors/{add_donor().id}"


def send(staff: Staff, page: str, content: bytes = PDF, name: str = "scan.pdf", note: str = "of 2024") -> int:
    answer = staff.post(f"{page}/files", file=(io.BytesIO(content), name), file_note=note)
    return answer.status_code


def find_link(staff: Staff, page: str) -> str:
    links: list[str] = re.findall(rf'href="({page}/files/\d+)"', staff.get(page).text)
    assert len(links) == 1
    return links[0]


def test_file_is_sent_and_saved(page: str, database: Flask) -> None:
    """A file is kept once with its note, who and when, and comes back whole as a download."""
    staff = Staff(database, "fundraiser")
    assert send(staff, page, name="Umowa Łódź.pdf") == 302
    before = rows()
    assert send(staff, page) == 302
    assert "kept with the donor already" in staff.text(page)
    assert rows() == before
    page_text = staff.text(page)
    assert "Umowa Łódź.pdf" in page_text and "of 2024" in page_text and "Ann fundraiser" in page_text
    answer = staff.get(find_link(staff, page))
    assert answer.get_data() == PDF
    headers = answer.headers
    plain, encoded = "Umowa odz.pdf", "Umowa%20%C5%81%C3%B3d%C5%BA.pdf"
    assert headers["Content-Disposition"] == (f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
    assert (headers["Content-Type"], headers["X-Content-Type-Options"]) == ("application/pdf", "nosniff")
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "empty.pdf", "it may not be empty"),
        (b"MZ\x90\x00", "invoice.pdf", "no documents with macros"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "a.png", "no documents with macros"),
    ],
)
def test_what_is_not_kept_is_told(
    page: str, database: Flask, content: bytes, name: str, sentence: str
) -> None:
    """A refusal stands at the file's field, the note is still there, and nothing is kept."""
    staff = Staff(database, "fundraiser")
    before = rows()
    answer = staff.post(f"{page}/files", file=(io.BytesIO(content), name), file_note="of 2024")
    assert answer.status_code == 422
    assert sentence in words_of(answer.text) and 'value="of 2024"' in answer.text
    assert rows() == before


def test_large_file_is_told_the_limit(page: str, database: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file has more than may be, the sentence says how much may."""
    monkeypatch.setattr(donor_files, "LARGEST_MB", 0)
    staff = Staff(database, "fundraiser")
    answer = staff.post(f"{page}/files", file=(io.BytesIO(PDF), "scan.pdf"))
    assert answer.status_code == 422 and "A file has at most 0 MB" in words_of(answer.text)


def test_name_turned_around_is_turned_back(page: str, database: Flask) -> None:
    """A name that reads as another kind is kept under the ending of what it is, in page and header."""
    staff = Staff(database, "fundraiser")
    assert send(staff, page, b"harmless", "../../invoice\u202efdp.exe<b>") == 302
    assert "invoicefdp.exe b.txt" in staff.text(page)
    header = staff.get(find_link(staff, page)).headers["Content-Disposition"]
    assert header == 'attachment; filename="invoicefdp.exe b.txt"'


def test_file_is_taken_away(page: str, database: Flask) -> None:
    """Taken away it is on no page; a second click finds nothing."""
    staff = Staff(database, "fundraiser")
    send(staff, page)
    link = find_link(staff, page)
    assert staff.post(f"{link}/remove").status_code == 302
    assert "scan.pdf" not in staff.text(page)
    assert (staff.get(link).status_code, staff.post(f"{link}/remove").status_code) == (404, 404)
    let_write()
    assert db.session.query(DonorFile).count() == 0


def test_who_only_reads_saves_and_sends_nothing(page: str, database: Flask) -> None:
    """Who may not write has the file, and no form; whom it is hidden from has neither."""
    send(Staff(database, "fundraiser"), page)
    accountant = Staff(database, "accountant")
    link = find_link(accountant, page)
    assert accountant.get(link).get_data() == PDF
    assert f"{page}/files" not in accountant.get(page).text.replace(link, "")
    assert (send(accountant, page), accountant.post(f"{link}/remove").status_code) == (403, 403)
    let_write()
    hidden_fields.hide_field("files", ["fundraiser", "accountant"], now=clock.now(), actor="user:1")
    db.session.commit()
    for role in ("accountant", "fundraiser"):
        staff = Staff(database, role)
        assert "/files" not in staff.get(page).text and staff.get(link).status_code == 404
    assert send(Staff(database, "fundraiser"), page, b"another") == 404


def test_file_of_another_donor_is_not_found(page: str, database: Flask) -> None:
    """A file is found under its own donor alone, and by a caller only of their list."""
    staff = Staff(database, "fundraiser")
    send(staff, page)
    link = find_link(staff, page)
    other = add_donor("Ewa Wilk").id
    assert staff.get(f"/donors/{other}/files/{link.rpartition('/')[2]}").status_code == 404
    assert Staff(database, "caller").get(link).status_code == 404
    let_write()
    assert db.session.get_one(Donor, other)
