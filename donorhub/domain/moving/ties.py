"""Which of those whom a file names are tied to each other: members of households, contact people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from donorhub.domain.moving.plan_rows import DonorPlan, RowPlan


def judge_ties(rows: Iterable[RowPlan], donors: Sequence[DonorPlan]) -> None:
    """Mark the ties that are written, each once: those of which the file makes an end.

    Between two who are here nothing is tied: whoever ended such a tie by hand does not find it again.
    """
    written: set[tuple[str, int, int]] = set()
    for row in rows:
        if row.group is None or not row.record.ties or row.state in ("held", "left_out"):
            continue
        groups = (row.group, *row.companions)
        ties = []
        for tie in row.record.ties:
            ends = (groups[tie.who], groups[tie.of])
            key = (tie.kind, *ends)
            if key not in written and _is_new(donors[ends[0]], donors[ends[1]]):
                written.add(key)
                ties.append((tie, *ends))
        row.ties = tuple(ties)


def _is_new(one: DonorPlan, other: DonorPlan) -> bool:
    """Return whether both will be there, are two, and one of them is made by the file."""
    is_there = [plan.is_used or plan.donor_id is not None for plan in (one, other)]
    are_two = one.group is not other.group and (one.donor_id is None or one.donor_id != other.donor_id)
    return all(is_there) and are_two and (one.donor_id is None or other.donor_id is None)
