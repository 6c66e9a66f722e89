"""What the OpenAPI document says is what happens: the committed copy, and schemathesis on the application.

After a change that is meant: ``python -m tests.api.test_openapi`` writes the copy anew.
"""

from __future__ import annotations

import json
import tempfile
from contextvars import Context
from datetime import date, datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from donorhub import config
from donorhub.app import create_app
from donorhub.db import db
from donorhub.models import Donor, Gift, Message, Payout, Task
from donorhub.money import Money
from donorhub.services.messages import messages
from donorhub.services.providers import endpoints
from donorhub.services.recurring import instalments, recurring_gifts
from donorhub.services.work import tasks
from tests.api.conftest import Caller, apart
from tests.api.routes import routes

COPY = Path(__file__).parents[1] / "files" / "openapi.json"
EXAMPLES = 12
# What cannot hold here: facts decide beside the form (a closed fund, a date to come), so a well-formed
# body may be refused with 422; and whether an id exists after a write is told by our own tests.
NOT_APPLICABLE = {"positive_data_acceptance", "use_after_free", "ensure_resource_availability"}


def document(app: Flask) -> str:
    said = apart(app.test_client().get, "/api/openapi.json").get_json()
    return json.dumps(said, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def test_the_committed_document_is_what_the_application_says(app: Flask) -> None:
    assert document(app) == COPY.read_text(), "meant? then: python -m tests.api.test_openapi"


def test_asking_again_describes_nothing_twice(servers: dict[str, str], tmp_path: Path) -> None:
    """What an application says of its API, first when somebody asks, is the same the second time."""
    told = {**servers, "DONORHUB_HOME": str(tmp_path), "DONORHUB_MODE": "test"}
    app = create_app(config.load_settings(told))
    assert document(app) == document(app) == COPY.read_text()


def test_document_names_scopes_and_refusals(app: Flask) -> None:
    """Every route is in the document, with its scope and its refusals."""
    said = json.loads(document(app))
    assert said["openapi"] == "3.1.0" and said["security"] == [{"token": []}]
    told = {
        (method.upper(), path): operation
        for path, item in said["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
    assert len(told) == len(routes(app))
    problem = said["components"]["responses"]["FORBIDDEN"]["content"]
    assert list(problem) == ["application/problem+json"]
    for (method, path), operation in told.items():
        assert operation["x-scope"] and operation["summary"].endswith("."), (method, path)
        assert {"400", "401", "403", "404", "422", "default"} <= set(operation["responses"]), (method, path)
        if method == "PATCH":
            assert {"412", "428"} <= set(operation["responses"])
    keyed = [p["name"] for p in told["POST", "/api/v1/gifts"]["parameters"] if p["required"]]
    assert keyed == ["Idempotency-Key"]
    assert "X-Pagination" not in document(app)


@pytest.fixture
def rows(database: Flask, donor: Donor, gift: Gift, now: datetime) -> None:
    """A row of each kind, so that ids lead somewhere."""
    monthly, _ = recurring_gifts.start_recurring_gift(
        recurring_gifts.NewRecurringGift(
            donor_id=donor.id,
            amount=Money(1000, "PLN"),
            kind="pledge",
            start_on=date(2026, 11, 1),
            source="t",
            source_ref="1",
        ),
        now=now,
        actor="t",
    )
    instalments.make_instalments(monthly, today=now.date())
    endpoints.create_endpoint("stripe", "whsec_12345678", now=now, actor="t")
    tasks.plan_task("p", kind="call", performer="person", subject=("donor", 1), due_at=now, now=now)
    messages.plan_message(
        "new_donor",
        {"code": "DH-1", "source": "t", "link": "x"},
        key="k",
        task_id=None,
        donor=None,
        to_address="a@example.org",
        lang="en",
        now=now,
        domain="example.org",
    )
    db.session.add(
        Payout(
            provider="stripe",
            account="",
            ref="po_1",
            state="paid",
            net_minor=1,
            currency="PLN",
            arrival_on=now.date(),
        )
    )
    db.session.commit()
    assert db.session.query(Task).count() and db.session.query(Message).count()
    db.session.rollback()


@pytest.mark.slow
def test_schemathesis_finds_no_broken_promise(database: Flask, api: Caller, rows: None) -> None:
    """Schemathesis finds no answer that the document does not promise."""
    load_all_checks()
    checks = [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in NOT_APPLICABLE]
    schema = Context().run(schemathesis.openapi.from_wsgi, "/api/openapi.json", database)
    headers = {"Authorization": f"Bearer {api.token}"}
    failed: list[str] = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def holds(case: Any) -> None:
            Context().run(case.call_and_validate, headers=headers, checks=checks)

        try:
            holds()
        except BaseExceptionGroup as e:
            failed += [f"{operation.label}: {one}" for one in e.exceptions]
        except AssertionError as e:
            failed.append(f"{operation.label}: {e}")
    assert not failed, "\n\n".join(failed)


def test_the_document_is_valid_json_schema_throughout(app: Flask) -> None:
    for name, schema in json.loads(document(app))["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
        ), name


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        COPY.write_text(
            document(create_app(config.load_settings({"DONORHUB_MODE": "test", "DONORHUB_HOME": home})))
        )
