"""What a message is called on pages: its subject, or its kind for who may not see amounts."""

from __future__ import annotations

from typing import Final

from flask_babel import gettext

from donorhub.models.states import find_word
from donorhub.web.admission import get_principal
from donorhub.web.words import labels

_WITHOUT_AMOUNT: Final = frozenset({"new_donor"})


def can_read_text(kind: str) -> bool:
    """Return whether the reader may see subject and text of a message of this kind."""
    who = get_principal()
    is_own_work = kind == "personal" and who.has_permission("messages:write")
    return who.has_permission("gifts:read") or kind in _WITHOUT_AMOUNT or is_own_work


def choose_title(kind: str, subject: str) -> str:
    """Return the subject where the reader may see it, else what such a message is."""
    if can_read_text(kind):
        return subject
    kind_shown = find_word(kind, labels.MESSAGE_KINDS)
    return str(labels.MESSAGE_KINDS[kind_shown] if kind_shown else gettext("Message"))
