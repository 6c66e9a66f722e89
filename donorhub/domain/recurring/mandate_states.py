"""In which state a mandate is, and what may follow what. Only an active one lets us collect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from donorhub.models.states import MandateState

MANDATE_STEPS: Final[Mapping[MandateState, tuple[MandateState, ...]]] = {
    "draft": ("printed", "active", "refused"),
    "printed": ("signed", "sent_to_bank", "refused"),
    "signed": ("sent_to_bank", "active", "refused"),
    "sent_to_bank": ("active", "refused"),
    "active": ("suspended", "withdrawn", "invalid", "expired"),
    "suspended": ("active", "withdrawn", "invalid", "expired"),
    "withdrawn": (),
    "invalid": (),
    "expired": (),
    "refused": (),
}
# What it may be when it is first written down.
FIRST_STATES: Final[tuple[MandateState, ...]] = ("draft", "printed", "signed", "sent_to_bank", "active")


def is_step_allowed(before: MandateState, after: MandateState) -> bool:
    """Return whether a mandate may go from one state to another."""
    return after in MANDATE_STEPS[before]
