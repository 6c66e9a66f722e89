"""Words on pages: every one in three languages, and the compiled catalogues are what the sources say."""

from __future__ import annotations

import io
import re
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale

from donorhub.models import states
from donorhub.web.bank import blueprint
from donorhub.web.words import codes, labels
from tests.web.bank.bank_world import Staff, let_write
from tests.web.desk import add_donor, add_gift, add_recurring

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "donorhub" / "web" / "translations"


@pytest.fixture(scope="module")
def source_messages() -> Any:
    return runpy.run_path(str(ROOT / "scripts" / "words"))["said"]()


def catalogue(lang: str) -> Any:
    with (FOLDER / lang / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=lang)


def slots(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)\w", text))


@pytest.mark.parametrize("lang", ["pl", "sq"])
def test_every_word_is_translated(lang: str, source_messages: Any) -> None:
    """Every word of the sources has a translation with the same slots."""
    known, missing, torn = catalogue(lang), [], []
    for message in source_messages:
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        found = known.get(ids[0])
        texts = () if found is None else found.string if isinstance(found.string, tuple) else (found.string,)
        if not texts or not all(texts) or found.fuzzy:
            missing.append(ids[0])
        elif slots(texts[-1]) != slots(ids[-1]) or not all(
            set(slots(text)) <= set(slots(ids[-1])) for text in texts
        ):
            torn.append(ids[0])
    assert missing == []
    assert torn == []


@pytest.mark.parametrize("lang", ["pl", "sq"])
def test_no_translation_is_left_over_or_fuzzy(lang: str, source_messages: Any) -> None:
    wanted = {message.id if isinstance(message.id, str) else message.id[0] for message in source_messages}
    left = [message.id for message in catalogue(lang) if message.id and message.id not in wanted]
    left = [id_ for id_ in left if not (isinstance(id_, tuple) and id_[0] in wanted)]
    assert left == []
    assert not any(message.fuzzy for message in catalogue(lang) if message.id)


@pytest.mark.parametrize("lang", ["pl", "sq"])
def test_what_is_compiled_is_what_the_catalogue_says(lang: str) -> None:
    made = io.BytesIO()
    write_mo(made, catalogue(lang))
    assert (FOLDER / lang / "LC_MESSAGES" / "messages.mo").read_bytes() == made.getvalue()


@pytest.mark.parametrize(
    ("lang", "sentence", "amount"),
    [
        ("en", "Given in total", "PLN 1,250.00"),
        ("pl", "Darczyńcy", "1 250,00 zł"),
        ("sq", "Donatorët", "1 250,00 PLN"),
    ],
)
def test_pages_speak_the_reader_s_language(database: Flask, lang: str, sentence: str, amount: str) -> None:
    donor = add_donor()
    add_gift(donor, "1250.00")
    recurring = add_recurring(donor)
    paths = [
        "/",
        "/donors",
        f"/donors/{donor.id}",
        "/gifts",
        "/tasks",
        "/receipts",
        "/messages",
        "/errors",
        "/recurring-gifts",
        f"/recurring-gifts/{recurring.id}",
        f"/receipts/new?donor={donor.id}",
        "/account",
        "/settings",
        "/settings/organisation",
        "/settings/users",
        "/settings/tokens",
        "/settings/webhooks",
        "/settings/funds",
    ]
    staff = Staff(database, "admin", lang=lang)
    for path in paths:
        answer = staff.get(path)
        assert answer.status_code == 200, path
        assert f'<html lang="{lang}">' in answer.text, path
    shown = staff.get(paths[2]).text.replace("\N{NO-BREAK SPACE}", " ")
    assert sentence in shown and amount in shown


def test_a_language_chosen_stays_for_the_session(database: Flask) -> None:
    client = database.test_client()

    def page(of: FlaskClient, path: str, accepts: str = "") -> str:
        let_write()
        return of.get(path, headers={"Accept-Language": accepts}).text

    assert "Zaloguj się" in page(client, "/sign-in?lang=pl")
    assert "Zaloguj się" in page(client, "/sign-in")
    assert "Hyr në DonorHub" in page(database.test_client(), "/sign-in", "sq")
    assert "Sign in" in page(database.test_client(), "/sign-in?lang=xx")


@pytest.mark.parametrize(
    ("lang", "second"),
    [("sq", r"dhurues\w*|dhurim\w*"), ("pl", r"(?:pozycj|wpis|kont)\w* bankow\w+")],
)
def test_each_thing_has_one_word(lang: str, second: str) -> None:
    """The pages call a donor, a gift and a bank entry by one word each."""
    texts = [
        text
        for message in catalogue(lang)
        for text in (message.string if isinstance(message.string, tuple) else (message.string,))
    ]
    assert [text for text in texts if re.search(rf"\b(?:{second})\b", text, re.IGNORECASE)] == []


@pytest.mark.parametrize(
    ("words", "labelled"),
    [
        (states.GiftMethod, labels.METHODS),
        (states.DonorKind, labels.KINDS),
        (states.Lang, labels.LANGS),
        (states.RoleName, labels.ROLES),
        (states.RecurringKind, labels.RECURRING_KINDS),
        (states.RecurringState, labels.RECURRING_STATES),
        (states.RecurringChange, labels.CHANGES),
        (states.InstalmentState, labels.INSTALMENT_STATES),
        (states.Period, labels.PERIODS),
        (states.TaskKind, labels.TASKS),
        (states.TaskState, labels.TASK_STATES),
        (states.MessageState, labels.MESSAGE_STATES),
        (states.TemplateKind, labels.MESSAGE_KINDS),
        (states.ReceiptState, labels.RECEIPT_STATES),
        (states.ImportFileState, blueprint.FILE_STATES),
        (states.StatementState, blueprint.STATEMENT_STATES),
        (states.StatementIntegrity, blueprint.INTEGRITY),
        (states.EntryState, blueprint.ENTRY_STATES),
        (states.MatchingMode, blueprint.MODES),
    ],
)
def test_every_state_and_kind_has_its_word(words: object, labelled: Mapping[str, object]) -> None:
    assert set(labelled) == set(get_args(words))


def test_every_stored_code_has_words(database: Flask) -> None:
    """Every code that a row keeps has its words, and a person's words stay."""
    kept = set()
    for path in (ROOT / "donorhub" / "services").rglob("*.py"):
        kept |= set(re.findall(r'\b(?:reason|outcome|state_reason)="([a-z_]+)"', path.read_text()))
    kept |= {"mode_mismatch", "unknown_account", "thin_message", "told_elsewhere", "past_due", "requested"}
    assert len(kept) > 15
    with database.test_request_context():
        for lang in ("pl", "sq"):
            with force_locale(lang):
                unsaid = {code for code in kept if codes.word_code(code) == code}
                assert unsaid == set()
                assert codes.word_code("przeprowadzka, tel. 12") == "przeprowadzka, tel. 12"


def test_error_inbox_explains_in_polish(database: Flask) -> None:
    """The error inbox says in Polish why something waits."""
    staff = Staff(database, "admin", lang="pl")
    staff.upload(b"x;y\n1;2\n", "lista.csv")
    page = staff.get("/errors").text
    assert "DonorHub does not know" not in page.replace('<span lang="en">', "")
    assert "powiedz" in page or "wyeksportuj" in page
