"""Every address that writes against tests/shown_doors.txt: which of them confirm what was shown, and how.

Each that does stands in a test that posts a stale digest and posts one twice.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, NamedTuple

from flask import Flask
from werkzeug.routing import Rule

from tests.shown_worlds import Deed
from tests.test_permissions import READS, addresses
from tests.test_shown_single import DEEDS

VERDICTS: Final = {"digest", "version", "edit", "typed", "once", "shows", "stranger"}
API: Final = "/api/v1"
# Decisions of many things, and files: what posts them stale and twice.
ELSEWHERE: Final = {
    "/api/v1/donors/<>/erasure": "api/donors/test_rights.py",
    "/donors/<>/erase": "web/donors/test_rights.py",
    "/donors/<>/merge": "web/donors/test_merge_pages.py",
    "/donors/duplicates/<>": "web/donors/test_merge_pages.py",
    "/donors/merges/<>/undo": "web/donors/test_merge_pages.py",
    "/api/v1/duplicates/<>/answer": "api/donors/test_merges.py",
    "/api/v1/merges": "api/donors/test_merges.py",
    "/api/v1/merges/<>/undo": "api/donors/test_merges.py",
    "/bank/accept-sure": "test_shown_decisions.py",
    "/bank/files/<>/answer": "test_shown_is_done.py",
    "/bank/files/<>/columns": "test_shown_is_done.py",
    "/bank/files/<>/old-gifts": "web/bank/test_old_gifts.py",
    "/bank/files/<>/take-back": "test_shown_decisions.py",
    "/bank/files/sent": "test_shown_several.py",
    "/bank/payers": "test_shown_decisions.py",
    "/bank/payers/batches/<>/undo": "test_shown_decisions.py",
    "/bank/payers/<>/uses/<>/end": "web/bank/test_payer_page.py",
    "/api/v1/payers/<>/uses/<>/end": "api/bank/test_payers.py",
    "/bank/questions/<>/<>": "test_shown_decisions.py",
    "/bank/same-gifts": "web/bank/test_same_gifts.py",
    "/donors/<>/write": "web/messages/test_writing_pages.py",
    "/donors/post/labels": "web/messages/test_run_pages.py",
    "/donors/post/letters": "web/messages/test_run_pages.py",
    "/gifts/<>/change": "web/giving/test_gift_changes.py",
    "/gifts/fund": "web/giving/test_gift_changes.py",
    "/moving-in/<>/take-back": "web/moving/test_records.py",
    "/moving-in/<>/write": "web/moving/test_records.py",
    "/receipts/<>/replace": "web/receipts/test_receipt_pages.py",
    "/receipts/new": "web/receipts/test_receipt_pages.py",
    "/settings/instance/adopt": "web/access/test_instance_page.py",
    "/api/v1/donors/<>/messages": "api/messages/test_writing.py",
    "/api/v1/entries/accept-certain": "test_shown_decisions.py",
    "/api/v1/entries/join-same-gifts": "api/bank/test_same_gifts.py",
    "/api/v1/entry-questions/answer-all": "test_shown_decisions.py",
    "/api/v1/gifts/fund-changes": "api/giving/test_gift_changes.py",
    "/api/v1/imports": "test_shown_is_done.py",
    "/api/v1/imports/<>/answers": "test_mended_rows.py",
    "/api/v1/imports/<>/take-back": "test_shown_decisions.py",
    "/api/v1/imports/several": "test_shown_several.py",
    "/api/v1/payer-batches/<>/undo": "test_shown_decisions.py",
    "/api/v1/record-files/<>/take-back": "api/moving/test_record_files.py",
    "/api/v1/record-files/<>/write": "api/moving/test_record_files.py",
    "/api/v1/unknown-payers": "test_shown_decisions.py",
    "/api/v1/receipts": "api/giving/test_gifts_and_receipts.py",
    "/api/v1/receipts/<>/replace": "api/giving/test_gifts_and_receipts.py",
}


class Door(NamedTuple):
    """One line of the table."""

    method: str
    path: str
    verdict: str


def read_table() -> list[Door]:
    lines = (Path(__file__).parent / "shown_doors.txt").read_text(encoding="utf-8").splitlines()
    return [Door(*line.split()) for line in lines if line and not line.startswith("#")]


DOORS: Final = read_table()


def list_paths(app: Flask, deed: Deed) -> list[str]:
    """The addresses of a decision as the table writes them."""
    adapter = app.url_map.bind("localhost")
    paths = [deed.path, *([f"{API}{deed.api_path}"] if deed.api_path else [])]
    return [write_rule(adapter.match(path, method="POST", return_rule=True)[0]) for path in paths]


def write_rule(rule: Rule) -> str:
    return "".join("<>" if is_value else text for is_value, text in rule._trace)[1:]


def test_every_writing_address_has_its_line(app: Flask) -> None:
    """No address that writes is missing, none is there twice, and each verdict is one of the list."""
    writing = [door for door in addresses(app) if door[0] not in READS]
    assert sorted((door.method, door.path) for door in DOORS) == sorted(writing)
    assert {door.verdict for door in DOORS} == VERDICTS


def test_every_confirmation_is_posted_stale_and_twice(app: Flask) -> None:
    """Each address that confirms what was shown is tried with a stale digest, and twice with a good one."""
    tried = {path for deed in DEEDS for path in list_paths(app, deed)} | set(ELSEWHERE)
    assert {door.path for door in DOORS if door.verdict == "digest"} - tried == set()
    assert {name for name in ELSEWHERE.values() if not (Path(__file__).parent / name).is_file()} == set()


def test_programs_can_send_each_digest(app: Flask) -> None:
    """Each such address of the API says in OpenAPI that it takes a digest."""
    spec: dict[str, Any] = app.test_client().get("/api/openapi.json").get_json()
    schemas = spec["components"]["schemas"]
    lacking = []
    for door in DOORS:
        if door.verdict != "digest" or not door.path.startswith(API):
            continue
        found = [item for path, item in spec["paths"].items() if blank_names(path) == door.path]
        content = found[0][door.method.lower()]["requestBody"]["content"]
        schema = next(iter(content.values()))["schema"]
        fields = schema.get("properties") or schemas[schema["$ref"].rpartition("/")[2]]["properties"]
        if "digest" not in fields:
            lacking.append(door.path)
    assert lacking == []


def blank_names(path: str) -> str:
    """An address of OpenAPI as the table writes it."""
    parts = ["<>" if part.startswith("{") else part for part in path.split("/")]
    joined = "/".join(parts)
    return joined if joined.startswith(API) else API + joined
