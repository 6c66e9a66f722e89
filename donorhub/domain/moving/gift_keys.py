"""By what a gift of a file is known again in a later one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from donorhub.domain.moving.grouping import hash_text
from donorhub.domain.moving.plan_rows import RowPlan
from donorhub.domain.payer_text import make_name_key
from importers.periods import Span, write_span


def make_refs(rows: Sequence[RowPlan]) -> None:
    """Give each gift its key: their id, else day, amount, name, title and which of several equal it is.

    Of money below a month that is its day, whatever day a person chose for it.
    """
    counts: Counter[str] = Counter()
    for row in rows:
        gift = row.record.gift
        if row.group is None or gift is None:
            continue
        if gift.ref:
            row.source_ref = gift.ref
            continue
        person = row.record.person
        who = f"id {person.ref}" if person.ref else make_name_key(person.name)
        amount = f"{gift.amount.minor}{gift.amount.currency}"
        day = gift.received_on if gift.span is None else _write_months(gift.span)
        base = f"{day}:{amount}:{hash_text(who, 12)}:{hash_text(gift.title, 8)}"
        counts[base] += 1
        row.source_ref = f"{base}:{counts[base]}"


def _write_months(span: Span) -> str:
    first, last = span
    return write_span(first, last.month - first.month + 1)
