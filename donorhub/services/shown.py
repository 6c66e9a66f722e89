"""What somebody confirms is what they were shown: a digest stands for the rows and what is proposed for them.

A preview gives its digest; what confirms it takes the digest and acts only where it still is the preview's.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Protocol

from donorhub.errors import Changed


class Shown(Protocol):
    """What would be done, with the digest that stands for it."""

    @property
    def digest(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row that somebody decides, with the digest of what a page or an answer shows of it now."""

    row: object
    digest: str


def compute_digest(value: object) -> str:
    """Return the digest of plain values: texts, numbers, lists and mappings of them."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def refuse_changed(digest: str | None, now: Shown) -> None:
    """Raise Changed with what would be done now where that is not what this digest stands for; None where
    nothing was shown.
    """
    if digest is not None and now.digest != digest:
        raise Changed("this is not what it would do now: look at it again and confirm that", now=now)
