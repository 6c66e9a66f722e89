"""The error inbox speaks as people do: each failure has a reason in the reader's language, developers' words
stand behind "Details", and equal reasons stand together."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from flask import Flask
from flask_babel import force_locale

from donorhub import clock
from donorhub.db import Base, db
from donorhub.models import ImportFile, Message, ProviderEvent, Task, WebhookEndpoint
from donorhub.models.states import (
    IMPORT_FILE_STATES,
    STUCK_EVENTS,
    STUCK_FILES,
    UNDELIVERED_MESSAGES,
    TaskKind,
)
from donorhub.web.words import codes, troubles
from tests.web.bank.bank_world import Staff, words_of
from webhooks.stripe.facts import SUBJECTS, TYPES

ROOT = Path(__file__).resolve().parents[3]
# Whose sentences reach the error inbox, by the errors that carry them.
RAISED_IN = (
    "donorhub/gateways",
    "donorhub/jobs",
    "donorhub/services/messages/receipt_mail.py",
    "receipts/render.py",
    "receipts/text.py",
)
ERRORS = {
    "FileChanged",
    "FileNotReady",
    "LookupError",
    "MessageRefused",
    "NotSentYet",
    "PayloadChanged",
    "ProviderAway",
    "TryLater",
    "Uncertain",
    "UnprintableText",
    "Unrenderable",
}
UNFORESEEN = ("KeyError at donorhub/services/x.py:12", "IntegrityError at donorhub/db.py:7", "StaleDataError")
PROGRAMMERS = re.compile(
    r"\b(charge|payment_intent|checkout\.session|invoice|customer|payout|refund)\.[a-z_]+\b"  # events
    r"|\b[A-Za-z]+(Error|Exception)\b|\b[a-z]+_[a-z_]+\b|\.py\b"
)


def list_sentences() -> Iterator[str]:
    """Every English sentence of ours that a failure may be recorded with, its slots filled in."""
    for place in RAISED_IN:
        path = ROOT / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                    name = ast.unparse(node.exc.func).rpartition(".")[2]
                    if name in ERRORS and isinstance(node.exc.args[0], ast.Constant | ast.JoinedStr):
                        yield fill_slots(node.exc.args[0])


def fill_slots(text: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(text, ast.Constant):
        return str(text.value)
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in text.values)


SENTENCES = sorted(
    {*list_sentences(), "the address was refused with code 550", "the message was refused with code 451"}
)
REASONS = [*SENTENCES, *UNFORESEEN, *codes.ENDS, *codes.PROVIDERS]


def test_every_failure_has_its_own_sentence(database: Flask) -> None:
    """Each sentence that the program records of a failure is said in three languages, none left to the last
    resort."""
    assert len(SENTENCES) > 15
    with database.test_request_context():
        for reason in REASONS:
            said = set()
            for lang in ("en", "pl", "sq"):
                with force_locale(lang):
                    word, other = troubles.word_trouble(reason), troubles.word_trouble("")
                said.add(word)
                assert word != other, reason
                assert PROGRAMMERS.search(word) is None, reason
            assert len(said) == 3 or reason in ("lost", "won"), (reason, said)


def add_events(endpoint_id: int) -> None:
    for number, (type_, kind) in enumerate([*TYPES.items(), ("never.heard_of", "thing")]):
        db.session.add(
            ProviderEvent(
                endpoint_id=endpoint_id,
                provider="stripe",
                account="acct_1",
                external_id=f"evt_{number}",
                type=type_,
                livemode=True,
                occurred_at=1,
                received_at=clock.now(),
                object_kind=kind,
                object_id="x",
                body=b"",
                body_sha256=b"",
                state=STUCK_EVENTS[number % len(STUCK_EVENTS)],
                reason=[*UNFORESEEN, *codes.PROVIDERS, "unheard of"][number % (len(UNFORESEEN) + 5)],
            )
        )


def fill_inbox(app: Flask) -> None:
    """A failure of every kind of task, provider's message, file and message, with every sort of reason."""
    now = clock.now()
    endpoint = WebhookEndpoint(provider="stripe", slug="x", account="acct_1", livemode=True, created_at=now)
    db.session.add(endpoint)
    db.session.flush()
    for number, kind in enumerate(get_args(TaskKind)):
        db.session.add(
            Task(
                key=f"k{number}",
                kind=kind,
                performer="worker",
                subject_type="gift",
                subject_id=1,
                facts={},
                due_at=now,
                created_at=now,
                state="dead",
                last_error=REASONS[number % len(REASONS)],
            )
        )
    add_events(endpoint.id)
    for number, state in enumerate(STUCK_FILES):
        db.session.add(
            ImportFile(
                sha256=f"{number}",
                filename=f"f{number}.csv",
                size=1,
                content=b"",
                state=state,
                problems=[{"code": "unheard_of", "message": "developer's English", "level": "error"}],
                uploaded_by="user:1",
                uploaded_at=now,
            )
        )
    for number, sentence in enumerate(REASONS):
        db.session.add(
            Message(
                send_key=f"m{number}",
                template="thank_you@shipped-4",
                lang="pl",
                to_address=f"a{number}@example.org",
                subject="x",
                body="x",
                message_id=f"<{number}@x>",
                state=UNDELIVERED_MESSAGES[number % len(UNDELIVERED_MESSAGES)],
                last_error=sentence,
                planned_at=now - timedelta(minutes=number),
            )
        )
    db.session.commit()


@pytest.mark.parametrize("lang", ["en", "pl", "sq"])
def test_error_inbox_has_no_developers_words(database: Flask, lang: str) -> None:
    """Outside of "Details" the inbox holds no name of an event, table or exception, and in Polish and
    Albanian no English."""
    fill_inbox(database)
    page = Staff(database, "admin", lang=lang).get("/errors").text
    main = page[page.index("<main") : page.index("</main>")]
    open_part = words_of(re.sub(r"<details.*?</details>", " ", main, flags=re.S))
    without_addresses = re.sub(r"\S+@example\.org|f\d+\.csv", " ", open_part)
    assert PROGRAMMERS.search(without_addresses) is None, PROGRAMMERS.search(without_addresses)
    tables = {name for name in Base.metadata.tables if "_" in name}
    assert not [name for name in tables if name in without_addresses]
    if lang != "en":
        assert 'lang="en"' not in re.sub(r"<details.*?</details>", " ", main, flags=re.S)
        assert not [sentence for sentence in SENTENCES if sentence in without_addresses]
    assert "payment_intent.succeeded" in words_of(main)  # whoever runs it still finds it


def test_equal_reasons_stand_together(database: Flask) -> None:
    """What failed for one reason stands under it once, the most frequent reason first."""
    fill_inbox(database)
    page = Staff(database, "admin").get("/errors").text
    part = page[page.index('id="messages"') :]
    reasons = re.findall(r'<th scope="rowgroup"[^>]*>\s*(.*?)\s*</th>', part, re.S)
    sentences = [re.sub(r"\s*<span.*", "", reason, flags=re.S) for reason in reasons]
    counts = [int(found) for reason in reasons for found in re.findall(r'chip">(\d+)<', reason)]
    assert len(set(sentences)) == len(sentences) > 20
    assert counts == sorted(counts, reverse=True) and sum(counts) > len(UNFORESEEN)


def test_every_object_of_a_provider_is_a_thing() -> None:
    assert set(TYPES.values()) <= set(SUBJECTS)
    assert set(SUBJECTS.values()) <= set(troubles.SUBJECTS)
    assert set(STUCK_FILES) <= set(IMPORT_FILE_STATES)
