"""Which entries a page lists, for whom, and where the list goes on."""

from __future__ import annotations

import re

from flask import Flask

from tests.web.bank.bank_world import PAYER, Line, Staff
from tests.web.bank.test_entries import OTHER, entry_of, statement


def test_page_holds_fifty_entries(accountant: Staff) -> None:
    """Fifty entries stand on a page, and the next page has the rest."""
    lines: list[Line] = [("2026-11-19", "1.00", f"PAYER {n:02d}", OTHER, f"x{n}") for n in range(53)]
    statement(accountant, *lines)
    page = accountant.get("/bank/to-decide")
    assert page.text.count('id="e') == 50
    following = re.search(r'href="([^"]+)" rel="next"', page.text)
    assert following is not None
    assert accountant.get(following.group(1).replace("&amp;", "&")).text.count('id="e') == 3
    assert accountant.get("/bank/to-decide?after=nonsense").status_code == 422


def test_auditor_is_offered_no_action(database: Flask) -> None:
    """An auditor sees everything, is offered no action and may do none."""
    accountant = Staff(database, "accountant")
    statement(accountant, ("2026-11-19", "50.00", "KOWALSKA ANNA", PAYER, "x"))
    row = entry_of("KOWALSKA ANNA")
    auditor = Staff(database, "auditor")
    words = auditor.text("/bank/to-decide") + auditor.text(f"/bank/entries/{row.id}")
    for deed in ("Accept", "New donor", "Split", "Find the donor"):
        assert deed not in words, deed
    for deed in ("accept", "give", "not-a-gift", "undo", "payout", "doubt", "split", "new-donor"):
        assert auditor.post(f"/bank/entries/{row.id}/{deed}").status_code == 403, deed
    assert auditor.post("/bank/accept-sure").status_code == 403


def test_missing_bank_rows_are_not_found(accountant: Staff) -> None:
    """Entries and files that are not there are not found."""
    for path in (
        "/bank/entries/9",
        "/bank/files/9",
        "/bank/statements/9",
        "/bank/accounts/9",
        "/bank/files/9/columns",
        "/bank/files/9/take-back",
        "/bank/entries/9/split",
    ):
        assert accountant.get(path).status_code == 404, path


def test_narrowed_list_stays_after_decision(accountant: Staff) -> None:
    """The list is narrowed to a statement and stays so after a decision."""
    statement(accountant, ("2026-11-18", "10.00", "FIRST PAYER", PAYER, "x"))
    statement(accountant, ("2026-11-19", "20.00", "SECOND PAYER", OTHER, "y"), opening="110.00")
    row = entry_of("SECOND PAYER")
    words = accountant.text(f"/bank/to-decide?statement={row.statement_id}")
    assert "SECOND PAYER" in words and "FIRST PAYER" not in words
    answer = accountant.click(
        f"/bank/entries/{row.id}/not-a-gift", reason="other", statement=row.statement_id
    )
    assert f"statement={row.statement_id}" in answer.headers["Location"]
