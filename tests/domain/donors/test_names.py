"""Names taken apart only when certain, compared by what families share, and greeted."""

from __future__ import annotations

import pytest

from donorhub.domain.donors.given_names import POLISH_MEN, POLISH_WOMEN, find_sex
from donorhub.domain.donors.names import (
    list_like_keys,
    make_given_key,
    make_surname_key,
    parse_payer,
    parse_written_name,
)
from donorhub.domain.donors.salutation import (
    find_title,
    make_vocative,
    write_greeting,
    write_greeting_of_organisation,
)
from donorhub.domain.payer_text import (
    cut_address,
    fold_letters,
    list_telling_words,
    make_name_key,
    make_payer_key,
    normalise_account,
)


@pytest.mark.parametrize(
    ("text", "given", "family"),
    [
        ("KOWALSKA ANNA UL. LIPOWA 3", "Anna", "Kowalska"),
        ("jan kowalski", "Jan", "Kowalski"),
        ("Nowak Małgorzata Anna|ul. Długa 3", "Małgorzata Anna", "Nowak"),
        ("ANNA MARIA NOWAK-KOWALSKA", "Anna Maria", "Nowak-Kowalska"),
        ("Krasniqi Agim", "Agim", "Krasniqi"),
        ("SHPËTIM HOXHA", "Shpëtim", "Hoxha"),
        ("WIŚNIEWSKA ŻAKLINA", "Żaklina", "Wiśniewska"),
        ("dr Jan de Nowak", "Jan", "de Nowak"),
    ],
)
def test_clear_name_is_taken_apart(text: str, given: str, family: str) -> None:
    """A name whose words show which is which is taken apart into given name and surname."""
    parsed = parse_payer(text)
    assert (parsed.given_name, parsed.family_name, parsed.kind, parsed.is_confident) == (
        given,
        family,
        "person",
        True,
    )


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("ANTON JEREMI", "two_given_names"),
        ("GERLACH GAJA", "no_given_name"),
        ("ADAM JAN", "two_given_names"),
        ("Liwia Karol Ostróda", "too_many_words"),
        ("Anna Kowalska Warszawa", "too_many_words"),
        ("Nowak Anna Łódź", "too_many_words"),
        ("Kowalski Wiśniewski", "no_given_name"),
        ("KOWALSKI", "one_word"),
        ("J. NOWAK", "initial"),
        ("", "no_name"),
        ("Pan dr", "no_name"),
        ("Anna i Jan Kowalscy", "two_people"),
    ],
)
def test_ambiguous_name_is_flagged(text: str, doubt: str) -> None:
    """A name that could be read either way is flagged with its reason, so that a person decides about it."""
    parsed = parse_payer(text)
    assert (parsed.is_confident, parsed.doubt) == (False, doubt)


@pytest.mark.parametrize(
    ("text", "name", "note", "doubt"),
    [
        ("Kowalska Anna (córka p. Ewy)", "Anna Kowalska", "córka p. Ewy", None),
        ("Kowalska, Anna Maria", "Anna Maria Kowalska", "", None),
        ("Nowak Kowalska, Anna", "Anna Nowak Kowalska", "", None),
        ("Jan Nowak senior", "Jan Nowak", "", None),
        ("Pies i Kot, Warszawa", "Pies i Kot", "", "two_people"),
        ("Fundacja Pies (stary wpis)", "Fundacja Pies", "stary wpis", None),
        (
            "Anna i Jan Kowalscy [rodzice] (sąsiedzi)",
            "Anna i Jan Kowalscy",
            "rodzice; sąsiedzi",
            "two_people",
        ),
    ],
)
def test_written_name_may_hold_a_note(text: str, name: str, note: str, doubt: str | None) -> None:
    """Brackets behind a name are a note; a comma between surname and given name turns them round."""
    parsed, its_note = parse_written_name(text)
    assert (parsed.name, its_note, parsed.doubt) == (name, note, doubt)


@pytest.mark.parametrize(
    ("given", "family", "keys"),
    [
        ("Kasia", "Kowalska", {"katarzyna kowalska", "kaska kowalska"}),
        ("Katarzyna", "Kowalska", {"kasia kowalska", "kaska kowalska"}),
        ("Anna Maria", "Wójcik", {"anna wojcik", "ania wojcik", "anka wojcik"}),
        ("Ewa", "Nowak-Lis", {"ewa nowak", "ewa lis", "ewka lis nowak", "ewka nowak", "ewka lis"}),
        ("Ngozi", "Eze", set()),
        ("", "Kowalska", set()),
    ],
)
def test_one_person_under_other_names(given: str, family: str, keys: set[str]) -> None:
    """Whoever is Kasia may stand in the base as Katarzyna, with one name or half of a double surname."""
    assert set(list_like_keys(given, family)) == {" ".join(sorted(key.split())) for key in keys}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Fundacja Pies", "organisation"),
        ("Budex Sp. z o.o.", "organisation"),
        ("PARAFIA ŚW. ANNY", "organisation"),
        ("Orange SA", "organisation"),
        ("Kompania Drita SH.P.K", "organisation"),
        ("Anna i Jan Kowalscy", "joint"),
        ("Anna Nowak lub Jan Nowak", "joint"),
        ("Arta dhe Agim Krasniqi", "joint"),
        ("Anna Spolska", "person"),
    ],
)
def test_organisations_and_couples_are_no_single_person(text: str, kind: str) -> None:
    assert parse_payer(text).kind == kind


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kowalski", "KOWALSKA"),
        ("Zawadzki", "Zawadzka"),
        ("Nowak-Kowalska", "Kowalski Nowak"),
        ("Zielony", "Zielona"),
        ("Łącki", "Lacka"),
    ],
)
def test_surnames_of_one_family_share_their_key(one: str, other: str) -> None:
    assert make_surname_key(one) == make_surname_key(other)


def test_other_families_have_other_keys() -> None:
    """Surnames of other families do not share a key."""
    assert make_surname_key("Nowak") != make_surname_key("Nowacki")
    assert make_given_key("Kasia") == make_given_key("KATARZYNA Anna") == "katarzyna"
    assert make_given_key("Kasia") != make_given_key("Basia")


CALLED = """Anna Anno, Katarzyna Katarzyno, Zofia Zofio, Maria Mario, Julia Julio, Kasia Kasiu, Ania Aniu,
Ola Olu, Jan Janie, Piotr Piotrze, Paweł Pawle, Tomasz Tomaszu, Marek Marku, Jacek Jacku, Michał Michale,
Kacper Kacprze, Sylwester Sylwestrze, Aleksander Aleksandrze, Jerzy Jerzy, Wojciech Wojciechu,
Krzysztof Krzysztofie, Robert Robercie, Dawid Dawidzie, Rafał Rafale, Kuba Kubo, Ignacy Ignacy,
Maciej Macieju, Henryk Henryku, Ernest Erneście, August Auguście, Wawrzyniec Wawrzyńcu, Bruno Bruno,
Mieszko Mieszku, Nela Nelu"""


@pytest.mark.parametrize(("given", "called"), [tuple(pair.split()) for pair in CALLED.split(",")])
def test_polish_names_are_called_in_the_vocative(given: str, called: str) -> None:
    assert make_vocative(given) == called


@pytest.mark.parametrize("given", ["Agim", "John", "Arta", "Ngozi", "Jean Paul"])
def test_foreign_names_are_not_inflected(given: str) -> None:
    """Foreign names are not put into the vocative."""
    assert make_vocative(given) == given


def test_the_sex_of_polish_names_is_known() -> None:
    assert {find_sex(name) for name in POLISH_WOMEN} == {"f"}
    assert {find_sex(name) for name in POLISH_MEN} == {"m"}
    assert find_sex("Ngozi") is None


@pytest.mark.parametrize(
    ("lang", "given", "family", "sex", "line"),
    [
        ("pl", "Anna", "Nowak", None, "Szanowna Pani Anno,"),
        ("pl", "Jan", "Nowak", None, "Szanowny Panie Janie,"),
        ("pl", "Ngozi", "Eze", None, "Szanowni Państwo,"),
        ("pl", "Ngozi", "Eze", "f", "Szanowna Pani Ngozi,"),
        ("pl", "", "Nowak", "m", "Szanowni Państwo,"),
        ("sq", "Agim", "Krasniqi", "m", "I nderuar z. Agim Krasniqi,"),
        ("sq", "Arta", "Krasniqi", "f", "E nderuara znj. Arta Krasniqi,"),
        ("sq", "Arta", "Krasniqi", None, "Të nderuar,"),
        ("en", "Anna", "Nowak", None, "Dear Anna Nowak,"),
        ("en", "", "", None, "Dear friend,"),
    ],
)
def test_a_letter_begins_in_its_language(
    lang: str, given: str, family: str, sex: str | None, line: str
) -> None:
    assert write_greeting(lang, given, family, sex=sex) == line  # type: ignore[arg-type]


def test_organisations_are_greeted_as_many() -> None:
    greetings = [write_greeting_of_organisation(lang) for lang in ("pl", "sq", "en")]
    assert greetings == ["Szanowni Państwo,", "Të nderuar,", "Dear friends,"]


def test_folding_knows_letters_unicode_keeps() -> None:
    """Folding also knows the letters that Unicode does not take apart, such as ł and đ."""
    assert fold_letters("Łódź ĐURO  Straße Ëndrra Çelik") == "lodz duro strasse endrra celik"


def test_an_account_is_one_however_it_is_written() -> None:
    nrb = "'61 1090 1014 0000 0712 1981 2874'"
    assert normalise_account(nrb) == normalise_account("pl61109010140000071219812874")
    assert normalise_account("") is None and normalise_account(None) is None


def test_payer_key_is_account_else_name() -> None:
    """A payer is remembered by account, else by name without digits and whatever the order of its words."""
    assert make_payer_key("PL61109010140000071219812874", "x") == "iban:PL61109010140000071219812874"
    assert (
        make_payer_key(None, "Łukasz NOWAK ul. Lipowa 7")
        == make_payer_key("", "nowak lukasz")
        == "name:lukasz nowak"
    )
    assert make_payer_key(None, None) is None
    assert make_name_key("Nowak Łukasz 123") == "lukasz nowak"


def test_addresses_and_bank_words_are_removed() -> None:
    """Addresses and the bank's own words are taken away, so that only the payer's words are compared."""
    assert cut_address("JAN NOWAK UL. LIPOWA 3 00-001 WARSZAWA") == "JAN NOWAK"
    assert cut_address("Olaf Alowski") == "Olaf Alowski"
    assert list_telling_words("SVWZ+Darowizna na cele statutowe od Kowalskiej /REMI/ maj") == (
        "kowalskiej",
        "maj",
    )


@pytest.mark.parametrize(
    ("name", "given", "line"),
    [
        ("prof. dr hab. Jan Lis", "Jan", "Szanowny Panie Profesorze,"),
        ("dr Anna Lis", "Anna", "Szanowna Pani Doktor,"),
        ("dr Anna Lis", "dr Anna", "Szanowna Pani Doktor,"),
        ("ks. Jan Lis", "Jan", "Szanowny Księże,"),
        ("Anna Maria Lis", "Anna Maria", "Szanowna Pani Anno,"),
        ("Pola Lis", "Pola", "Szanowna Pani Polu,"),
        ("Kasper Lis", "Kasper", "Szanowny Panie Kasprze,"),
        ("John Smith", "John", "Szanowni Państwo,"),
    ],
)
def test_titles_and_several_names(name: str, given: str, line: str) -> None:
    """A title stands for the name, and of several given names the first is called."""
    assert write_greeting("pl", given, "Lis", title=find_title(name)) == line
