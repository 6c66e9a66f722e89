"""Every door through which a donor or a gift comes asks alike before it makes one that may be there already.

Each is tried three times: unasked it makes nothing and names who or what is there; with the word that this is
another it makes one; and what is alike nobody, it makes at once.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask
from sqlalchemy import func, select

from donorhub.db import db
from donorhub.models import Donor, Entry, Gift
from tests.api.conftest import Caller
from tests.web.bank.bank_world import OURS, PAYER, Staff, camt, let_write
from tests.web.desk import TODAY, add_donor, add_gift, key_in

ROOT: Final = Path(__file__).parents[2]
TWIN: Final = {"name": "Anna Kowalska", "given_name": "Anna", "family_name": "Kowalska", "city": "lodz"}
MAILBOX: Final = {
    "name": "Ewa Inna",
    "given_name": "Ewa",
    "family_name": "Inna",
    "email": "Anna+x@example.org",
}
OTHER: Final = {"name": "Jan Nowak", "given_name": "Jan", "family_name": "Nowak", "city": "Gdynia"}
FORM: Final = {"kind": "person", "lang": "pl"}
# Who makes donors and gifts, and who asks for it. What asks nobody has a reason.
MAKERS: Final[Mapping[tuple[str, str], str]] = {
    ("donorhub/web/donors/donors.py", "create_donor"): "asks",
    ("donorhub/api/donors/donors.py", "create_donor"): "asks",
    ("donorhub/api/donors/donors.py", "put_by_external_id"): "another system's key says who it is",
    ("donorhub/services/donors/donors.py", "create_donor"): "for put_by_external_id",
    ("donorhub/services/bank/matching/entries.py", "create_donor"): "asks, for page and API",
    (
        "donorhub/services/providers/directory.py",
        "create_donor",
    ): "nobody is there: the rule of e-mails links",
    ("donorhub/services/donors/duplicate_review.py", "create_donor"): "a household of people who are here",
    ("donorhub/cli/demo/people.py", "create_donor"): "made-up people",
    ("donorhub/cli/demo/records.py", "create_donor"): "made-up people",
    ("donorhub/web/giving/gifts.py", "record_gift"): "asks",
    ("donorhub/api/giving/gifts.py", "record_gift"): "asks",
    ("donorhub/services/bank/matching/decisions.py", "record_gifts"): "asks, for pages, API and the engine",
    ("donorhub/services/providers/payments.py", "record_gifts"): "a payment of a provider is one gift",
    ("donorhub/cli/demo/giving.py", "record_gift"): "made-up gifts",
    ("donorhub/services/bank/matching/payer_batches.py", "create_donors"): "shows who may be known already",
    ("donorhub/services/moving/record_writing.py", "create_donors"): "its plan joins those who are known",
    ("donorhub/services/moving/record_writing.py", "record_gifts"): "its plan names the gifts that are here",
}


@dataclass
class Answer:
    """What a door said: whether it asked, and whether it named what is there."""

    asked: bool
    named: bool


class Doors:
    """Somebody at each of the doors; what is there is Anna Kowalska of Łódź with a gift of today."""

    def __init__(self, app: Flask, api: Caller) -> None:
        self.api = api
        self.anna = add_donor(email="anna@example.org").id
        self.jan = add_donor("Piotr Zielony", city="Kraków").id
        self.gift = add_gift(db.session.get_one(Donor, self.anna)).id
        self.staff = Staff(app, "admin")
        self.staff.post("/bank/accounts", number=OURS, new_currency="PLN", name="Main")
        lines = [
            ("2026-11-19", "30.00", "KTOŚ NOWY", PAYER, "x"),
            (str(TODAY), "50.00", "ANNA KOWALSKA", "", "y"),
        ]
        self.staff.upload(camt(lines))
        let_write()
        self.entry, self.entry_of_anna = db.session.scalars(select(Entry.id).order_by(Entry.id)).all()

    def page_new(self, fields: Mapping[str, str], is_another: bool) -> Answer:
        key = key_in(self.staff.get("/donors/new").text)
        return self._send_page("/donors/new", {**FORM, "key": key, **fields}, self.anna, is_another)

    def page_edit(self, fields: Mapping[str, str], is_another: bool) -> Answer:
        page = f"/donors/{self.jan}/edit"
        let_write()
        version = str(db.session.get_one(Donor, self.jan).version)
        return self._send_page(page, {**FORM, "version": version, **fields}, self.anna, is_another)

    def page_bank(self, fields: Mapping[str, str], is_another: bool) -> Answer:
        page = f"/bank/entries/{self.entry}/new-donor"
        digest = self.staff.digest_of(page)
        return self._send_page(page, {**FORM, **fields, "digest": digest}, self.anna, is_another)

    def api_new(self, fields: Mapping[str, str], is_another: bool) -> Answer:
        return self._send_api("POST", "/donors", fields, "donor_ids", self.anna, is_another)

    def api_edit(self, fields: Mapping[str, str], is_another: bool) -> Answer:
        return self._send_api("PATCH", f"/donors/{self.jan}", fields, "donor_ids", self.anna, is_another)

    def api_bank(self, fields: Mapping[str, str], is_another: bool) -> Answer:
        path = f"/entries/{self.entry}/matches"
        return self._send_api("POST", path, {"new_donor": fields}, "donor_ids", self.anna, is_another)

    def page_gift(self, fields: Mapping[str, str], is_another: bool) -> Answer:
        key = key_in(self.staff.get(f"/gifts/new?donor={self.anna}").text)
        form = {"donor_id": str(self.anna), "currency": "PLN", "method": "cash", "key": key}
        return self._send_page("/gifts/new", {**form, **fields}, self.gift, is_another)

    def api_gift(self, fields: Mapping[str, str], is_another: bool) -> Answer:
        body = {
            "donor_id": self.anna,
            "amount": {"amount": fields["amount"], "currency": "PLN"},
            "received_on": fields["received_on"],
        }
        return self._send_api("POST", "/gifts", body, "gift_ids", self.gift, is_another)

    def page_accept(self, fields: Mapping[str, str], is_another: bool) -> Answer:
        """Accept the proposal of the engine, with what the page of the entry says was seen, or without."""
        page = self.staff.get(f"/bank/entries/{self.entry_of_anna}").text
        choice = unescape(re.findall(r'name="choice" value="([^"]+)"', page)[0])
        path = f"/bank/entries/{self.entry_of_anna}/accept"
        return self._send_page(path, {"choice": choice}, self.gift, is_another)

    def page_give(self, fields: Mapping[str, str], is_another: bool) -> Answer:
        path = f"/bank/entries/{self.entry_of_anna}/give"
        form = {"donor": str(self.anna), "digest": self.staff.digest_of(path)}
        return self._send_page(path, form, self.gift, is_another)

    def page_split(self, fields: Mapping[str, str], is_another: bool) -> Answer:
        path, code = f"/bank/entries/{self.entry_of_anna}/split", "DH-1001-7"
        form = {"do": "record", "count": "2", "who0": code, "amount0": "50,00", "who1": "", "amount1": ""}
        form["digest"] = self.staff.digest_of(path)
        return self._send_page(path, form, self.gift, is_another)

    def api_rank(self, fields: Mapping[str, str], is_another: bool) -> Answer:
        path = f"/entries/{self.entry_of_anna}/matches"
        return self._send_api("POST", path, {"rank": 0}, "gift_ids", self.gift, is_another)

    def api_parts(self, fields: Mapping[str, str], is_another: bool) -> Answer:
        path = f"/entries/{self.entry_of_anna}/matches"
        part = {"donor_id": self.anna, "amount": {"amount": "50.00", "currency": "PLN"}}
        return self._send_api("POST", path, {"parts": [part]}, "gift_ids", self.gift, is_another)

    def _send_page(self, path: str, form: Mapping[str, str], known_id: int, is_another: bool) -> Answer:
        more = {"another": str(known_id)} if is_another else {}
        answer = self.staff.post(path, **form, **more)
        if answer.status_code == 302:
            return Answer(asked=False, named=False)
        assert answer.status_code == 422
        return Answer(asked=True, named=f'name="another" value="{known_id}"' in answer.text)

    def _send_api(
        self, method: str, path: str, body: Any, ids: str, known_id: int, is_another: bool
    ) -> Answer:
        headers = {"Idempotency-Key": f"{path}-{body}-{is_another}".encode().hex()[:60], "If-Match": '"1"'}
        query = "?allow_duplicate=true" if is_another else ""
        answer = self.api.send(method, path + query, body, headers=headers)
        if answer.status_code in (200, 201):
            return Answer(asked=False, named=False)
        said = answer.get_json(force=True)
        assert answer.status_code == 409 and said["code"].startswith("possible_duplicate"), said
        return Answer(asked=True, named=said[ids] == [known_id])


@pytest.fixture
def doors(database: Flask, api: Caller) -> Doors:
    return Doors(database, api)


def count_rows() -> tuple[int, int, str]:
    """How many donors and gifts there are, and what all donors are called."""
    let_write()
    names = db.session.scalars(select(Donor.name + Donor.email + Donor.city).order_by(Donor.id)).all()
    return (
        db.session.scalar(select(func.count()).select_from(Donor)) or 0,
        db.session.scalar(select(func.count()).select_from(Gift)) or 0,
        " ".join(names),
    )


DONOR_DOORS = ("page_new", "page_edit", "page_bank", "api_new", "api_edit", "api_bank")
SAME_GIFT, OTHER_GIFT = (
    {"amount": "50.00", "received_on": "2026-11-22"},
    {"amount": "50.00", "received_on": "2026-11-21"},
)
CASES = [
    *((door, alike, OTHER) for door in DONOR_DOORS for alike in (TWIN, MAILBOX)),
    *((door, SAME_GIFT, OTHER_GIFT) for door in ("page_gift", "api_gift")),
]
BANK_DOORS = ("page_accept", "page_give", "page_split", "api_rank", "api_parts")


@pytest.mark.parametrize(
    ("door", "alike", "other"), [*CASES, *((door, SAME_GIFT, {}) for door in BANK_DOORS)]
)
def test_each_door_asks_before_it_makes(
    doors: Doors, door: str, alike: Mapping[str, str], other: Mapping[str, str]
) -> None:
    """What may be there already is asked about, with its name, and nothing is made until it is another."""
    send: Callable[[Mapping[str, str], bool], Answer] = getattr(doors, door)
    before = count_rows()
    assert send(alike, False) == Answer(asked=True, named=True)
    assert count_rows() == before
    assert send(alike, True) == Answer(asked=False, named=False)
    assert count_rows() != before


@pytest.mark.parametrize(("door", "alike", "other"), CASES[::2] + CASES[-1:])
def test_no_door_asks_about_what_is_new(
    doors: Doors, door: str, alike: Mapping[str, str], other: Mapping[str, str]
) -> None:
    """Who and what is alike nobody and nothing is made without a question."""
    before = count_rows()
    assert getattr(doors, door)(other, False) == Answer(asked=False, named=False)
    assert count_rows() != before


def test_edit_asks_only_of_new_likeness(doors: Doors) -> None:
    """Two who were let stand as alike are asked about no more when something else of one is changed."""
    assert doors.page_edit(TWIN, True).asked is False
    assert doors.page_edit({**TWIN, "street": "ul. Nowa 1"}, False).asked is False
    assert doors.page_edit({**TWIN, "email": "anna@example.org"}, False).asked is False
    assert doors.page_edit({**OTHER, "email": "anna@example.org"}, False).asked is False


def list_calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id


def test_every_maker_is_in_the_table() -> None:
    """Whatever makes a donor or gift stands in the table of makers: it asks, or says why it need not."""
    wanted = {"create_donor", "create_donors", "put_by_external_id", "record_gift", "record_gifts"}
    found = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in sorted((ROOT / "donorhub").rglob("*.py"))
        for name in list_calls(path)
        if name in wanted
    }
    assert found == set(MAKERS)
