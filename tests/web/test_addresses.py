"""Addresses in templates are those of ``url_for``, on every page and under any root."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask import url_for as flask_url_for
from werkzeug.routing import Rule

from donorhub.db import MAX_ID
from donorhub.web.addresses import build_address

url_for: Callable[..., str] = flask_url_for


def page_rules(app: Flask) -> list[Rule]:
    """The rules whose arguments are ids."""
    rules = [rule for rule in app.url_map.iter_rules() if not rule.rule.startswith(("/api/", "/webhooks/"))]
    return [rule for rule in rules if all(name.endswith("_id") for name in rule.arguments)]


@pytest.mark.parametrize("root", ["", "/hub"])
def test_every_page_has_the_address_of_url_for(app: Flask, root: str) -> None:
    rules = page_rules(app)
    assert len(rules) > 60
    with app.test_request_context("/donors", base_url=f"http://localhost{root}"):
        for rule in rules:
            for id_ in (1, 42, MAX_ID - 9):
                ids = {name: id_ + position for position, name in enumerate(sorted(rule.arguments))}
                assert build_address(rule.endpoint, **ids) == url_for(rule.endpoint, **ids)
                more = {**ids, "year": id_ + 5}
                assert build_address(rule.endpoint, **more) == url_for(rule.endpoint, **more)


@pytest.mark.parametrize(
    "values",
    [
        {"view": "later"},
        {"view": "100 % ąę/?"},
        {"view": None},
        {"after": True},
        {"_anchor": "e7"},
        {"_external": True},
    ],
)
def test_other_values_go_through_url_for(app: Flask, values: dict[str, object]) -> None:
    with app.test_request_context("/donors"):
        assert build_address("tasks.list_tasks", **values) == url_for("tasks.list_tasks", **values)


def test_relative_address_follows_blueprint(app: Flask) -> None:
    """An address beside the page is that of its own blueprint."""
    with app.test_request_context("/donors"):
        assert build_address(".show_donor", donor_id=7) == "/donors/7"
    with app.test_request_context("/gifts"):
        assert build_address(".show_gift", gift_id=7) == "/gifts/7"


@pytest.mark.parametrize("root", ["", "/hub"])
def test_each_static_file_has_its_own_address(app: Flask, root: str) -> None:
    with app.test_request_context("/donors", base_url=f"http://localhost{root}"):
        for values in ({"filename": "mark.svg"}, {"filename": "a.css"}, {"filename": "a.css", "v": "1"}) * 2:
            assert build_address("static", **values) == url_for("static", **values)
