"""One payer with all that is known of them: what they pay for, what they paid in a year, and what of it would
be decided now without a person.

Only :func:`end_use` writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from sqlalchemy import select

from donorhub.db import cut_query_values, db
from donorhub.domain.bank.matching.matching_facts import Proposal
from donorhub.domain.payer_text import make_payer_key
from donorhub.errors import NotFound
from donorhub.models import Donor, Entry, Match, Payer, PayerKey, PayerUse
from donorhub.money import Money
from donorhub.services import shown
from donorhub.services.access import audit
from donorhub.services.bank.matching import matching, payer_keys

YEAR: Final = timedelta(days=365)
MOST_PAYMENTS: Final = 200
# What would become of a payment now: as it was decided, another donor's, or a person is asked.
Outcome = Literal["same", "other", "asks"]
PlaceKey = tuple[date, int, int | None]  # day, entry and detail of a payment


@dataclass(frozen=True, slots=True)
class UseView:
    """One use, whose it is, and the money that came last."""

    use: PayerUse
    donor: Donor

    @property
    def amount(self) -> Money | None:
        """What people said of last."""
        use = self.use
        return Money(use.amount_minor, use.currency or "") if use.amount_minor is not None else None


@dataclass(frozen=True, slots=True)
class PaidView:
    """A payment of the last year, whose it was decided to be, and what would become of it now."""

    entry_id: int
    booked_on: date
    amount: Money
    text: str
    donors: tuple[Donor, ...]
    is_by_person: bool
    outcome: Outcome
    now_donor: Donor | None  # whose it would be


@dataclass(frozen=True, slots=True)
class PayerView:
    """A payer, and the preview of a year with what is learned by now."""

    payer: Payer
    keys: Sequence[PayerKey]
    uses: Sequence[UseView]
    payments: Sequence[PaidView]
    is_cut: bool  # there were more payments than are looked at

    @property
    def digest(self) -> str:
        """The digest of the payer as they were shown: each answer about them makes it another."""
        return shown.compute_digest([self.payer.id, self.payer.version])

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """How many payments would become what."""
        return Counter(payment.outcome for payment in self.payments)


def get_payer(payer_id: int) -> Payer:
    """Return a payer; raise NotFound."""
    payer = db.session.get(Payer, payer_id)
    if payer is None:
        raise NotFound(f"there is no payer {payer_id}")
    return payer


def find_payer_of_entry(entry: Entry) -> int | None:
    """Return the payer of an entry's one payment; None where nothing was learned of them."""
    key = make_payer_key(entry.counterparty_account or None, entry.counterparty_name or None)
    return payer_keys.find_payer_ids([key]).get(key) if key and not entry.has_details else None


def view_payer(payer_id: int, *, today: date) -> PayerView:
    """Return a payer with their uses and what they paid in the year before a day; raise NotFound."""
    payer = get_payer(payer_id)
    keys = db.session.scalars(
        select(PayerKey).where(PayerKey.payer_id == payer_id).order_by(PayerKey.id)
    ).all()
    rows = db.session.execute(
        select(PayerUse, Donor)
        .join(Donor, Donor.id == PayerUse.donor_id)
        .where(PayerUse.payer_id == payer_id)
        .order_by(PayerUse.ended_on.is_not(None), PayerUse.hits.desc(), PayerUse.id)
    ).all()
    uses = [UseView(use, donor) for use, donor in rows]
    payments, is_cut = _list_payments(keys, {view.donor.id for view in uses}, since_on=today - YEAR)
    return PayerView(payer, keys, uses, payments, is_cut)


def _list_payments(
    keys: Sequence[PayerKey], donor_ids: Iterable[int], *, since_on: date
) -> tuple[list[PaidView], bool]:
    own_keys = {payer_keys.join_key(key.kind, key.value) for key in keys}
    matches = _read_matches(donor_ids, since_on)
    newest = sorted(matches, reverse=True)[: MOST_PAYMENTS + 1]
    proposals = [
        (place, proposal)
        for place, clues, proposal in matching.propose_for_entries(
            sorted({entry_id for _, entry_id, _ in newest[:MOST_PAYMENTS]})
        )
        if clues.payer_key in own_keys
    ]
    donors = _read_donors(matches, [proposal for _, proposal in proposals])
    payments = []
    for place, proposal in proposals:
        decided = matches.get((place.booked_on, place.entry_id, place.detail_id))
        if decided is None:
            continue
        best_id = proposal.candidates[0].donor_id if proposal.candidates else None
        old_ids = {match.donor_id for match in decided}
        outcome: Outcome = "asks" if not proposal.would_auto else "same" if old_ids == {best_id} else "other"
        payments.append(
            PaidView(
                place.entry_id,
                place.booked_on,
                place.credit.amount,
                place.credit.text,
                tuple(donors[id_] for id_ in sorted(old_ids - {None}, key=str) if id_ in donors),
                any(match.actor.startswith("user:") for match in decided),
                outcome,
                donors.get(best_id) if best_id is not None and outcome == "other" else None,
            )
        )
    payments.sort(key=lambda one: (one.booked_on, one.entry_id), reverse=True)
    return payments, len(newest) > MOST_PAYMENTS


def _read_matches(donor_ids: Iterable[int], since_on: date) -> dict[PlaceKey, list[Match]]:
    """Return the decisions that stand on money of these donors, by day, entry and detail."""
    matches: dict[PlaceKey, list[Match]] = {}
    for chunk in cut_query_values(sorted(donor_ids)):
        rows = db.session.execute(
            select(Match, Entry.booked_on)
            .join(Entry, Entry.id == Match.entry_id)
            .where(
                Match.donor_id.in_(chunk),
                Match.kind == "gift",
                Match.undone_at.is_(None),
                Entry.booked_on >= since_on,
            )
        )
        for match, booked_on in rows:
            matches.setdefault((booked_on, match.entry_id, match.detail_id), []).append(match)
    return matches


def _read_donors(
    matches: Mapping[PlaceKey, Sequence[Match]], proposals: Sequence[Proposal]
) -> dict[int, Donor]:
    ids = {match.donor_id for some in matches.values() for match in some}
    ids |= {proposal.candidates[0].donor_id for proposal in proposals if proposal.candidates}
    donors: dict[int, Donor] = {}
    for chunk in cut_query_values(sorted(id_ for id_ in ids if id_ is not None)):
        donors.update({row.id: row for row in db.session.scalars(select(Donor).where(Donor.id.in_(chunk)))})
    return donors


def end_use(
    payer_id: int, use_id: int, *, today: date, now: datetime, actor: str, digest: str | None = None
) -> PayerUse:
    """Let a use count no more: money like it asks again, until somebody answers anew. Return the use.

    One that is ended stays as it is. Raise Changed where the payer is another than the digest stands for.
    """
    payer = db.session.get(Payer, payer_id, with_for_update=True, populate_existing=True)
    use = db.session.get(PayerUse, use_id)
    if payer is None or use is None or use.payer_id != payer_id:
        raise NotFound(f"payer {payer_id} has no use {use_id}")
    if use.ended_on is not None:
        return use
    shown.refuse_changed(digest, view_payer(payer_id, today=today))
    use.ended_on = today
    payer.version += 1
    audit.record_action(
        actor, "payer_use.ended", ("donor", use.donor_id), now=now, data={"payer": payer_id, "use": use_id}
    )
    return use
