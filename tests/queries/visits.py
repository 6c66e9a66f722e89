"""Visiting every page and list as somebody signed in, and what each visit sends to the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from donorhub.api.http import PREFIX
from donorhub.config import Settings
from donorhub.db import db
from tests.queries.addresses import (
    ABOUT_A_FILE,
    Ids,
    Offers,
    list_queries,
    parameters_of,
    plain_addresses,
    read_rules,
)
from tests.queries.plans import Statement
from tests.queries.recording import record_statements


@dataclass(frozen=True, slots=True)
class Visit:
    """One address that was asked for, by whom, and what was sent to the database for it."""

    rule: str
    address: str
    who: str
    status: int
    statements: Sequence[Statement]


class Visitor:
    """Somebody who looks at all there is."""

    def __init__(self, app: Flask, who: str) -> None:
        self._app, self._who = app, who
        self._ids = Ids()
        settings: Settings = app.extensions["donorhub.settings"]
        self._client: FlaskClient = app.test_client()
        self._token = Path(settings.home / "token").read_text()
        with self._client.session_transaction() as session:
            session.update(_user_id=who, _fresh=True)
        self._document: Mapping[str, Any] = self._get("/api/openapi.json").get_json()

    def visit_all(self, *, with_api: bool = True) -> Iterator[Visit]:
        """Visit each address of each rule, and what the pages themselves offer."""
        for rule in read_rules(self._app):
            is_api = rule.rule.startswith(PREFIX)
            if is_api and not with_api:
                continue
            for address in plain_addresses(rule, self._ids):
                yield from self._visit_list(rule, address) if is_api else self._visit_page(rule, address)

    def _visit_list(self, rule: Rule, address: str) -> Iterator[Visit]:
        first, _ = self.visit(address)
        yield first
        for query in list_queries(parameters_of(self._document, rule), self._ids):
            visit, answer = self.visit(f"{address}?{query}")
            yield visit
            following = answer.get_json().get("next") if answer.is_json else None
            if following:
                yield self.visit(following)[0]

    def _visit_page(self, rule: Rule, address: str) -> Iterator[Visit]:
        first, answer = self.visit(address)
        yield first
        if answer.mimetype != "text/html" or rule.endpoint in ABOUT_A_FILE:
            return
        for query in Offers(address, answer.text).queries:
            visit, answer = self.visit(f"{address}?{query}")
            yield visit
            for following in Offers(address, answer.text).queries:
                if "after=" in following:
                    yield self.visit(f"{address}?{following}")[0]

    def visit(self, address: str) -> tuple[Visit, TestResponse]:
        """Ask for one address."""
        with record_statements(db.engine) as statements:
            answer = self._get(address)
        rule, _ = self._app.url_map.bind("").match(address.partition("?")[0], return_rule=True)
        return Visit(rule.rule, address, self._who, answer.status_code, statements), answer

    def _get(self, address: str) -> TestResponse:
        headers = {"Authorization": f"Bearer {self._token}"} if address.startswith(PREFIX) else {}
        db.session.remove()
        return Context().run(self._client.get, address, headers=headers)
