"""A donor is written to in the language that they told, else in that of their country."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from donorhub.db import db
from donorhub.domain.donors.languages import choose_lang
from donorhub.services.access import audit, organisation
from donorhub.services.donors import donors
from donorhub.services.donors.donor_fields import DonorFields
from donorhub.services.providers.customers import Account, Giver
from donorhub.services.providers.directory import Directory
from webhooks.states import DonorState


@pytest.mark.parametrize(
    ("country", "home_lang", "lang"),
    [
        ("PL", "sq", "pl"),
        ("AL", "pl", "sq"),
        ("XK", "pl", "sq"),
        ("DE", "pl", "en"),
        ("", "pl", "pl"),
        ("", "sq", "sq"),
    ],
)
def test_country_decides_where_no_language_is_told(country: str, home_lang: str, lang: str) -> None:
    assert choose_lang(country, home_lang) == lang  # type: ignore[arg-type]


STEPS: list[tuple[DonorFields, str, bool]] = [
    ({"name": "Arta"}, "pl", False),  # no country: our own language
    ({"country": "AL"}, "sq", False),  # it follows the country that is told later
    ({"name": "Arta Hoxha"}, "sq", False),
    ({"country": "DE"}, "en", False),
    ({"lang": "en"}, "en", True),  # the same language, but told from now on
    ({"country": "PL"}, "en", True),
    ({"lang": None}, "pl", False),
    ({"lang": "sq", "country": "XK"}, "sq", True),
]


def test_told_language_stays_whatever_the_country(database: Flask, now: datetime) -> None:
    """A language follows the country until one is told, and again when that is taken back; each change has
    its trace."""
    organisation.get_organisation().lang = "pl"
    fields, lang, is_told = STEPS[0]
    donor = donors.create_donor(fields, source="api", now=now, actor="t")
    assert (donor.lang, donor.lang_is_told) == (lang, is_told)
    for fields, lang, is_told in STEPS[1:]:
        version = donor.version
        donors.change_donor(donor, fields, now=now, actor="t")
        assert (donor.lang, donor.lang_is_told) == (lang, is_told), fields
        assert donor.version == version + 1
        donors.change_donor(donor, fields, now=now, actor="t")
        assert donor.version == version + 1, "again changes nothing"
    db.session.commit()
    records = db.session.scalars(audit.select_records(subject_type="donor", subject_id=donor.id)).all()
    changes = [change["lang"] for change in audit.read_changes(records).values() if "lang" in change]
    assert changes == [("pl", "sq"), ("sq", "en"), (None, "en"), ("en", "pl"), ("pl", "sq")]


def test_provider_tells_language_after_country(database: Flask, now: datetime) -> None:
    """A payer of whom a provider knows the country alone is written to in its language; the checkout's own
    language wins whenever it is told."""
    organisation.get_organisation().lang = "pl"
    told_at = Account("stripe", "acct_1")
    payer: DonorState = {"name": "Arta", "email": "arta@example.org", "address": {"country": "XK"}}
    for person, lang, is_told in (
        (payer, "sq", False),
        (payer | {"address": {"country": "DE"}}, "en", False),
        (payer | {"locale": "en-GB"}, "en", True),
        (payer | {"address": {"country": "PL"}}, "en", True),
        (payer | {"locale": "pl"}, "pl", True),
    ):
        giver = Giver(person=person, metadata={}, ref="pi_1", kind="payment")  # type: ignore[arg-type]
        directory = Directory(told_at, {}, [], newcomers=[giver])
        donor = directory.find_or_create_donor(giver, now=now)
        db.session.flush()
        assert (donor.lang, donor.lang_is_told) == (lang, is_told), person
