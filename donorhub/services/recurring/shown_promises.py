"""What stands for a recurring gift, an instalment and a mandate as a person was shown them.

Who changes one sends the digest back; where it is another by now, nothing is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from donorhub.db import db
from donorhub.domain.recurring.inferred_promises import NOT_RECURRING
from donorhub.models import Instalment, Mandate, RecurringGift, Term
from donorhub.models.states import FREED_INSTALMENTS, MandateState
from donorhub.services import shown
from donorhub.services.access import organisation
from donorhub.services.recurring import (
    changed_amounts,
    ended_promises,
    mandate_days,
    recurring_terms,
)
from donorhub.services.recurring.changed_amounts import ChangedAmount
from donorhub.services.recurring.ended_promises import Fit
from donorhub.services.shown import ShownRow

Step = Literal["pause", "resume", "close", "accept", "refuse", "other"]


@dataclass(frozen=True, slots=True)
class PromiseFacts:
    """All that is known of a recurring gift and that a change of it starts from."""

    gift: RecurringGift
    terms: Sequence[Term]
    amount_change: ChangedAmount | None
    fits: Sequence[Fit]
    mandates: Sequence[Mandate]

    @property
    def digest(self) -> str:
        """The digest of its state, terms and mandates, and of the money that came beside them."""
        gift, amount_change = self.gift, self.amount_change
        return shown.compute_digest(
            [
                [gift.id, gift.state, gift.state_reason, gift.currency, _write_day(gift.ends_on)],
                [_describe_term(term) for term in sorted(self.terms, key=lambda term: term.from_on)],
                [_describe_mandate(mandate) for mandate in self.mandates],
                [amount_change.amount.minor, amount_change.from_on.isoformat()]
                if amount_change is not None
                else [],
                [claim.gift.gift_id for claim in amount_change.claims] if amount_change is not None else [],
                [[fit.gift_id, fit.nominal_on.isoformat()] for fit in self.fits],
            ]
        )


def read_promise(gift: RecurringGift, *, today: date) -> PromiseFacts:
    """Return what is known of a recurring gift now."""
    is_ended = gift.state == "closed"
    fits = ended_promises.find_fits(today=today, donor_id=gift.donor_id) if is_ended else {}
    return PromiseFacts(
        gift,
        recurring_terms.list_terms_of_gift(gift),
        changed_amounts.find_changed_amount(gift, today=today),
        fits.get(gift.id, ()),
        mandate_days.list_mandates(gift.id) if mandate_days.needs_mandate(gift) else (),
    )


def _write_day(day: date | None) -> str:
    return day.isoformat() if day is not None else ""


def _describe_term(term: Term) -> list[object]:
    days = [_write_day(day) for day in (term.from_on, term.to_on, term.anchor_on)]
    return [term.amount_minor, term.period, term.every, term.day_of_month, term.is_pause, *days]


def _describe_mandate(mandate: Mandate) -> list[object]:
    days = [_write_day(day) for day in (mandate.signed_on, mandate.active_from, mandate.ended_on)]
    return [mandate.id, mandate.reference, mandate.creditor_id, mandate.state, mandate.state_reason, *days]


def compute_instalment_digest(instalment: Instalment) -> str:
    """Return the digest of an instalment; what was paid of it shows in its state."""
    facts = [instalment.id, instalment.due_on.isoformat(), instalment.amount_minor, instalment.currency]
    return shown.compute_digest([*facts, instalment.state])


def compute_mandate_digest(mandate: Mandate) -> str:
    """Return the digest of a mandate."""
    return shown.compute_digest(_describe_mandate(mandate))


def refuse_changed_promise(
    gift: RecurringGift, digest: str | None, *, step: Step = "other", now: datetime
) -> None:
    """Lock a recurring gift, and raise Changed where it is not what was shown under this digest; None where
    nothing was shown. It may have taken the ``step`` that is wanted already: that is no change.
    """
    if digest is None:
        return
    _lock_row(gift)
    today = organisation.get_day(now)
    if not _has_taken(gift, step, today):
        shown.refuse_changed(digest, ShownRow(gift, read_promise(gift, today=today).digest))


def _lock_row(row: RecurringGift | Instalment | Mandate) -> None:
    """Let whoever decides the same wait until we have: they compare with what we made of it."""
    db.session.refresh(row, with_for_update=True)


def _has_taken(gift: RecurringGift, step: Step, today: date) -> bool:
    if step == "close":
        return gift.state == "closed"
    if step == "accept":
        return gift.origin == "inferred" and gift.state not in ("proposed", "closed")
    if step == "refuse":
        return gift.state == "closed" and gift.state_reason == NOT_RECURRING
    if step == "pause":
        return gift.state == "paused"
    if step == "resume":
        return gift.state == "active" and recurring_terms.find_planned_pause(gift, today) is None
    return False


def refuse_changed_instalment(instalment: Instalment, digest: str | None) -> None:
    """Do the same for an instalment."""
    if digest is not None:
        _lock_row(instalment)
        shown.refuse_changed(digest, ShownRow(instalment, compute_instalment_digest(instalment)))


def refuse_changed_debt(instalment: Instalment, digest: str | None) -> None:
    """Do the same for an instalment that is let go; one that nothing is owed for any more is that already."""
    if digest is not None and instalment.state not in FREED_INSTALMENTS:
        refuse_changed_instalment(instalment, digest)


def refuse_changed_mandate(mandate: Mandate, state: MandateState, digest: str | None) -> None:
    """Do the same for a mandate; one that is in this ``state`` already stays so."""
    if digest is None:
        return
    _lock_row(mandate)
    if mandate.state != state:
        shown.refuse_changed(digest, ShownRow(mandate, compute_mandate_digest(mandate)))
