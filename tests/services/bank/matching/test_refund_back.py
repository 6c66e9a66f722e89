"""A refund of ours that the bank could not deliver comes back as our own money, not as a gift."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Gift, Match
from tests.services.bank.bank import ANNA, BESA, Paid, assert_sound, camt, match, open_account, send
from tests.services.bank.matching.matching_world import DAY, donor, entry_states, promise_instalment

LATER = DAY + timedelta(days=3)


def receive(*payments: Paid) -> None:
    """Match these entries twice on an account on auto; Anna has promised 50.00 from her account."""
    promise_instalment(donor(iban=ANNA))
    open_account("auto")
    send(camt(payments))
    match()
    match()


@pytest.mark.parametrize(
    "back",
    [
        Paid(LATER, 5000, text="Zwrot przelewu"),
        Paid(LATER, 5000, text="darowizna", return_code="AC04"),
        Paid(LATER, 5000, account="", text="AC04 rachunek zamknięty"),
        Paid(LATER, 5000, name="BANK", account="", text="zwrot", end_to_end="R1"),
    ],
)
def test_bounced_refund_is_no_gift(database: Flask, back: Paid) -> None:
    """Our refund that comes back makes no gift and settles no instalment, whatever the bank leaves out."""
    receive(Paid(DAY, -5000, text="oddajemy darowizne", end_to_end="R1"), back)
    assert entry_states() == ["suspense", "not_gift"]
    matched = db.session.scalars(select(Match)).one()
    assert [reason["key"] for reason in matched.evidence] == ["match.refund_back"]
    assert db.session.scalars(select(Gift)).all() == []
    assert_sound()


@pytest.mark.parametrize(
    "out",
    [
        Paid(DAY, -4900, text="inna kwota"),
        Paid(DAY, -5000, name="Besa Hoxha", account=BESA, text="komu innemu"),
        Paid(DAY - timedelta(days=121), -5000, text="dawno temu"),
    ],
)
def test_return_of_other_money_is_asked(database: Flask, out: Paid) -> None:
    """Money that speaks of a return and is not known to be ours waits for a person."""
    receive(out, Paid(LATER, 5000, text="zwrot"))
    assert entry_states()[1] == "suspense"
    assert db.session.scalars(select(Gift)).all() == []


def test_gift_after_refund_is_a_gift(database: Flask) -> None:
    """A donor to whom money went and who gives the same amount again gives a gift."""
    receive(Paid(DAY, -5000, text="oddajemy"), Paid(LATER, 5000, text="darowizna"))
    assert entry_states() == ["suspense", "matched"]
