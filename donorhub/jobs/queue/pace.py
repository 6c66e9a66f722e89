"""How the one process shares itself between answering and working.

Whoever works rests after each batch, the longer the longer those wait whose messages come in, and the
less the longer the work has waited. Nobody is put off for ever: a tenth of the time is always for the
work, and most of it for work that is seconds behind.
"""

from __future__ import annotations

import time
from typing import Final

from flask import current_app

GOAL_S: Final = 0.002  # an answer that waits so long for its row costs the work half of the time
LEAST_REST: Final = 0.25  # of the time worked, while messages come in
MOST_REST: Final = 9.0
LONGEST_REST_S: Final = 0.5
PATIENCE_S: Final = 2.0  # work that waits no longer gives way
LIMIT_S: Final = 4.0  # work that waits so long gives way to nobody


def choose_rest(worked_s: float, waited_s: float, behind_s: float = 0.0) -> float:
    """Return how many seconds to rest after ``worked_s`` seconds of the processor.

    ``waited_s`` is how long messages wait for their rows to be stored at present; 0.0, and no rest, when none
    come in. ``behind_s`` is how long the work that was just done had waited for it.
    """
    if waited_s <= 0:
        return 0.0
    patience = min(1.0, max(0.0, (LIMIT_S - behind_s) / (LIMIT_S - PATIENCE_S)))
    share = max(LEAST_REST, min(MOST_REST * patience, waited_s / GOAL_S))
    return min(LONGEST_REST_S, worked_s * share)


def do_messages_come() -> bool:
    """Return whether messages come in at present, whose senders wait for their answer."""
    return bool(current_app.extensions["donorhub.inbox_writer"].measure_wait())


def rest_after_work(worked_s: float, behind_s: float = 0.0) -> None:
    """Rest after so many seconds of the processor, if messages come in. Never inside a transaction."""
    waited_s = current_app.extensions["donorhub.inbox_writer"].measure_wait()
    rest_s = choose_rest(worked_s, waited_s, behind_s)
    if rest_s:
        time.sleep(rest_s)
