"""What was decided of an entry, moved to the entry that the bank told in its place.

Its gift is taken out by a correction and recorded anew with the new sum, for the same donor, fund and
instalments; a receipt that names it is voided. What cannot be moved waits to be decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from donorhub.db import db
from donorhub.models import Allocation, Entry, Instalment, Match
from donorhub.services.bank.matching import decision_undo, entries, same_gifts
from donorhub.services.bank.matching.entries import Share
from donorhub.services.giving import gifts
from donorhub.services.receipts import receipts
from donorhub.services.recurring import instalments

REASON = "the bank corrected the entry"


def move_decisions(old: Entry, new: Entry, *, now: datetime, actor: str) -> None:
    """Take out what was decided of ``old`` and decide ``new`` in the same way, with its own sum.

    ``new`` must be open. Several gifts, a payout and a return are left for a person or the engine.
    """
    matches = decision_undo.list_live_matches(old.id)
    parts = _read_allocations(matches)
    take_out_decisions(old, now=now, actor=actor)
    _decide_as(matches, parts, new, now=now, actor=actor)


def restore_decisions(entry: Entry, undone_at: datetime, *, now: datetime, actor: str) -> None:
    """Decide an entry as it was decided before this moment; ``entry`` must be open."""
    matches = db.session.scalars(
        select(Match).where(Match.entry_id == entry.id, Match.undone_at == undone_at).order_by(Match.id)
    ).all()
    _decide_as(matches, [], entry, now=now, actor=actor)


def take_out_decisions(entry: Entry, *, now: datetime, actor: str) -> None:
    """Take out what was decided of an entry that the bank took back, and void receipts of its gifts."""
    for match in decision_undo.list_live_matches(entry.id):
        receipt_id = gifts.find_live_receipt_id(match.gift_id) if match.gift_id else None
        if receipt_id is not None and decision_undo.made_gift(match):
            receipts.void_receipt(receipt_id, reason=REASON, now=now, actor=actor)
    db.session.flush()  # what is on a receipt is asked of the database
    decision_undo.take_out_decisions(entry, now=now, actor=actor)


def _read_allocations(matches: Sequence[Match]) -> list[int]:
    """Return the instalments that the gifts of these matches settle, in order."""
    gift_ids = [match.gift_id for match in matches if match.kind == "gift" and match.gift_id is not None]
    return list(
        db.session.scalars(
            select(Allocation.instalment_id).where(Allocation.gift_id.in_(gift_ids)).order_by(Allocation.id)
        )
    )


def _decide_as(
    matches: Sequence[Match], instalment_ids: Sequence[int], entry: Entry, *, now: datetime, actor: str
) -> None:
    if len(matches) != 1 or entry.has_details or matches[0].detail_id is not None:
        return
    (match,) = matches
    if match.kind == "gift" and not decision_undo.made_gift(match):
        same_gifts.join_gift(entry, match.gift_id or 0, now=now, actor=actor)
    elif match.kind == "gift" and match.donor_id is not None and entry.amount_minor > 0:
        allocations = _share_out(instalment_ids, entry.amount_minor)
        share = Share(match.donor_id, entry.amount_minor, _find_fund(match), allocations or None)
        entries.accept_shares(entry.id, [share], equal_ids=None, now=now, actor=actor)
    elif match.kind == "not_gift":
        reasons = [str(reason.get("params", {}).get("reason", "")) for reason in match.evidence]
        entries.mark_not_a_gift(entry.id, next(filter(None, reasons), "other"), now=now, actor=actor)


def _find_fund(match: Match) -> int | None:
    """Return the fund of the gift where it went to one alone."""
    designations = gifts.list_designations([match.gift_id or 0]).get(match.gift_id or 0, [])
    return designations[0][0] if len(designations) == 1 else None


def _share_out(instalment_ids: Sequence[int], minor: int) -> dict[int, int]:
    """Return how much of a sum settles each of the instalments, the first ones first."""
    shares: dict[int, int] = {}
    for id_ in instalment_ids:
        room = db.session.get_one(Instalment, id_).amount_minor - instalments.compute_settled_minor(id_)
        if min(room, minor) > 0:
            shares[id_] = min(room, minor)
            minor -= shares[id_]
    return shares
