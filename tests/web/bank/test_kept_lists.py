"""A list of entries is worked out once while nothing changes, and anew after any change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from donorhub import clock
from donorhub.services.bank.matching import matching
from tests.web.bank.bank_world import PAYER, Staff, donor, token_in
from tests.web.bank.test_entries import statement

LIST = "/bank/to-decide"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many entries the engine was asked about, each time."""
    counts: list[int] = []
    list_proposals = matching.list_proposals

    def count(entry_ids: list[int]) -> object:
        counts.append(len(entry_ids))
        return list_proposals(entry_ids)

    monkeypatch.setattr(matching, "list_proposals", count)
    return counts


def test_engine_is_asked_once(accountant: Staff, asked: list[int]) -> None:
    statement(accountant, ("2026-11-19", "50.00", "KOWALSKA ANNA", PAYER, "x"))
    first, second = accountant.get(LIST), accountant.get(LIST)
    assert asked == [1]
    assert "KOWALSKA ANNA" in second.text
    assert first.text == second.text


def test_any_write_ends_what_is_kept(accountant: Staff, asked: list[int]) -> None:
    statement(accountant, ("2026-11-19", "50.00", "KOWALSKA ANNA", PAYER, "x"))
    assert "DH-" not in accountant.text(LIST)
    anna = donor("Anna Kowalska")
    assert anna.code in accountant.text(LIST)
    assert asked == [1, 1]


def test_next_day_ends_what_is_kept(
    database: Flask, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an entry may settle depends on the day, which in Warsaw begins at 23:00 UTC."""
    evening = datetime(2026, 11, 22, 22, 55, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: evening)
    accountant = Staff(database, "accountant")
    statement(accountant, ("2026-11-19", "50.00", "KOWALSKA ANNA", PAYER, "x"))
    for minutes in (1, 2, 6):
        monkeypatch.setattr(clock, "now", lambda at=evening + timedelta(minutes=minutes): at)
        accountant.get(LIST)
    assert asked == [1, 1]


def test_each_reader_gets_their_own_list(database: Flask) -> None:
    """A kept list holds neither another's form token nor another's actions nor language."""
    accountant = Staff(database, "accountant")
    statement(accountant, ("2026-11-19", "50.00", "KOWALSKA ANNA", PAYER, "x"))
    colleague, auditor = Staff(database, "accountant"), Staff(database, "auditor")
    pole = Staff(database, "accountant", lang="pl")
    pages = [staff.get(LIST).text for staff in (accountant, colleague, auditor, pole)]
    lists = [page[page.index('<nav class="tabs"') :] for page in pages]
    tokens = [token_in(staff.get("/account").text) for staff in (accountant, colleague)]
    own_tokens = [token.partition(".")[0] for token in tokens]  # what follows is the second of the day
    assert len({*own_tokens}) == 2
    assert own_tokens[0] in lists[0] and own_tokens[0] not in lists[1] and own_tokens[1] in lists[1]
    assert "csrf_token" not in lists[2]
    assert "Another donor" in lists[0] and "Another donor" not in lists[2] + lists[3]
