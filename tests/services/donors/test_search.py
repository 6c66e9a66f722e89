"""Finding donors in both databases: parts of words, folded letters, keys, short words, the own list."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select, text

from donorhub import clock
from donorhub.db import db
from donorhub.errors import Rejected
from donorhub.models import Donor
from donorhub.services.donors import accounts, donors, search

ACTOR = "system:0"


def add(name: str, **fields: str) -> Donor:
    donor = donors.create_donor({"name": name, **fields}, source="form", now=clock.now(), actor=ACTOR)
    db.session.commit()
    return donor


def find_names(words: str, **narrowing: object) -> list[str]:
    return [donor.name for donor in search.find_donors(words, **narrowing).rows]  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def people(database: Flask) -> None:
    add("Anna Nowak", email="anna.nowak@example.org", city="Łódź", phone="+48 501 222 333")
    add("Joanna Nowakowska", email="jn@example.org", city="Kraków")
    add("Besnik Çela", email="besnik@example.org", city="Pejë", lang="sq")
    accounts.learn_account(3, "PL61109010140000071219812874", now=clock.now())
    db.session.commit()


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("nowak", ["Joanna Nowakowska", "Anna Nowak"]),
        ("anna nowak", ["Anna Nowak", "Joanna Nowakowska"]),  # the very name comes first
        ("NOWAK krakow", ["Joanna Nowakowska"]),
        ("cela", ["Besnik Çela"]),
        ("peje", ["Besnik Çela"]),
        ("lodz", ["Anna Nowak"]),
        ("nowak@exam", ["Anna Nowak"]),
        ("jn@example.org", ["Joanna Nowakowska"]),
        ("501 222 333", ["Anna Nowak"]),
        ("222333", ["Anna Nowak"]),
        ("DH-1003-3", ["Besnik Çela"]),
        ("PL61 1090 1014 0000 0712 1981 2874", ["Besnik Çela"]),
        ("an", ["Anna Nowak"]),  # two letters: the beginning of the name
        ("zzz", []),
        ("nowak zz", []),
        ('no"wak', []),
        ("100%", []),
        ("_nna", []),
        ("nowak AND zzz", []),
    ],
)
def test_search_finds_by_many_words(words: str, names: list[str]) -> None:
    """A search finds donors by parts, codes, addresses and numbers."""
    assert find_names(words) == names


def test_empty_search_lists_all() -> None:
    """Without a text all donors are listed, and narrowing still holds."""
    assert find_names("") == ["Besnik Çela", "Joanna Nowakowska", "Anna Nowak"]
    assert find_names("", lang="sq") == ["Besnik Çela"]
    assert find_names("nowak", owner_id=7) == []


def test_changed_or_deleted_is_not_found() -> None:
    """What was changed or deleted is found no more under its old words."""
    anna = db.session.scalars(select(Donor).filter_by(name="Anna Nowak")).one()
    donors.change_donor(anna, {"name": "Anna Mazur", "email": ""}, now=clock.now(), actor=ACTOR)
    db.session.commit()
    assert find_names("mazur") == ["Anna Mazur"]
    assert find_names("anna nowak") == ["Joanna Nowakowska"]
    for table in ("contact_point", "identity_key", "task", "domain_event", "donor_stage", "donor_document"):
        db.session.execute(text(f"DELETE FROM {table} WHERE donor_id = 2"))
    db.session.execute(text("DELETE FROM donor WHERE id = 2"))
    db.session.commit()
    assert find_names("nowakowska") == []


def test_pages_follow_each_other_without_a_gap() -> None:
    for number in range(7):
        add(f"Serial {number}")
    names: list[str] = []
    after: str | None = None
    while True:
        page = search.find_donors("serial", after=after, limit=3)
        names += [donor.name for donor in page.rows]
        after = page.cursor
        if after is None:
            break
    assert names == [f"Serial {number}" for number in range(6, -1, -1)]
    with pytest.raises(Rejected):
        search.find_donors("serial", after="1; DROP TABLE donor")


def test_erased_donor_leaves_search_table(database: Flask) -> None:
    """Nothing of an erased donor stays in the search table, not even in its free blocks."""
    if db.session.get_bind().dialect.name != "sqlite":
        pytest.skip("PostgreSQL keeps no table of its own for this")
    anna = db.session.scalars(select(Donor).filter_by(name="Anna Nowak")).one()
    anna.search = ""
    db.session.flush()
    search.purge_erased_donors()
    db.session.commit()
    blocks = db.session.execute(text("SELECT block FROM donor_search_data")).scalars().all()
    assert blocks and not any(b"lod" in block or b"dz " in block for block in blocks)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("email", "anna.nowak@example.org"),
        ("phone", "501 222 333"),
        ("address", "lodz"),
        ("account", "PL61 1090 1014 0000 0712 1981 2874"),
        ("tax_number", "5252810770"),
    ],
)
def test_one_hidden_field_finds_nobody(field: str, words: str) -> None:
    """One field alone that is hidden finds nobody, while the others do."""
    donors.change_donor(donors.get_donor(1), {"tax_number": "5252810770"}, now=clock.now(), actor=ACTOR)
    db.session.commit()
    assert find_names(words, hidden_fields=()) != []
    assert find_names(words, hidden_fields=frozenset({field})) == []
    others = {"email", "phone", "address", "tax_number", "account"} - {field}
    assert find_names("nowak", hidden_fields=others) == ["Joanna Nowakowska", "Anna Nowak"]
