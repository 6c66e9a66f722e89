"""Taking back what was decided of an entry. The match row stays and says so; its gift is corrected.

A donor whom the decision made goes with it, unless something else hangs on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from donorhub.db import db
from donorhub.domain.bank.matching import clues as clues_of
from donorhub.errors import Rejected
from donorhub.models import Donor, Entry, Match, Payout
from donorhub.services.access import audit, organisation
from donorhub.services.bank.matching import bank_returns, credits, payer_keys, payer_learning
from donorhub.services.bank.matching.credits import SOURCE
from donorhub.services.donors import removal
from donorhub.services.giving import gifts
from donorhub.services.recurring import instalments


def list_live_matches(entry_id: int) -> Sequence[Match]:
    """Return the decisions on an entry that stand."""
    return db.session.scalars(
        select(Match).where(Match.entry_id == entry_id, Match.undone_at.is_(None)).order_by(Match.id)
    ).all()


def undo_decisions(entry: Entry, *, now: datetime, actor: str) -> bool:
    """Take back all decisions on an entry that the caller holds; False when there are none.

    Rejected, with nothing changed, while a live receipt names a gift of it.
    """
    matches = list_live_matches(entry.id)
    was_decided = take_out_decisions(entry, now=now, actor=actor)
    _forget_payers(entry, matches)
    db.session.flush()  # others ask the database for what is known of payers
    _remove_new_donors(matches, now=now, actor=actor)
    return was_decided


def _remove_new_donors(matches: Sequence[Match], *, now: datetime, actor: str) -> None:
    """Take the donors away whom these decisions made and who have nothing else; leave the others."""
    ids = {match.donor_id for match in matches if match.donor_id is not None}
    made_at = {match.donor_id: match.decided_at for match in matches}
    made_donors = select(Donor.id, Donor.created_at).where(Donor.id.in_(ids), Donor.source == SOURCE)
    new_ids = {id_ for id_, created_at in db.session.execute(made_donors) if created_at == made_at[id_]}
    busy_ids = {one.donor_id for one in removal.list_obstacles(new_ids)}
    removal.remove_donors(new_ids - busy_ids, reason="undone", now=now, actor=actor)


def take_out_decisions(entry: Entry, *, now: datetime, actor: str) -> bool:
    """Take back all decisions on an entry as :func:`undo_decisions` does, but keep what was learned of its
    payer: the decisions were right, and the bank took the entry back.
    """
    matches = list_live_matches(entry.id)
    take_out_matches(entry, matches, now=now, actor=actor)
    return bool(matches)


def take_out_matches(entry: Entry, matches: Sequence[Match], *, now: datetime, actor: str) -> None:
    """Take back these decisions on an entry as :func:`take_out_decisions` takes back all."""
    for match in matches:
        _refuse_receipted(match)
    for match in matches:
        _take_back(entry, match, now=now, actor=actor)
        match.undone_at, match.undone_by = now, actor
    if matches:
        audit.record_action(
            actor, "entry.undone", ("entry", entry.id), now=now, data={"matches": len(matches)}
        )
    db.session.flush()  # others ask the database for live matches


def _refuse_receipted(match: Match) -> None:
    receipt_id = gifts.find_live_receipt_id(match.gift_id) if match.gift_id and made_gift(match) else None
    if receipt_id is not None:
        raise Rejected(
            f"gift {match.gift_id} is on a receipt: void it first",
            code="gift_on_receipt",
            receipt_id=receipt_id,
        )


def _take_back(entry: Entry, match: Match, *, now: datetime, actor: str) -> None:
    if match.gift_id is not None and made_gift(match):
        _take_out_gift(match, match.gift_id, now=now, actor=actor)
    elif match.kind == "payout" and match.payout_id is not None:
        payout = db.session.get_one(Payout, match.payout_id)
        if payout.entry_id == entry.id:
            payout.entry_id = None
    elif match.kind == "return":
        for place in credits.read_places([entry.id]):
            if place.detail_id == match.detail_id:
                bank_returns.take_out_return(place, now=now, actor=actor)
        _keep_gift_out(match, now=now, actor=actor)


def made_gift(match: Match) -> bool:
    """Return whether a decision made its gift; one that was recorded before stays what it is."""
    return (
        match.kind == "gift" and match.gift_id is not None and gifts.get_gift(match.gift_id).source == SOURCE
    )


def _take_out_gift(match: Match, gift_id: int, *, now: datetime, actor: str) -> None:
    """Correct what is left of a gift; what a refund, a return or an earlier correction took is not taken
    twice.
    """
    gift = gifts.get_gift(gift_id)
    if gifts.compute_remainder(gift).minor == 0:
        _note_empty(match, gift_id, now=now, actor=actor)
    else:
        gifts.correct_gift(
            gift_id,
            reason="the bank entry was decided otherwise",
            source=SOURCE,
            source_ref=f"match:{match.id}",
            now=now,
            actor=actor,
        )
    instalments.unsettle_instalments(gift_id, "undo", now=now)


def _keep_gift_out(match: Match, *, now: datetime, actor: str) -> None:
    """Correct a gift whose own entry was undone while its return stood: it does not count without the
    return.
    """
    gift = gifts.get_gift(match.gift_id or 0)
    db.session.flush()  # what is left of the gift is asked of the database
    is_explained = db.session.scalar(
        select(Match.id)
        .where(Match.gift_id == gift.id, Match.kind == "gift", Match.undone_at.is_(None))
        .limit(1)
    )
    if gift.source == SOURCE and is_explained is None and gifts.compute_remainder(gift).minor:
        gifts.correct_gift(
            gift.id,
            reason="the bank entry was decided otherwise",
            source=SOURCE,
            source_ref=f"match:{match.id}",
            now=now,
            actor=actor,
        )


def _note_empty(match: Match, gift_id: int, *, now: datetime, actor: str) -> None:
    audit.record_action(actor, "gift.nothing_left", ("gift", gift_id), now=now, data={"match": match.id})


def _forget_payers(entry: Entry, matches: Sequence[Match]) -> None:
    """Take back what decisions taught of who paid."""
    places = {place.detail_id: place for place in credits.read_places([entry.id])}
    prefix = organisation.get_organisation().code_prefix
    for match in matches:
        place = places.get(match.detail_id)
        if match.kind != "gift" or match.donor_id is None or place is None:
            continue
        (clues,) = clues_of.read_clues([place.credit], prefix)
        lesson = payer_learning.make_lesson(clues, match.donor_id, None, match.evidence)
        if lesson is not None:
            payer_learning.reject_uses([lesson])
            payer_keys.forget_account(lesson.payer_key, match.donor_id)
