"""``donorhub`` with a fault in each of its ways in: an error nobody foresaw, which quotes what came in.

``python -m tests.breaking serve`` is a server that fails where ``kanarek`` is in the data. With
``KANAREK_BEGINS=1`` it first does what ``set_up`` does. With ``KANAREK_SINGS=1`` the one function
that describes errors is made to quote them, so that a test can see that each way would show its
person in the log.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import event

from donorhub import clock, logs
from donorhub.cli import main
from donorhub.cli.database import bring_up_to_date
from donorhub.db import db
from donorhub.domain.donors import identity
from donorhub.models import Donor, Task, User
from donorhub.services.access import users
from donorhub.services.bank.files import statement_drafts
from donorhub.services.messages import messages
from donorhub.services.providers import endpoints, inbox
from donorhub.services.recurring import overdue
from tests.load import inside

EMAIL = "kanarek.{way}@canary.example"
STAFF, PASSWORD, SECRET = "ann@example.org", "a long enough password", "whsec_kanarek"
IBAN = "PL61109010140000071219812874"


def email_of(way: str) -> str:
    """The made-up address that comes in by this way."""
    return EMAIL.format(way=way)


def set_up() -> None:
    """Bring the database up to date and let in one of the staff, a program and a provider; write the
    program's token and the slug of the provider's address into ``keys``."""
    bring_up_to_date()
    users.create_user(
        STAFF, name="Ann", password=PASSWORD, roles=("admin", "steward"), now=clock.now(), actor="t"
    )
    scopes = ("donors:write", "imports:write")
    _row, token = users.create_token("t", scopes, now=clock.now(), actor="t")
    slug = endpoints.create_endpoint("stripe", SECRET, now=clock.now(), actor="t").slug
    Path(os.environ["DONORHUB_HOME"], "keys").write_text(f"{token} {slug}")


def _fail(quoted: object) -> NoReturn:
    try:
        _look_up(quoted)
    except KeyError as e:
        raise ValueError(f"unforeseen, about {quoted}") from e


def _look_up(quoted: object) -> NoReturn:
    raise KeyError(quoted)


def _break_donor(_mapper: Any, _connection: Any, donor: Donor) -> None:
    if donor.email in (email_of("form"), email_of("projection")):
        _fail(donor.email)
    if donor.email == email_of("database"):
        donor.code = None  # type: ignore[assignment]  # the database refuses it, and quotes the whole row


def _break_user(_mapper: Any, _connection: Any, user: User) -> None:
    if user.email == email_of("command"):
        _fail(user.email)


def _break_services() -> None:
    columns, draft = inbox.make_event_row, statement_drafts.draft_statements
    plan, normal = messages.plan_note_to_staff, identity.normalise_email

    def fail_on_webhook(endpoint_id: int, provider: str, found: Any, **more: Any) -> dict[str, Any]:
        row = columns(endpoint_id, provider, found, **more)
        return _fail(email_of("webhook")) if found.external_id == "evt_webhook" else row

    def fail_on_file(content: bytes, *rest: Any, **more: Any) -> Any:
        return _fail(content.decode()) if IBAN.encode() in content else draft(content, *rest, **more)

    def fail_on_job(task: Task, **more: Any) -> str:
        donor = db.session.get_one(Donor, task.donor_id)
        return _fail(donor.email) if donor.email == email_of("job") else plan(task, **more)

    def fail_on_json(email: str) -> str:
        return _fail(email) if email == email_of("json") else normal(email)

    inbox.make_event_row, statement_drafts.draft_statements = fail_on_webhook, fail_on_file
    messages.plan_note_to_staff, identity.normalise_email = fail_on_job, fail_on_json
    overdue.advance_recurring_gifts = lambda **_: _fail(email_of("timer"))
    event.listen(Donor, "before_insert", _break_donor)
    event.listen(User, "before_insert", _break_user)


def _break_libraries() -> None:
    """What no code of ours catches: a thread, a library's own line, an object that dies badly."""

    def log_as_a_library() -> None:
        library = logging.getLogger("some.library")
        try:
            _fail(email_of("library"))
        except ValueError:
            library.exception("about %s", email_of("library"))
        _fail(email_of("thread"))

    class Dying:
        def __del__(self) -> None:
            _fail(email_of("unraisable"))

    def run() -> None:
        Dying()
        log_as_a_library()

    threading.Timer(1.0, run).start()


def _sing() -> None:
    """Let errors be quoted, as a careless log would."""
    describe = logs._describe_error
    logs._describe_error = lambda error, caller: {**describe(error, caller), "text": str(error)}


if __name__ == "__main__":
    _break_services()
    if "serve" in sys.argv:
        _break_libraries()
        if os.environ.get("KANAREK_BEGINS"):
            with inside.app():
                set_up()
    if os.environ.get("KANAREK_SINGS"):
        _sing()
    main()
