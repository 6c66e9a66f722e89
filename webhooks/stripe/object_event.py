"""One provider event while it is being read: it stamps the facts with their version.

It decides nothing about what an event means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from webhooks.fact import Fact, FactKind
from webhooks.states import LinkState, NoticeState
from webhooks.stripe.shapes import Object

# Among events of one second about an object in the same step of its life: what was fetched
# knows most, then an update, then anything else, then the creation.
_NUDGES: Final = {"created": 0, "updated": 2}
_FETCH_NUDGE: Final = 3
_STEPS: Final = 4


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """One event about one object; ``payload`` is that object, as parsed."""

    type: str
    kind: str
    at: int
    ev: str
    livemode: bool
    payload: Object

    def make_fact(
        self, kind: FactKind, ref: str, *, group: str, state: Mapping[str, object], step: int = 0
    ) -> Fact:
        """Return a fact of this event; within a second the higher ``step`` in the object's life is newer."""
        nudge = (
            _FETCH_NUDGE if self.type.startswith("fetch.") else _NUDGES.get(self.type.rpartition(".")[2], 1)
        )
        values = {key: value for key, value in state.items() if value is not None}
        return Fact(
            kind, ref, group, self.at, step * _STEPS + nudge, self.ev, {**values, "livemode": self.livemode}
        )

    def link_same_payment(self, attempt: str | None, order: str | None) -> list[Fact]:
        """Return the fact that an attempt (or a checkout) and an order are one payment, if both are there."""
        if not attempt or not order:
            return []
        state = LinkState(to=order, relation="same")
        return [self.make_fact("link", f"{attempt}={order}", group=attempt, state=state)]

    def link_upwards(
        self,
        lower: str,
        upper: str,
        *,
        by: str = "",
        amount_minor: int | None = None,
        currency: str | None = None,
    ) -> list[Fact]:
        """Return the facts that ``lower`` hangs on ``upper``, one in each group.

        ``by`` is the object that says so, where several may.
        """
        up = LinkState(to=upper, relation="above", amount_minor=amount_minor, currency=currency)
        down = LinkState(to=lower, relation="below", amount_minor=amount_minor, currency=currency)
        return [
            self.make_fact("link", f"{lower}>{upper}{by and ':' + by}", group=lower, state=up),
            self.make_fact("link", f"{upper}<{lower}{by and ':' + by}", group=upper, state=down),
        ]

    def make_notice(
        self, code: str, subject: str, *, group: str, field: str | None = None, value: str | None = None
    ) -> Fact:
        """Return a notice for staff; the same one about the same thing again is the same register."""
        state = NoticeState(code=code, subject=subject, field=field, value=value)
        return self.make_fact(
            "notice", ":".join(filter(None, (subject, code, field, value))), group=group, state=state
        )
