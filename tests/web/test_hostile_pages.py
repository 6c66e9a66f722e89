"""Wrong input at every page: a sentence beside the field or a page that says why, and not one row more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask, template_rendered
from werkzeug.routing import IntegerConverter, Rule

from donorhub.web.forms import Form
from tests.web.access.test_access import pages
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import add_donor, add_gift, key_in, rows
from tests.web.test_links import (  # noqa: F401  a base with something of everything
    links,
    organised,
    world,
)

NOBODYS_IDS = ("0", "-1", str(2**31), str(2**63), str(2**64), "1" * 5000, "%00", "١")
DAMAGED = (
    "x",
    "~",
    "1~2~3~4",
    "9" * 30,
    "1" * 5000,
    "²",
    "2026-11-20~" + "9" * 30,
    "2026-02-31~1",
    "2026-11-20T10:00:00~1",
    "2026-11-20T10:00:00~gift~1",
    "0001-01-01T00:00:00+12:00~1",
    "9999-12-31T23:59:59-12:00~gift~5",
    "a\0b",
)
HOSTILE = (
    "",
    "x" * 5000,
    "\ufffd",
    "1" * 5000,
    "a\0b",
    "a\r\nBcc: x@example.org",
    "\ue000",
    "-1",
    "z" + "\u0301" * 50,
    str(2**63),
    "1e400",
    "NaN",
    "9999-12-31",
    "0001-01-01",
    "2026-02-31",
    "[" * 3000,
    "<script>alert(1)",
)
LISTS = (
    "/donors",
    "/donors/1",
    "/gifts",
    "/recurring-gifts",
    "/recurring-gifts/late",
    "/tasks?view=done",
    "/receipts",
    "/messages",
    "/bank/files",
    "/bank/to-decide",
    "/bank/matched",
    "/bank/not-gifts",
    "/bank/accounts/1",
)


def paths_with(rule: Rule, id_: str) -> Iterator[str]:
    """The addresses of a rule with this id in each of its places."""
    for name, converter in rule._converters.items():
        if isinstance(converter, IntegerConverter):
            path = re.sub(rf"<[^>]*:{name}>", id_, rule.rule)
            yield re.sub(r"<int[^>]*>", "1", path)


def test_impossible_id_leads_nowhere(database: Flask) -> None:
    """An id that no row can have leads nowhere at every page, and changes nothing."""
    staff = Staff(database, "admin")
    before = rows()
    for rule in pages(database):
        for path in (path for id_ in NOBODYS_IDS for path in paths_with(rule, id_)):
            answer = staff.client.open(path, method="GET" if "GET" in (rule.methods or ()) else "POST")
            let_write()
            assert answer.status_code in (400, 404), (path[:80], answer.status_code)
    assert rows() == before


def test_invented_page_is_refused(database: Flask, world: None) -> None:  # noqa: F811
    """A page that no list gave out is refused and says where to begin."""
    staff = Staff(database, "admin")
    for path in LISTS:
        for cursor in DAMAGED:
            answer = staff.get(f"{path}{'&' if '?' in path else '?'}after={quote(cursor)}")
            assert answer.status_code == 422, (path, cursor[:40], answer.status_code)
            assert "begin at the first page" in words_of(answer.text), path


def test_query_without_row_gets_page(database: Flask, world: None) -> None:  # noqa: F811
    """A query that names nobody's row gets a page all the same."""
    staff = Staff(database, "admin")
    for path in (
        "/gifts?donor=",
        "/messages?donor=",
        "/recurring-gifts?donor=",
        "/gifts/new?donor=",
        "/receipts/new?donor=",
        "/bank/to-decide?account=",
        "/bank/to-decide?statement=",
        "/bank/to-decide?done=",
        "/bank/entries/1?detail=",
        "/bank/entries/1/new-donor?detail=",
        "/bank/entries/1/split?detail=",
        "/receipts/new?donor=1&year=",
    ):
        for id_ in NOBODYS_IDS:
            answer = staff.get(path + id_)
            assert answer.status_code < 500, (path, answer.status_code)
            assert "<main" in answer.text


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("email", "a@b.pl\r\nBcc: c@d.pl", "cannot be printed"),
        ("city", "Łódź\nPL", "cannot be printed"),
        ("given_name", "\ue000", "cannot be printed"),
        ("given_name", "z" + "\u0301" * 50, "cannot be printed"),
        ("note", "a\0b", "cannot be printed"),
        ("note", "x" * 5001, "At most 5000 characters"),
        ("postcode", "1" * 21, "At most 20 characters"),
        ("owner_id", "9" * 5000, "choose one of the list"),
    ],
)
def test_wrong_donor_field_is_marked(database: Flask, field: str, value: str, sentence: str) -> None:
    """A donor with a wrong field is refused, with the fault beside the field."""
    staff = Staff(database, "admin")
    good = {
        "key": key_in(staff.get("/donors/new").text),
        "given_name": "Anna",
        "kind": "person",
        "lang": "pl",
    }
    before = rows()
    answer = staff.post("/donors/new", **{**good, field: value})
    assert answer.status_code == 422
    assert sentence in words_of(answer.text)
    assert re.search(rf'name="{field}"[^>]*aria-invalid', answer.text), field
    assert rows() == before


@pytest.mark.parametrize("version", ["1" * 5000, "-1", "x", str(2**31)])
def test_impossible_version_saves_nothing(database: Flask, version: str) -> None:
    """A donor is not saved over a version that cannot be."""
    staff, donor = Staff(database, "admin"), add_donor()
    before = rows()
    answer = staff.post(
        f"/donors/{donor.id}/edit", given_name="Ewa", kind="person", lang="pl", version=version
    )
    assert answer.status_code == 422
    assert rows() == before


@pytest.mark.parametrize("day", ["9999-12-31", "20261120", "2026-W47-5", "0001-01-01", "2026-02-31"])
def test_impossible_day_is_marked(database: Flask, day: str) -> None:
    """A gift of an impossible day is refused, with the fault beside the field."""
    staff, donor = Staff(database, "admin"), add_donor()
    page = staff.get(f"/gifts/new?donor={donor.id}").text
    before = rows()
    answer = staff.post(
        "/gifts/new",
        key=key_in(page),
        donor_id=donor.id,
        amount="10,00",
        currency="PLN",
        received_on=day,
        method="cash",
    )
    assert answer.status_code == 422
    assert re.search(r'name="received_on"[^>]*aria-invalid', answer.text)
    assert rows() == before


def test_receipts_of_gifts_that_cannot_be_are_refused(database: Flask) -> None:
    staff, donor = Staff(database, "admin"), add_donor()
    add_gift(donor)
    before = rows()
    for id_ in ("1" * 5000, str(2**63), "-1"):
        answer = staff.post("/receipts/new", donor_id=donor.id, year=2026, lang="pl", gift_ids=id_)
        assert answer.status_code == 422
        assert "Choose at least one gift" in words_of(answer.text)
    assert rows() == before


class Forms(HTMLParser):
    """The forms of a page that change something: where each is sent, and its fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self._is_open = False
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_open = told.get("method") == "post" and "/sign-out" not in told.get("action", "")
            if self._is_open:
                self.found.append((told.get("action", ""), {}))
        elif self._is_open and told.get("name"):
            self._select = told["name"] if tag == "select" else ""
            self.found[-1][1].setdefault(told["name"], told.get("value", ""))
        elif self._is_open and tag == "option" and self._select and "selected" in told:
            self.found[-1][1][self._select] = told.get("value", "")


def forms(staff: Staff) -> dict[tuple[str, ...], tuple[str, dict[str, str]]]:
    """One form of each kind that the pages offer, found by following their links."""
    known: dict[tuple[str, ...], tuple[str, dict[str, str]]] = {}
    seen: set[str] = set()
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path in seen or "lang=" in path:
            continue
        seen.add(path)
        answer = staff.get(path)
        if answer.mimetype != "text/html" or answer.status_code != 200:
            continue
        waiting += links(answer.text)
        for action, fields in Forms(answer.text).found:
            where = action or path.partition("?")[0]
            known.setdefault((re.sub(r"\d+", "N", where), *fields), (where, fields))
    return known


def unsaid(shown: list[dict[str, Any]], page: str) -> list[str]:
    """What the form of the page last shown found wrong and its page does not say."""
    form = shown[-1].get("form") if shown else None
    errors = form.errors.values() if isinstance(form, Form) else ()
    return [sentence for sentence in errors if sentence not in unescape(page)]


@pytest.mark.slow
def test_every_field_bears_anything(database: Flask, world: None) -> None:  # noqa: F811
    """Every field of every form bears whatever is sent."""
    staff = Staff(database, "admin")
    known = forms(staff)
    assert len(known) > 30
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', staff.get("/account").text)
    assert token
    shown: list[dict[str, Any]] = []

    def note(_app: Flask, context: dict[str, Any], **_: Any) -> None:
        shown.append(context)

    template_rendered.connect(note, database)
    for where, fields in known.values():
        if "/settings/users/" in where:  # each would hash a password, or send the reader away
            continue
        for number, field in enumerate(sorted(set(fields) - {"csrf_token"})):
            for value in HOSTILE[number % 5 :: 5]:
                before = rows()
                sent = {**fields, field: value, "csrf_token": token.group(1)}
                answer = staff.client.post(where, data=sent, content_type="multipart/form-data")
                let_write()
                assert answer.status_code < 500, (where, field, value[:20])
                assert "<script>alert(1)" not in answer.text, (where, field)
                if answer.status_code == 422:
                    assert unsaid(shown, answer.text) == [], (where, field, value[:20])
                if answer.status_code >= 400:
                    assert rows() == before, (where, field, value[:20])
