"""The compiled serialiser tells what the schema's own dump tells, for every schema of the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, g
from flask import json as flask_json
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import Schema, fields, post_dump
from sqlalchemy import select

from donorhub.api.bank import bank_accounts, column_mappings
from donorhub.api.donors import donors
from donorhub.api.giving import appeals, funds
from donorhub.api.messages import messages
from donorhub.api.providers import provider_events
from donorhub.api.serialiser import Serialiser, serialiser_of, write_json
from donorhub.api.work import tasks
from donorhub.db import db
from donorhub.domain.access.permissions import PERMISSIONS, Principal
from donorhub.models import (
    Appeal,
    BankAccount,
    Campaign,
    ColumnMapping,
    Donor,
    Fund,
    Gift,
    Message,
    ProviderEvent,
    Task,
)
from donorhub.money import Money
from donorhub.schemas.fields import Instant
from donorhub.schemas.money import MoneySchema
from donorhub.services.giving import funds as funds_services
from donorhub.services.messages import messages as message_services
from donorhub.services.providers import endpoints
from tests.api.conftest import Caller

LISTS: dict[str, tuple[type[Schema], Any]] = {
    "/donors": (donors.DonorRowSchema, Donor),
    "/funds": (funds.FundSchema, Fund),
    "/appeals": (appeals.AppealSchema, Appeal),
    "/tasks": (tasks.TaskSchema, Task),
    "/messages": (messages.MessageSchema, Message),
    "/column-mappings": (column_mappings.ColumnMappingSchema, ColumnMapping),
    "/bank-accounts": (bank_accounts.BankAccountSchema, BankAccount),
    "/provider-events": (provider_events.ProviderEventSchema, ProviderEvent),
}
FORBIDDEN = 403
READER = Principal("token", 1, "test", PERMISSIONS)
NO_AMOUNTS = Principal("token", 2, "test", PERMISSIONS - {"gifts:read"})
TEXTS = st.text(max_size=6)
NUMBERS = st.integers(-(2**62), 2**62)
MOMENTS = st.datetimes(
    datetime(1900, 1, 2),
    datetime(2199, 12, 30),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(timedelta(minutes=-570))]),
)
PLAIN = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
OWN_VALUES = (
    (Instant, MOMENTS),
    (fields.Date, st.dates(date(1900, 1, 1))),
    (fields.Integer, NUMBERS | st.booleans()),
    (fields.Boolean, st.booleans()),
    (fields.Float, st.floats(0, 1)),
)
FACTS = st.dictionaries(TEXTS, PLAIN | st.lists(PLAIN, max_size=2), max_size=3)


def answer_schemas(app: Flask) -> list[type[Schema]]:
    """The schemas of all answers, and those inside them."""
    known: dict[str, type[Schema]] = {}
    for view in app.view_functions.values():
        documented = getattr(view, "_apidoc", {}).get("response", {}).get("responses", {})
        for answers in documented.values():
            for answer in answers:
                if isinstance(answer, dict) and isinstance(answer.get("schema"), Schema):
                    add_schema(known, answer["schema"])
    return [known[name] for name in sorted(known)]


def add_schema(known: dict[str, type[Schema]], schema: Schema) -> None:
    if known.setdefault(type(schema).__name__, type(schema)) is not type(schema):
        raise AssertionError(f"two schemas are called {type(schema).__name__}")
    for field in schema.dump_fields.values():
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested) and type(inner.schema).__name__ not in known:
            add_schema(known, inner.schema)


def values_of(field: fields.Field[Any]) -> st.SearchStrategy[Any]:
    """What a field may be given, of its own type and of others that it takes."""
    if isinstance(field, fields.Dict):
        one = field.value_field
        return FACTS if one is None else st.dictionaries(TEXTS, given_values_of(one), max_size=3)
    return st.none() | given_values_of(field)


def given_values_of(field: fields.Field[Any]) -> st.SearchStrategy[Any]:
    if isinstance(field, fields.List):
        return st.lists(values_of(field.inner), max_size=3)
    if isinstance(field, fields.Pluck):
        return st.fixed_dictionaries({field.field_name: TEXTS})
    if isinstance(field, fields.Nested):
        one = things_of(type(field.schema))
        return st.lists(one, max_size=2) if field.many else one
    for kind, values in OWN_VALUES:
        if isinstance(field, kind):
            return values
    return TEXTS | NUMBERS


@cache
def things_of(schema: type[Schema]) -> st.SearchStrategy[Any]:
    """Mappings and objects with what the schema shows, and sometimes less."""
    if schema is MoneySchema:
        return st.builds(Money, NUMBERS, st.sampled_from(["PLN", "ALL", "JPY", "BHD"]))
    parts = {field.attribute or name: values_of(field) for name, field in schema().dump_fields.items()}
    # A mapping without `items` has the method of that name, which marshmallow takes for the value.
    needed = {name: part for name, part in parts.items() if name == "facts" or hasattr(dict, name)}
    mapping = st.fixed_dictionaries(
        needed, optional={n: part for n, part in parts.items() if n not in needed}
    )
    whole = st.fixed_dictionaries(parts)
    return st.one_of(whole, whole.map(lambda given: SimpleNamespace(**given)), mapping)


def said_by_schema(schema: type[Schema], thing: Any) -> Any:
    return json.loads(flask_json.dumps(schema().dump(thing)))


@pytest.mark.parametrize("principal", [READER, NO_AMOUNTS], ids=["all", "no amounts"])
def test_compiled_answers_equal_the_dump(app: Flask, principal: Principal) -> None:
    schemas = answer_schemas(app)
    assert len(schemas) > 60
    with app.test_request_context("/api/v1/donors"):
        g.principal = principal
        for schema in schemas:
            see_same(schema, shows_money=principal.has_permission("gifts:read"))


def see_same(schema: type[Schema], *, shows_money: bool) -> None:
    serialiser = serialiser_of(schema, shows_money=shows_money)

    @settings(max_examples=6, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(things_of(schema))
    def see_one_same(thing: Any) -> None:
        assert json.loads(write_json(serialiser.dump(thing))) == said_by_schema(schema, thing)

    see_one_same()


def test_hook_on_whole_rows_is_refused() -> None:
    """A hook that sees more than a row's values is refused, because the serialiser could not honour it."""

    class Odd(Schema):
        name = fields.String()

        @post_dump(pass_original=True)
        def look_at_all(self, data: Any, _original: Any, **_: Any) -> Any:
            return data

    with pytest.raises(TypeError, match="look_at_all of Odd"):
        Serialiser(Odd(), shows_money=True)


@pytest.mark.parametrize("principal", [READER, NO_AMOUNTS], ids=["all", "no amounts"])
@pytest.mark.parametrize("path", sorted(LISTS))
def test_rows_without_objects_equal_the_dump(
    database: Flask, caller_with: Callable[..., Caller], row_of_each: None, path: str, principal: Principal
) -> None:
    schema, model = LISTS[path]
    answer = caller_with(principal.permissions).get(path)
    if answer.status_code == FORBIDDEN:
        assert principal is NO_AMOUNTS
        return
    with database.test_request_context():
        g.principal = principal
        objects = db.session.scalars(select(model).order_by(model.id)).all()
        assert objects, f"there is no {model.__tablename__}"
        data = answer.get_json()["data"]
        for row in data if path == "/donors" else ():
            assert row.pop("custom") == {}  # it stands in another table
        assert list(data[0]) == sorted(schema().dump(objects[0]))
        assert data == [said_by_schema(schema, one) for one in objects]


@pytest.fixture
def row_of_each(gift: Gift, now: datetime) -> None:
    """A row of each list."""
    funds_services.create_purpose(Campaign, {"code": "c", "name": "C"}, now=now, actor="system:0")
    db.session.flush()
    funds_services.create_purpose(
        Appeal, {"code": "a", "name": "A", "campaign_id": 1}, now=now, actor="system:0"
    )
    account = BankAccount(name="Main", number="PL61109010140000071219812874", currency="PLN", created_at=now)
    endpoint = endpoints.create_endpoint("stripe", "whsec_x", now=now, actor="system:0")
    db.session.add(account)
    db.session.flush()
    db.session.add(
        ProviderEvent(
            endpoint_id=endpoint.id,
            provider="stripe",
            account="acct_1",
            external_id="evt_1",
            type="ping",
            livemode=True,
            occurred_at=1,
            received_at=now,
            object_kind="x",
            object_id="y",
            body=b"",
            body_sha256=b"",
        ),
    )
    db.session.add(
        ColumnMapping(
            name="M",
            signature="s",
            layout={"a": [1]},
            bank_account_id=account.id,
            created_by="t",
            created_at=now,
        ),
    )
    message_services.plan_message(
        "thank_you",
        {},
        key="k",
        task_id=None,
        donor=gift.donor,
        to_address="a@example.org",
        lang="pl",
        now=now,
        domain="example.org",
    )
    db.session.commit()
