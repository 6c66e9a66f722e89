"""A doubtful entry settled as it was shown, beside the one that it may be.

What each answer does, :mod:`.entry_answers` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, Protocol

from donorhub.models import Entry
from donorhub.models.states import GONE_ENTRIES
from donorhub.services import shown
from donorhub.services.bank.files import entry_questions
from donorhub.services.bank.matching import entry_answers, shown_entries
from donorhub.services.bank.matching import entry_holding as holding

Doubt = Literal["other_money", "known", "corrected", "outdated"]  # the answers that an entry has


class _Settle(Protocol):
    def __call__(self, entry_id: int, *, now: datetime, actor: str) -> Entry: ...


_WAYS: Final[Mapping[Doubt, _Settle]] = {
    "other_money": entry_answers.accept_doubtful,
    "known": entry_answers.reject_doubtful,
    "corrected": entry_answers.accept_correction,
    "outdated": entry_answers.keep_newer_sum,
}


def settle_shown_doubt(
    entry_id: int, answer: Doubt, *, digest: str | None, now: datetime, actor: str
) -> Entry:
    """Record what a doubtful entry is, and return it; the same answer again changes nothing.

    Raise Changed where the entry, the one that it may be or the question is not what was shown under
    ``digest``, None where nothing was shown; Conflict where nobody doubts it.
    """
    entry = holding.lock_entry(entry_id)
    if not _is_settled_so(entry, answer):
        shown.refuse_changed(digest, shown_entries.show_entry(entry))
    return _WAYS[answer](entry_id, now=now, actor=actor)


def _is_settled_so(entry: Entry, answer: Doubt) -> bool:
    if entry.state == "doubtful":
        return False
    question = entry_questions.find_questions([entry.id]).get(entry.id)
    if question is not None:
        return question.answer == answer
    return (answer == "other_money") == (entry.state not in GONE_ENTRIES)
