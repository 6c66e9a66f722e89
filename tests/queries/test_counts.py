"""How many statements a page or list sends is pinned, whatever it shows: none is sent for each row.

After a change that is meant: put what the test prints into tests/files/query_counts.json.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.queries.visits import Visit

PINNED = Path(__file__).parents[1] / "files" / "query_counts.json"


def test_no_page_sends_more_statements_than_pinned(visits: list[Visit]) -> None:
    pinned: dict[str, int] = json.loads(PINNED.read_text())
    most: dict[str, Visit] = {}
    for visit in visits:
        if visit.rule not in most or len(visit.statements) > len(most[visit.rule].statements):
            most[visit.rule] = visit
    counts = {rule: len(visit.statements) for rule, visit in sorted(most.items())}
    more = {visit.address: counts[rule] for rule, visit in most.items() if counts[rule] > pinned.get(rule, 0)}
    table = json.dumps(counts, indent=1, ensure_ascii=False)
    assert not more, f"more than pinned: {more}; if it is meant, this is {PINNED.name} now:\n{table}"
    assert set(pinned) == set(counts), f"rules come and go; this is {PINNED.name} now:\n{table}"


def test_the_organisation_is_read_once_a_request(visits: list[Visit]) -> None:
    often = {
        visit.address: count
        for visit in visits
        if (count := sum("FROM organisation" in " ".join(one.text.split()) for one in visit.statements)) > 1
    }
    assert often == {}
