"""What holds of all that a donor ever said about one purpose by one channel: a yes, a no, or nothing.

Rows are never edited, so this is worked out anew each time; a later event beats an earlier one, whenever
either was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from donorhub.models.states import Channel, ConsentChannel, ConsentPurpose, ConsentState

Answer = Literal["opt_out", "withdrawn", "given", "expired", "requested", "unknown", "none"]
COMPLAINT: Final = "complaint"  # the source of an opt-out that nobody but the donor takes back
_UNSURE: Final = ("requested", "unknown")
# The less is allowed, the earlier; what nobody ever said restricts nothing.
_STRICTEST: Final[tuple[Answer, ...]] = ("opt_out", "withdrawn", "expired", "unknown", "requested", "given")


@dataclass(frozen=True, slots=True)
class Saying:
    """One row of what a donor said, as the rules read it."""

    id: int
    purpose: ConsentPurpose
    channel: ConsentChannel
    state: ConsentState
    at: datetime
    source: str = ""
    expires_at: datetime | None = None

    def speaks_of(self, purpose: ConsentPurpose, channel: ConsentChannel) -> bool:
        """Return whether this speaks of a purpose by a channel."""
        return self.purpose in ("all", purpose) and self.channel in ("any", channel)

    @property
    def is_of_everything(self) -> bool:
        """Whether this speaks of every purpose by every channel."""
        return self.purpose == "all" and self.channel == "any"


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds of a purpose by a channel, and the saying that decides it."""

    answer: Answer
    saying: Saying | None = None

    @property
    def since(self) -> datetime | None:
        """Since when it holds."""
        if self.saying is None:
            return None
        return self.saying.expires_at if self.answer == "expired" else self.saying.at


def find_standing(
    sayings: Iterable[Saying], purpose: ConsentPurpose, channel: ConsentChannel, *, at: datetime
) -> Standing:
    """Return what holds at a moment; an opt-out beats every earlier consent, and a later yes beats it.

    An opt-out that was lifted holds no more, and the consents before it stay beaten. Of several opt-outs
    the widest is told, since lifting a narrower one would open nothing.
    """
    opt_outs: list[Saying] = []
    answer: Saying | None = None
    for saying in sorted(sayings, key=lambda one: (one.at, one.id)):
        if saying.at > at or not saying.speaks_of(purpose, channel):
            continue
        if saying.state == "opt_out":
            opt_outs.append(saying)
            answer = None
        elif saying.state == "lifted":
            opt_outs = [one for one in opt_outs if not _is_same_scope(one, saying)]
        elif saying.state == "given":
            opt_outs, answer = [], saying
        elif saying.state == "withdrawn" or answer is None or answer.state in _UNSURE:
            answer = saying
    if opt_outs:
        return Standing("opt_out", max(opt_outs, key=_measure_width))
    if answer is None:
        return Standing("none")
    if answer.state == "given" and answer.expires_at is not None and answer.expires_at <= at:
        return Standing("expired", answer)
    return Standing(_name_answer(answer.state), answer)


def list_open_opt_outs(sayings: Iterable[Saying], *, at: datetime) -> list[Saying]:
    """Return the opt-outs that were not lifted, whatever was said of narrower things since."""
    open_ones: list[Saying] = []
    for saying in sorted(sayings, key=lambda one: (one.at, one.id)):
        if saying.at <= at and saying.state == "opt_out":
            open_ones.append(saying)
        elif saying.at <= at and saying.state == "lifted":
            open_ones = [one for one in open_ones if not _is_same_scope(one, saying)]
    return open_ones


def wants_no_contact(sayings: Iterable[Saying], *, at: datetime) -> bool:
    """Return whether an opt-out of every purpose by every channel holds."""
    return any(one.is_of_everything for one in list_open_opt_outs(sayings, at=at))


@dataclass(frozen=True, slots=True)
class Restriction:
    """A no or a doubt that has to be said of the one donor whom two become, lest they are told more than
    either allowed."""

    purpose: ConsentPurpose
    channel: ConsentChannel
    state: ConsentState


def unite_sayings(
    mine: Sequence[Saying],
    theirs: Sequence[Saying],
    purposes: Sequence[ConsentPurpose],
    channels: Sequence[Channel],
    *,
    at: datetime,
) -> list[Restriction]:
    """Return what must be said beside both donors' rows once they are one: for each purpose and channel the
    more restrictive of what held of the two stands. Of whom nothing was said, nothing is restricted.
    """
    both = [*mine, *theirs]
    wide_noes = (wants_no_contact(mine, at=at), wants_no_contact(theirs, at=at))
    if any(wide_noes) and not wants_no_contact(both, at=at):
        return [Restriction("all", "any", "opt_out")]
    restrictions: list[Restriction] = []
    for purpose in purposes:
        for channel in channels:
            answers = {find_standing(some, purpose, channel, at=at).answer for some in (mine, theirs)}
            wanted = next((answer for answer in _STRICTEST if answer in answers), None)
            united = find_standing(both, purpose, channel, at=at).answer
            if wanted is not None and _is_looser(united, wanted):
                restrictions.append(Restriction(purpose, channel, _restrict_to(wanted)))
    return restrictions


def _is_looser(united: Answer, wanted: Answer) -> bool:
    """Return whether an answer allows more than another; nothing said allows no more than doubt does."""
    if united == "none":
        return wanted in ("opt_out", "withdrawn")
    return _STRICTEST.index(united) > _STRICTEST.index(wanted)


def _restrict_to(wanted: Answer) -> ConsentState:
    """Return the state of a row after which no more is allowed than an answer allows."""
    return "opt_out" if wanted == "opt_out" else "withdrawn"


def _is_same_scope(one: Saying, other: Saying) -> bool:
    return (one.purpose, one.channel) == (other.purpose, other.channel)


def _measure_width(saying: Saying) -> tuple[int, datetime, int]:
    return (saying.purpose == "all") + (saying.channel == "any"), saying.at, saying.id


def _name_answer(state: ConsentState) -> Answer:
    if state == "withdrawn":
        return "withdrawn"
    if state == "given":
        return "given"
    return "requested" if state == "requested" else "unknown"
