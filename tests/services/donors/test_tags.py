"""Tags are words that gather donors: given once, taken away, listed in pages that stay put."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub.db import db
from donorhub.errors import NotFound, Rejected
from donorhub.models import DonorTag, Tag
from donorhub.services.access import users
from donorhub.services.donors import donors, search, tags
from tests.contents import read_contents

ME = "user:1"


def add_donor(name: str, now: datetime) -> int:
    return donors.create_donor({"name": name}, source="form", now=now, actor=ME).id


def give(donor_id: int, name: str, now: datetime) -> tuple[Tag, bool]:
    return tags.add_tag(donor_id, name, source="form", now=now, actor=ME)


def test_one_tag_however_it_is_written(database: Flask, now: datetime) -> None:
    """Capitals, accents and blanks make no second tag, and a donor has it once."""
    anna, ewa = add_donor("Anna", now), add_donor("Ewa", now)
    first, is_new = give(anna, "Wolontariusz  Łódź", now)
    again, is_new_again = give(anna, "wolontariusz lodz", now)
    other, is_new_for_ewa = give(ewa, "WOLONTARIUSZ ŁÓDŹ", now)
    assert (first.id, is_new, is_new_again, is_new_for_ewa) == (again.id, True, False, True)
    assert other.id == first.id
    assert [tag.name for tag in tags.list_tags()] == ["Wolontariusz Łódź"]
    assert {id_: [tag.name for tag in of] for id_, of in tags.read_tags([anna, ewa]).items()} == {
        anna: ["Wolontariusz Łódź"],
        ewa: ["Wolontariusz Łódź"],
    }


def test_tag_is_taken_away_once(database: Flask, now: datetime) -> None:
    """What is taken away twice is taken away once, and the word stays for others."""
    anna = add_donor("Anna", now)
    tag, _ = give(anna, "VIP", now)
    assert tags.remove_tag(anna, tag.id, now=now, actor=ME)
    db.session.commit()
    before = read_contents()
    assert not tags.remove_tag(anna, tag.id, now=now, actor=ME)
    db.session.commit()
    assert read_contents() == before
    assert db.session.scalars(select(DonorTag)).all() == []
    assert tags.get_tag(tag.id).name == "VIP"


@pytest.mark.parametrize("name", ["…", "+++"])
def test_tag_without_a_word_is_refused(database: Flask, now: datetime, name: str) -> None:
    """What holds no letter and no digit is no tag, and nothing is made."""
    anna = add_donor("Anna", now)
    db.session.commit()
    before = read_contents()
    with pytest.raises(Rejected):
        give(anna, name, now)
    db.session.rollback()
    assert read_contents() == before
    with pytest.raises(NotFound):
        tags.get_tag(4711)


def test_donors_of_a_tag_are_listed_in_pages(database: Flask, now: datetime) -> None:
    """Who has a tag is listed, the newest first, page by page, with a search and on one's own list too."""
    ids = [add_donor(f"Anna Nowak {number}", now) for number in range(7)]
    tagged_ids = ids[::2]
    for id_ in tagged_ids:
        tag, _ = give(id_, "VIP", now)
    give(ids[1], "other", now)
    first = search.find_donors("", tag_id=tag.id, limit=3)
    second = search.find_donors("", tag_id=tag.id, limit=3, after=first.cursor)
    assert [row.id for row in (*first.rows, *second.rows)] == tagged_ids[::-1]
    assert second.cursor is None
    for text in ("nowak", "an", "Anna Nowak", "nowak an"):
        assert sorted(row.id for row in search.find_donors(text, tag_id=tag.id).rows) == tagged_ids, text
    assert search.find_donors("xyzzy", tag_id=tag.id).rows == []
    owner = users.create_user(
        "a@example.org", name="A", password="a long password", roles=["caller"], now=now, actor=ME
    )
    for id_ in ids[:3]:
        donors.change_donor(donors.get_donor(id_), {"owner_id": owner.id}, now=now, actor=ME)
    for text in ("", "nowak", "an"):
        rows = search.find_donors(text, tag_id=tag.id, owner_id=owner.id).rows
        assert sorted(row.id for row in rows) == [ids[0], ids[2]], text
