"""What the search finds while somebody types: typos, numbers from both ends, the order, rights."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from donorhub import clock
from donorhub.db import db
from donorhub.domain.access.permissions import PERMISSIONS, Principal
from donorhub.models import Donor, DonorDocument, TypoStump
from donorhub.money import Money
from donorhub.services.access import users
from donorhub.services.donors import (
    accounts,
    contacts,
    custom_fields,
    document_search,
    donors,
    merging,
    new_donors,
    ranked_search,
    removal,
    search_documents,
    unmerging,
)
from donorhub.services.giving import gifts
from tests.races import run_second, skip_without_locks

ACTOR = "system:0"
ALL = Principal("user", 1, "Ola", PERMISSIONS)


def add(name: str, **fields: object) -> Donor:
    given, _, family = name.partition(" ")
    donor = donors.create_donor(
        {"name": name, "given_name": given, "family_name": family, **fields},  # type: ignore[typeddict-item]
        source="form",
        now=clock.now(),
        actor=ACTOR,
    )
    db.session.commit()
    return donor


def find(words: str, reader: Principal = ALL) -> list[str]:
    return [hit.name for hit in ranked_search.find_best_donors(words, reader)]


@pytest.fixture(autouse=True)
def people(database: Flask) -> None:
    add("Anna Wójcik", email="anna.w@example.org", city="Łódź", postcode="90-001", phone="+48 501 234 567")
    add("Jan Gżegżółka", email="jan@example.org", city="Kraków", postcode="30-001", phone="12 888 00 99")
    add("Besnik Çela", email="besnik@example.org", city="Pejë", phone="+383 44 123 456")
    accounts.learn_account(3, "PL61109010140000071219812874", now=clock.now())
    db.session.commit()


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("wojick", ["Anna Wójcik"]),  # two letters changed places
        ("gegzolka", ["Jan Gżegżółka"]),  # one left out
        ("wojcika", ["Anna Wójcik"]),  # one put in
        ("wujcik", ["Anna Wójcik"]),  # one for another
        ("ana wojick", ["Anna Wójcik"]),  # a beginning and a typo
        ("woj", ["Anna Wójcik"]),
        ("ójc", ["Anna Wójcik"]),  # a part of a word
        ("cela pej", ["Besnik Çela"]),
        ("501 234", ["Anna Wójcik"]),
        ("+48 501 23", ["Anna Wójcik"]),
        ("0048501234567", ["Anna Wójcik"]),
        ("4567", ["Anna Wójcik"]),
        ("44 123", ["Besnik Çela"]),
        ("044 123 456", ["Besnik Çela"]),
        ("PL61 1090", ["Besnik Çela"]),
        ("6110 9010", ["Besnik Çela"]),
        ("2874", ["Besnik Çela"]),
        ("PL61109010140000071219812874", ["Besnik Çela"]),
        ("DH-1002-5", ["Jan Gżegżółka"]),
        ("dh1002", ["Jan Gżegżółka"]),
        ("1002", ["Jan Gżegżółka"]),
        ("90-001", ["Anna Wójcik"]),
        ("anna.w@ex", ["Anna Wójcik"]),
        ("BESNIK@example.org", ["Besnik Çela"]),
        ("wojcik krakow", []),
        ("123,45", []),
        ("xyzzy", []),
        ("w", []),
        ("' OR 1=1", []),
        ('wojcik" OR "', []),
        ("", []),
    ],
)
def test_words_find_whom_they_mean(words: str, names: list[str]) -> None:
    """A donor is found by what a person types of them, however it is spaced or mistyped."""
    assert find(words) == names


def test_order_is_exact_beginning_typo_part(database: Flask) -> None:
    """The exact code comes first, then a beginning, a typo and a part of a word."""
    add("Adam Wilk", email="wilkowska@example.org")
    add("Ewa Wilkowska")
    add("Iza Wiltowska")  # one letter off
    add("Olga Zawilkowska")
    assert find("wilkowska") == ["Ewa Wilkowska", "Adam Wilk", "Iza Wiltowska", "Olga Zawilkowska"]
    assert find("wilkowska@example.org")[0] == "Adam Wilk"
    hits = ranked_search.find_best_donors("wilkowska", ALL)
    assert [hit.rank for hit in hits] == sorted(hit.rank for hit in hits)
    assert find("DH-1001-7")[0] == "Anna Wójcik"


@pytest.mark.parametrize(
    ("most_of_rarest", "many"), [(2_000, 99), (1, 99), (-1, 0)], ids=["rarest", "index", "newest"]
)
def test_each_way_finds_the_same(monkeypatch: pytest.MonkeyPatch, most_of_rarest: int, many: int) -> None:
    """Whether many have a word or few decides how donors are looked for, and not who is found."""
    monkeypatch.setattr(document_search, "MOST_OF_RAREST", most_of_rarest)
    monkeypatch.setattr(document_search, "_MANY", many)
    ids = [add(f"Wanda {name}").id for name in ("Nowak", "Nowakowska", "Nowa", "Mazur", "Wandalska")]
    add("Nowak Jan")
    sample = document_search.read_sample()
    for words, places in (
        ((["nwanda*"], ["nnowak*", "tnowak*"]), {0, 1}),
        ((["nwanda"], ["nnowak", "nmazur"]), {0, 3}),
        ((["nwanda*"],), {0, 1, 2, 3, 4}),
        ((["nwanda*"], ["njan*"]), set()),
    ):
        hits = document_search.find_ids(words, sample, most=50)
        assert sorted(hits) == sorted(ids[place] for place in places)
        assert len(set(document_search.find_ids(words, sample, most=1))) == min(1, len(places))
    assert document_search.find_ids(
        [["nwanda*"]], document_search.Sample(), most=5
    ) == document_search.find_ids([["nwanda*"]], sample, most=5)


@pytest.mark.parametrize("words", ["jna gzegzolka", "Jn Gżegżółka", "Gżegżółka ajn", "Jsn gżegżó"])
def test_short_name_with_typo_is_found(words: str) -> None:
    """A name of three letters is forgiven beside one that is right; the index of typos has none so short."""
    assert find(words) == ["Jan Gżegżółka"]
    assert find("Jn Gżegżółkowska") == []


def test_fewest_slips_come_first() -> None:
    """Of those with a typo, whose other words are as typed comes before who has a longer name or one more."""
    for name in ("Maria Noskiewicz", "Maria Koski", "Maria Noski", "Maria Loski"):
        add(name)
    assert find("Maia Noski") == ["Maria Noski", "Maria Noskiewicz", "Maria Loski", "Maria Koski"]


def test_ties_go_to_who_gave_last() -> None:
    """Of those who fit as well, who gave last comes first; without the right to gifts the newest does."""
    ids = [add(f"Maria Nowak {number}").id for number in range(3)]
    for donor_id, days in ((ids[0], 3), (ids[1], 1)):
        gifts.record_gift(
            donor_id,
            Money(5000, "PLN"),
            received_on=date(2026, 11, 20) - timedelta(days=days),
            source="manual",
            source_ref=f"g{donor_id}",
            now=clock.now(),
            actor=ACTOR,
        )
    db.session.commit()
    assert find("nowak") == ["Maria Nowak 1", "Maria Nowak 0", "Maria Nowak 2"]
    blind = Principal("user", 1, "Ola", frozenset({"donors:read"}))
    hits = ranked_search.find_best_donors("nowak", blind)
    assert [hit.name for hit in hits] == ["Maria Nowak 2", "Maria Nowak 1", "Maria Nowak 0"]
    assert {hit.last_gift_on for hit in hits} == {None}


def test_own_list_is_all_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has an own list finds nobody else, also where others fill the first places."""
    caller = users.create_user(
        "caller@example.org",
        name="Cal",
        password="correct horse battery",
        roles=["caller"],
        now=clock.now(),
        actor=ACTOR,
    )
    own = add("Wanda Wójcik", owner_id=caller.id)
    for number in range(12):
        add(f"Wanda Wójcik {number}")
    monkeypatch.setattr(ranked_search, "MOST_CANDIDATES", 5)
    may = frozenset({"donors:read"})
    alone = Principal("user", caller.id, "Cal", may, row_scope="own")
    in_team = Principal("user", caller.id + 1, "Tea", may, row_scope="team", owner_ids=frozenset({caller.id}))
    for reader in (alone, in_team):
        for words in ("wojcik", "wojick", "ójci", own.code):
            assert [hit.id for hit in ranked_search.find_best_donors(words, reader)] == [own.id], words
        assert ranked_search.find_best_donors("DH-1001-7", reader) == []


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("email", "anna.w@example.org"),
        ("phone", "501 234 567"),
        ("phone", "4567"),
        ("phone", "234567"),
        ("city", "lodz"),
        ("city", "ód"),
        ("city", "odz"),
        ("postcode", "90-001"),
    ],
)
def test_hidden_field_finds_nobody(field: str, words: str) -> None:
    """What a reader may not see is not found by either; the name still is."""
    reader = Principal("user", 1, "Ola", PERMISSIONS, hidden_fields=frozenset({field}))
    assert find(words, reader) == []
    assert find("wojcik", reader) == ["Anna Wójcik"]
    if field == "city":
        assert {hit.town for hit in ranked_search.find_best_donors("wojcik", reader)} == {""}


def test_added_field_finds_who_has_its_text() -> None:
    """The text of a field that was added finds its donor, but to whom the field is hidden."""
    custom_fields.create_field("text", {"en": "Choir"}, key="choir", now=clock.now(), actor=ACTOR)
    donors.change_donor(
        db.session.get_one(Donor, 1), {"custom": {"choir": "Zorza 7"}}, now=clock.now(), actor=ACTOR
    )
    db.session.commit()
    assert find("zorza 7") == ["Anna Wójcik"]
    reader = Principal("user", 1, "Ola", PERMISSIONS, hidden_fields=frozenset({"custom.choir"}))
    assert find("zorza 7", reader) == []


def test_former_name_still_finds() -> None:
    """Who took another name is found by both, and is kept under each once."""
    anna = db.session.get_one(Donor, 1)
    for name in ("Anna Mazur", "Anna Wójcik", "Anna Mazur"):
        donors.change_donor(
            anna, {"name": name, "family_name": name[5:]}, now=clock.now(), actor=ACTOR, source="form"
        )
        db.session.commit()
    assert find("mazur") == find("wojick") == ["Anna Mazur"]
    assert db.session.scalar(text("SELECT count(*) FROM former_name")) == 2


def test_ended_contact_finds_nobody() -> None:
    """A phone or account that ended, or was forgotten, finds its donor no more."""
    phone = next(one for one in contacts.list_contacts(1) if one.kind == "phone")
    contacts.end_contact(phone, until_on=date(2026, 11, 22), now=clock.now(), actor=ACTOR)
    db.session.commit()
    assert find("501 234") == []
    accounts.learn_accounts([(1, "PL27114020040000300201355387")], now=clock.now())
    assert find("5387") == ["Anna Wójcik"]
    accounts.forget_account(1, "PL27114020040000300201355387")
    db.session.commit()
    assert find("5387") == []


def test_who_is_gone_is_found_by_nothing() -> None:
    """Who was taken away leaves documents and typos, but for words that others have too."""
    gone = add("Anna Gżegżółkowska", email="gone@example.org")
    removal.remove_donors([gone.id], reason="undone", now=clock.now(), actor=ACTOR)
    db.session.commit()
    for words in ("gzegzolkowska", "gegzolkowska", "gone@example.org", "żółkow", gone.code):
        assert find(words) == [], words
    assert db.session.get(DonorDocument, gone.id) is None
    words_left = set(db.session.scalars(select(TypoStump.word)))
    assert "gzegzolkowska" not in words_left and {"anna", "wojcik"} <= words_left
    search_documents.write_documents([gone.id])
    db.session.commit()
    assert find("gzegzolkowska") == []


def test_merged_donor_is_found_as_the_survivor() -> None:
    """The name and code of who was merged find the donor into whom they were merged, until that is undone."""
    other = add("Anna Kruk", email="anna.w@example.org")
    log, _is_new = merging.merge_donors(1, other.id, now=clock.now(), actor=ACTOR)
    db.session.commit()
    assert find("kruk") == find("kurk") == find(other.code) == ["Anna Wójcik"]
    assert search_documents.list_differing([1, other.id]) == []
    unmerging.undo_merge(log.id, now=clock.now(), actor=ACTOR)
    db.session.commit()
    assert find("kruk") == find("kurk") == ["Anna Kruk"]
    assert find("wojick") == ["Anna Wójcik"]


def test_rebuilding_changes_nothing() -> None:
    """Written anew, all documents and typos are what they were; what differed is named before."""
    before = _read_all()
    db.session.execute(text("UPDATE donor_document SET words = 'nzzz' WHERE donor_id = 2"))
    assert search_documents.list_differing([1, 2, 3]) == [2]
    assert search_documents.rebuild_documents() == 3
    db.session.commit()
    assert _read_all() == before and search_documents.list_differing([1, 2, 3]) == []
    assert find("gegzolka") == ["Jan Gżegżółka"]


def _read_all() -> tuple[list[object], list[object]]:
    documents = db.session.execute(text("SELECT * FROM donor_document ORDER BY donor_id")).all()
    stumps = db.session.execute(text("SELECT * FROM typo_stump ORDER BY stump, word")).all()
    return list(documents), list(stumps)


def test_many_new_donors_are_found() -> None:
    """Donors who come by the hundred, and their accounts, are found as those of a form are."""
    new_donors.create_donors(
        [{"name": "Ilir Krasniqi", "phone": "+38344999888"}], source="import:x", now=clock.now(), actor=ACTOR
    )
    accounts.record_accounts([(4, "PL27114020040000300201355387")], source="import:x", now=clock.now())
    db.session.commit()
    assert find("krasinqi") == find("44 999") == find("5387") == ["Ilir Krasniqi"]
    assert search_documents.list_differing([1, 2, 3, 4]) == []


def test_two_who_leave_at_once_take_their_word(database: Flask) -> None:
    """Where the last two of a name are taken away at once, the name is no word of a typo any more."""
    skip_without_locks(database)
    ids = [add(name).id for name in ("Ewa Zupelniejedna", "Jan Zupelniejedna")]
    removal.remove_donors(ids[:1], reason="undone", now=clock.now(), actor=ACTOR)
    second = run_second(
        database, lambda: removal.remove_donors(ids[1:], reason="undone", now=clock.now(), actor=ACTOR)
    )
    assert second.waited and second.error is None
    assert "zupelniejedna" not in set(db.session.scalars(select(TypoStump.word)))
