"""Words that stand for a giver whom nobody knows, and names of people that come near to them."""

from __future__ import annotations

import pytest

from donorhub.domain.moving.nameless import is_nobody

NOBODY = """anonim|ANONIM|Anonimowo|p. anonim|Pan Anonim|anonymous gift|Anonymous donor|An anonymous donor
Anonimowa darczyni|anonimowy darczyńca|darczyńca anonimowy|X|x.|XXX|x x|X.Y.|p. X|Pani X|osoba X|N.N.|NN|n. n.
n/n|nn osoba|N.N|Nieznany|nieznana osoba|wpłata nieznana|niezidentyfikowany nadawca|brak danych|nie podano
Nie wiadomo|unknown|Unknown giver|i panjohur|e panjohur|dhurues i panjohur|Dhuruesi i panjohur|dhurues anonim
Dhurim anonim|Donatore anonime|anonimja|pa emër|Nuk dihet|dikush|person i panjohur|???|...|(anonim)|anonim 3
Anonym|unbekannter Spender|Anonymous, Gift|„anonim”|Iksiński|Wishes to remain anonymous|from an unknown donor
name withheld|Dhuruese e panjohur|donator i paidentifikuar|Anonimowy ofiarodawca|od anonima|X Y"""
SOMEBODY = """Jan Nieznany|Anna Nieznańska|Malcolm X|Xawery X|Anna Anonimska|Nina N.|Nn Thanh Nguyen|Xu Xin|Xi
Anonimowi Alkoholicy|Fundacja Anonim sp. z o.o.|Ina|Gift Okoro|Donor Krasniqi|I. E.|Anna Gift|Pani Anna|Dar
Maria Dawca|Ania|A. B.|Nona|Ewa X|Frau X GmbH|Xhevdet Anonimi Krasniqi|Panjohur Gashi|Ofiara Jan|Osoba Ewa
Unknown Pleasures Ltd|Nan"""


@pytest.mark.parametrize("name", NOBODY.replace("\n", "|").split("|"))
def test_words_for_nobody(name: str) -> None:
    """What an office writes in place of a name is nobody's."""
    assert is_nobody(name)


@pytest.mark.parametrize("name", SOMEBODY.replace("\n", "|").split("|"))
def test_near_names_are_people(name: str) -> None:
    """A name that shares a word with them is somebody's."""
    assert not is_nobody(name)
