"""What a file tells of gifts that are here, in fields that were added to gifts.

What stands empty is filled in. Another value than stands there waits for a person, who says of the whole file
whether what is here stays or what the file says is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from donorhub.domain.donors.custom_shapes import Value
from donorhub.domain.moving.answers import Answers
from donorhub.domain.moving.ledger import Ledger
from donorhub.domain.moving.plan_rows import RowPlan


def fill_known_gifts(rows: Sequence[RowPlan], ledger: Ledger, answers: Answers) -> None:
    """Find what the file fills in of gifts that are here, and what it would change; ``answers`` says which of
    two values counts, and without it the row is held."""
    for row in rows:
        gift = row.record.gift
        if row.state != "known" or row.gift_id is None or gift is None or not gift.custom:
            continue
        kept_values = ledger.gift_custom.get(row.gift_id, {})
        differing_values = _find_differing(dict(gift.custom), kept_values)
        row.gift_custom = {key: value for key, value in gift.custom if kept_values.get(key) is None}
        if differing_values and not answers.gift_values:
            row.state, row.reason = "held", "gift_value_differs"
            row.gift_custom, row.differing_keys = {}, tuple(sorted(differing_values))
        elif differing_values and answers.gift_values == "change":
            row.state, row.reason, row.gift_changes = "joined", "changes_gift", differing_values
        elif row.gift_custom:
            row.state, row.reason = "joined", "adds_to_gift"


def _find_differing(told_values: Mapping[str, Value], kept_values: Mapping[str, Value]) -> dict[str, Value]:
    """Return what the file says of fields in which something else stands; the order of choices is nothing."""
    return {
        key: value
        for key, value in told_values.items()
        if kept_values.get(key) is not None and _compare_as(value) != _compare_as(kept_values[key])
    }


def _compare_as(value: Value) -> object:
    if isinstance(value, tuple):
        return frozenset(value)
    return " ".join(value.split()) if isinstance(value, str) else value
