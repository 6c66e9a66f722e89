"""How the one process shares itself between answering and working.

Whoever works rests after each batch, the longer the longer those wait whose messages come in. Nobody is
put off for ever: a tenth of the time is always for the work, so that what providers sent does not lie
unread.
"""

from __future__ import annotations

import time
from typing import Final

from flask import current_app

GOAL_S: Final = 0.004  # an answer that waits so long for its row costs the work half of the time
LEAST_REST: Final = 0.25  # of the time worked, while messages come in
MOST_REST: Final = 9.0
LONGEST_REST_S: Final = 0.5


def choose_rest(worked_s: float, waited_s: float) -> float:
    """Return how many seconds to rest after ``worked_s`` seconds of the processor.

    ``waited_s`` is how long messages wait for their rows to be stored at present; 0.0, and no rest, when none
    come in.
    """
    if waited_s <= 0:
        return 0.0
    share = min(MOST_REST, max(LEAST_REST, waited_s / GOAL_S))
    return min(LONGEST_REST_S, worked_s * share)


def rest_after_work(worked_s: float) -> None:
    """Rest after so many seconds of the processor, if messages come in. Never inside a transaction."""
    rest_s = choose_rest(worked_s, current_app.extensions["donorhub.inbox_writer"].measure_wait())
    if rest_s:
        time.sleep(rest_s)
