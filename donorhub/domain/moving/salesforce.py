"""Ids of Salesforce: fifteen letters, or eighteen, whose last three tell small letters from capitals."""

from __future__ import annotations

import re
from typing import Final

_SHORT_ID: Final = re.compile(r"[0-9a-zA-Z]{15}", re.ASCII)
_SUFFIX: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def lengthen_id(ref: str) -> str:
    """Return the 18 letters of an id of 15, which tell small letters from capitals; others stay."""
    if not _SHORT_ID.fullmatch(ref) or ref.isdigit() or not ref.startswith(("00", "a0", "701")):
        return ref
    ending = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, sign in enumerate(ref[start : start + 5]) if sign.isupper())
        ending += _SUFFIX[bits]
    return ref + ending
