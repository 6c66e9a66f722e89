"""One table of good and bad values through API, page, the bank's new-donor form and command: one verdict.

A program is told the code and the English sentence of a fault, a person the words beside the field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from donorhub import clock
from donorhub.db import db
from donorhub.domain.access.permissions import PERMISSIONS
from donorhub.models import Donor, Entry, Gift, User
from donorhub.money import Money
from donorhub.schemas import faults
from donorhub.services.access import organisation, users
from donorhub.services.donors import interactions
from donorhub.services.receipts import receipts
from donorhub.web.words.faults import SENTENCES
from tests.api.conftest import Caller
from tests.cli.conftest import Donorhub, donorhub, shell  # noqa: F401  fixtures
from tests.web.bank.bank_world import PAYER, Staff, camt, let_write, work
from tests.web.desk import add_donor, add_gift, key_in, rows

GOOD = ""
UNPRINTABLE = "There is a sign in it that cannot be printed."
# A code, the sentence for programs and the words on a page.
TOLD = {
    "required": ("Please fill this in.", "Please fill this in."),
    "too_long 20": ("At most 20 characters.", "At most 20 characters, please."),
    "too_long 200": ("At most 200 characters.", "At most 200 characters, please."),
    "too_long 254": ("At most 254 characters.", "At most 254 characters, please."),
    "too_long 500": ("At most 500 characters.", "At most 500 characters, please."),
    "too_long 2000": ("At most 2000 characters.", "At most 2000 characters, please."),
    "too_long 5000": ("At most 5000 characters.", "At most 5000 characters, please."),
    "unprintable": (
        "This holds a character that cannot be printed.",
        "There is a sign in it that cannot be printed.",
    ),
    "piled_marks": (
        "This piles too many marks on one letter.",
        "There is a sign in it that cannot be printed.",
    ),
    "email_invalid": ("This is no e-mail address.", "This is no e-mail address."),
    "amount_invalid": ("Write the amount as 1234.50.", "This is no amount: write it as 50,00 or 50.00."),
    "amount_too_precise": ("PLN has 2 decimals.", "This is no amount: write it as 50,00 or 50.00."),
    "amount_not_positive": ("It must be more than nothing.", "An amount is more than nothing."),
    "amount_too_large": ("This is more money than we can keep.", "This is more money than can be kept."),
    "date_invalid": ("Write the date as YYYY-MM-DD.", "This is no date."),
    "date_too_early": ("Not before 1900-01-01.", "This date is too long ago."),
    "date_too_late": ("Not after 2199-12-31.", "This date is too far away."),
}
TEXTS = {
    "": GOOD,
    "Łódź, ul. Piękna 5": GOOD,
    "  blanks around  ": GOOD,
    "a\0b": "unprintable",
    "a\x07b": "unprintable",
    "a\nb": "unprintable",
    "\ue000": "unprintable",
    "z" + "\u0301" * 20: "piled_marks",
}
LINES = {**TEXTS, "x" * 200: GOOD, "x" * 201: "too_long 200"}
NEEDED = {"Łódź": GOOD, "": "required", " ": "required", "a\0b": "unprintable", "x" * 201: "too_long 200"}
NOTES = {
    "": GOOD,
    "one\r\ntwo\ttabs": GOOD,
    "x" * 5000: GOOD,
    "x" * 5001: "too_long 5000",
    "a\0b": "unprintable",
    "a\x07b": "unprintable",
    "z" + "\u0301" * 20: "piled_marks",
}
EMAILS = {
    "": GOOD,
    "anna@example.org": GOOD,
    " anna@example.org ": GOOD,
    "anna.nowak+list@poczta.przykład.pl": GOOD,
    "a" * 64 + "@example.org": GOOD,
    "a@" + "b" * 63 + "." + "c" * 63 + "." + "d" * 63 + "." + "e" * 63 + ".org": "too_long 254",
    "anna": "email_invalid",
    "anna@": "email_invalid",
    "anna@localhost": "email_invalid",
    "a..b@example.org": "email_invalid",
    "anna@-example.org": "email_invalid",
    "anna nowak@example.org": "email_invalid",
    "anna@example.org\r\nBcc: c@example.org": "unprintable",
    "anna\0@example.org": "unprintable",
}
REASONS = {
    "a mistake": GOOD,
    "": "required",
    " ": "required",
    "x" * 500: GOOD,
    "x" * 501: "too_long 500",
    "a\0b": "unprintable",
    "a\nb": "unprintable",
}
AMOUNTS = {
    "5.00": GOOD,
    "0.01": GOOD,
    "1000000000000.00": GOOD,
    "1000000000000.01": "amount_too_large",
    "999999999999999": "amount_too_large",
    "0": "amount_not_positive",
    "-5.00": "amount_not_positive",
    "5.001": "amount_too_precise",
    "1e400": "amount_invalid",
    "NaN": "amount_invalid",
    "٣": "amount_invalid",
    "5.0.0": "amount_invalid",
    "9" * 16: "amount_invalid",
    "5\0": "amount_invalid",
}
DAYS = {
    "2026-11-20": GOOD,
    "1900-01-01": GOOD,
    "1899-12-31": "date_too_early",
    "0001-01-01": "date_too_early",
    "2200-01-01": "date_too_late",
    "9999-12-31": "date_too_late",
    "2026-02-31": "date_invalid",
    "20261120": "date_invalid",
    "2026-W47-7": "date_invalid",
    "20.11.2026": "date_invalid",
    "２０２６-11-20": "date_invalid",
    "2026-11-20\0": "date_invalid",
}
USER_EMAILS = ("anna.nowak+list@poczta.przykład.pl", "anna", "a..b@example.org", "anna\0@example.org")
TABLES = {
    "phone": LINES,
    "postcode": {**TEXTS, "x" * 20: GOOD, "x" * 21: "too_long 20"},
    "note": NOTES,
    "email": EMAILS,
    "user_name": NEEDED,
    "user_email": {"": "required", **{value: EMAILS[value] for value in USER_EMAILS}},
    "reason": REASONS,
    "amount": AMOUNTS,
    "received_on": DAYS,
    "gift_note": {**NOTES, "x" * 5000: "too_long 2000", "x" * 5001: "too_long 2000", "x" * 2000: GOOD},
}
PASSWORD = "long-enough-secret"


class World:
    """The doors, and what a form of each needs beside the value that is tried."""

    def __init__(self, app: Flask, run: Donorhub, token: str) -> None:
        self.api, self.staff, self.run = Caller(app, token), Staff(app, "admin"), run
        address = {"street": "ul. Krótka 2", "city": "Warszawa", "postcode": "00-002"}
        numbers = {"KRS": "0000123456", "NIP": "5252810770", "REGON": "123456785"}
        organisation.change_organisation(address | {"ids": numbers}, now=clock.now(), actor="system:0")
        self.donor_id = add_donor(country="PL").id
        self._count = 0

    def count_up(self) -> int:
        """Return another number each time."""
        self._count += 1
        return self._count

    # ------------------------------------------------------------ the API

    def judge_answer(self, path: str, body: object) -> tuple[str, str]:
        """Return code and sentence of the first fault; empty ones where the body is taken."""
        answer = self.api.post(path, body)
        if answer.status_code < 300:
            return GOOD, ""
        said = answer.get_json(force=True)
        if said["code"] == "bad_request":  # JSON itself takes no NUL: it never came to the field
            return "NUL", ""
        return said["errors"][0]["code"], said["errors"][0]["detail"]

    def send_donor(self, field: str, value: str) -> tuple[str, str]:
        return self.judge_answer("/donors?allow_duplicate=true", {"name": "Anna", field: value})

    def send_gift(self, **fields: object) -> tuple[str, str]:
        gift = {"donor_id": self.donor_id, "received_on": "2026-11-20"}
        return self.judge_answer(
            "/gifts?allow_duplicate=true", gift | {"amount": {"amount": "5.00", "currency": "PLN"}} | fields
        )

    def send_user(self, **fields: str) -> tuple[str, str]:
        user = {
            "name": "Piotr",
            "email": f"p{self.count_up()}@example.org",
            "password": PASSWORD,
            "roles": ["admin"],
        }
        return self.judge_answer("/users", user | fields)

    def send_void(self, reason: str) -> tuple[str, str]:
        return self.judge_answer(f"/receipts/{self.add_receipt()}/void", {"reason": reason})

    # ------------------------------------------------------------ pages

    def judge_page(self, path: str, field: str, sent: dict[str, object]) -> str:
        """Return what stands beside the field, or nothing where the form is taken."""
        others = [str(number) for number in range(1, 99)]  # who is alike has been looked at
        if path.startswith(("/bank/", "/receipts/")):
            sent = {**sent, "digest": self.staff.digest_of(path)}
        answer = self.staff.post(path, another=others, **sent)
        if answer.status_code in (200, 302):
            return ""
        assert answer.status_code == 422
        return unescape(answer.text).partition(f'id="e-{field}">')[2].partition("</span>")[0]

    def fill_in_donor(self, field: str, value: str) -> str:
        key = key_in(self.staff.get("/donors/new").text)
        sent = {"kind": "person", "lang": "pl", "name": "Anna", "key": key, field: value}
        return self.judge_page("/donors/new", field, sent)

    def fill_in_payer(self, field: str, value: str) -> str:
        entry = db.session.scalars(select(Entry).filter_by(state="suspense").limit(1)).one()
        sent = {"kind": "person", "lang": "pl", "name": "Anna", field: value}
        return self.judge_page(f"/bank/entries/{entry.id}/new-donor", field, sent)

    def fill_in_gift(self, name: str, value: str) -> str:
        key = key_in(self.staff.get(f"/gifts/new?donor={self.donor_id}").text)
        sent = {"donor_id": self.donor_id, "amount": "5,00", "currency": "PLN", "received_on": "2026-11-20"}
        return self.judge_page("/gifts/new", name, sent | {"method": "transfer", "key": key, name: value})

    def fill_in_user(self, name: str, value: str) -> str:
        sent = {"name": "Piotr", "email": f"p{self.count_up()}@example.org", "roles": "admin", "lang": "en"}
        return self.judge_page("/settings/users", name, sent | {name: value})

    def fill_in_void(self, reason: str) -> str:
        return self.judge_page(f"/receipts/{self.add_receipt()}/void", "reason", {"reason": reason})

    # ------------------------------------------------------------ commands

    def type_command(self, name: str, *arguments: str) -> str:
        """Return the sentence that a command ends with, or nothing where it does its work."""
        ended = self.run(*arguments)
        return ended.err.strip().removeprefix(f"donorhub: {name}: ") if ended.code else ""

    def type_user(self, *, name: str = "Piotr", email: str = "") -> str:
        address = email or f"p{self.count_up()}@example.org"
        arguments = ("--name", name, "--role", "admin", "--password", PASSWORD)
        return self.type_command("email" if email else "name", "user", "create", *arguments, "--", address)

    def type_void(self, reason: str) -> str:
        receipt_id = str(self.add_receipt())
        return self.type_command("reason", "receipts", "void", receipt_id, "--yes", "--reason", reason)

    def add_receipt(self) -> int:
        let_write()
        donor = db.session.get_one(Donor, self.donor_id)
        gift = add_gift(donor, ref=f"receipt-{self.count_up()}")
        issued = {"today": gift.received_on, "now": gift.recorded_at, "actor": "test"}
        receipt = receipts.issue_receipt([gift.id], **issued)
        receipt_id = receipt.id
        db.session.commit()
        let_write()
        return receipt_id


Judge = Callable[[World, str], Any]
PROGRAMS: dict[str, Judge] = {  # doors that tell a code and a sentence
    "phone": lambda world, value: world.send_donor("phone", value),
    "postcode": lambda world, value: world.send_donor("postcode", value),
    "note": lambda world, value: world.send_donor("note", value),
    "email": lambda world, value: world.send_donor("email", value),
    "user_name": lambda world, value: world.send_user(name=value),
    "user_email": lambda world, value: world.send_user(email=value),
    "reason": lambda world, value: world.send_void(value),
    "amount": lambda world, value: world.send_gift(amount={"amount": value, "currency": "PLN"}),
    "received_on": lambda world, value: world.send_gift(received_on=value),
    "gift_note": lambda world, value: world.send_gift(note=value),
}
PAGES: dict[str, Judge] = {  # doors that write words beside the field
    "phone": lambda world, value: world.fill_in_donor("phone", value),
    "postcode": lambda world, value: world.fill_in_donor("postcode", value),
    "note": lambda world, value: world.fill_in_donor("note", value),
    "email": lambda world, value: world.fill_in_donor("email", value),
    "user_name": lambda world, value: world.fill_in_user("name", value),
    "user_email": lambda world, value: world.fill_in_user("email", value),
    "reason": lambda world, value: world.fill_in_void(value),
    "amount": lambda world, value: world.fill_in_gift("amount", value),
    "received_on": lambda world, value: world.fill_in_gift("received_on", value),
    "gift_note": lambda world, value: world.fill_in_gift("note", value),
}
PAYERS: dict[str, Judge] = {
    name: lambda world, value, name=name: world.fill_in_payer(name, value)  # type: ignore[misc]
    for name in ("phone", "postcode", "email")
}
COMMANDS: dict[str, Judge] = {
    "user_name": lambda world, value: world.type_user(name=value),
    "user_email": lambda world, value: world.type_user(email=value),
    "reason": lambda world, value: world.type_void(value),
}


@pytest.fixture
def world(database: Flask, donorhub: Donorhub, now: datetime) -> Iterator[World]:  # noqa: F811
    _, token = users.create_token("test", PERMISSIONS, now=now, actor="system:0")
    db.session.commit()
    yield World(database, donorhub, token)
    let_write()


def add_entries(world: World, count: int) -> None:
    """Import a statement of so many entries of payers whom nobody knows."""
    lines = [("2026-11-19", f"{n}.00", f"NIEZNANY {n}", PAYER, "x") for n in range(1, count + 1)]
    page = world.staff.upload(camt(lines))
    world.staff.confirm(page)
    work()


def free_addresses() -> None:
    """Let the address of a user whom one door added be free for the next door."""
    let_write()
    for user in db.session.scalars(select(User).where(User.password != "!")):
        user.email = f"gone{user.id}@example.org"
    db.session.commit()
    let_write()


@pytest.mark.parametrize("field", sorted(TABLES))
def test_every_door_judges_a_value_alike(world: World, field: str) -> None:
    """API, page, new-donor form and command take and refuse the same, for the same reason."""
    table = TABLES[field]
    if field in PAYERS:
        add_entries(world, 1 + sum(verdict == GOOD for verdict in table.values()))
    for value, verdict in table.items():
        code = verdict.partition(" ")[0]
        sentence, words = TOLD[verdict] if verdict else ("", "")
        free_addresses()
        before = rows() if verdict and field != "reason" else None  # a reason is tried on a new receipt
        refused_as_json = {("NUL", "")} if "\0" in value else set()
        assert PROGRAMS[field](world, value) in {(code, sentence)} | refused_as_json, value
        for judge in (PAGES.get(field), PAYERS.get(field)):
            free_addresses()
            assert judge is None or judge(world, value) == words, value
        free_addresses()
        if field in COMMANDS and value:  # without an address there is no command
            assert COMMANDS[field](world, value) == sentence, value
        assert before is None or rows() == before, value


@pytest.mark.parametrize(
    ("text", "minor"),
    [("50,00", 5000), ("1 234,56", 123456), ("1.234,56", 123456), ("45.90 zł", 4590), ("7", 700)],
)
def test_people_write_amounts_as_they_do(world: World, text: str, minor: int) -> None:
    """A page reads a decimal comma and thousands, which the API refuses; the amount is judged alike."""
    assert world.fill_in_gift("amount", text) == ""
    gift = db.session.scalars(select(Gift).order_by(Gift.id.desc()).limit(1)).one()
    assert Money(gift.amount_minor, gift.currency) == Money(minor, "PLN")
    if text != "7":
        assert world.send_gift(amount={"amount": text, "currency": "PLN"})[0] == "amount_invalid"


def test_note_of_the_api_is_corrected_by_page(world: World) -> None:
    """What one door took, the other takes unchanged, up to the last letter."""
    note = "Wspiera nas od lat.\n" + "x" * 4980
    donor_id = world.api.post("/donors", {"name": "Anna", "note": note}).get_json()["id"]
    row = world.api.get(f"/donors/{donor_id}/interactions").get_json()["data"][0]
    sent = {"kind": "note", "direction": "", "outcome": "", "text": note, "at": "2026-11-22T09:00"}
    assert world.staff.post(f"/donors/{donor_id}/interactions/{row['id']}", **sent).status_code == 302
    let_write()
    assert interactions.read_notes([donor_id]) == {donor_id: [note]}


def test_every_code_has_its_words() -> None:
    """A code without words would tell a person to load the form anew: only what no form can send may."""
    codes = {fault.code for fault in vars(faults).values() if isinstance(fault, faults.Fault)}
    of_programs = {"invalid", "unknown_field", "source_invalid", "source_ref_missing", "fund_twice"}
    of_programs |= {"currency_differs", "not_one_way", "file_missing", "time_invalid"}
    by_field = {"required", "too_short", "too_long", "out_of_range", "wrong_type", "too_few", "too_many"}
    assert codes == set(SENTENCES) | of_programs | by_field
