"""Every refusal that a page can show is said in the reader's language, with its figures."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Flask
from flask_babel import force_locale

from donorhub import errors
from donorhub.db import db
from donorhub.domain.messages.sandbox import TextFault
from donorhub.errors import Conflict, DonorHubError, Rejected
from donorhub.services.access import organisation
from donorhub.services.recurring import recurring_gifts, shown_promises
from donorhub.web.words import refusals
from receipts import checks
from tests.web.bank.bank_world import Staff, let_write, words_of
from tests.web.desk import TODAY, add_donor, add_gift, add_recurring

ROOT = Path(__file__).resolve().parents[3]
KINDS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, DonorHubError)
}
# Said by programs to programs: tokens of the API, and what starts the program or seals its secrets.
# A page has the file of too long a list prepared instead.
OF_ARCHIVES = {"no_archive", "archive_older", "archive_newer", "archive_damaged", "not_empty", "other_key"}
OF_SEALED_PAPERS = {"not_sealed", "key_destroyed", "seal_broken"}
OF_BACKUPS = {"backup_damaged", "backup_shut", "file_exists", "no_erasure_log", "other_log"}
NOT_ON_PAGES = (
    {"unauthenticated", "forbidden", "list_too_long"} | OF_ARCHIVES | OF_SEALED_PAPERS | OF_BACKUPS
)  # of the command line
OF_READERS = {"problem.code"}  # of a file, for the API; pages say problems by themselves
WITH_A_SENTENCE_OF_THEIR_OWN = {"gift_not_receiptable", "receipt_incomplete", "in_the_way", "text_faulty"}
FACTS = {
    "state": "paused",
    "number": "R/2026/000001",
    "amount": "1250.00",
    "currency": "PLN",
    "name": "NIP",
    "gift_id": 7,
    "reasons": [{"code": "disputed", "gift_id": 7}],
    "problems": ["donor_address_missing"],
    "places": ["donor.address_lines"],
    "decisions": 5,
    "donor_id": 7,
    "most": 200,
    "most_mb": 10,
    "most_megapixels": 8,
    "most_files": 100,
    "donor_code": "DH-2001-0",
    "provider": "Stripe",
    "fault": TextFault("unknown_variable", "body", 3, "nothing_such"),
    "prefix": "whsec_",
}


class Raised(NamedTuple):
    place: str
    kind: str
    code: str
    fields: tuple[str, ...]


def list_refusals() -> Iterator[Raised]:
    """Every refusal that services and what they stand on can raise, read from their sources."""
    for path in sorted((ROOT / "donorhub").rglob("*.py")):
        if path.relative_to(ROOT).parts[1] in ("services", "jobs", "domain", "db.py", "vault.py", "web"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
                    one = _read(node, f"{path.relative_to(ROOT)}:{node.lineno}")
                    if one.code not in OF_READERS:
                        yield one


def _read(call: ast.Call, place: str) -> Raised:
    told = {keyword.arg: keyword.value for keyword in call.keywords}
    kind = KINDS[call.func.id].code  # type: ignore[attr-defined]
    code = _code(told["code"]) if "code" in told else kind
    if "field" not in told or isinstance(told["field"], ast.Name):  # a name: the caller knows which
        return Raised(place, kind, code, ("",))
    if isinstance(told["field"], ast.JoinedStr):  # a column of a gift or of a recurring gift
        return Raised(place, kind, code, ("/campaign_id", "/appeal_id"))
    return Raised(place, kind, code, (ast.literal_eval(told["field"]),))


def _code(written: ast.expr) -> str:
    """The code as the source writes it: a text, or the name of what holds one."""
    return ast.unparse(written) if isinstance(written, ast.Attribute) else ast.literal_eval(written)


def test_every_refusal_has_its_sentence(database: Flask) -> None:
    all_refusals = list(list_refusals())
    with database.test_request_context():
        silent = [
            one
            for one in all_refusals
            for field in one.fields
            if one.code not in NOT_ON_PAGES | WITH_A_SENTENCE_OF_THEIR_OWN
            and refusals.find_pattern(one.kind, one.code, field or None) is None
        ]
    assert len(all_refusals) > 80
    assert silent == []


def test_no_sentence_is_left_over() -> None:
    codes = {one.code for one in list_refusals()}
    fields = {f"{one.kind}{field}" for one in list_refusals() for field in one.fields}
    assert set(refusals.CODES) <= codes | {"busy", "misconfigured", "not_found"}
    assert set(refusals.FIELDS) <= fields


def test_every_problem_of_a_receipt_has_its_words() -> None:
    source = Path(checks.__file__).read_text()
    codes = set(re.findall(r'(?<!\[)"(?:error|warning)",\s*"(\w+)"', source)) | {
        code for code, _ in checks._CODES_AND_NAMES.values()
    }
    ours = {"draft_has_number", "number_missing", "void_date_missing", "period_missing", "period_reversed"}
    ours |= {"no_lines", "several_lines", "outside_period", "total_differs"}  # faults of the program
    assert len(codes) > 20
    assert codes - ours <= set(refusals.RECEIPT_PROBLEMS)


@pytest.mark.parametrize("lang", ["pl", "sq"])
def test_refusals_are_translated_and_filled(database: Flask, lang: str) -> None:
    """Each sentence is said in the language of the page and leaves no slot open."""
    with database.test_request_context():
        for code in (*refusals.CODES, *WITH_A_SENTENCE_OF_THEIR_OWN):
            error = Rejected("in English", code=code, **FACTS)
            with force_locale("en"):
                english = refusals.write_refusal(error)
            with force_locale(lang):
                sentence = refusals.write_refusal(error)
            assert sentence not in (english, "in English"), code
            assert "%(" not in sentence and "%%" not in sentence, code


def test_figures_follow_the_language(database: Flask) -> None:
    """Sums, counts and states are written as the language does."""
    parts = Rejected("", code="parts_differ", amount="1250.00", currency="PLN")
    paused = Conflict("", code="recurring_gift_state", state="paused")
    with database.test_request_context(), force_locale("pl"):
        assert "1\N{NO-BREAK SPACE}250,00\N{NO-BREAK SPACE}zł" in refusals.write_refusal(parts)
        assert "zawieszona" in refusals.write_refusal(paused)
        said = [
            refusals.write_refusal(Rejected("", code="in_the_way", receipt_ids=range(n)))
            for n in (1, 2, 5, 22)
        ]
    assert [sentence.partition(" obejm")[0] for sentence in said] == [
        "1 potwierdzenie",
        "2 potwierdzenia",
        "5 potwierdzeń",
        "22 potwierdzenia",
    ]


def test_impossible_receipt_explains_in_polish(database: Flask) -> None:
    """A receipt that cannot be says why in Polish."""
    staff, donor = Staff(database, "admin", lang="pl"), add_donor(street="", city="", postcode="")
    organisation.get_organisation().street = ""
    organisation.get_organisation().ids = {"NIP": "5252810771"}
    db.session.commit()
    gift = add_gift(donor)
    sent = {"donor_id": donor.id, "year": 2026, "lang": "pl", "gift_ids": gift.id}
    said = words_of(staff.post("/receipts/new", **sent).text)
    assert "brakuje adresu organizacji" in said
    assert "NIP organizacji jest błędny: proszę porównać cyfry" in said
    assert "a receipt of" not in said


def test_closed_gift_explains_in_albanian(database: Flask) -> None:
    """A closed recurring gift says in Albanian why it cannot be paused."""
    staff, promise = Staff(database, "admin", lang="sq"), add_recurring(add_donor())
    path = f"/recurring-gifts/{promise.id}"
    assert staff.click(f"{path}/close", reason="u shpërngul").status_code == 302
    let_write()
    closed = recurring_gifts.get_recurring_gift(int(path.rpartition("/")[2]))
    digest = shown_promises.read_promise(closed, today=TODAY).digest
    answer = staff.post(f"{path}/pause", reason="", digest=digest)
    assert answer.status_code == 422
    assert "Gjendja e donacionit të rregullt: i mbyllur." in words_of(answer.text)
