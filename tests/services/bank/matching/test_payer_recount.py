"""What an older program counted as experience with a payer though it had decided itself is counted anew."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import delete, select

from donorhub import clock
from donorhub.cli import upgrading
from donorhub.db import db
from donorhub.domain.bank.matching import clues as clues_of
from donorhub.models import Donor, PayerKey, UpgradeNote
from donorhub.services.access import organisation
from donorhub.services.bank.matching import credits, entries, matching, payer_recount
from donorhub.services.bank.matching.entries import Share
from tests.contents import read_contents
from tests.services.bank.bank import ANNA, assert_sound, open_account
from tests.services.bank.matching.matching_world import donor, entry_states, only_entry
from tests.services.bank.matching.test_experience import accept, receive, undo
from tests.web.bank.bank_world import Staff


def count_as_before(entry_id: int, giver: Donor, hits: int) -> None:
    """Leave what the program of before left of an entry's payer: each decision was a hit."""
    (place,) = credits.read_places([entry_id])
    (clues,) = clues_of.read_clues([place.credit], organisation.get_organisation().code_prefix)
    for value in (clues.payer_key, clues.saying):
        if value is None:
            continue
        key = db.session.scalar(select(PayerKey).filter_by(value=value, donor_id=giver.id))
        if key is None:
            key = PayerKey(value=value, donor_id=giver.id, misses=0, last_seen_on=place.booked_on)
            db.session.add(key)
        key.hits = hits
    db.session.commit()


def upgrade_again() -> None:
    """Mend as the first start of this program does."""
    db.session.execute(delete(UpgradeNote))
    db.session.commit()
    upgrading.mend_old_faults()


def list_hits() -> dict[tuple[str, int], tuple[int, int]]:
    keys = db.session.scalars(select(PayerKey).where(PayerKey.value.startswith("iban:")))
    return {(key.value, key.donor_id): (key.hits, key.misses) for key in keys}


def list_evidence(entry_id: int) -> list[str]:
    (candidate, *_) = matching.list_proposals([entry_id])[entry_id][0].candidates
    return [reason.key for reason in candidate.evidence]


def test_hits_of_the_program_confirm_nothing(database: Flask) -> None:
    """Where the program alone had confirmed a payer, the upgrade takes its hits back: the account alone is
    asked about again, and the page of the upgrade names the donor. Twice it changes nothing."""
    anna = donor()
    open_account("auto")
    first = receive(0, anna.code)
    receive(1, anna.code)
    count_as_before(first, anna, 2)
    last = receive(2, "darowizna")
    assert "match.history" in list_evidence(last)
    upgrade_again()
    assert set(list_hits().values()) == {(0, 0)}
    last = receive(3, "darowizna")
    assert entry_states()[-1] == "suspense"
    assert not {"match.history", "match.learned_account"} & set(list_evidence(last))
    note = db.session.scalars(select(UpgradeNote).filter_by(kind="payers_counted_again")).one()
    assert (note.count, note.subject_ids) == (1, [anna.id])
    before = read_contents()
    db.session.remove()
    upgrading.mend_old_faults()
    assert payer_recount.count_hits_again() == []
    assert read_contents() == before
    for lang, words in (("en", "Donors whose payers were"), ("pl", "Darczyńcy, których płatników")):
        page = Staff(database, "admin", lang=lang).get("/settings/upgrade").text
        assert words in page and f'href="/donors/{anna.id}"' in page
    assert_sound()


def test_hits_of_people_stay(database: Flask) -> None:
    """What people decided counts after the upgrade as before it, undone or not, for each donor."""
    anna, other = donor(), donor("Maria Lis")
    open_account()
    ids = [receive(n, "darowizna") for n in range(4)]
    for entry_id in ids[:3]:
        accept(entry_id, anna)
    undo(ids[2])
    accept(ids[3], other)
    key = f"iban:{ANNA}"
    before = {(key, anna.id): (3, 1), (key, other.id): (1, 0)}
    assert list_hits() == before
    upgrade_again()
    assert list_hits() == before
    count_as_before(ids[0], anna, 7)
    upgrade_again()
    assert list_hits() == before
    assert_sound()


@pytest.mark.parametrize("most", [1, 2])
def test_each_page_of_decisions_counts(database: Flask, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Decisions are read some at a time, and none is passed over; each part of a shared payment counts."""
    monkeypatch.setattr(payer_recount, "_AT_ONCE", most)
    anna, other = donor(), donor("Maria Lis")
    open_account()
    entry_id = receive(0, "razem")
    minor = only_entry().amount_minor
    shares = [Share(anna.id, minor - 1000), Share(other.id, 1000)]
    entries.accept_shares(entry_id, shares, now=clock.now(), actor="user:1")
    db.session.commit()
    for number in range(1, 4):
        accept(receive(number, "darowizna"), anna)
    before = list_hits()
    assert before[f"iban:{ANNA}", anna.id] == (4, 0)
    upgrade_again()
    assert list_hits() == before
