"""What an older program counted as experience with a payer though it had decided itself is counted anew."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import delete, select

from donorhub import clock
from donorhub.cli import upgrading
from donorhub.db import db
from donorhub.domain.bank.matching import clues as clues_of
from donorhub.domain.bank.matching.other_payers import CODED
from donorhub.models import Donor, PayerKey, PayerUse, UpgradeNote
from donorhub.services.access import organisation
from donorhub.services.bank.matching import (
    credits,
    entries,
    matching,
    payer_keys,
    payer_learning,
    payer_recount,
)
from donorhub.services.bank.matching.entries import Share
from tests.contents import read_contents
from tests.services.bank.bank import ANNA, assert_sound, open_account
from tests.services.bank.matching.matching_world import donor, entry_states, only_entry
from tests.services.bank.matching.test_experience import accept, receive, undo
from tests.web.bank.bank_world import Staff


def count_as_before(entry_id: int, giver: Donor, hits: int) -> None:
    """Leave what the program of before left of an entry's payer: each decision a hit, without its words."""
    (place,) = credits.read_places([entry_id])
    (clues,) = clues_of.read_clues([place.credit], organisation.get_organisation().code_prefix)
    payer_id = payer_keys.find_payer_ids([clues.payer_key or ""]).get(clues.payer_key or "")
    if payer_id is None:
        lesson = payer_learning.Lesson(clues.payer_key or "", "", CODED, giver.id, place.booked_on)
        (payer_id,) = payer_learning.find_or_make_payers([lesson]).values()
    uses = db.session.scalars(select(PayerUse).filter_by(payer_id=payer_id, donor_id=giver.id)).all()
    misses = sum(use.misses for use in uses)
    for use in uses:
        db.session.delete(use)
    db.session.flush()
    row = PayerUse(payer_id=payer_id, donor_id=giver.id, words=CODED, last_on=place.booked_on)
    row.hits, row.misses = hits, misses
    db.session.add(row)
    db.session.commit()


def upgrade_again() -> None:
    """Mend as the first start of this program does."""
    db.session.execute(delete(UpgradeNote))
    db.session.commit()
    upgrading.mend_old_faults()


def list_hits() -> dict[tuple[str, int], tuple[int, int]]:
    """Return hits and misses by account and donor."""
    sums: dict[tuple[str, int], tuple[int, int]] = {}
    for account, use in db.session.execute(
        select(PayerKey.value, PayerUse).join(PayerUse, PayerUse.payer_id == PayerKey.payer_id)
    ):
        hits, misses = sums.get((account, use.donor_id), (0, 0))
        sums[account, use.donor_id] = (hits + use.hits, misses + use.misses)
    return sums


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
    assert list_hits() == {}
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
    key = ANNA
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
    assert before[ANNA, anna.id] == (4, 0)
    upgrade_again()
    assert list_hits() == before
