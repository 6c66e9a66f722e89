"""Lists of addresses with neither gift nor e-mail: they come in, or are refused with reason and way out."""

from __future__ import annotations

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.domain.moving.answers import Answers
from donorhub.errors import Rejected
from donorhub.models import Donor
from tests.services.moving.records import bring, show


@pytest.mark.parametrize(
    "text",
    [
        "Imię;Nazwisko;Ulica;Kod pocztowy;Miasto\nAnna;Nowak;ul. Długa 4;00-241;Warszawa\n",
        "Adresat;Adres\nAnna Nowak;ul. Długa 4, 00-241 Warszawa\n",
        "Marrësi;Adresa\nAnna Nowak;ul. Długa 4, 00-241 Warszawa\n",
        'Addressee,Full address\nAnna Nowak,"ul. Długa 4, 00-241 Warszawa"\n',
    ],
)
def test_addresses_alone_come_in_once(database: Flask, text: str) -> None:
    """Each address is a donor's, with no gift and nothing that may be sent; the file again adds nobody."""
    bring(text.encode(), Answers(), "adresy.csv")
    (anna,) = db.session.query(Donor)
    assert (anna.name, anna.street, anna.postcode, anna.city) == (
        "Anna Nowak",
        "ul. Długa 4",
        "00-241",
        "Warszawa",
    )
    _, plan = show((text + "\n").encode(), Answers(), "adresy.csv")
    assert plan.figures["counts"]["known"] == 1 and not plan.can_be_written


def test_addresses_of_nobody_ask_whose_they_are(database: Flask) -> None:
    """Without any name each row is held for it, and nobody is made."""
    _, plan = show(b"Ulica;Kod;Miasto\nul. Polna 4;00-241;Warszawa\n", Answers(), "adresy.csv")
    assert [question.code for question in plan.questions] == ["name_column"]
    assert plan.figures["reasons"] == [["held", "no_name", 1]] and not plan.can_be_written


def test_emails_alone_are_refused_with_a_way_out(database: Flask) -> None:
    """A column of e-mail addresses is no table of people; what it lacks is said."""
    with pytest.raises(Rejected, match="second column with the names"):
        show(b"E-mail\nanna@example.org\njan@example.org\n", Answers(), "adresy.csv")
    assert db.session.query(Donor).count() == 0
