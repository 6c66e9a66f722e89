"""Names of Poland and Albania, and how banks write them."""

from __future__ import annotations

import random
import unicodedata
from typing import Final, NamedTuple

_WOMEN: Final = (
    "Anna Maria Katarzyna Małgorzata Agnieszka Barbara Ewa Krystyna Elżbieta Magdalena Joanna Zofia Teresa"
    " Danuta Irena Halina Jadwiga Beata Aleksandra Dorota Monika Jolanta Urszula Bożena Grażyna Łucja"
    " Stanisława Renata Iwona Paulina Natalia Weronika Żaneta Kinga Śliwia Emilia Hanna Julia"
).split()
_MEN: Final = (
    "Jan Andrzej Piotr Krzysztof Stanisław Tomasz Paweł Józef Marcin Marek Michał Grzegorz Jerzy Tadeusz Adam"
    " Łukasz Zbigniew Ryszard Dariusz Henryk Mariusz Kazimierz Wojciech Robert Mateusz Marian Rafał Jacek"
    " Janusz Mirosław Maciej Sławomir Jarosław Kamil Wiesław Roman Władysław Jakub Artur Zdzisław"
).split()
_ADJECTIVES: Final = (
    "Kowalsk Wiśniewsk Lewandowsk Zielińsk Szymańsk Kozłowsk Jankowsk Wojciechowsk Kwiatkowsk Piotrowsk"
    " Grabowsk Pawłowsk Michalsk Nowick Adamsk Wróblewsk Jabłońsk Majewsk Olszewsk Malinowsk Górsk Witkowsk"
    " Rutkowsk Sikorsk Baranowsk Szewczykowsk Ostrowsk Tomaszewsk Zalewsk Pietrzykowsk Makowsk Sadowsk"
).split()
_PLAIN: Final = (
    "Nowak Wójcik Woźniak Mazur Krawczyk Zając Król Wieczorek Wróbel Stępień Dudek Pawlak Walczak Sikora"
    " Duda Szewczyk Pietrzak Marciniak Bąk Włodarczyk Borkowicz Kubiak Kaźmierczak Wilk Lis Mazurek Sobczak"
    " Czarny Gajda Mróz Wrona Kołodziej Ptak Żak Śliwa Czajka Kruk Domagała Głowacz Chojna Bieniek Rogal"
    " Kurek Bielak Matysiak Leśniak Stasiak Szulc Świątek Urban Jarosz Gołąb Kania Banaś Słowik Kot"
).split()
_ALBANIAN: Final = (
    "Arben Agim Besnik Dritan Ilir Gëzim Fatos Shpëtim Ylli Luan Arta Blerta Besa Mira Teuta Drita Elira"
    " Valbona Vjollca Lule Albana Ermal Kujtim Petrit Skënder Ëngjëll Mimoza Flutura Zana Çelësta"
).split()
_ALBANIAN_FAMILIES: Final = (
    "Hoxha Shehu Prifti Gjoka Marku Leka Dervishi Çela Krasniqi Berisha Gashi Morina Bytyqi Hyseni Kelmendi"
    " Rexhepi Zogu Frashëri Kadare Meta Basha Ndreu Gjini Lleshi Përmeti Qosja Xhafa Zeqiri Thaçi Dushku"
    " Kola Bejta Muça Malaj Nika Pjetri Rama Selmani Toska Ulqini Vata Ymeri Bardhi Cani Dema Elezi"
).split()
_LETTERS: Final = str.maketrans("łŁđĐ", "lLdD")
_STREETS: Final = "Długa Polna Leśna Kwiatowa Słoneczna Ogrodowa Lipowa Łąkowa".split()


class Name(NamedTuple):
    """A person's name in parts."""

    given: str
    family: str

    @property
    def full(self) -> str:
        """The name as people write it."""
        return f"{self.given} {self.family}"


def draw_name(draw: random.Random, lang: str, family: str = "") -> Name:
    """Return a name; of a family, with its name in the form of the person."""
    if lang == "sq":
        return Name(draw.choice(_ALBANIAN), family or draw.choice(_ALBANIAN_FAMILIES))
    is_woman = draw.random() < 0.56
    given = draw.choice(_WOMEN if is_woman else _MEN)
    if family:
        is_adjective = family[:-1] in _ADJECTIVES
        return Name(given, family[:-1] + ("a" if is_woman else "i") if is_adjective else family)
    if draw.random() < 0.45:
        return Name(given, draw.choice(_ADJECTIVES) + ("a" if is_woman else "i"))
    return Name(given, draw.choice(_PLAIN))


def fold(text: str) -> str:
    """Return a text without diacritics."""
    letters = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(sign for sign in letters if not unicodedata.combining(sign))


def write_as_bank(draw: random.Random, name: Name) -> str:
    """Return how one bank writes a name: in capitals, the family name first, with a street, or plainly."""
    how = draw.randrange(5)
    if how == 0:
        return fold(f"{name.family} {name.given}".upper())
    if how == 1:
        return f"{name.given} {name.family} UL. {draw.choice(_STREETS)} {draw.randint(1, 99)}".upper()
    if how == 2:
        return name.full.upper()
    if how == 3:
        return fold(name.full)
    return name.full
