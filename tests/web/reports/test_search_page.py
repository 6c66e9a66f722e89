"""The search of every page: its list, its fragment while one types, and the switch of its key."""

from __future__ import annotations

from flask import Flask

from donorhub.db import db
from donorhub.models import User
from tests.web.bank.bank_world import Staff, words_of
from tests.web.desk import add_donor, add_gift, rows

TYPING = {"X-Fragment": "1"}


def test_one_box_leads_to_everything(database: Flask) -> None:
    """The box of every page asks the search; what fits is grouped, with what tells namesakes apart."""
    staff = Staff(database, "fundraiser")
    for name in ("Anna Wójcik", "Anna Wojciechowska"):
        add_gift(add_donor(name, city="Łódź"), "120.00")
    assert 'action="/search"' in staff.get("/").text
    page = words_of(staff.text("/search?q=anna"))
    assert "Anna Wójcik" in page and "Anna Wojciechowska" in page and "Łódź · last gift" in page
    found = words_of(staff.text("/search?q=120"))
    assert "Gifts" in found and "PLN 120.00" in found


def test_single_hit_opens_at_once(database: Flask) -> None:
    """Where one thing is found it opens; while one types, and where nothing is found, nothing does."""
    staff = Staff(database, "fundraiser")
    donor_id = add_donor("Anna Wójcik").id
    assert staff.get("/search?q=wojick").headers["Location"] == f"/donors/{donor_id}"
    typing = staff.client.get("/search?q=wojick", headers=TYPING)
    assert typing.status_code == 200 and f'data-href="/donors/{donor_id}"' in typing.text
    assert "<html" not in typing.text


def test_miss_offers_a_new_donor(database: Flask) -> None:
    """Where nothing is found a new donor is offered with the text filled in, to who may add one."""
    staff = Staff(database, "fundraiser")
    for headers in ({}, TYPING):
        page = staff.client.get("/search?q=Ewa+<Łoś>", headers=headers).text
        assert "/donors/new?name=Ewa+%3C%C5%81o%C5%9B%3E" in page and "&lt;Łoś&gt;" in page
    assert 'value="Ewa &lt;Łoś&gt;"' in staff.get("/donors/new?name=Ewa+%3CŁoś%3E").text
    caller = Staff(database, "communications")
    assert "/donors/new" not in caller.client.get("/search?q=ewa", headers=TYPING).text


def test_amounts_and_numbers_are_nobodys_name(database: Flask) -> None:
    """Where an amount, a receipt's or a phone number is not found the new donor begins without a name."""
    staff = Staff(database, "fundraiser")
    for text in ("123,45", "about+120", "R/2026/00012", "1/2026", "600+700+800"):
        for headers in ({}, TYPING):
            page = staff.client.get(f"/search?q={text}", headers=headers).text
            assert "/donors/new" in page and "/donors/new?name" not in page


def test_empty_search_asks_for_words(database: Flask) -> None:
    """Without a text the page says what can be looked for, and finds nobody."""
    staff = Staff(database, "fundraiser")
    add_donor("Anna Wójcik")
    assert "Write a name" in staff.text("/search") and "Wójcik" not in staff.text("/search?q=+")


def test_roles_find_what_they_may_open(database: Flask) -> None:
    """Without the right to gifts no amount is found and none is shown."""
    add_gift(add_donor("Anna Wójcik"), "120.00")
    add_donor("Anna Wolska")
    page = Staff(database, "communications").client.get("/search?q=anna", headers=TYPING).text
    assert "Anna Wójcik" in page and "last gift" not in page
    money = Staff(database, "communications").client.get("/search?q=120", headers=TYPING).text
    assert "data-href" not in money


def test_keys_can_be_switched_off(database: Flask) -> None:
    """Under their account everybody switches single letters off and on; again changes nothing."""
    staff = Staff(database, "fundraiser")
    assert "data-keys" in staff.get("/").text
    staff.post("/account/keys")
    before = rows()
    staff.post("/account/keys")
    assert rows() == before and "data-keys" not in staff.get("/").text
    staff.post("/account/keys", uses_keys="1")
    assert "data-keys" in staff.get("/").text
    assert db.session.query(User).filter_by(uses_keys=False).count() == 0
