"""The addresses of every page and list that only reads, taken from the application, with ids of its rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import func, select
from werkzeug.routing import Rule

from donorhub.db import Base, db

NO_PAGES: Final = (
    *("static", "security.", "health", "api_health", "api-docs"),  # they read no row of a table
    *("downloads.send_", "api_lists."),  # files, which read many parts by the queries of one page
    *("letters.show_pdf", "runs.show_part"),  # letters, drawn of the rows that their pages list
)
ABOUT_A_FILE: Final = (
    "bank.show_columns",
)  # their forms ask hundreds of things, of the file and not of the base
WORD_OF: Final = {"source": "crm", "ref": "r17", "token": "t" * 32, "part": 1}  # arguments that are no ids
TABLE_OF: Final = {  # where an argument's name is not its table's
    "account_id": "bank_account",
    "file_id": "import_file",
    "import_id": "import_file",
    "event_id": "provider_event",
    "question_id": "entry_question",
    "batch_id": "payer_batch",
    "contact_id": "contact_point",
    "merge_id": "merge_log",
    "endpoint_id": "webhook_endpoint",
    "token_id": "api_token",
    "owner_id": "user",
    "after_entry_id": "entry",
    "tag": "tag",
    "field_id": "custom_field",
    "assignee_id": "user",
}
# What is asked for where a filter takes any text; one that is not here gets a word that fits nothing.
WORDS: Final[Mapping[str, Sequence[str]]] = {
    "field": ("field_0",),
    "value": ("value 7",),
    "custom": ("field_0:value 7", "field_0:xyzzy", "field_2:17", "field_2:10..400", "field_4:true"),
    "q": (
        "kowalska",
        "ew",
        "ewa baran",
        "d4711@example.org",
        "DH-3001-0",
        "xyzzy",
        "600 100 200",
        "about 55",
        "kowalsak",
    ),
    "subject_type": ("gift",),
    "kind": ("thank_you",),
    "number": ("R/2020/000017",),
    "year": ("2020",),
    "source": ("stripe:acct_1",),
    "provider": ("stripe",),
    "account": ("acct_1",),
    "email": ("d17@example.org",),
    "code": ("DH-3001-0",),
    "iban": ("PL17",),
}
DAY: Final = "2026-06-01"
MOMENT: Final = "2026-06-01T00:00:00Z"


class Ids:
    """Ids of rows to look at: one of each state, from the middle of the table."""

    def __init__(self) -> None:
        self._ids: dict[str, Sequence[int]] = {}

    def of(self, argument: str) -> Sequence[int]:
        """Some ids for an argument of an address."""
        table = TABLE_OF.get(argument, argument.removesuffix("_id"))
        if table not in Base.metadata.tables:
            raise LookupError(f"which table's ids does {argument} take? Say so in addresses.TABLE_OF")
        if table not in self._ids:
            self._ids[table] = _middle_ids(table)
        return self._ids[table]


def _middle_ids(name: str) -> Sequence[int]:
    table = Base.metadata.tables[name]
    id_ = table.c.id
    middle = db.session.scalar(select(func.max(id_))) or 0
    near = select(func.min(id_)).where(id_ >= middle * 2 // 3)
    if "state" in table.c:
        near = near.group_by(table.c.state)
    ids = sorted(row for row in db.session.scalars(near) if row)
    db.session.rollback()
    return ids or [1]


def read_rules(app: Flask) -> list[Rule]:
    """The rules of pages and lists that are got."""
    rules = [
        rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.endpoint.startswith(NO_PAGES)
    ]
    return sorted(rules, key=lambda rule: rule.rule)


def plain_addresses(rule: Rule, ids: Ids) -> Iterator[str]:
    """A rule's addresses without a query: for each of the ids, or each word that it takes."""
    known: list[dict[str, Any]] = [{}]
    for name, converter in rule._converters.items():
        if name in WORD_OF:
            values: Sequence[Any] = [WORD_OF[name]]
        else:
            values = sorted(converter.items) if hasattr(converter, "items") else ids.of(name)
        known = [{**one, name: value} for one in known for value in values]
    for values_ in known:
        _name_owner(values_)
        built = rule.build(values_, append_unknown=False)
        assert built is not None
        yield built[1]


def _name_owner(values: dict[str, Any]) -> None:
    """Let an address of a thing that belongs to another name that one: a contact's own donor."""
    for name in list(values):
        table = Base.metadata.tables.get(TABLE_OF.get(name, name.removesuffix("_id")))
        if table is None or name == "donor_id":
            continue
        for owner in (one for one in list(values) if one != name and one.endswith("_id") and one in table.c):
            query = select(table.c[owner]).where(table.c.id == values[name])
            values[owner] = db.session.scalar(query) or values[owner]


def list_queries(parameters: Sequence[tuple[str, Mapping[str, Any]]], ids: Ids) -> Iterator[str]:
    """The queries that a list of the API takes, by its description: each order, and each filter."""
    for name, schema in parameters:
        if name not in ("limit", "after"):
            for value in _values(name, schema, ids):
                yield urlencode({name: value})


def parameters_of(document: Mapping[str, Any], rule: Rule) -> list[tuple[str, Mapping[str, Any]]]:
    """What an operation of the API takes in its query, by name and schema."""
    path = re.sub(r"<(?:[^<>]*:)?(\w+)>", r"{\1}", rule.rule)
    operation = document["paths"][path]["get"]
    return [
        (one["name"], one["schema"]) for one in operation.get("parameters", ()) if one.get("in") == "query"
    ]


def _values(name: str, schema: Mapping[str, Any], ids: Ids) -> Sequence[Any]:
    if "enum" in schema:
        return list(schema["enum"])
    if schema["type"] == "boolean":
        return ("true", "false")
    if schema["type"] == "integer":
        return ids.of("gift" if name == "subject_id" else name)[:1]
    if schema.get("format") in ("date", "date-time"):
        return (MOMENT if schema["format"] == "date-time" else DAY,)
    return WORDS.get(name, ("xyzzy",))


class Offers(HTMLParser):
    """What a page offers of itself: links to it with another query, and the forms that only ask."""

    def __init__(self, path: str, page: str) -> None:
        super().__init__()
        self._path = path
        self._form = self._select = ""
        self.queries: dict[str, None] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "a":
            path, _, query = unescape(told.get("href", "")).partition("#")[0].partition("?")
            if path in ("", self._path) and query and "lang=" not in query:
                self.queries[query] = None
        elif tag == "form":
            is_ours = told.get("action", self._path).partition("#")[0] == self._path
            self._form = "yes" if told.get("method", "get") == "get" and is_ours else ""
        elif self._form and tag == "select":
            self._select = told.get("name", "")
        elif self._form and tag == "option" and self._select and told.get("value"):
            self.queries[urlencode({self._select: told["value"]})] = None
        elif self._form and tag == "input" and told.get("name"):
            for value in _pick_words(told):
                self.queries[urlencode({told["name"]: value})] = None

    def handle_endtag(self, tag: str) -> None:
        if tag in ("form", "select"):
            self._select = ""
            self._form = self._form if tag == "select" else ""


def _pick_words(field: Mapping[str, str]) -> Sequence[str]:
    if field.get("type") in ("hidden", "radio", "checkbox"):
        return (field.get("value", ""),)
    return (DAY,) if field.get("type") == "date" else WORDS.get(field["name"], ("xyzzy",))
