"""The made-up people of the demo: its staff, and 300 donors in three languages, the same every time."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from donorhub.db import db
from donorhub.models import Donor
from donorhub.models.states import Lang, RoleName
from donorhub.services.access import organisation, users
from donorhub.services.donors import accounts, donors
from donorhub.services.donors.donor_fields import DonorFields

PASSWORD: Final = "demo-demo-demo"  # noqa: S105  a password for made-up data, printed on purpose
STAFF: Final[tuple[tuple[str, str, tuple[RoleName, ...], Lang], ...]] = (
    ("marta@demo.example", "Marta Zielińska", ("admin",), "en"),
    ("ksiegowosc@demo.example", "Piotr Księgowy", ("accountant",), "pl"),
    ("arta@demo.example", "Arta Gashi", ("fundraiser",), "sq"),
    ("caller@demo.example", "Emma Caller", ("caller",), "en"),
)
SEED: Final = 20_26
COUNT: Final[Mapping[Lang, int]] = {"pl": 180, "sq": 70, "en": 50}
GIVEN_NAMES: Final = {
    "pl": (
        "Anna Maria Katarzyna Małgorzata Agnieszka Barbara Ewa Elżbieta Zofia Łucja Żaneta Danuta "
        "Jan Piotr Krzysztof Andrzej Tomasz Paweł Michał Stanisław Jakub Wojciech Grzegorz Józef Łukasz"
    ).split(),
    "sq": (
        "Arta Besa Elira Jeta Liridona Mimoza Nora Rina Teuta Vjosa Zana Arben Dritan Fatmir Gëzim Ilir Kujtim "
        "Petrit Shpend Agim Besnik Çlirim Ardian Blerim"
    ).split(),
    "en": "Emma Olivia Sophie Grace Alice Hannah Oliver Lukas Noah James Henry Daniel Chloé José Jürgen Søren".split(),
}
FAMILY_NAMES: Final = {
    "pl": [
        ("Kowalska", "Kowalski"),
        ("Nowak", "Nowak"),
        ("Wiśniewska", "Wiśniewski"),
        ("Wójcik", "Wójcik"),
        ("Kamińska", "Kamiński"),
        ("Lewandowska", "Lewandowski"),
        ("Zielińska", "Zieliński"),
        ("Woźniak", "Woźniak"),
        ("Dąbrowska", "Dąbrowski"),
        ("Kozłowska", "Kozłowski"),
        ("Jabłońska", "Jabłoński"),
        ("Mazur", "Mazur"),
        ("Świątek", "Świątek"),
        ("Gżegżółka", "Gżegżółka"),
        ("Źrebiec", "Źrebiec"),
        ("Ćwik", "Ćwik"),
    ],
    "sq": [
        (name, name)
        for name in "Krasniqi Gashi Berisha Hoxha Shala Kelmendi Bytyqi Çela Xhaferi Morina Thaçi Gjoni Hyseni".split()
    ],
    "en": [
        (name, name)
        for name in "Smith Brown Taylor Wilson Müller Schmidt Peterson Johansson Fernández Dubois Rossi Clarke".split()
    ],
}
TOWNS: Final = {
    "pl": [
        ("Warszawa", "00-950"),
        ("Kraków", "31-010"),
        ("Łódź", "90-001"),
        ("Gdańsk", "80-831"),
        ("Poznań", "61-701"),
    ],
    "sq": [
        ("Prishtinë", "10000"),
        ("Prizren", "20000"),
        ("Tiranë", "1001"),
        ("Shkodër", "4001"),
        ("Pejë", "30000"),
    ],
    "en": [
        ("London", "N1 9GU"),
        ("Berlin", "10115"),
        ("Wien", "1010"),
        ("Dublin", "D02"),
        ("Stockholm", "111 20"),
    ],
}
STREETS: Final = {
    "pl": "ul. Długa|ul. Kwiatowa|al. Róż|ul. Łąkowa|ul. Słoneczna".split("|"),
    "sq": "Rr. Nëna Terezë|Rr. e Dibrës|Rr. Adem Jashari|Bulevardi Zogu I".split("|"),
    "en": "High Street|Station Road|Mill Lane|Lindenweg".split("|"),
}
COUNTRY: Final = {"pl": ("PL",), "sq": ("XK", "AL"), "en": ("GB", "DE", "AT", "IE", "SE")}
GROUPS: Final = (
    "Fundacja Nasz Głos",
    "Zakład Poligraficzny Świt sp. z o.o.",
    "Stowarzyszenie Sąsiedzi",
    "OJQ Drita",
    "Biblioteka e Qytetit",
    "Green Mill Ltd",
    "Spółdzielnia Razem",
    "Kompania Liria sh.p.k.",
)


@dataclass(frozen=True, slots=True)
class Person:
    """A donor of the demo with the account that the demo's bank files name."""

    donor: Donor
    iban: str
    joined_days_ago: int


def add_people(*, now: datetime) -> list[Person]:
    """Name the organisation, add the donors and return them in the order of their ids."""
    organisation.change_organisation(
        {
            "legal_name": "Fundacja Otwarte Oczy",
            "street": "ul. Długa 44/50",
            "postcode": "00-241",
            "city": "Warszawa",
            "country": "PL",
            "ids": {"KRS": "0000123456", "NIP": "5252810770", "REGON": "123456785"},
            "contact": "biuro@demo.example",
            "signatory_name": "Marta Zielińska",
            "signatory_role": "prezeska",
            "lang": "en",
        },
        now=now,
        actor="cli:demo",
    )
    dice = random.Random(SEED)
    owner = users.find_user("caller@demo.example")
    people = []
    langs = [lang for lang, count in COUNT.items() for _ in range(count)]
    dice.shuffle(langs)
    for number, lang in enumerate(langs):
        days = dice.choice((45, 150, 300, 420, 500, 540, 540))
        fields = (
            _make_organisation(GROUPS[number // 37], lang, dice)
            if number % 37 == 5
            else _make_person(number, lang, dice)
        )
        if owner is not None and number % 10 == 0:
            fields["owner_id"] = owner.id
        donor = donors.create_donor(
            fields, source="import:demo", now=now - timedelta(days=days + 1), actor="cli:demo"
        )
        iban = make_polish_iban(
            f"{dice.choice(('10201026', '11402004', '10501025'))}{donor.id * 7919 + 10**9:016d}"
        )
        accounts.learn_account(donor.id, iban, now=now - timedelta(days=days))
        people.append(Person(donor, iban, days))
    db.session.flush()  # the gifts name the donors
    return people


def _make_person(number: int, lang: Lang, dice: random.Random) -> DonorFields:
    given_name = dice.choice(GIVEN_NAMES[lang])
    is_woman = given_name[-1] in "aeé" and given_name not in ("José", "Kosma")
    family_name = dice.choice(FAMILY_NAMES[lang])[0 if is_woman else 1]
    town, postcode = dice.choice(TOWNS[lang])
    return {
        "kind": "person",
        "given_name": given_name,
        "family_name": family_name,
        "name": f"{given_name} {family_name}",
        "email": "" if number % 9 == 4 else f"donor{number + 1}@demo.example",
        "lang": lang,
        "street": f"{dice.choice(STREETS[lang])} {dice.randint(1, 120)}",
        "postcode": postcode,
        "city": town,
        "country": dice.choice(COUNTRY[lang]),
        "do_not_contact": number % 41 == 7,
    }


def _make_organisation(name: str, lang: Lang, dice: random.Random) -> DonorFields:
    town, postcode = dice.choice(TOWNS[lang])
    return {
        "kind": "organisation",
        "name": name,
        "lang": lang,
        "email": "kontakt@demo.example",
        "street": f"{dice.choice(STREETS[lang])} {dice.randint(1, 120)}",
        "postcode": postcode,
        "city": town,
        "country": COUNTRY[lang][0],
    }


def make_polish_iban(bban: str) -> str:
    """Return a Polish IBAN with its check digits (ISO 13616; PL is 25 21)."""
    return f"PL{98 - int(bban + '252100') % 97:02d}{bban}"
