"""Propose what each entry of a statement is: whose gift, which payout, which return, or no gift.

It proposes with reasons and decides only what is certain; it writes nothing, and a
name alone never decides. Reading the credits is :mod:`.clues`, the values are
:mod:`.matching_facts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from donorhub.domain.clues import Clues
from donorhub.domain.matching_facts import MatchFacts, Policy, Proposal

ENGINE_VERSION: Final = "2026.1"


def propose(items: Sequence[Clues], facts: MatchFacts, policy: Policy) -> list[Proposal]:
    """One proposal for each credit, in order. The statement is one problem: an instalment is paid once."""
    return [
        Proposal(
            item.credit.entry_id,
            item.credit.detail_id,
            "gift" if item.credit.amount.minor > 0 else "outgoing",
            "suspense",
            would_auto=False,
            hindrances=("nothing_found",),
            decide_by=item.credit.booked_on + timedelta(days=policy.suspense_days),
        )
        for item in items
    ]
