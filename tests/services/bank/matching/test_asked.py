"""What is asked and not booked, on accounts that are on auto; the settings say what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.models import Entry, Gift
from donorhub.services.access import organisation
from donorhub.services.bank.matching import certain_entries, entries, matching
from donorhub.services.bank.matching.entries import Share
from tests.services.bank.bank import ANNA, Paid, assert_sound, camt, match, open_account, send
from tests.services.bank.matching.matching_world import (
    DAY,
    donor,
    entry_states,
    import_and_match,
    only_entry,
    promise_instalment,
)


def change_settings(**fields: str) -> None:
    organisation.change_organisation(fields, now=clock.now(), actor="user:1")
    db.session.commit()


def find_reasons() -> set[str]:
    proposal = matching.list_proposals([only_entry().id])[only_entry().id][0]
    return {reason.key for candidate in proposal.candidates for reason in candidate.evidence}


@pytest.mark.parametrize("text", ["Faktura 12/2026", "Zakup kalendarzy", "czynsz", "Fatura 3", "invoice 7"])
def test_purchase_from_donors_account_is_asked(database: Flask, text: str) -> None:
    """A purchase from a donor's account is asked, though its amount is that of the instalment."""
    anna = donor(iban=ANNA)
    promise_instalment(anna)
    import_and_match(Paid(DAY, 5000, text=text), mode="auto")
    assert entry_states() == ["suspense"]
    assert "match.words_against" in find_reasons()
    assert [*certain_entries.accept_certain_entries(now=clock.now(), actor="user:1")] == [0]
    assert db.session.scalars(select(Gift)).all() == []
    assert_sound()


def test_words_against_giving_are_the_settings(database: Flask) -> None:
    """The organisation's own words are heard, and those that it took out are not."""
    change_settings(words_against="kalendarz*")
    anna = donor()
    texts = (f"dwa kalendarze {anna.code}", f"zakup {anna.code}")
    import_and_match(*(Paid(DAY, 5000, text=text) for text in texts), mode="auto")
    assert entry_states() == ["suspense", "matched"]


def test_gift_of_300_times_usual_is_asked(database: Flask) -> None:
    """A gift of 300 times the usual is asked, by code or account; five times is booked."""
    anna = donor()
    open_account("auto")
    for day, minor in enumerate((5000, 1_500_000, 25_000)):
        on = DAY + timedelta(days=day)
        send(camt([Paid(on, minor, text=anna.code)], opening=None, name=f"S{day}"))
        match()
    assert entry_states() == ["matched", "suspense", "matched"]
    assert_sound()


def test_gift_taken_out_measures_no_other(database: Flask) -> None:
    """A sum that was taken out again does not make the next one usual."""
    anna = donor()
    open_account("auto")
    for day in range(3):
        minor = 5000 if day == 0 else 1_500_000
        on = DAY + timedelta(days=day)
        send(camt([Paid(on, minor, text=anna.code)], opening=None, name=f"S{day}"))
        match()
        if day == 1:
            entry = db.session.scalars(select(Entry).where(Entry.amount_minor == minor)).one()
            entries.accept_shares(entry.id, [Share(anna.id, minor)], now=clock.now(), actor="user:1")
            entries.undo_entry(entry.id, now=clock.now(), actor="user:1")
            db.session.commit()
    assert entry_states() == ["matched", "suspense", "suspense"]
    assert_sound()


def test_amount_above_setting_is_asked(database: Flask) -> None:
    """Above the organisation's amount for the currency a person is asked; other currencies have none."""
    change_settings(ask_above="100 PLN")
    anna = donor()
    import_and_match(Paid(DAY, 10_000, text=anna.code), Paid(DAY, 10_001, text=anna.code), mode="auto")
    assert entry_states() == ["matched", "suspense"]


def test_another_donors_code_beside_own_name_is_asked(database: Flask) -> None:
    """A code of another donor beside the payer's own known name is asked once, and then is known."""
    donor("Anna Kowalska", ANNA)
    jan = donor("Jan Zieliński")
    open_account("auto")
    for number in range(2):
        on = DAY + timedelta(days=number)
        send(camt([Paid(on, 5000, text=jan.code)], opening=None, name=f"S{number}"))
        match()
        if number == 0:
            assert entry_states() == ["suspense"]
            assert "match.code_other_payer" in find_reasons()
            share = Share(jan.id, 5000)
            entries.accept_shares(only_entry().id, [share], now=clock.now(), actor="user:1")
            db.session.commit()
    assert entry_states() == ["matched", "matched"]
    assert {gift.donor_id for gift in db.session.scalars(select(Gift))} == {jan.id}
    assert_sound()
