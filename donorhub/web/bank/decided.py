"""What follows a decision: the list at the entry that is next, with a confirmation and the way back; a script
gets the confirmation alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response as FlaskResponse
from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from donorhub.services.bank.matching import entries, entry_views
from donorhub.web.bank import choices
from donorhub.web.bank.choices import Item
from donorhub.web.forms import read_row_id
from donorhub.web.saving import tell_reader

FILTERS: Final = ("account", "statement", "after")
FRAGMENT: Final = "X-Fragment"


def read_filters(fields: Mapping[str, str]) -> dict[str, int]:
    """Return the account and the statement that a list is narrowed to."""
    row_ids = {name: read_row_id(fields.get(name)) for name in ("account", "statement")}
    return {name: value for name, value in row_ids.items() if value is not None}


def make_query(filters: Mapping[str, object]) -> dict[str, Any]:
    """Return the filters of a list that are set, for its address."""
    return {name: filters[name] for name in FILTERS if filters.get(name)}


def find_decided_item() -> Item | None:
    """Return the entry that was decided just now, so that it can be undone at once."""
    id_ = read_row_id(request.args.get("done"))
    if id_ is None:
        return None
    item = choices.list_items([entries.get_entry(id_)])[0]
    return item if item.matches or item.entry.state == "duplicate" else None


def answer_decision(entry_id: int, *, tab: str = "to-decide", sentence: str = "") -> Response:
    """Show what was done: in the list that the click came from, at the entry that is next there.

    Without a ``sentence`` the confirmation says what the entry became and offers to undo it.
    """
    fields = request.form
    if FRAGMENT in request.headers:
        item = choices.list_items([entries.get_entry(entry_id)])[0]
        narrow = read_filters(fields)
        counts = entry_views.count_waiting(
            bank_account_id=narrow.get("account"), statement_id=narrow.get("statement")
        )
        waiting = counts["suspense" if tab == "to-decide" else "doubtful"]
        html = render_template(
            "bank/_decided.html",
            item=None if sentence else item,
            text=sentence,
            waiting=waiting,
            filters=narrow,
        )
        return FlaskResponse(html, headers={FRAGMENT: "1"})
    next_id = read_row_id(fields.get("next"))
    query = make_query(fields)
    if sentence:
        tell_reader(sentence)
    else:
        query["done"] = entry_id
    anchor = f"e{next_id}" if next_id else None
    return redirect(url_for("bank.entries", tab=tab, **query, _anchor=anchor))
