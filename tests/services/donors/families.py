"""Invented families whose records are known to be one person or not: the judge of what finds duplicates.

It knows nothing of the program: names, addresses and slips are its own. Three generations live at one
address, some sons bear their father's name; an office shares its phone, sixty parishioners their priest's
mailbox; of three in ten there is a second record, written by somebody else.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

_WOMEN: Final = """
    Anna Maria Katarzyna Małgorzata Agnieszka Barbara Ewa Krystyna Elżbieta Magdalena Joanna Zofia
    Jadwiga Danuta Irena Halina Helena Marta Dorota Beata Jolanta Bożena Aleksandra Hanna Monika Renata
    Natalia Alicja Urszula Iwona Weronika Julia Zuzanna Oliwia Nadia Kalina Bogna Mirosława
    """.split()
_MEN: Final = """
    Jan Andrzej Piotr Krzysztof Stanisław Tomasz Paweł Józef Marcin Marek Michał Grzegorz Jerzy Tadeusz
    Adam Łukasz Zbigniew Ryszard Dariusz Henryk Mariusz Kazimierz Wojciech Robert Mateusz Marian Rafał
    Jacek Janusz Mirosław Maciej Sławomir Jarosław Kamil Wiesław Roman Jakub Bartłomiej Igor Tymon Bruno
    """.split()
_EVERYDAY: Final = {
    **{"Katarzyna": "Kasia", "Małgorzata": "Gosia", "Anna": "Ania", "Barbara": "Basia", "Joanna": "Asia"},
    **{"Magdalena": "Magda", "Krzysztof": "Krzysiek", "Jan": "Janek", "Tomasz": "Tomek", "Jakub": "Kuba"},
    **{"Grzegorz": "Grzesiek", "Stanisław": "Staszek", "Hanna": "Hania"},
}
_ROOTS: Final = """
    Kowal Wiśniew Zieliń Lewandow Kamiń Szymań Dąbrow Kozłow Jankow Wojciechow Kwiatkow Krawczyk Mazur
    Piotrow Grabow Nowakow Pawłow Michal Król Wróbl Zając Jabłoń Wieczorkow Olszew Malinow Stępień Wit
    Rutkow Sikor Ostrow Borkow Czarn Przybyl Urban Kubiak Sobczak Gajew Jakubow Makow Bielec Zalew Sadow
    Rogow Górec Lipiń
    """.split()
_PLAIN: Final = """
    Nowak Wójcik Woźniak Mazur Krawczyk Zając Król Wróbel Stępień Sikora Baran Duda Szewczyk Pietrzak
    Bąk Wilk Lis Sowa Gołąb Kubiak Urban Kania Cieślak Mróz Kurek Kos Borowik Dziuba Figiel Gawron
    """.split()
_STREETS: Final = """
    Długa Lipowa Polna Leśna Słoneczna Krótka Szkolna Ogrodowa Łąkowa Brzozowa Kwiatowa Sosnowa Parkowa
    Mickiewicza Sienkiewicza Kościuszki Akacjowa Zielona Kościelna Nowa Spacerowa Graniczna Wiśniowa
    Topolowa
    """.split()
_TOWNS: Final = ("Łódź", "Kraków", "Gdynia", "Białystok", "Rzeszów", "Opole", "Nysa", "Ełk")
_MOBILES: Final = ("501", "602", "693", "728", "790", "880", "515", "533", "661", "788")


@dataclass(frozen=True)
class Record:
    """One record as a list of donors has it."""

    person: int  # whose it is
    family: int
    name: str
    given_name: str
    family_name: str
    email: str = ""
    phone: str = ""
    account: str = ""
    street: str = ""
    postcode: str = ""
    town: str = ""


@dataclass
class _Home:
    street: str
    postcode: str
    town: str
    phone: str = ""
    mailbox: str = ""
    account: str = ""


@dataclass
class Families:
    """Draws people and their records, the same ones for the same seed."""

    pick: random.Random
    people: int = 0
    families: int = 0
    numbers: int = 0
    _parish: list[str] = field(default_factory=list)

    def draw_records(self, count: int) -> list[Record]:
        """Return about so many records, in the order in which somebody might type them."""
        records: list[Record] = []
        while len(records) < count:
            for record in self._draw_family():
                records.append(record)
                if self.pick.random() < 0.3:
                    records.append(self._copy(record))
        self.pick.shuffle(records)
        return records

    # -------------------------------------------------------------- people

    def _draw_family(self) -> Iterator[Record]:
        self.families += 1
        surname, home, kind = self._draw_surname(), self._draw_home(), self.pick.random()
        if kind < 0.35:
            yield self._draw_person(surname, home, self.pick.random() < 0.5)
            return
        home.mailbox = f"dom.{self._number()}@example.org" if self.pick.random() < 0.15 else ""
        home.account = self._draw_account() if self.pick.random() < 0.4 else ""
        father = self._draw_person(surname, home, is_man=True)
        yield father
        yield self._draw_person(surname, home, is_man=False)
        if kind < 0.8:
            return
        home = replace(home, mailbox="", account="")  # the young have their own
        given = father.given_name if self.pick.random() < 0.25 else ""
        yield self._draw_person(surname, home, is_man=True, given=given)
        yield self._draw_person(surname, home, is_man=False, but=(father.given_name,))
        if self.pick.random() < 0.5:
            yield self._draw_person(surname, home, is_man=True)

    def _draw_person(
        self,
        surname: tuple[str, str],
        home: _Home,
        is_man: bool,
        *,
        given: str = "",
        but: tuple[str, ...] = (),
    ) -> Record:
        self.people += 1
        given = given or self.pick.choice([one for one in (_MEN if is_man else _WOMEN) if one not in but])
        family = surname[0] if is_man else surname[1]
        if not is_man and self.pick.random() < 0.06:
            family = f"{family}-{self._draw_surname()[1]}"
        email = f"{_plain(given)}.{_plain(family)}{self._number()}@example.com"
        return Record(
            self.people,
            self.families,
            f"{given} {family}",
            given,
            family,
            email=home.mailbox or (email if self.pick.random() < 0.75 else self._draw_parish_mailbox()),
            phone=self._draw_phone(home),
            account=home.account or (self._draw_account() if self.pick.random() < 0.75 else ""),
            street=home.street,
            postcode=home.postcode,
            town=home.town,
        )

    def _draw_phone(self, home: _Home) -> str:
        chance = self.pick.random()
        if chance < 0.12:
            return f"+48 22 {7000000 + self.families % 40:07}"  # the office of a dozen
        if chance < 0.22 and home.phone:
            return home.phone
        return f"+48 {self.pick.choice(_MOBILES)}{self._number() % 1000000:06}" if chance < 0.85 else ""

    def _draw_parish_mailbox(self) -> str:
        return f"ks.proboszcz{self.people // 240}@example.net" if self.pick.random() < 0.7 else ""

    def _draw_surname(self) -> tuple[str, str]:
        if self.pick.random() < 0.35:
            plain = self.pick.choice(_PLAIN)
            return plain, plain
        root = self.pick.choice(_ROOTS)
        middle = self.pick.choice(("", "o", "e", "a", "i", "u")) if self.pick.random() < 0.7 else ""
        return f"{root}{middle}ski", f"{root}{middle}ska"

    def _draw_home(self) -> _Home:
        number, flat = self.pick.randrange(1, 120), self.pick.randrange(1, 90)
        house = f"{number}" if self.pick.random() < 0.4 else f"{number}/{flat}"
        district = self.pick.randrange(10, 99)
        landline = f"+48 42 {6000000 + self._number():07}" if self.pick.random() < 0.4 else ""
        return _Home(
            f"ul. {self.pick.choice(_STREETS)} {house}",
            f"{district}-{self.pick.randrange(1000):03}",
            self.pick.choice(_TOWNS),
            landline,
        )

    def _draw_account(self) -> str:
        return f"PL{self.pick.randrange(10, 99)}1090{self._number():020}"

    def _number(self) -> int:
        self.numbers += 1
        return self.numbers

    # -------------------------------------------------------------- the second record

    def _copy(self, record: Record) -> Record:
        """What another wrote of the same person, years later and in a hurry."""
        chance = self.pick.random
        given, family = record.given_name, record.family_name
        if chance() < 0.15:
            given = _EVERYDAY.get(given, given)
        elif chance() < 0.06:
            given = self._slip(given)
        elif chance() < 0.04:
            given = f"{given[0]}."
        if chance() < 0.1:
            family = self._slip(family)
        elif "-" in family and chance() < 0.5:
            family = family.split("-")[0]
        if chance() < 0.3:
            given, family = _strip_marks(given), _strip_marks(family)
        moved = self._draw_home() if chance() < 0.12 else None
        email, phone = record.email, record.phone.replace(" ", "").removeprefix("+48")
        if email and chance() < 0.25:
            email = "" if chance() < 0.6 else f"{_plain(given)}{self._number()}@example.net"
        elif email and chance() < 0.2:
            email = email.replace("@", "+dar@").upper()
        phone = "" if chance() < 0.3 else phone
        account = record.account if chance() < 0.6 else ""
        if moved and not (account or phone or (email and email.lower() == record.email)):
            moved = None  # who moved and shares nothing else could be known again by nobody
        is_whole = chance() < 0.25
        street = record.street.replace("ul. ", "").replace("/", " m. ") if chance() < 0.5 else record.street
        return replace(
            record,
            name=f"{given} {family}",
            given_name="" if is_whole else given,
            family_name="" if is_whole else family,
            email=email,
            phone=phone,
            account=account,
            street=moved.street if moved else street,
            postcode=moved.postcode if moved else record.postcode,
            town=moved.town if moved else record.town,
        )

    def _slip(self, word: str) -> str:
        """A letter too few, or two that changed places."""
        if len(word) < 3:
            return word
        at = self.pick.randrange(1, max(2, len(word) - 2))
        if self.pick.random() < 0.5:
            return word[:at] + word[at + 1 :]
        return word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]


def _strip_marks(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.replace("ł", "l").replace("Ł", "L"))
    return "".join(one for one in letters if not unicodedata.combining(one))


def _plain(word: str) -> str:
    return _strip_marks(word).lower().strip(".").replace("-", "")
